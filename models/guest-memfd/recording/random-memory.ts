/** Steps about memory: slots and attributes, accesses of guest and host, holes and advice. */
import {
  MADV_COLLAPSE,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_HUGEPAGE,
  MADV_HWPOISON,
  MADV_PAGEOUT,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_REMOVE,
  MADV_WILLNEED,
} from "../../../spec/abi/files.ts";
import {
  KVM_MEM_GUEST_MEMFD,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MEM_READONLY,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
} from "../../../spec/abi/kvm.ts";
import type { RecordedStep } from "../../../spec/recording.ts";
import type { Draw } from "./draw.ts";
import {
  PAGE,
  type Descriptor,
  type Inode,
  type Mapping,
  type Maker,
  type Slot,
  type Vm,
  type World,
} from "./world.ts";

const GUEST_MEMFD = Number(KVM_MEM_GUEST_MEMFD);
const READONLY = Number(KVM_MEM_READONLY);
const LOG_DIRTY = Number(KVM_MEM_LOG_DIRTY_PAGES);
const PRIVATE = Number(KVM_MEMORY_ATTRIBUTE_PRIVATE);

/** Below 4 GiB of the guest, above what a frame number or the file can hold. */
const ODD_GPAS = ["0xfffffffffffff000", "0x10000000000000", 0x100000 + 1, 0x100000 + 2048];
const ODD_SLOTS = [32763, 32764, 32765, 40000, 65535];

function region(w: World, d: Draw): RecordedStep {
  const vm = w.livingOf(w.vms, d);
  const inUse = w.slotsOf(vm);
  return inUse.length > 0 && d.below(4) === 3 ? unset(w, d, d.of(inUse)) : set(w, d, vm);
}

function addressSpace(w: World, d: Draw, vm: Vm): number {
  if (w.odd(d)) return d.of([1, 2, 3]);
  const spaces = w.header.address_spaces[String(vm.type)] ?? 1;
  return spaces > 1 && d.rarely(8) ? 1 : 0;
}

export function set(w: World, d: Draw, vm: Vm): RecordedStep {
  const { frames, slotPages, slotIds } = w.universe;
  const as = addressSpace(w, d, vm);
  const free = slotIds.filter((id) => !w.slotsOf(vm).some((slot) => slot.id === id && slot.as === as));
  const id = w.odd(d) ? d.of(ODD_SLOTS) : d.of(free.length === 0 || w.odd(d) ? slotIds : free);
  const file = d.rarely(4) ? null : fileFor(w, d, vm);
  const inode = file?.inode ?? null;
  const most = Math.min(slotPages, frames, inode?.pages ?? slotPages);
  const pages = d.of([most, 1 + d.below(most)]);
  const frame = frameFor(w, d, vm, as, pages);
  const filePage = inode === null ? 0 : pageOfFile(w, d, inode, pages);
  const step = {
    op: "set_user_memory_region2",
    vm: vm.name,
    slot: id,
    as_id: as,
    flags: flagsOf(w, d, file === null),
    guest_phys_addr: w.odd(d) ? d.of(ODD_GPAS) : w.gpa(frame),
    memory_size: w.odd(d) ? d.of([1, 4097, 6144, (frames + 2) * PAGE]) : pages * PAGE,
    userspace_addr: userspaceAddress(w, d, pages),
    guest_memfd: w.odd(d) ? d.of([null, 9999, 0]) : (file?.name ?? null),
    guest_memfd_offset: w.odd(d) ? d.of(oddOffsets(inode)) : filePage * PAGE,
  };
  if (w.plain) w.slots.push({ vm, as, id, frame, pages, inode, filePage });
  return step;
}

function flagsOf(w: World, d: Draw, plain: boolean): number | string {
  if (w.odd(d)) return d.of([LOG_DIRTY | GUEST_MEMFD, READONLY | GUEST_MEMFD, 7, 8, 12, 16, "0x80000004", 0]);
  return plain ? d.of([0, 0, LOG_DIRTY, READONLY]) : GUEST_MEMFD;
}

function fileFor(w: World, d: Draw, vm: Vm): Descriptor | null {
  if (w.others.length > 0 && w.odd(d)) return d.of(w.others);
  if (w.odd(d) && w.files.length > 0) return d.of(w.files);
  const own = w.files.filter(({ inode, live }) => live && inode?.vm === vm);
  return own.length === 0 ? null : d.of(own);
}

