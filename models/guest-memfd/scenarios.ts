/**
 * Scenarios of the shipped ABI: named subsets of calls and values, so that a larger bound of one index completes. What a
 * scenario leaves out is explored by another vector of the design's list.
 */
import type { Scenario } from "../../spec/language/design.ts";
import type { UserAddress } from "./region.ts";
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_MEM_GUEST_MEMFD,
  PAGE_SIZE,
} from "../../spec/abi/kvm.ts";
import { FALLOC_FL_PUNCH_HOLE, PROT_READ, PROT_WRITE } from "../../spec/abi/files.ts";

const BOTH = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;

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

export const scenarios: Readonly<Record<string, Scenario>> = {
  core: {
    says: "no closing of VMs and vCPUs, no read-only or dirty-logged slots, no odd mappings, no calls without effect",
    without: [...withoutEffect, "close_vm", "close_vcpu", "mlock", "get_dirty_log", "set_user_memory_region"],
    only: {
      munmap: { area: (area: number) => area === 0 },
      mmap: {
        prot: (prot: number) => prot === (PROT_READ | PROT_WRITE),
        offset: (offset: bigint) => offset === 0n,
      },
      set_user_memory_region2: bindingsAndOrdinary,
      create_guest_memfd: { flags: (flags: bigint) => flags !== GUEST_MEMFD_FLAG_INIT_SHARED },
    },
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
};
