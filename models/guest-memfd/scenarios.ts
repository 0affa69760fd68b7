/**
 * Scenarios of the shipped ABI: named subsets of calls and values, so that a larger bound of one index completes. What a
 * scenario leaves out is explored by another vector of the design's list.
 */
import type { GivenCall, Scenario } from "../../spec/language/design.ts";
import type { UserAddress } from "./region.ts";
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_MEM_GUEST_MEMFD,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_X86_DEFAULT_VM,
  KVM_X86_SW_PROTECTED_VM,
  PAGE_SIZE,
} from "../../spec/abi/kvm.ts";
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  MADV_DONTNEED,
  PROT_READ,
  PROT_WRITE,
} from "../../spec/abi/files.ts";

export const BOTH = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;

/** No read-only and no dirty-logged slots, and none whose ordinary memory is not page for frame. */
const bindingsAndOrdinary = {
  flags: (flags: bigint) => flags === KVM_MEM_GUEST_MEMFD || flags === 0n,
  userspace_addr: (
    { area, offset }: UserAddress,
    { guest_phys_addr }: { readonly [param: string]: unknown },
  ) => area === null || offset !== 0n || guest_phys_addr === 0n,
};
/** Calls that read or refuse, and change nothing in any version. */
const withoutEffect = [
  "check_extension",
  "read",
  "write",
  "pread",
  "pwrite",
  "lseek",
  "fstat",
  "ftruncate",
  "mincore",
  "host_read_syscall",
];

/** What a race needs: a VM with its vCPUs, and a file. */
export const vmWithFile = (type: number, vcpus: number, flags: bigint, pages = 1n): readonly GivenCall[] => [
  { call: "create_vm", params: { type } },
  ...Array.from({ length: vcpus }, (_, id) => ({ call: "create_vcpu", params: { vm: 0, id } })),
  { call: "create_guest_memfd", params: { vm: 0, flags, size: pages * PAGE_SIZE, reserved: 0n } },
];

const ofVm1 = ({ call, params }: GivenCall): GivenCall => ({
  call,
  params: "vm" in params ? { ...params, vm: 1 } : params,
});

/** KVM_SET_USER_MEMORY_REGION2 of a slot on a file's pages from 0 on, at the frames from 0 on. */
export const bound = (vm: number, pages = 1n): GivenCall => ({
  call: "set_user_memory_region2",
  params: {
    vm,
    slot: 0,
    as_id: 0,
    flags: KVM_MEM_GUEST_MEMFD,
    memory_size: pages * PAGE_SIZE,
    guest_phys_addr: 0n,
    userspace_addr: { area: 1, offset: 0n },
    guest_memfd: vm,
    guest_memfd_offset: 0n,
  },
});
const allocated: GivenCall = {
  call: "fallocate",
  params: { file: 0, mode: FALLOC_FL_KEEP_SIZE, offset: 0n, len: PAGE_SIZE },
};
/** Slots of a file, and their deletion. */
export const bindOrDelete = {
  flags: (flags: bigint, { memory_size }: { readonly [param: string]: unknown }) =>
    flags === KVM_MEM_GUEST_MEMFD || memory_size === 0n,
};
const isDeletion = (size: bigint): boolean => size === 0n;
export const isPunch = (mode: number): boolean => (mode & FALLOC_FL_PUNCH_HOLE) !== 0;

/** Of a race: slots of the file and of ordinary memory, page for frame. */
const racing = {
  set_user_memory_region2: bindingsAndOrdinary,
  mmap: { prot: (prot: number) => prot === (PROT_READ | PROT_WRITE) },
  munmap: { area: (area: number) => area === 0 },
  madvise: { advice: (advice: number) => advice === MADV_DONTNEED },
};

