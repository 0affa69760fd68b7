/** How linked files answer the questions of the common vocabulary, and what tells their designs apart. */
import { ids, positions, propertiesOf } from "../../../spec/language.ts";
import { Page, type GuestMemory, type SlotId, type SpaceId } from "../../../spec/guest-memory.ts";
import { pageInOneGuest } from "../../../spec/properties/exclusivity.ts";
import { hostAccessPromises } from "../../../spec/properties/host-access.ts";
import { mappingPromises } from "../../../spec/properties/mappings.ts";
import { FIRST, INODE, fileOf, vmOf, type Machine, type State, type Typing } from "./state.ts";

const SPACE = 0 as SpaceId;
const SLOT = 0 as SlotId;

export interface LinkView extends GuestMemory {
  readonly state: State;
}

export const viewOf =
  ({ isPrivate, isShared }: Typing) =>
  (s: State, { pages }: Machine): LinkView => {
    const slot = { base: 0, npages: pages, readonly: false, logsDirty: false, guestMemfd: true };
    return {
      state: s,
      vms: ids(s.vms),
      spaces: [SPACE],
      slots: [SLOT],
      gfns: positions(pages),

      vmExists: () => true,
      fileExists: (file) => s.files[file],
      fileVm: vmOf,
      fileInode: () => INODE,
      fileSize: () => pages,
      slot: (vm) => (s.vms[vm].bound ? { ...slot, file: fileOf(vm), first: 0 } : null),
      binding: (file) => (s.vms[vmOf(file)].bound ? { vm: vmOf(file), space: SPACE, slot: SLOT } : null),

      isPrivate: (vm, gfn) => isPrivate(s, vm, gfn),
      guestMapping: (vm, gfn) => {
        const leaf = s.vms[vm].leaves[gfn]!;
        if (leaf === "none") return null;
        return { at: { inode: INODE, page: gfn }, private: leaf === "private", fromFile: true };
      },

      // Zeroed when it comes; bytes are not modelled.
      pageState: (_inode, page) => (s.pages[page]!.present ? "ready" : "absent"),
      hostMaps: (_inode, page) => [...s.pages[page]!.mapped].includes(true),
      hostMayMap: () => positions(pages).some((page) => isShared(s, page)),
      hostMayMapPage: (_inode, page) => isShared(s, page),

      isInvalidating: (vm, gfn) => s.vms[vm].invalidating[gfn]! > 0,
      invalidations: (vm) => [...s.vms[vm].invalidating].reduce((sum, n) => sum + n, 0),
    };
  };

const { sometimes } = propertiesOf<LinkView>();

const twoFiles = sometimes({
  name: "two-vms-bind-the-inode",
  says: "two VMs have slots on one inode, each by its own file",
  source: "what KVM_LINK_GUEST_MEMFD is for: [RFC PATCH 00/11], Ackerley Tng, 7 August 2023",
  over: {},
  holds: ({ state }) => [...state.vms].filter(({ bound }) => bound).length > 1,
});

const passedOn = sometimes({
  name: "a-page-is-passed-on",
  says: "a second VM maps a page that the first one has brought into the file",
  source:
    "the destination of an intra-host migration runs on: [RFC PATCH 00/11], Ackerley Tng, 7 August 2023",
  over: { page: Page },
  holds: ({ state }, { page }) =>
    ids(state.vms).some((vm) => vm !== FIRST && state.vms[vm].leaves[page] !== "none"),
});

export const promises = [pageInOneGuest, ...hostAccessPromises, ...mappingPromises];
export const statements = [twoFiles, passedOn];