/** Mostly pages that no slot shows yet. */
function pageOfFile(w: World, d: Draw, inode: Inode, pages: number): number {
  const all = Array.from({ length: inode.pages - pages + 1 }, (_, page) => page);
  const shown = w.slots.filter((slot) => slot.inode === inode);
  const free = all.filter((page) =>
    shown.every((slot) => page + pages <= slot.filePage || slot.filePage + slot.pages <= page),
  );
  return d.of(free.length === 0 || d.rarely(12) ? all : free);
}

/** What shadow paging maps at once (PTE_PREFETCH_NUM, arch/x86/kvm/mmu/mmu.c): a slot at its border has whole groups. */
const GROUP = 8;

/** Mostly where there is no slot yet. */
function frameFor(w: World, d: Draw, vm: Vm, as: number, pages: number): number {
  const last = w.universe.frames - pages;
  const all = Array.from({ length: last + 1 }, (_, frame) => frame);
  const free = all.filter((frame) =>
    w
      .slotsOf(vm)
      .every((slot) => slot.as !== as || frame + pages <= slot.frame || slot.frame + slot.pages <= frame),
  );
  const aligned = free.filter((frame) => frame % GROUP === 0);
  if (aligned.length > 0 && d.below(2) === 0) return d.of(aligned);
  return d.of(free.length === 0 || d.rarely(12) ? all : free);
}

/** Ordinary memory, mostly; so that what a guest reads tells where it came from. */
function userspaceAddress(w: World, d: Draw, pages: number): RecordedStep[string] {
  if (w.odd(d)) return d.of([0, 16, "0xffff800000000000"]);
  const window = w.maps.filter(({ live, inode }) => live && inode !== null);
  const memory = w.maps.filter(({ live, inode }) => live && inode === null);
  if (window.length > 0 && d.rarely(12)) return { map: d.of(window).name, offset: 0 };
  const map = d.of(memory);
  const room = w.odd(d) ? map.pages : map.pages - pages + 1;
  return { map: map.name, offset: d.below(Math.max(1, room)) * PAGE + (w.odd(d) ? 16 : 0) };
}

function oddOffsets(inode: Inode | null): readonly (number | string)[] {
  return ["0xfffffffffffff000", "0x7ffffffffffff000", 1, 2048, (inode?.pages ?? 1) * PAGE];
}

function unset(w: World, d: Draw, { vm, as, id }: Slot): RecordedStep {
  const of = w.slots.findIndex((slot) => slot.vm === vm && slot.as === as && slot.id === id);
  w.slots.splice(of, 1);
  return {
    op: "set_user_memory_region2",
    vm: vm.name,
    slot: id,
    as_id: as,
    flags: w.odd(d) ? GUEST_MEMFD : 0,
    guest_phys_addr: 0,
    memory_size: 0,
    userspace_addr: 0,
    guest_memfd: null,
    guest_memfd_offset: 0,
  };
}

/** The old ioctl knows ordinary slots alone. */
function oldRegion(w: World, d: Draw): RecordedStep {
  const { guest_memfd: _, guest_memfd_offset: __, ...step } = region(w, d);
  return { ...step, op: "set_user_memory_region" };
}

/** A run of frames: of one slot, or any. */
function someFrames(w: World, d: Draw, vm: Vm): { readonly frame: number; readonly pages: number } {
  const slots = w.slotsOf(vm);
  const { frames } = w.universe;
  const whole =
    slots.length > 0 && !d.rarely(8) ? d.of(slots) : { frame: 0, pages: d.of([frames, frames + 1]) };
  const first = d.below(whole.pages);
  return { frame: whole.frame + first, pages: 1 + d.of([0, 0, d.below(whole.pages - first)]) };
}

function setMemoryAttributes(w: World, d: Draw): RecordedStep {
  const vm = w.livingOf(w.vms, d);
  const { frame, pages } = someFrames(w, d, vm);
  return {
    op: "set_memory_attributes",
    vm: vm.name,
    address: w.odd(d) ? d.of(["0xfffffffffffff000", 0x40000000, 0x100000 + 2048]) : w.gpa(frame),
    size: w.odd(d) ? d.of([0, 1, 2048, 4097]) : pages * PAGE,
    attributes: w.odd(d)
      ? d.of([1, 2, 4, 9, 16, 24, "0x8000000000000000"])
      : d.of([PRIVATE, PRIVATE, PRIVATE, 0, 0]),
    flags: w.odd(d) ? d.of([1, 2, "0x8000000000000000"]) : 0,
  };
}

