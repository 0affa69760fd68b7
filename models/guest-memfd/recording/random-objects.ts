/** Steps that make and end things: VMs, vCPUs, files, mappings. */
import {
  GUEST_MEMFD_FLAG_MMAP,
  KVM_CAP_GUEST_MEMFD,
  KVM_CAP_GUEST_MEMFD_FLAGS,
  KVM_CAP_MEMORY_ATTRIBUTES,
  KVM_CAP_MEMORY_FAULT_INFO,
  KVM_CAP_MULTI_ADDRESS_SPACE,
  KVM_CAP_NR_MEMSLOTS,
  KVM_CAP_PRE_FAULT_MEMORY,
  KVM_CAP_USER_MEMORY2,
  KVM_CAP_VM_TYPES,
} from "../../../spec/abi/kvm.ts";
import { PROT_EXEC, PROT_READ, PROT_WRITE } from "../../../spec/abi/files.ts";
import type { RecordedStep } from "../../../spec/recording.ts";
import type { Draw } from "./draw.ts";
import { PAGE, type Descriptor, type Maker, type World } from "./world.ts";

const MMAP = Number(GUEST_MEMFD_FLAG_MMAP);
const MOST = { vms: 5, vcpus: 8, descriptors: 14, maps: 10 };

/** No kernel has VMs of these types. */
const NO_TYPES = [9, 99];

export function createVm(w: World, d: Draw): RecordedStep {
  const name = String.fromCharCode(65 + w.vms.length);
  const { vm_types } = w.header;
  const type = w.odd(d) ? d.of(NO_TYPES) : d.of(vm_types);
  w.vms.push({ name, type, live: vm_types.includes(type) });
  return { op: "create_vm", vm: name, type };
}

export function createVcpu(w: World, d: Draw): RecordedStep {
  const vm = w.livingOf(w.vms, d);
  const name = w.name("c", w.vcpus);
  w.vcpus.push({ name, vm, live: vm.live });
  return { op: "create_vcpu", vcpu: name, vm: vm.name };
}

const ODD_SIZES = [0, "0x8000000000000000", "0xfffffffffffff000", 1, 4095, 4097, 10240];
const ODD_FLAGS = [2, 4, 5, 8, 16, "0x8000000000000000"];

export function createGuestMemfd(w: World, d: Draw): RecordedStep {
  const vm = w.livingOf(w.vms, d);
  const mask = w.header.guest_memfd_flags[String(vm.type)] ?? 0;
  const pages = d.of([w.universe.filePages, w.universe.filePages, 1 + d.below(w.universe.filePages)]);
  // Mostly all that there are: what is mapped and shared from the start has the most to show.
  const flags = w.odd(d) ? d.of(ODD_FLAGS) : d.of([mask, mask, mask, mask & MMAP, 0]);
  const size = w.odd(d) ? d.of(ODD_SIZES) : pages * PAGE;
  const good = vm.live && size === pages * PAGE && typeof flags === "number" && (flags & ~mask) === 0;
  const name = w.name("F", w.files);
  const inode = good ? { pages, flags, vm } : null;
  w.files.push({ name, inode, live: good });
  const step = { op: "create_guest_memfd", file: name, vm: vm.name, size, flags };
  return w.odd(d) ? { ...step, reserved: 1 } : step;
}

function memfdCreate(w: World): RecordedStep {
  const name = w.name("M", w.others);
  w.others.push({ name, inode: { pages: 16, flags: 0, vm: null }, live: true });
  return { op: "memfd_create", file: name, size: 16 * PAGE };
}

function dup(w: World, d: Draw): RecordedStep {
  const from = w.livingOf(w.files, d);
  const as = w.name("F", w.files);
  w.files.push({ name: as, inode: from.live ? from.inode : null, live: from.live });
  return { op: "dup", file: from.name, as };
}

function close(w: World, d: Draw): RecordedStep {
  const file = w.livingOf<Descriptor>(w.files, d);
  file.live = false;
  return { op: "close", file: file.name };
}

export function anon(w: World, pages: number): RecordedStep {
  const name = w.name("z", w.maps);
  w.maps.push({ name, pages, inode: null, live: true, locked: false });
  return { op: "anon", map: name, size: pages * PAGE };
}

