/** What a call takes from guests: no more than it names. Too much would be noticed by nobody but the clock: the next access faults it in again. */
import { propertiesOf } from "../../spec/language.ts";
import type { Made } from "../../spec/language/property.ts";
import { Gfn, Vm, type VmId } from "../../spec/guest-memory.ts";
import { FALLOC_FL_PUNCH_HOLE, MADV_DONTNEED } from "../../spec/abi/files.ts";
import { PAGE_SIZE } from "../../spec/abi/kvm.ts";
import { fileReferences } from "./lifetime.ts";
import { NORMAL, slotAt } from "./slots.ts";
import type { AreaId, FileId, SlotState } from "./state.ts";
import type { KvmView } from "./view.ts";

const { step } = propertiesOf<KvmView>();

/** What the calls that take leaves are given, where they take these parameters. */
interface Named {
  readonly vm: VmId;
  readonly address: bigint;
  readonly size: bigint;
  readonly file: FileId;
  readonly mode: number;
  readonly offset: bigint;
  readonly len: bigint;
  readonly area: AreaId;
  readonly advice: number;
  readonly length: bigint;
}

type IsNamed = (view: KvmView, named: Named, vm: VmId, gfn: number) => boolean;

const byFrame: IsNamed = ({ machine: m }, { vm: of, address, size }, vm, gfn) =>
  of === vm && gfn >= m.gfns.border(address) && gfn < m.gfns.border(address + size);

/** The slot that shows a frame. */
function slotOf({ state: s }: KvmView, vm: VmId, gfn: number): SlotState | null {
  const at = slotAt(s.vms[vm], gfn);
  return at === null ? null : s.vms[vm].slots[NORMAL][at];
}

/**
 * By the page of the file: that which the slot binds there, for leaves of both types go, whatever they map; or that which the leaf maps, by way
 * of the addresses at which the process shows it.
 */
const byPage: IsNamed = (view, { file, mode, offset, len }, vm, gfn) => {
  if ((mode & FALLOC_FL_PUNCH_HOLE) === 0) return false;
  const { pages } = view.machine;
  const isIn = (page: number): boolean => page >= pages.border(offset) && page < pages.border(offset + len);
  const slot = slotOf(view, vm, gfn);
  if (slot !== null && slot.file === file && isIn(slot.first + gfn - slot.base)) return true;
  const { at } = view.guestMapping(vm, gfn)!;
  return at.inode === view.state.files[file].inode && isIn(at.page);
};

/** By the address at which the process shows the frame. */
const byAddress =
  (isIn: (view: KvmView, named: Named, page: number) => boolean): IsNamed =>
  (view, named, vm, gfn) => {
    const slot = slotOf(view, vm, gfn);
    return slot !== null && slot.area === named.area && isIn(view, named, slot.areaPage + gfn - slot.base);
  };

const roundUp = (length: bigint): bigint => ((length + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;

/** Other advices reach pages by way of the file, and so what other addresses show. */
const isDropped = ({ machine: m }: KvmView, { advice, offset, length }: Named, page: number): boolean =>
  advice !== MADV_DONTNEED ||
  (page >= m.pages.border(offset) && page < m.pages.border(offset + roundUp(length)));

function isLastReference({ state: s }: KvmView, { area }: Named): boolean {
  const mapping = s.areas[area];
  return mapping !== null && fileReferences(s, mapping.file) === 1;
}

const NAMED: Readonly<Record<string, IsNamed>> = {
  set_memory_attributes: byFrame,
  fallocate: byPage,
  // The last reference to a file takes all that is bound to it.
  munmap: (view, named, vm, gfn) =>
    isLastReference(view, named) || byAddress(() => true)(view, named, vm, gfn),
  madvise: (view, named, vm, gfn) =>
    named.advice !== MADV_DONTNEED || byAddress(isDropped)(view, named, vm, gfn),
};

export const zapsInRange = step({
  name: "zaps-stay-in-range",
  says: "a conversion, a hole, munmap() and MADV_DONTNEED take no leaf of a guest but those of the range that they name",
  source:
    "kvm_unmap_gfn_range() of kvm_pre_set_memory_attributes(), kvm_gmem_invalidate_begin(), kvm_mmu_notifier_invalidate_range_start(), virt/kvm",
  over: { vm: Vm, gfn: Gfn },
  when: (before, { call, params }: Made, { vm, gfn }) => {
    const isNamed = NAMED[call];
    if (isNamed === undefined || before.guestMapping(vm, gfn) === null) return false;
    return !isNamed(before, params as unknown as Named, vm, gfn);
  },
  holds: (_before, _made, after, { vm, gfn }) => after.guestMapping(vm, gfn) !== null,
  why: (_before, { call }, _after, { vm, gfn }) => `${call} took frame ${gfn} from VM ${vm}`,
});