function preFault(w: World, d: Draw): RecordedStep {
  const vcpu = w.livingOf(w.vcpus, d);
  const { frame, pages } = someFrames(w, d, vcpu.vm);
  return {
    op: "pre_fault_memory",
    vcpu: vcpu.name,
    gpa: w.odd(d) ? d.of(["0xfffffffffffff000", 0x500000, 0x100000 + 1]) : w.gpa(frame),
    size: w.odd(d) ? d.of([0, 1, 4097]) : pages * PAGE,
    flags: w.odd(d) ? 1 : 0,
  };
}

/** Now and then a neighbour of the page before: what one access brings in for the next. */
function touchedFrame(w: World, d: Draw, vm: Vm): number {
  const last = w.touched.get(vm);
  if (last === undefined || d.below(3) < 2) return someFrames(w, d, vm).frame;
  return Math.max(0, last + d.of([-1, 1, -2, 0]));
}

function guestByte(w: World, d: Draw): { readonly vcpu: string; readonly gpa: number } {
  const busy = w.vcpus.filter(({ vm, live }) => live && w.slotsOf(vm).length > 0);
  const vcpu = busy.length > 0 && !d.rarely(12) ? d.of(busy) : w.livingOf(w.vcpus, d);
  const frame = touchedFrame(w, d, vcpu.vm);
  w.touched.set(vcpu.vm, frame);
  return { vcpu: vcpu.name, gpa: w.gpa(frame) + w.byteOfPage(d) };
}

function dirtyLog(w: World, d: Draw): RecordedStep {
  const vm = w.livingOf(w.vms, d);
  const slots = w.slotsOf(vm);
  const known = slots.length > 0 && d.below(4) < 3 ? d.of(slots) : null;
  return {
    op: "get_dirty_log",
    vm: vm.name,
    slot: known?.id ?? d.of([...w.universe.slotIds, 7]),
    as_id: known?.as ?? 0,
  };
}

/** Windows on files more often than ordinary memory. */
function somewhere(w: World, d: Draw): Mapping {
  const living = w.maps.filter(({ live }) => live);
  const windows = living.filter(({ inode }) => inode !== null);
  return d.of(windows.length > 0 && d.below(4) < 3 ? windows : living);
}

function hostByte(w: World, d: Draw): { readonly map: string; readonly offset: number } {
  const map = somewhere(w, d);
  return { map: map.name, offset: d.below(map.pages) * PAGE + w.byteOfPage(d) };
}

function window(w: World): readonly Mapping[] {
  return w.maps.filter(({ live, inode }) => live && inode !== null);
}

const ADVICE = [
  MADV_DONTNEED,
  MADV_REMOVE,
  MADV_POPULATE_WRITE,
  MADV_POPULATE_READ,
  MADV_PAGEOUT,
  MADV_WILLNEED,
  MADV_FREE,
  MADV_HUGEPAGE,
  MADV_COLLAPSE,
];

function pagesOf(w: World, d: Draw, map: Mapping): { readonly offset: number; readonly length: number } {
  const first = d.below(map.pages);
  const pages = 1 + d.of([0, 0, d.below(map.pages - first)]);
  return {
    offset: w.odd(d) ? d.of([1, 2048]) : first * PAGE,
    length: w.odd(d) ? d.of([0, 1]) : pages * PAGE,
  };
}

const advisable = (w: World): readonly Mapping[] => window(w).filter(({ locked }) => !locked);

function mlock(w: World, d: Draw): RecordedStep {
  const map = d.of(window(w));
  map.locked = true;
  return { op: "mlock", map: map.name, ...pagesOf(w, d, map) };
}

function madvise(w: World, d: Draw): RecordedStep {
  const map = d.of(advisable(w));
  return { op: "madvise", map: map.name, ...pagesOf(w, d, map), advice: d.of(ADVICE) };
}

