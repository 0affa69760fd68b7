/** Scenarios and default bounds of in-place conversion. */
import type { Bounds, GivenCall, Scenario, Vector } from "../../../spec/language/design.ts";
import {
  GUEST_MEMFD_FLAG_MMAP,
  KVM_MEM_GUEST_MEMFD,
  KVM_X86_SW_PROTECTED_VM,
  PAGE_SIZE,
} from "../../../spec/abi/kvm.ts";
import { PROT_READ, PROT_WRITE } from "../../../spec/abi/files.ts";
import { BOTH, bindOrDelete, bound, isPunch, vmWithFile } from "../../guest-memfd/scenarios.ts";

/** A VM with private memory, its vCPU, and a file that both sides may map. */
export const sharedFile = (pages = 1n): readonly GivenCall[] =>
  vmWithFile(KVM_X86_SW_PROTECTED_VM, 1, BOTH, pages);
/** The file's pages from the guest's first frame on. */
export const boundFile = (pages = 1n): GivenCall => bound(0, pages);

export const mapped = (pages = 1n): GivenCall => ({
  call: "mmap",
  params: {
    area: 0,
    file: 0,
    offset: 0n,
    length: pages * PAGE_SIZE,
    prot: PROT_READ | PROT_WRITE,
    share: "shared",
  },
});

const readWrite = { prot: (prot: number) => prot === (PROT_READ | PROT_WRITE) };
export const onFile = { area: (area: number) => area === 0 };

/** Slots of the file, and of ordinary memory. */
const plainFlags = { flags: (flags: bigint) => flags === KVM_MEM_GUEST_MEMFD || flags === 0n };

export const scenarios: Readonly<Record<string, Scenario>> = {
  conversion: {
    says: "VMs with private memory, files shared or private at first, mapped by both sides and converted",
    calls: [
      "create_vm",
      "create_vcpu",
      "create_guest_memfd",
      "close",
      "mmap",
      "munmap",
      "set_user_memory_region2",
      "set_memory_attributes2",
      "fallocate",
      "guest_read",
      "guest_write",
      "pre_fault_memory",
      "host_read",
      "host_write",
      "memory_failure",
    ],
    only: {
      create_guest_memfd: { flags: (flags: bigint) => flags === BOTH || flags === GUEST_MEMFD_FLAG_MMAP },
      set_user_memory_region2: bindOrDelete,
      mmap: { ...readWrite, offset: (offset: bigint) => offset === 0n },
      munmap: onFile,
    },
  },
  "changed-calls": {
    says: "every call that conversion changes, with odd arguments; no read-only and no dirty-logged slots",
    calls: [
      "create_vm",
      "create_vcpu",
      "check_extension",
      "create_guest_memfd",
      "close",
      "mmap",
      "munmap",
      "set_user_memory_region2",
      "set_user_memory_region",
      "set_memory_attributes2",
      "set_memory_attributes",
      "fallocate",
      "guest_read",
      "guest_write",
      "pre_fault_memory",
      "host_read",
      "host_write",
      "host_read_syscall",
      "madvise",
      "mlock",
      "memory_failure",
    ],
    only: {
      munmap: onFile,
      set_user_memory_region2: plainFlags,
      set_user_memory_region: plainFlags,
    },
  },
  "converted-pages": {
    says: "two pages that both sides map, and the slot on them: conversions of one and of both, accesses, holes, poison",
    given: [...sharedFile(2n), boundFile(2n), mapped(2n)],
    legal: true,
    calls: [
      "set_user_memory_region2",
      "set_memory_attributes2",
      "fallocate",
      "guest_read",
      "guest_write",
      "host_read",
      "host_write",
      "memory_failure",
    ],
    only: { set_user_memory_region2: bindOrDelete, host_read: onFile, host_write: onFile },
  },
  "conversion-races": {
    says: "a page of a private VM's file that both sides map: conversions, accesses, holes, overlapping",
    given: [...sharedFile(), boundFile(), mapped()],
    legal: true,
    calls: ["set_memory_attributes2", "guest_read", "guest_write", "host_read", "host_write", "fallocate"],
    only: { host_read: onFile, host_write: onFile },
  },
  "conversion-slots": {
    says: "a slot on a private VM's file that comes and goes under conversions, accesses and pre-faults",
    given: [...sharedFile(), boundFile()],
    legal: true,
    calls: ["set_memory_attributes2", "set_user_memory_region2", "guest_read", "pre_fault_memory"],
    only: { set_user_memory_region2: bindOrDelete },
  },
  "conversion-lifetimes": {
    says: "a file of a private VM that goes with its last reference under conversions and accesses, and its mapping before it",
    given: [...sharedFile(), boundFile()],
    legal: true,
    calls: ["set_memory_attributes2", "mmap", "munmap", "close", "guest_read", "host_read", "host_write"],
    only: { mmap: readWrite, munmap: onFile, host_read: onFile, host_write: onFile },
  },
  "conversion-poison": {
    says: "a page that both sides map, and that the hardware gives up: conversions, accesses, holes",
    given: [...sharedFile(), boundFile(), mapped()],
    legal: true,
    calls: [
      "set_memory_attributes2",
      "guest_read",
      "pre_fault_memory",
      "host_read",
      "memory_failure",
      "fallocate",
    ],
    only: { host_read: onFile, fallocate: { mode: isPunch } },
  },
  "conversion-ranges": {
    says: "two pages that both sides map: conversions of one and of both, accesses, a hole",
    given: [...sharedFile(2n), boundFile(2n), mapped(2n)],
    legal: true,
    calls: ["set_memory_attributes2", "guest_read", "host_read", "fallocate"],
    only: { host_read: onFile, fallocate: { mode: isPunch } },
  },
};

const isPrivate = { types: "sw_protected" } as const;
const twoPages = { ...isPrivate, pages: 2, gfns: 2 };

const overlap = (scenario: string, bounds: Bounds, more: Partial<Vector> = {}): Vector => ({
  bounds: { tasks: 2, ...bounds },
  scenario,
  mode: "overlap",
  ...more,
});

/** What takes in every way to change a guest's fault. */
export const ofFaults: readonly Vector[] = [
  { bounds: isPrivate, scenario: "conversion", quick: true },
  overlap("conversion-races", isPrivate, { quick: true }),
  overlap("conversion-slots", isPrivate),
  // A kernel without VMs that have private memory.
  { bounds: { types: "default", paging: "shadow" }, scenario: "core" },
  { bounds: { types: "default" }, scenario: "poisoned-windows" },
];

export const vectors: readonly Vector[] = [
  ...ofFaults,
  { bounds: {}, scenario: "changed-calls" },
  { bounds: { slots: 2, pages: 2, gfns: 2 }, scenario: "slots", track: "skeleton" },
  { bounds: twoPages, scenario: "converted-pages" },
  overlap("conversion-lifetimes", isPrivate),
  overlap("conversion-poison", isPrivate),
  overlap("conversion-ranges", twoPages),
];
