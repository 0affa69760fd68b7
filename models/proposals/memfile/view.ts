/** How a memfile answers the questions of the common vocabulary, and what the thread asked beside. */
import { ids, isFailure, positions, propertiesOf } from "../../../spec/language.ts";
import type { Made } from "../../../spec/language/property.ts";
import {
  Gfn,
  Page,
  Vm,
  type FileId,
  type GuestMemory,
  type SlotId,
  type SlotView,
  type SpaceId,
  type VmId,
} from "../../../spec/guest-memory.ts";
import { MEMFILE, USER_MEMORY, type Access, type Machine, type State } from "./state.ts";

const FILE = 0 as FileId;
const SPACE = 0 as SpaceId;
const PRIVATE_SLOT = 0 as SlotId;

/** The common vocabulary, and behind it the state itself. */
export interface MemfileView extends GuestMemory {
  readonly state: State;
  readonly machine: Machine;
  /** What a guest would find at a frame. */
  finds(vm: VmId, gfn: number): string;
}

export const viewWhere =
  (mayTouch: Access) =>
  (s: State, m: Machine): MemfileView => {
    const slot: SlotView = {
      base: 0,
      npages: m.pages,
      readonly: false,
      logsDirty: false,
      guestMemfd: true,
      file: FILE,
      first: 0,
    };
    /** The file is that of the VM which bound it first; names tell nobody which that was, so that a second one shows. */
    const owner = (): VmId | null => ids(s.vms).find((vm) => s.vms[vm].bound) ?? null;
    return {
      state: s,
      machine: m,
      vms: ids(s.vms),
      spaces: [SPACE],
      slots: [PRIVATE_SLOT],
      gfns: positions(m.pages),
      vmExists: () => true,
      fileExists: () => true,
      fileVm: () => owner() ?? (0 as VmId),
      fileInode: () => MEMFILE,
      fileSize: () => m.pages,
      slot: (vm, _space, id) => (id === PRIVATE_SLOT && s.vms[vm].bound ? slot : null),
      binding: () => {
        const vm = owner();
        return vm === null ? null : { vm, space: SPACE, slot: PRIVATE_SLOT };
      },
      isPrivate: (_vm, gfn) => s.pages[gfn]!.present,
      // Of two leaves, the one that should not be there.
      guestMapping: (vm, gfn) => {
        const leaf = s.vms[vm].leaves[gfn]!;
        const other = s.pages[gfn]!.present ? leaf.shared : leaf.private;
        const isPrivate = s.pages[gfn]!.present !== other;
        if (!(isPrivate ? leaf.private : leaf.shared)) return null;
        const at = { inode: isPrivate ? MEMFILE : USER_MEMORY, page: gfn };
        return { at, private: isPrivate, fromFile: isPrivate };
      },
      pageState: (inode, page) => (inode === MEMFILE && !s.pages[page]!.present ? "absent" : "ready"),
      // The memory at userspace_addr is the process's own.
      hostMaps: (inode, page) => inode === USER_MEMORY || s.pages[page]!.hostMaps,
      hostMayMap: (inode) => inode === USER_MEMORY || mayTouch(s, m),
      secretOf: (inode, page) => {
        const at = s.pages[page]!;
        return inode === MEMFILE && at.present && at.holds === "secret" ? at.owner : null;
      },
      strayed: (vm) => s.vms[vm].strayed,
      finds: (_vm, gfn) => (s.pages[gfn]!.present ? s.pages[gfn]!.holds : "user memory"),
    };
  };

const { always, sometimes, step } = propertiesOf<MemfileView>();

const THREAD = "[PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory";

export const noBytesFromBeforeTheBind = always({
  name: "no-bytes-from-before-the-bind",
  says: "where a technology puts the image into the guest itself, a bound file holds nothing that was written before",
  source: `${THREAD}: Andy Lutomirski, 24 April 2022`,
  over: { page: Page },
  when: ({ state: s, machine }, { page }) =>
    !machine.imageInPlace && s.phase !== "unbound" && s.pages[page]!.present,
  holds: ({ state: s }, { page }) => s.pages[page]!.holds !== "early",
  why: (_m, { page }) =>
    `page ${page} was written before the file was bound, and nothing says what becomes of it`,
});

const neverMovableWhenPrivate = always({
  name: "never-movable-when-private",
  says: "a page that a guest has privately was allocated where nothing moves or reclaims it",
  source: `${THREAD}: Andy Lutomirski, 24 April 2022`,
  over: { vm: Vm, gfn: Gfn },
  when: ({ state: s }, { vm, gfn }) => s.vms[vm].leaves[gfn]!.private,
  holds: ({ state: s }, { gfn }) => !(s.pages[gfn]!.present && s.pages[gfn]!.movable),
  why: (_m, { vm, gfn }) =>
    `frame ${gfn} of VM ${vm} is private, and its page is from memory that may be moved`,
});

/** A guest runs on the file's private memory. */
const runsOn = ({ state: s }: MemfileView, page: number): boolean =>
  [...s.vms].some((vm) => vm.launched && vm.leaves[page]!.private);

