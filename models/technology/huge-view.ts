/** How a VM with huge leaves answers the questions of the common vocabulary, and what must hold of it beside. */
import { position, positions, propertiesOf } from "../../spec/language.ts";
import {
  Gfn,
  type FileId,
  type GuestMemory,
  type InodeId,
  type SlotId,
  type SpaceId,
} from "../../spec/guest-memory.ts";
import {
  VM,
  allInSlot,
  framesOf,
  hugeStart,
  isInvalidating,
  type Leaf,
  type Machine,
  type State,
} from "./huge-state.ts";
import { isMixed } from "./lpage-info.ts";

const FILE = 0 as FileId;
const SPACE = 0 as SpaceId;
const SLOT = 0 as SlotId;
/** The guest_memfd, the memory at userspace_addr, and memory that is neither. */
const [GUEST_MEMFD, USER_MEMORY, OTHER] = [0, 1, 2] as InodeId[];

/** The common vocabulary, and behind it the state itself. */
interface View extends GuestMemory {
  readonly state: State;
}

export function view(s: State, { gfns }: Machine): View {
  const kind = { readonly: false, logsDirty: false, guestMemfd: true, file: FILE, first: 0 };
  const memoryOf = ({ private: isPrivate, stray }: Leaf): InodeId =>
    stray ? OTHER! : isPrivate ? GUEST_MEMFD! : USER_MEMORY!;
  return {
    state: s,
    vms: [VM],
    spaces: [SPACE],
    slots: [SLOT],
    gfns: positions(gfns),
    vmExists: () => true,
    fileExists: () => true,
    fileVm: () => VM,
    fileInode: () => GUEST_MEMFD!,
    fileSize: () => gfns,
    slot: () => (s.slot === null ? null : { ...s.slot, ...kind }),
    binding: () => null,
    isPrivate: (_vm, gfn) => s.private[gfn]!,
    guestMapping: (_vm, gfn) => {
      const leaf = s.leaves[gfn]!;
      if (leaf === null) return null;
      const at = { inode: memoryOf(leaf), page: gfn - s.slot!.base };
      return { at, private: leaf.private, fromFile: leaf.private };
    },
    // Memory does not come and go here.
    pageState: () => "ready",
    hostMaps: () => false,
    hostMayMap: () => false,
    isInvalidating: (_vm, gfn) => isInvalidating(s, gfn),
    invalidations: () => Number(s.invalidating),
  };
}

const { always, sometimes } = propertiesOf<View>();

export const mixedIsSo = always({
  name: "mixed-is-so",
  says: "lpage_info says of a huge range in the slot that it is mixed exactly when it has frames of both types",
  source: "90b4fe17981e (KVM: x86: Disallow hugepages when memory attributes are mixed), 6.8",
  over: { level: position("levels"), gfn: Gfn },
  when: ({ state: s }, { level, gfn }) =>
    s.slot !== null && hugeStart(gfn, level + 1) === gfn && allInSlot(s.slot, gfn, level + 1),
  holds: ({ state: s }, { level, gfn }) => {
    const types = [...s.private].slice(gfn, gfn + framesOf(level + 1));
    return isMixed(s, s.slot!, gfn, level + 1) === (types.includes(true) && types.includes(false));
  },
});

const mapsHuge = sometimes({
  name: "a-leaf-is-huge",
  says: "a huge leaf is mapped",
  source: "kvm_mmu_hugepage_adjust(), arch/x86/kvm/mmu/mmu.c",
  over: { gfn: Gfn },
  holds: ({ state }, { gfn }) => (state.leaves[gfn]?.level ?? 0) > 0,
});

const mapsSmallInMixed = sometimes({
  name: "a-leaf-in-a-mixed-range",
  says: "a frame of a mixed range is mapped alone",
  source: "kvm_mmu_hugepage_adjust(), arch/x86/kvm/mmu/mmu.c",
  over: { gfn: Gfn },
  holds: ({ state: s }, { gfn }) => {
    const start = hugeStart(gfn, 1);
    return s.leaves[gfn]?.level === 0 && allInSlot(s.slot!, start, 1) && isMixed(s, s.slot!, start, 1);
  },
});

/** What a run must be able to reach. */
export const reached = [mapsHuge, mapsSmallInMixed];
