/**
 * Huge leaves next to memory attributes: faults and conversions of a VM with private memory (kvm_vm_set_mem_attributes(), virt/kvm/kvm_main.c;
 * kvm_arch_pre_set_memory_attributes() and _post_, arch/x86/kvm/mmu/mmu.c, 6.15).
 */
import {
  bool,
  design,
  disabled,
  goTo,
  positions,
  retry,
  upTo,
  variant,
  type Bounds,
} from "../../spec/language.ts";
import { Gfn, Vcpu, type VcpuId } from "../../spec/guest-memory.ts";
import { moveSequence } from "../guest-memfd/sequence.ts";
import {
  invalidationsEnd,
  mappingAgreesWithAttribute,
  noMappingThroughGoneSlot,
} from "../../spec/properties/mappings.ts";
import { mmuLock, slotsLock } from "../guest-memfd/locks.ts";
import {
  LARGEST,
  VM,
  allInSlot,
  call,
  choice,
  framesOf,
  hugeStart,
  isInvalidating,
  isWithin,
  state,
  type Machine,
  type Slot,
  type State,
} from "./huge-state.ts";
import { mixedIsSo, reached, view } from "./huge-view.ts";
import {
  initMixed,
  isInSlot,
  isMixed,
  straddled,
  updateMixed,
  type Covers,
  type Range,
} from "./lpage-info.ts";

const theSlotsLock = () => slotsLock(VM);
const writeMmuLock = () => mmuLock.write(VM);

/** kvm_mmu_invalidate_begin() and kvm_mmu_invalidate_range_add(). */
function beginInvalidation(s: State, { first, end }: Range): void {
  s.invalidating = true;
  s.from = first;
  s.to = end;
}

/** A fault on another frame of a huge range could map all of it huge, with the old word on mixed ranges: 9129633d568e, 6.15. */
function addHeadAndTail(s: State, slot: Slot, range: Range): void {
  for (const part of straddled(range)) {
    const { start, level } = part;
    if (!isInSlot(slot, part) || isMixed(s, slot, start, level)) continue;
    s.from = Math.min(s.from, start);
    s.to = Math.max(s.to, start + framesOf(level));
  }
}

/** kvm_unmap_gfn_range(): leaves of the range go, huge ones as a whole. */
function zap(s: State, { first, end }: Range): void {
  for (let gfn = first; gfn < end; gfn++) {
    const leaf = s.leaves[gfn]!;
    if (leaf === null) continue;
    const { level } = leaf;
    const start = hugeStart(gfn, level);
    for (let other = start; other < start + framesOf(level); other++) s.leaves[other] = null;
  }
}

interface Conversion {
  readonly gfn: number;
  readonly npages: number;
  readonly private: boolean;
}

function clip(slot: Slot, { gfn, npages, private: isPrivate }: Conversion): Range | null {
  const first = Math.max(gfn, slot.base);
  const end = Math.min(gfn + npages, slot.base + slot.npages);
  return first < end ? { first, end, private: isPrivate } : null;
}

/** The range as the slot sees it, if there is a slot and it sees any of it. */
function rangeInSlot(s: State, c: Conversion): { slot: Slot; range: Range } | null {
  const range = s.slot === null ? null : clip(s.slot, c);
  return range === null ? null : { slot: s.slot!, range };
}

/** kvm_pre_set_memory_attributes(), kvm_arch_pre_set_memory_attributes() */
export const announce =
  (extend: typeof addHeadAndTail | null) =>
  (s: State, c: Conversion): void => {
    const seen = rangeInSlot(s, c);
    if (seen === null) return;
    beginInvalidation(s, seen.range);
    extend?.(s, seen.slot, seen.range);
    zap(s, seen.range);
  };

/** kvm_arch_post_set_memory_attributes(), kvm_mmu_invalidate_end() */
export const endConversion =
  (covers: Covers) =>
  (s: State, c: Conversion): void => {
    const seen = rangeInSlot(s, c);
    if (seen === null) return;
    updateMixed(covers)(s, seen.slot, seen.range);
    s.invalidating = false;
    s.from = s.to = 0;
    moveSequence(s);
  };