export function poison(w: World, d: Draw): RecordedStep {
  const map = d.of(advisable(w));
  const offset = d.below(map.pages) * PAGE;
  return { op: "madvise", map: map.name, offset, length: PAGE, advice: MADV_HWPOISON };
}

/** KEEP_SIZE and PUNCH_HOLE | KEEP_SIZE, and then what is refused. */
const ODD_MODES = [0, 2, 4, 5, 7, 8, 9, 16, 17, 32, 33, 65, 67];

function fallocate(w: World, d: Draw): RecordedStep {
  const file = w.livingOf(w.files, d);
  const pages = file.inode?.pages ?? w.universe.filePages;
  const first = d.below(pages);
  const many = 1 + d.of([0, 0, d.below(pages - first)]);
  return {
    op: "fallocate",
    file: file.name,
    mode: w.odd(d) ? d.of(ODD_MODES) : d.of([3, 3, 1]),
    offset: w.odd(d) ? d.of([-4096, 1, 2048, 4097, (pages + 1) * PAGE]) : first * PAGE,
    len: w.odd(d)
      ? d.of([0, -4096, 4097, 4095, 6144, "0x7ffffffffffff000", (pages + 1) * PAGE])
      : many * PAGE,
  };
}

const hasVm = (w: World): boolean => w.vms.length > 0;
const hasVcpu = (w: World): boolean => w.vcpus.length > 0;
const hasFile = (w: World): boolean => w.files.length > 0;
const hasWindow = (w: World): boolean => window(w).length > 0;
export const mayAdvise = (w: World): boolean => advisable(w).length > 0;
const hasAttributes = (w: World): boolean => hasVm(w) && w.header.memory_attributes !== 0;

export const MEMORY: readonly Maker[] = [
  { op: "set_user_memory_region2", weight: 22, group: "regions", can: hasVm, make: region },
  { op: "set_user_memory_region", weight: 1, group: "regions", can: hasVm, make: oldRegion },
  {
    op: "set_memory_attributes",
    weight: 16,
    group: "attributes",
    can: hasAttributes,
    make: setMemoryAttributes,
  },
  // Where there are none, it is enough to be told so now and then.
  {
    op: "set_memory_attributes",
    weight: 1,
    group: "rest",
    can: (w) => hasVm(w) && !hasAttributes(w),
    make: setMemoryAttributes,
  },
  {
    op: "pre_fault_memory",
    weight: 4,
    group: "attributes",
    can: (w) => hasVcpu(w) && w.header.pre_fault_memory,
    make: preFault,
  },
  {
    op: "pre_fault_memory",
    weight: 1,
    group: "rest",
    can: (w) => hasVcpu(w) && !w.header.pre_fault_memory,
    make: preFault,
  },
  {
    op: "guest_read",
    weight: 28,
    group: "guest",
    can: hasVcpu,
    make: (w, d) => ({ op: "guest_read", ...guestByte(w, d) }),
  },
  {
    op: "guest_write",
    weight: 20,
    group: "guest",
    can: hasVcpu,
    make: (w, d) => ({ op: "guest_write", ...guestByte(w, d), value: w.value() }),
  },
  { op: "get_dirty_log", weight: 2, group: "regions", can: hasVm, make: dirtyLog },
  {
    op: "host_read",
    weight: 9,
    group: "host",
    can: () => true,
    make: (w, d) => ({ op: "host_read", ...hostByte(w, d) }),
  },
  {
    op: "host_write",
    weight: 8,
    group: "host",
    can: () => true,
    make: (w, d) => ({ op: "host_write", ...hostByte(w, d), value: w.value() }),
  },
  {
    op: "host_read_syscall",
    weight: 1,
    group: "host",
    can: () => true,
    make: (w, d) => ({ op: "host_read_syscall", ...hostByte(w, d) }),
  },
  {
    op: "mincore",
    weight: 2,
    group: "windows",
    can: hasWindow,
    make: (w, d) => {
      const map = d.of(window(w));
      return { op: "mincore", map: map.name, offset: d.below(map.pages) * PAGE };
    },
  },
  {
    op: "mlock",
    weight: 1,
    group: "windows",
    can: hasWindow,
    make: mlock,
  },
  { op: "madvise", weight: 5, group: "windows", can: mayAdvise, make: madvise },
  { op: "fallocate", weight: 14, group: "holes", can: hasFile, make: fallocate },
];