/** In the order in which a kernel looks, each alone decides; a file's end does not. */
function mmap(w: World, d: Draw): RecordedStep {
  const file = w.livingOf(w.files, d);
  const pages = file.inode?.pages ?? 1;
  const first = d.of([0, 0, d.below(pages)]);
  const offset = w.odd(d) ? d.of([1, 2048, 4 * PAGE, "0x7ffffffffffff000"]) : first * PAGE;
  const whole = d.of([Math.max(1, pages - first), 1 + d.below(pages), pages + 2]);
  const length = w.odd(d) ? d.of([0, 1, 2048]) : whole * PAGE;
  const prot = w.odd(d)
    ? d.of([PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC, PROT_EXEC, 0])
    : d.of([PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ]);
  const share = w.odd(d) ? "private" : "shared";
  const name = w.name("m", w.maps);
  const made =
    file.live &&
    ((file.inode?.flags ?? 0) & MMAP) !== 0 &&
    typeof offset === "number" &&
    offset % PAGE === 0 &&
    length > 0 &&
    (prot & PROT_EXEC) === 0 &&
    share === "shared";
  w.maps.push({ name, pages: Math.ceil(length / PAGE), inode: file.inode, live: made, locked: false });
  return { op: "mmap", map: name, file: file.name, offset, length, prot, share };
}

function munmap(w: World, d: Draw): RecordedStep {
  const map = d.of(w.maps.filter(({ live, inode }) => live && inode !== null));
  map.live = false;
  return { op: "munmap", map: map.name };
}

/** Extensions that say what of guest_memfd a kernel has. */
const EXTENSIONS = [
  KVM_CAP_GUEST_MEMFD,
  KVM_CAP_GUEST_MEMFD_FLAGS,
  KVM_CAP_MEMORY_ATTRIBUTES,
  KVM_CAP_USER_MEMORY2,
  KVM_CAP_MEMORY_FAULT_INFO,
  KVM_CAP_PRE_FAULT_MEMORY,
  KVM_CAP_VM_TYPES,
  KVM_CAP_NR_MEMSLOTS,
  KVM_CAP_MULTI_ADDRESS_SPACE,
];

function checkExtension(w: World, d: Draw): RecordedStep {
  const vm = d.below(3) === 2 || w.vms.length === 0 ? null : w.livingOf(w.vms, d).name;
  return { op: "check_extension", vm, cap: d.of(EXTENSIONS) };
}

function closeVm(w: World, d: Draw): RecordedStep {
  const vm = w.livingOf(w.vms, d);
  vm.live = false;
  return { op: "close_vm", vm: vm.name };
}

function closeVcpu(w: World, d: Draw): RecordedStep {
  const vcpu = w.livingOf(w.vcpus, d);
  vcpu.live = false;
  return { op: "close_vcpu", vcpu: vcpu.name };
}

const hasVm = (w: World): boolean => w.vms.length > 0;
const hasFile = (w: World): boolean => w.files.length > 0;
const roomForFile = (w: World): boolean => w.files.length < MOST.descriptors;

export const OBJECTS: readonly Maker[] = [
  { op: "create_vm", weight: 1, group: "actors", can: (w) => w.vms.length < MOST.vms, make: createVm },
  {
    op: "create_vcpu",
    weight: 2,
    group: "actors",
    can: (w) => hasVm(w) && w.vcpus.length < MOST.vcpus,
    make: createVcpu,
  },
  { op: "close_vm", weight: 1, group: "actors", can: hasVm, make: closeVm },
  { op: "close_vcpu", weight: 1, group: "actors", can: (w) => w.vcpus.length > 0, make: closeVcpu },
  { op: "check_extension", weight: 2, group: "rest", can: () => true, make: checkExtension },
  {
    op: "create_guest_memfd",
    weight: 9,
    group: "files",
    can: (w) => hasVm(w) && roomForFile(w),
    make: createGuestMemfd,
  },
  { op: "memfd_create", weight: 1, group: "rest", can: (w) => w.others.length < 1, make: memfdCreate },
  { op: "dup", weight: 6, group: "files", can: (w) => hasFile(w) && roomForFile(w), make: dup },
  { op: "close", weight: 8, group: "files", can: hasFile, make: close },
  {
    op: "anon",
    weight: 1,
    group: "rest",
    can: (w) => w.maps.length < 3,
    make: (w, d) => anon(w, d.of([16, 4, 1])),
  },
  {
    op: "mmap",
    weight: 10,
    group: "windows",
    can: (w) => hasFile(w) && w.maps.length < MOST.maps,
    make: mmap,
  },
  {
    op: "munmap",
    weight: 3,
    group: "windows",
    can: (w) => w.maps.some(({ live, inode }) => live && inode !== null),
    make: munmap,
  },
];