const lengths = (gfns: number): number[] => Array.from({ length: gfns }, (_, i) => i + 1);

const setUserMemoryRegion = call({
  kernel: "kvm_set_memory_region() of a new slot, virt/kvm/kvm_main.c",
  by: "task",
  takes: { base: Gfn, npages: choice<number>((m, { base }) => lengths(m.gfns - base)) },
  returns: ["EEXIST"],
  sections: {
    "create the slot": {
      under: theSlotsLock,
      run: (s, slot) => {
        if (s.slot !== null) return "EEXIST";
        s.slot = { base: slot.base, npages: slot.npages };
        initMixed(s, slot);
      },
    },
  },
});

const setMemoryAttributes = call({
  kernel: "kvm_vm_set_mem_attributes(), virt/kvm/kvm_main.c",
  by: "task",
  takes: { gfn: Gfn, npages: choice<number>((m, { gfn }) => lengths(m.gfns - gfn)), private: bool },
  keeps: { at: upTo("gfns") },
  returns: [],
  sections: {
    "take slots_lock": { takes: theSlotsLock },
    "look whether all is so already": {
      local: true,
      run: (s, c) => {
        c.at = c.gfn;
        for (let gfn = c.gfn; gfn < c.gfn + c.npages; gfn++) if (s.private[gfn] !== c.private) return;
        return goTo("drop slots_lock");
      },
    },
    "zap what is of the other type": { under: writeMmuLock, run: announce(addHeadAndTail) },
    "store the next attribute": (s, c) => {
      s.private[c.at++] = c.private;
      return c.at < c.gfn + c.npages ? goTo("store the next attribute") : undefined;
    },
    "say what is mixed, end the invalidation": { under: writeMmuLock, run: endConversion(isInSlot) },
    "drop slots_lock": { drops: theSlotsLock },
  },
});

interface Fault {
  readonly vcpu: VcpuId;
  readonly gfn: number;
  readonly private: boolean;
  /** How the host maps the memory at userspace_addr: host_pfn_mapping_level(). */
  readonly hostLevel: number;
  stale: boolean;
}

/** The largest leaf up to a level that lies in the slot and covers one type: lpage_info->disallow_lpage. */
export function allowedLevel(s: State, gfn: number, largest: number): number {
  let level = largest;
  while (level > 0) {
    const start = hugeStart(gfn, level);
    if (allInSlot(s.slot!, start, level) && !isMixed(s, s.slot!, start, level)) break;
    level--;
  }
  return level;
}

/** kvm_mmu_max_mapping_level(): pages of a guest_memfd are small, whatever the host maps at userspace_addr. */
export const levelOf = (s: State, { gfn, private: isPrivate, hostLevel }: Fault): number =>
  isPrivate ? 0 : allowedLevel(s, gfn, hostLevel);

/** kvm_tdp_mmu_map(): a leaf as large as may be, unless another vCPU was faster. */
export const mapLeaf =
  (levelFor: (s: State, c: Fault) => number) =>
  (s: State, c: Fault): void => {
    if (s.leaves[c.gfn]?.private === c.private) return;
    const level = levelFor(s, c);
    const start = hugeStart(c.gfn, level);
    for (let gfn = start; gfn < start + framesOf(level); gfn++)
      s.leaves[gfn] = { private: c.private, level, stray: c.private && gfn !== c.gfn };
  };

/** The leaf, unless what the fault found may be out of date: is_page_fault_stale(). */
export const installLeaf =
  (levelFor: (s: State, c: Fault) => number) =>
  (s: State, c: Fault): void => {
    c.stale = s.snapshots[c.vcpu] === "old" || isInvalidating(s, c.gfn);
    if (!c.stale) mapLeaf(levelFor)(s, c);
  };

