/** How restricted memory answers the questions of the common vocabulary, and what its review asked beside. */
import { ids, positions, propertiesOf } from "../../../spec/language.ts";
import type { Made } from "../../../spec/language/property.ts";
import {
  Slot,
  Vm,
  type FileId,
  type GuestMemory,
  type InodeId,
  type SpaceId,
  type VmId,
} from "../../../spec/guest-memory.ts";
import { hasPageOf, overlap, slotAt, type Hole, type Machine, type NewSlot, type State } from "./state.ts";

const SPACE = 0 as SpaceId;

/** The common vocabulary, and behind it the state itself. */
export interface RestrictedView extends GuestMemory {
  readonly state: State;
}

export function view(s: State, m: Machine): RestrictedView {
  const USER_MEMORY = m.files as InodeId;
  const inodeOf = (file: FileId | null): InodeId =>
    file === null ? USER_MEMORY : (file as number as InodeId);
  const filesOf = (inode: InodeId) => s.files[inode as number as FileId];
  return {
    state: s,
    vms: ids(s.vms),
    spaces: [SPACE],
    slots: ids(s.vms[0 as VmId].slots),
    gfns: positions(m.pages),
    vmExists: () => true,
    fileExists: () => true,
    // Nobody asks it: a restrictedmem file is made for no VM.
    fileVm: () => 0 as VmId,
    fileInode: inodeOf,
    fileSize: () => m.pages,
    slot: (vm, _space, id) => {
      const slot = s.vms[vm].slots[id];
      return slot === null
        ? null
        : { ...slot, readonly: false, logsDirty: false, guestMemfd: slot.file !== null };
    },
    binding: () => null,
    guestMapping: (vm, gfn) => {
      const leaf = s.vms[vm].leaves[gfn] ?? null;
      if (leaf === null) return null;
      const fromFile = leaf.file !== null;
      return { at: { inode: inodeOf(leaf.file), page: leaf.page }, private: fromFile, fromFile };
    },
    pageState: (inode, page) => (inode === USER_MEMORY ? "ready" : filesOf(inode).pages[page]!),
    hostMaps: (inode) => inode === USER_MEMORY,
    hostMayMap: (inode) => inode === USER_MEMORY,
    isInvalidating: (vm, gfn) => s.vms[vm].invalidating[gfn]! > 0,
    invalidations: (vm) => [...s.vms[vm].invalidating].reduce((sum, n) => sum + n, 0),
    accesses: (made) => pageAccessed(s, made),
  };
}

function pageAccessed(s: State, { call: name, params }: Made): { inode: InodeId; page: number } | null {
  if (name !== "guest_access") return null;
  const { vm, gfn } = params as { readonly vm: VmId; readonly gfn: number };
  const slot = slotAt(s, vm, gfn);
  if (slot === null || slot.file === null) return null;
  return { inode: slot.file as number as InodeId, page: slot.first + gfn - slot.base };
}

const { always, sometimes, step } = propertiesOf<RestrictedView>();

const MAIL = "[PATCH v10 1/9] mm: Introduce memfd_restricted system call to create restricted user memory";

/** Slots that show a page of the hole. */
function concerned({ state: s }: RestrictedView, hole: Hole): number {
  let count = 0;
  for (const vm of ids(s.vms))
    for (const slot of s.vms[vm].slots)
      if (slot !== null && slot.file === hole.file && overlap(slot, hole)) count++;
  return count;
}

const holeOf = ({ params }: Made): Hole => params as unknown as Hole;
const calledBy = ({ result }: Made): number => (typeof result === "object" ? result.value! : 0);

const costOfAHole = step({
  name: "cost-of-a-hole",
  says: "what a hole costs grows with its pages and with the slots that show them, and not with all slots of the file",
  source: `Re: ${MAIL}: Sean Christopherson, 13 January 2023: to invoke every notifier does not scale`,
  over: {},
  asksResults: true,
  when: (_before, made) => made.call === "punch_hole",
  holds: (before, made) => calledBy(made) <= concerned(before, holeOf(made)),
  why: (before, made) =>
    `${calledBy(made)} notifiers were called, and ${concerned(before, holeOf(made))} slots show a page of the hole`,
});

const refusedAtSetUp = step({
  name: "refused-at-set-up",
  says: "a page that a guest cannot have is refused when its slot is made, and not when the guest touches it",
  source: `Re: ${MAIL}: Sean Christopherson, 13 January 2023: failure will occur deep in KVM`,
  over: {},
  asksResults: true,
  when: (_before, made) => made.call === "guest_access",
  holds: (_before, { result }) => result !== "EIO",
  why: () => "the slot was accepted, and its guest's fault fails",
});

const aliasIsAccepted = step({
  name: "alias-is-accepted",
  says: "a VM can have a second slot for memory that it has in another one, as with ordinary memory",
  source: `Re: ${MAIL}: Chao Peng, 17 January 2023: SMRAM is an alias of system memory in QEMU`,
  over: {},
  asksResults: true,
  when: (before, made) =>
    made.call === "set_memory_region" && hasPageOf(before.state, [madeBy(made).vm], madeBy(made)),
  holds: (_before, { result }) => result !== "EINVAL",
  why: (_before, made) => `slot ${madeBy(made).slot} is refused: another slot of the VM has its page`,
});

const madeBy = ({ params }: Made): NewSlot => params as unknown as NewSlot;

const guestFindsOneMemory = always({
  name: "guest-finds-one-memory",
  says: "a slot that user space made for a file shows its guest the file, wherever else the guest sees it",
  source: `Re: ${MAIL}: Chao Peng, 17 January 2023: alias slots marked as shared, perhaps no correct fix`,
  over: { vm: Vm, slot: Slot },
  when: ({ state: s }, { vm, slot }) => s.vms[vm].slots[slot] !== null,
  holds: ({ state: s }, { vm, slot }) => s.vms[vm].slots[slot]!.file !== null,
  why: (_m, { vm, slot }) => `slot ${slot} of VM ${vm} was made for a file, and shows other memory`,
});

/** What the review asked of every design, beside the common promises. */
export const restrictedPromises = [costOfAHole, refusedAtSetUp, aliasIsAccepted, guestFindsOneMemory];

const aGuestMapsPrivateMemory = sometimes({
  name: "a-guest-maps-private-memory",
  says: "a guest maps a page of a restrictedmem file",
  source: `${MAIL}: restrictedmem_get_page()`,
  over: { vm: Vm },
  holds: (m, { vm }) => m.gfns.some((gfn) => m.guestMapping(vm, gfn)?.fromFile === true),
});

/** What a run must be able to reach. */
export const reached = [aGuestMapsPrivateMemory];
