/** How the tree's state answers the questions of the common vocabulary, and what must hold of the RMP beside. */
import { positions, propertiesOf } from "../../../spec/language.ts";
import {
  Gfn,
  Page,
  type FileId,
  type SlotId,
  type SlotName,
  type SpaceId,
} from "../../../spec/guest-memory.ts";
import { ownerPromises, type Owning } from "../../../spec/properties/ownership.ts";
import { INODE, VM, type Machine, type State } from "./state.ts";

const FILE = 0 as FileId;
const SPACE = 0 as SpaceId;

/** The common vocabulary, and behind it the state itself. */
interface View extends Owning {
  readonly state: State;
}

function bindingOf(s: State, page: number): SlotName | null {
  for (const [slot, binding] of [...s.bindings].entries())
    if (binding !== null && page >= binding.first && page < binding.first + binding.npages)
      return { vm: VM, space: SPACE, slot: slot as SlotId };
  return null;
}

export function view(s: State, { pages, slots, gfns }: Machine): View {
  const plain = { readonly: false, logsDirty: false, guestMemfd: true, file: FILE };
  return {
    state: s,
    vms: [VM],
    spaces: [SPACE],
    slots: positions(slots) as readonly SlotId[],
    gfns: positions(gfns),
    vmExists: () => true,
    fileExists: () => true,
    fileVm: () => VM,
    fileInode: () => INODE,
    fileSize: () => pages,
    slot: (_vm, _space, slot) => (s.slots[slot] === null ? null : { ...plain, ...s.slots[slot] }),
    binding: (_file, page) => bindingOf(s, page),
    guestMapping: (_vm, gfn) => {
      const page = s.leaves[gfn]!;
      return page === null ? null : { at: { inode: INODE, page }, private: true, fromFile: true };
    },
    pageState: (_inode, page) => s.folios[page]!,
    hostMaps: () => false,
    hostMayMap: () => false,
    ownerOf: (_inode, page) => (s.rmp[page] === null ? null : { vm: VM, gfn: s.rmp[page]! }),
    isInvalidating: (_vm, gfn) => s.invalidating[gfn]! > 0,
    invalidations: () => [...s.invalidating].reduce((sum, n) => sum + n, 0),
  };
}

const { sometimes, step } = propertiesOf<View>();

const assignmentLasts = step({
  name: "assignment-lasts",
  says: "a page that the RMP gave to the guest stays the guest's until it leaves the file: it holds what the guest wrote",
  source:
    "kvm_gmem_unbind(), virt/kvm/guest_memfd.c: pages stay in the file when a slot goes; Documentation/virt/kvm/api.rst, KVM_CREATE_GUEST_MEMFD",
  over: { page: Page },
  when: ({ state }, _made, { page }) => state.rmp[page] !== null,
  holds: (_before, _made, { state }, { page }) => state.folios[page] === "absent" || state.rmp[page] !== null,
  why: (_before, { call }, _after, { page }) =>
    `${call} made page ${page} the host's while it is in the file, and what the guest wrote is lost`,
});

const allocationConvertsNothing = step({
  name: "allocation-converts-nothing",
  says: "to allocate pages of a file brings them into it, and changes nothing else",
  source: "KVM: guest_memfd: delay kvm_gmem_prepare_folio() until the memory is passed to the guest, 6.11-rc",
  over: { page: Page },
  when: (_before, { call }) => call === "fallocate",
  holds: (before, _made, after, { page }) => before.state.rmp[page] === after.state.rmp[page],
  why: (_before, _made, { state }, { page }) =>
    `page ${page} was only allocated, and is the guest's at frame ${state.rmp[page]}: the launch finds it taken`,
});

/** What must hold of every form of the tree, as the common promises must. */
export const rmpPromises = [...ownerPromises, assignmentLasts, allocationConvertsNothing];

const mapsAtAnOffset = sometimes({
  name: "a-slot-begins-inside-the-file",
  says: "a guest maps a page of a slot whose first page is not the first of the file",
  source: "KVM_SET_USER_MEMORY_REGION2: guest_memfd_offset, Documentation/virt/kvm/api.rst",
  over: { gfn: Gfn },
  holds: ({ state }, { gfn }) => state.leaves[gfn] !== null && state.leaves[gfn] > gfn,
});

const convertedUnmapped = sometimes({
  name: "a-page-is-converted-and-not-mapped",
  says: "a page is the guest's in the RMP and mapped nowhere: a legal leftover",
  source: "the RMP entry goes with the page alone: kvm_gmem_free_folio(), virt/kvm/guest_memfd.c",
  over: { page: Page },
  holds: ({ state }, { page }) => state.rmp[page] !== null && ![...state.leaves].includes(page),
});

/** What a run must be able to reach. */
export const reached = [mapsAtAnOffset, convertedUnmapped];