const guestAccess = call({
  kernel:
    "kvm_mmu_do_page_fault(), kvm_tdp_mmu_map(), arch/x86/kvm/mmu: KVM_RUN of a guest that touches a frame",
  by: "vcpu",
  takes: {
    vcpu: Vcpu,
    gfn: Gfn,
    private: bool,
    hostLevel: choice<number>((m) => positions(LARGEST + 1).filter((level) => framesOf(level) <= m.gfns)),
  },
  keeps: { stale: bool },
  returns: ["EFAULT memory_fault"],
  sections: {
    "run the guest": (s, c) => {
      if (s.slot === null || !isWithin(s.slot, c.gfn, c.gfn + 1)) return disabled;
      return s.leaves[c.gfn]?.private === c.private ? 0 : undefined;
    },
    "take a snapshot of the sequence count": (s, { vcpu }) => {
      s.snapshots[vcpu] = "current";
    },
    "compare the attribute": (s, c) => (s.private[c.gfn] === c.private ? undefined : "EFAULT memory_fault"),
    "install the leaf": { under: () => mmuLock.read(VM), run: installLeaf(levelOf) },
    "try again what was out of date": {
      local: true,
      run: (_s, { stale }) => (stale ? retry("take a snapshot of the sequence count") : undefined),
    },
  },
  finally: {
    "forget the snapshot": {
      local: true,
      run: (s, { vcpu }) => {
        s.snapshots[vcpu] = "none";
      },
    },
  },
});

export const hugePages = design({
  name: "huge-pages",
  says: "a fault maps a huge leaf where the host does and all frames are shared; a conversion keeps faults off the huge ranges that it splits",
  source:
    "90b4fe17981e (6.8) with 9129633d568e (KVM: x86/mmu: Prevent installing hugepages when mem attributes are changing), 6.15",
  bounds: {
    gfns: { says: "frames of the guest; two are 2 MiB, four 1 GiB", default: 2, most: 4 },
    vcpus: { says: "vCPUs", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 1, most: 2 },
  },
  machine: (bounds: Bounds): Machine => ({ gfns: Number(bounds["gfns"]), vcpus: Number(bounds["vcpus"]) }),
  sizes: ({ gfns, vcpus }) => ({
    vms: 1,
    files: 1,
    inodes: 3,
    spaces: 1,
    slots: 1,
    pages: gfns,
    gfns,
    vcpus,
    levels: LARGEST,
  }),
  state,
  calls: {
    set_user_memory_region2: setUserMemoryRegion,
    set_memory_attributes: setMemoryAttributes,
    guest_access: guestAccess,
  },
  view,
  promises: [noMappingThroughGoneSlot, mappingAgreesWithAttribute, invalidationsEnd, mixedIsSo],
  statements: reached,
  scenarios: {
    "one slot": {
      says: "a slot of all frames, whose memory the host maps as large as it can, and conversions of one frame or two",
      given: [{ call: "set_user_memory_region2", params: { base: 0, npages: 4 } }],
      calls: ["set_memory_attributes", "guest_access"],
      only: {
        set_memory_attributes: { npages: (n: number) => n <= 2 },
        guest_access: { hostLevel: (level: number) => level === LARGEST },
      },
    },
  },
  vectors: [
    { bounds: {}, quick: true },
    { bounds: { gfns: 4 }, quick: true },
    { bounds: {}, mode: "overlap", quick: true },
    { bounds: { vcpus: 2, tasks: 2 }, mode: "overlap" },
    { bounds: { gfns: 4 }, scenario: "one slot", mode: "overlap" },
  ],
});

export function typeOfAll(s: State): "private" | "shared" | "mixed" {
  const types = new Set(s.private);
  return types.size > 1 ? "mixed" : types.has(true) ? "private" : "shared";
}

const compareTypes = call({
  kernel: "kvm_range_has_memory_attributes(), virt/kvm/kvm_main.c, whose callers hold slots_lock",
  by: "task",
  takes: {},
  returns: [],
  exits: ["private", "shared", "mixed"],
  sections: {
    "look at all frames": { under: theSlotsLock, run: typeOfAll },
  },
});

export const readingAttributes = variant(hugePages, {
  name: "huge-pages-and-a-reader",
  says: "somebody asks of which type a range is, beside faults, which ask of one frame and try again",
  source:
    "lockdep_assert_held(&kvm->slots_lock): kvm_arch_post_set_memory_attributes(), arch/x86/kvm/mmu/mmu.c; kvm_gmem_populate(), virt/kvm/guest_memfd.c",
  adds: { compare_types: compareTypes },
  vectors: [{ bounds: { tasks: 2 }, mode: "overlap", quick: true }],
});