/** Windows on the whole file that can be written, and files that are mapped as shared or not at all. */
const plainFiles = {
  mmap: {
    prot: (prot: number) => prot === (PROT_READ | PROT_WRITE),
    offset: (offset: bigint) => offset === 0n,
  },
  set_user_memory_region2: bindingsAndOrdinary,
  create_guest_memfd: { flags: (flags: bigint) => flags !== GUEST_MEMFD_FLAG_INIT_SHARED },
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  core: {
    says: "no closing of VMs and vCPUs, no read-only or dirty-logged slots, no odd mappings, no calls without effect",
    without: [...withoutEffect, "close_vm", "close_vcpu", "mlock", "get_dirty_log", "set_user_memory_region"],
    only: { ...plainFiles, munmap: { area: (area: number) => area === 0 } },
  },
  use: {
    says: "one way for each to use a file: bound, read by guest and host, converted, punched, poisoned, and not closed",
    calls: [
      "create_vm",
      "create_vcpu",
      "create_guest_memfd",
      "set_user_memory_region2",
      "set_memory_attributes",
      "fallocate",
      "guest_read",
      "mmap",
      "host_read",
      "memory_failure",
    ],
    only: plainFiles,
  },
  "open-vms": {
    says: "every call but the closing of VMs and vCPUs",
    without: ["close_vm", "close_vcpu"],
  },
  lifetimes: {
    says: "what keeps what: VMs, vCPUs, files and mappings made and closed in every order, with a slot and accesses",
    calls: [
      "create_vm",
      "create_vcpu",
      "close_vm",
      "close_vcpu",
      "create_guest_memfd",
      "dup",
      "close",
      "mmap",
      "munmap",
      "set_user_memory_region2",
      "set_memory_attributes",
      "guest_read",
      "host_read",
      "check_extension",
    ],
    only: {
      set_user_memory_region2: bindingsAndOrdinary,
      create_guest_memfd: { flags: (flags: bigint) => flags === 0n || flags === BOTH },
      mmap: {
        prot: (prot: number) => prot === (PROT_READ | PROT_WRITE),
        offset: (offset: bigint) => offset === 0n,
      },
    },
  },
  slots: {
    says: "making, changing and deleting slots; no accesses",
    calls: [
      "create_vm",
      "create_guest_memfd",
      "close",
      "set_user_memory_region2",
      "set_user_memory_region",
      "get_dirty_log",
    ],
    only: { create_guest_memfd: { flags: (flags: bigint) => flags === 0n } },
  },
  guests: {
    says: "guests that map what slots bind: create, bind, delete, convert, access, punch, close",
    calls: [
      "create_vm",
      "create_vcpu",
      "create_guest_memfd",
      "close",
      "set_user_memory_region2",
      "set_memory_attributes",
      "fallocate",
      "guest_read",
      "guest_write",
    ],
    only: {
      set_user_memory_region2: bindingsAndOrdinary,
      create_guest_memfd: { flags: (flags: bigint) => flags === 0n || flags === BOTH },
    },
  },
  ranges: {
    says: "ranges of pages and frames of one full file: bind, delete, convert, access, punch",
    calls: [
      "create_vm",
      "create_vcpu",
      "create_guest_memfd",
      "set_user_memory_region2",
      "set_memory_attributes",
      "fallocate",
      "guest_read",
    ],
    only: {
      set_user_memory_region2: bindingsAndOrdinary,
      create_guest_memfd: {
        flags: (flags: bigint) => flags === 0n || flags === BOTH,
        size: (size: bigint) => size !== PAGE_SIZE,
      },
      fallocate: { mode: (mode: number) => (mode & FALLOC_FL_PUNCH_HOLE) !== 0 },
    },
  },
  windows: {
    says: "the host's side: mappings, descriptors, accesses, holes, poison; no slots",
    calls: [
      "create_vm",
      "create_guest_memfd",
      "dup",
      "close",
      "mmap",
      "munmap",
      "fallocate",
      "host_read",
      "host_write",
      "madvise",
      "memory_failure",
    ],
    only: {
      munmap: { area: (area: number) => area <= 1 },
      create_guest_memfd: { flags: (flags: bigint) => flags === GUEST_MEMFD_FLAG_MMAP || flags === BOTH },
    },
  },
  "shared-races": {
    says: "a VM of the default type, its vCPU and a file that both sides map: whatever follows, overlapping",
    given: vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH),
    legal: true,
    calls: [
      "close",
      "mmap",
      "munmap",
      "set_user_memory_region2",
      "fallocate",
      "guest_read",
      "guest_write",
      "pre_fault_memory",
      "host_read",
      "host_write",
      "madvise",
      "memory_failure",
    ],
    only: racing,
  },
  "poisoned-windows": {
    says: "an ordinary slot whose memory is a window on a file, a guest in it, and pages that fail",
    given: [
      ...vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH),
      {
        call: "mmap",
        params: {
          area: 0,
          file: 0,
          offset: 0n,
          length: PAGE_SIZE,
          prot: PROT_READ | PROT_WRITE,
          share: "shared",
        },
      },
      {
        call: "set_user_memory_region2",
        params: {
          ...bound(0).params,
          flags: 0n,
          userspace_addr: { area: 0, offset: 0n },
          guest_memfd: null,
        },
      },
    ],
    legal: true,
    calls: ["guest_read", "guest_write", "pre_fault_memory", "madvise", "fallocate", "munmap"],
    only: { munmap: { area: (area: number) => area === 0 } },
  },
  "private-races": {
    says: "a VM with private memory, its vCPU and a file: whatever follows, overlapping",
    given: vmWithFile(KVM_X86_SW_PROTECTED_VM, 1, 0n),
    legal: true,
    calls: [
      "close",
      "set_user_memory_region2",
      "set_memory_attributes",
      "fallocate",
      "guest_read",
      "guest_write",
      "pre_fault_memory",
      "memory_failure",
    ],
    only: racing,
  },
  "dying-file": {
    says: "a slot bound to a file with a page, and what can take it away: close, deletion, memory failure, a hole",
    given: [...vmWithFile(KVM_X86_SW_PROTECTED_VM, 1, 0n), bound(0), allocated],
    legal: true,
    calls: ["close", "set_user_memory_region2", "memory_failure", "fallocate", "guest_read"],
    only: {
      set_user_memory_region2: { memory_size: isDeletion },
      fallocate: { mode: isPunch },
    },
  },
  "pre-faults": {
    says: "a vCPU that pre-faults what ordinary slots show, or runs, while they come and go",
    given: vmWithFile(KVM_X86_DEFAULT_VM, 1, 0n).slice(0, 2),
    legal: true,
    calls: ["set_user_memory_region2", "guest_read", "pre_fault_memory"],
    only: { set_user_memory_region2: { flags: (flags: bigint) => flags === 0n } },
  },
  "dirty-logs": {
    says: "a guest that reads and writes a slot of ordinary memory while that is moved, changed and deleted, and its dirty log is switched and asked",
    given: vmWithFile(KVM_X86_DEFAULT_VM, 1, 0n).slice(0, 2),
    legal: true,
    calls: [
      "set_user_memory_region2",
      "set_user_memory_region",
      "get_dirty_log",
      "guest_read",
      "guest_write",
    ],
    only: {
      set_user_memory_region2: {
        flags: (flags: bigint) => flags === 0n || flags === KVM_MEM_LOG_DIRTY_PAGES,
      },
    },
  },
  emulations: {
    says: "a guest that reads and writes while a slot is bound, deleted and bound again",
    given: vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH),
    legal: true,
    calls: ["set_user_memory_region2", "guest_read", "guest_write"],
    only: {
      set_user_memory_region2: bindOrDelete,
    },
  },
  "rmap-races": {
    says: "a hole that meets a slot which is made or deleted, and a vCPU that needs the first shadow root",
    given: vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH),
    legal: true,
    calls: ["set_user_memory_region2", "guest_read", "fallocate"],
    only: {
      set_user_memory_region2: bindOrDelete,
      fallocate: { mode: isPunch },
    },
  },
  neighbours: {
    says: "a file of two pages that a slot shows, and a guest that reads and writes them",
    given: vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH, 2n),
    legal: true,
    calls: ["set_user_memory_region2", "guest_read", "guest_write"],
    only: { set_user_memory_region2: bindOrDelete },
  },
  prefetches: {
    says: "a file of two pages, and ordinary memory: slots of either, accesses, holes, the end of the file and of the memory's mapping",
    given: vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH, 2n),
    calls: [
      "close",
      "munmap",
      "set_user_memory_region2",
      "fallocate",
      "guest_read",
      "guest_write",
      "host_read",
      "madvise",
    ],
    legal: true,
    only: {
      set_user_memory_region2: {
        ...bindingsAndOrdinary,
      },
      fallocate: { mode: isPunch },
      munmap: { area: (area: number) => area === 1 },
      host_read: { area: (area: number) => area === 1 },
      madvise: { area: (area: number) => area === 1, advice: (advice: number) => advice === MADV_DONTNEED },
    },
  },
  "range-races": {
    says: "a slot of two private pages: conversions, holes and faults of ranges that overlap",
    given: [...vmWithFile(KVM_X86_SW_PROTECTED_VM, 1, 0n, 2n), bound(0, 2n)],
    legal: true,
    calls: ["set_memory_attributes", "fallocate", "guest_read", "pre_fault_memory"],
    only: { fallocate: { mode: isPunch } },
  },
  "hole-races": {
    says: "a slot of three pages: holes of every range, a guest that reads, the deletion",
    given: [...vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH, 3n), bound(0, 3n)],
    legal: true,
    calls: ["set_user_memory_region2", "fallocate", "guest_read"],
    only: { set_user_memory_region2: { memory_size: isDeletion }, fallocate: { mode: isPunch } },
  },
  "vcpu-races": {
    says: "two vCPUs that access and pre-fault a private page, while it is converted, punched and fails",
    given: [...vmWithFile(KVM_X86_SW_PROTECTED_VM, 2, 0n), bound(0)],
    legal: true,
    calls: [
      "set_memory_attributes",
      "fallocate",
      "guest_read",
      "guest_write",
      "pre_fault_memory",
      "memory_failure",
    ],
    only: { fallocate: { mode: isPunch } },
  },
  "binder-races": {
    says: "two slots that want the same pages and frames: binding, deleting, closing, with a guest that reads",
    given: vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH),
    legal: true,
    calls: ["close", "set_user_memory_region2", "guest_read"],
    only: { set_user_memory_region2: bindingsAndOrdinary },
  },
  "two-vm-races": {
    says: "two VMs with a file each: binding, deleting and closing, of one's own and of the other's",
    given: [
      ...vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH),
      ...vmWithFile(KVM_X86_DEFAULT_VM, 1, BOTH).map(ofVm1),
    ],
    legal: true,
    calls: ["close", "close_vm", "set_user_memory_region2"],
    only: {
      set_user_memory_region2: {
        flags: (flags: bigint) => flags === KVM_MEM_GUEST_MEMFD || flags === 0n,
        memory_size: (size: bigint, { flags }: { readonly [param: string]: unknown }) =>
          (flags === 0n) === isDeletion(size),
      },
    },
  },
  "every-pair": {
    says: "every call, with few values each: what no other scenario lets meet",
    given: [...vmWithFile(KVM_X86_SW_PROTECTED_VM, 1, 0n), bound(0)],
    legal: true,
    without: ["check_extension", "read", "write", "pread", "pwrite", "lseek", "fstat", "ftruncate"],
    only: {
      create_guest_memfd: { flags: (flags: bigint) => flags === 0n },
      set_user_memory_region2: {
        memory_size: (size: bigint, { flags }: { readonly [param: string]: unknown }) =>
          (flags === KVM_MEM_GUEST_MEMFD) !== isDeletion(size),
        flags: (flags: bigint) => flags === KVM_MEM_GUEST_MEMFD || flags === 0n,
      },
      set_user_memory_region: { flags: (flags: bigint) => flags === 0n, memory_size: isDeletion },
      munmap: { area: (area: number) => area === 0 },
      madvise: { advice: (advice: number) => advice === MADV_DONTNEED },
      host_read: { area: (area: number) => area === 1 },
      host_write: { area: (area: number) => area === 1 },
      host_read_syscall: { area: (area: number) => area === 1 },
      mincore: { area: (area: number) => area === 1 },
      mlock: { area: (area: number) => area === 1 },
    },
  },
};