const pageOf = ({ params }: Made): number => Number(params["page"]);

const initialStateDefinedOnce = step({
  name: "initial-state-defined-once",
  says: "the host puts nothing into a page on which a guest runs: its initial state was defined, once",
  source: `${THREAD}: Chao Peng, 25 April 2022: the operation that completes the initialization`,
  over: {},
  asksResults: true,
  when: (before, made) => made.call === "write" && runsOn(before, pageOf(made)),
  holds: (_before, { result }) => isFailure(result),
  why: (_before, made) => `page ${pageOf(made)} was written to while a guest ran on it`,
});

const imageCanBePlaced = step({
  name: "image-can-be-placed",
  says: "where the image is encrypted in place, the host can write it to a bound file until the guest is launched",
  source: `${THREAD}: Chao Peng, 28 April 2022, on flags that do not change; Michael Roth, 9 May 2022: SEV's firmware encrypts in place only`,
  over: {},
  asksResults: true,
  when: ({ state: s, machine }, made) =>
    made.call === "write" &&
    machine.imageInPlace &&
    s.phase === "bound" &&
    [...s.vms].every(({ launched }) => !launched),
  holds: (_before, { result }) => !isFailure(result),
  why: (_before, made) => `the image cannot be written to page ${pageOf(made)}`,
});

const conversionKeepsBytes = step({
  name: "conversion-keeps-bytes",
  says: "where a technology shares pages in place, a frame has the same bytes after its conversion",
  source: `${THREAD}: Chao Peng, 22 and 25 April 2022, on pKVM: conversions that do not destroy`,
  over: { vm: Vm, gfn: Gfn },
  when: (before, { call: name }, { vm }) =>
    before.machine.keepsBytes && CONVERSIONS.includes(name) && before.state.vms[vm].launched,
  holds: (before, _made, after, { vm, gfn }) => {
    if (before.isPrivate!(vm, gfn) === after.isPrivate!(vm, gfn)) return true;
    return before.finds(vm, gfn) === after.finds(vm, gfn);
  },
  why: (before, _made, after, { vm, gfn }) =>
    `frame ${gfn} had ${before.finds(vm, gfn)} before the conversion and has ${after.finds(vm, gfn)} after it`,
});

/** By fallocate() and its holes, or by the mappings of user space. */
const CONVERSIONS = ["fallocate", "mmap", "munmap", "unpin"];

const conversionLeavesTheRest = step({
  name: "conversion-leaves-the-rest",
  says: "the conversion of a page takes nothing from other frames",
  source: `${THREAD}: Andy Lutomirski, 25 April 2022: fragmented memslots, were memslots efficient enough`,
  over: { vm: Vm, gfn: Gfn },
  when: (before, made, { vm, gfn }) =>
    CONVERSIONS.includes(made.call) && pageOf(made) !== gfn && before.guestMapping(vm, gfn) !== null,
  holds: (_before, _made, after, { vm, gfn }) => after.guestMapping(vm, gfn) !== null,
  why: (_before, made, _after, { vm, gfn }) =>
    `page ${pageOf(made)} was converted, and frame ${gfn} of VM ${vm} lost its mapping`,
});

/** What the thread asked of every design, beside the common promises. */
export const memfilePromises = [
  noBytesFromBeforeTheBind,
  neverMovableWhenPrivate,
  initialStateDefinedOnce,
  imageCanBePlaced,
  conversionKeepsBytes,
  conversionLeavesTheRest,
];

const aGuestRunsOnItsImage = sometimes({
  name: "a-guest-runs-on-its-image",
  says: "a guest that was launched maps a page that the host filled",
  source: `${THREAD}: Chao Peng, 25 April 2022`,
  over: { vm: Vm, gfn: Gfn },
  holds: ({ state: s }, { vm, gfn }) =>
    s.vms[vm].launched && s.vms[vm].leaves[gfn]!.private && s.pages[gfn]!.holds === "image",
});

const privateHidesShared = sometimes({
  name: "private-page-hides-shared",
  says: "a guest has a private page, where the slot has shared memory too",
  source: `${THREAD}: Chao Peng, 28 April 2022: both are in the same memslot`,
  over: { vm: Vm, gfn: Gfn },
  holds: (m, { vm, gfn }) => m.guestMapping(vm, gfn)?.private === true && m.secretOf!(MEMFILE, gfn) === vm,
});

const sharedWhereNoPrivatePageIs = sometimes({
  name: "shared-where-no-private-page-is",
  says: "a guest maps shared memory at a frame of a slot with a memfile",
  source: `${THREAD}: Chao Peng, 28 April 2022: with no private page, the shared one is used`,
  over: { vm: Vm, gfn: Gfn },
  holds: (m, { vm, gfn }) => m.guestMapping(vm, gfn)?.private === false,
});

/** What a run must be able to reach. */
export const reached = [privateHidesShared, sharedWhereNoPrivatePageIs];
export const reachedWithImage = [aGuestRunsOnItsImage, ...reached];
