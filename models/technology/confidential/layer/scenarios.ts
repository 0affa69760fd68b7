/** Scenarios and default bounds of the technologies: the same for each VM type. */
import type { Bounds, GivenCall, Scenario, Vector } from "../../../../spec/language/design.ts";
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_MEM_GUEST_MEMFD,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  PAGE_SIZE,
} from "../../../../spec/abi/kvm.ts";
import { bindOrDelete, bound, isPunch, vmWithFile } from "../../../guest-memfd/scenarios.ts";
import { TYPES } from "./state.ts";

/** Slots of the file and of ordinary memory, page for frame. */
const plainSlots = {
  flags: (flags: bigint) => flags === KVM_MEM_GUEST_MEMFD || flags === 0n,
};

/** What every guest has to do with. */
const ofAGuest = [
  "set_user_memory_region2",
  "set_memory_attributes",
  "fallocate",
  "guest_read",
  "guest_write",
] as const;

const convertedToPrivate = (pages: bigint): GivenCall => ({
  call: "set_memory_attributes",
  params: {
    vm: 0,
    attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE,
    size: pages * PAGE_SIZE,
    address: 0n,
    flags: 0n,
  },
});
const finished: GivenCall = { call: "finish_launch", params: { vm: 0 } };

/** A guest that runs, with the first page of its file at its first frame, private. */
const running = (type: keyof typeof TYPES, vcpus = 1, flags = 0n): readonly GivenCall[] => [
  ...vmWithFile(TYPES[type], vcpus, flags),
  bound(0),
  convertedToPrivate(1n),
  ...(type === "snp" || type === "tdx" ? [finished] : []),
];

const ofVm1 = ({ call, params }: GivenCall): GivenCall => {
  if (call === "create_vm") return { call, params };
  const file = "guest_memfd" in params ? { guest_memfd: 1 } : {};
  return { call, params: { ...params, vm: 1, ...file } };
};

const races = (type: keyof typeof TYPES, vcpus = 1): Scenario => ({
  says: `a running guest of type ${type}: accesses of both kinds, conversions, holes, the deletion of its slot, close`,
  given: running(type, vcpus),
  legal: true,
  calls: [...ofAGuest, "pre_fault_memory", "close"],
  only: {
    set_user_memory_region2: { memory_size: (size: bigint) => size === 0n },
    fallocate: { mode: isPunch },
  },
});

export const scenarios: Readonly<Record<string, Scenario>> = {
  lives: {
    says: "a guest from its creation on: launch, slots, conversions, accesses, holes, poison, close",
    calls: [
      "create_vm",
      "create_vcpu",
      "create_guest_memfd",
      "close",
      ...ofAGuest,
      "pre_fault_memory",
      "memory_failure",
      "populate",
      "finish_launch",
    ],
    only: {
      create_guest_memfd: {
        flags: (flags: bigint) => (flags & GUEST_MEMFD_FLAG_INIT_SHARED) === 0n,
      },
      set_user_memory_region2: { ...plainSlots },
    },
  },
  "mmap-only": {
    says: "a running guest of type snp, whose file the host may map in vain: every access is served from it",
    given: running("snp", 1, GUEST_MEMFD_FLAG_MMAP),
    legal: true,
    calls: ["guest_read", "guest_write", "set_memory_attributes"],
  },
  "two-pages": {
    says: "a running guest of type tdx with a file of two pages: slots of each, conversions and holes of ranges",
    given: [...vmWithFile(TYPES.tdx, 1, 0n, 2n), convertedToPrivate(2n), finished],
    legal: true,
    calls: ["set_user_memory_region2", "set_memory_attributes", "fallocate", "guest_read", "guest_write"],
    only: { set_user_memory_region2: bindOrDelete, fallocate: { mode: isPunch } },
  },
  "two-guests": {
    says: "two running guests of type snp with a file each, which the other one may try to bind",
    given: [...running("snp"), ...running("snp").map(ofVm1)],
    legal: true,
    calls: ["set_user_memory_region2", "fallocate", "guest_read", "close"],
    only: { set_user_memory_region2: bindOrDelete, fallocate: { mode: isPunch } },
  },
  "vcpu-races": {
    says: "a running guest of type snp with two vCPUs: both access a page, while it is punched",
    given: running("snp", 2),
    legal: true,
    calls: ["fallocate", "guest_read"],
    only: { fallocate: { mode: isPunch } },
  },
  "moved-page": {
    says: "a running guest of type snp, and a page of its file that is shown at one frame after the other",
    given: [...running("snp").slice(0, 3), convertedToPrivate(2n), finished],
    legal: true,
    calls: ["set_user_memory_region2", "guest_read", "pre_fault_memory"],
    only: { set_user_memory_region2: bindOrDelete },
  },
  deletion: {
    says: "a running guest of type tdx that reads, while its slot is deleted",
    given: running("tdx"),
    legal: true,
    calls: ["set_user_memory_region2", "guest_read"],
    only: { set_user_memory_region2: { memory_size: (size: bigint) => size === 0n } },
  },
  "sw_protected-races": races("sw_protected"),
  "snp-races": races("snp"),
  "tdx-races": races("tdx"),
  "pkvm-races": races("pkvm"),
};

const EVERY_TYPE = Object.keys(TYPES) as (keyof typeof TYPES)[];
const of = (type: keyof typeof TYPES, scenario: string, more: Bounds = {}): Vector => ({
  bounds: { types: type, ...more },
  scenario,
});

/** The smallest runs that show what 7.3 breaks. */
export const ofMmapOnly: Vector = { ...of("snp", "mmap-only"), quick: true };
export const allRaces: Vector = { ...of("snp", "snp-races", { tasks: 2 }), mode: "overlap" };
export const ofAllCalls: readonly Vector[] = [of("snp", "lives"), of("tdx", "lives")];
export const afterMove: Vector = { ...of("snp", "moved-page", { gfns: 2 }), quick: true };
export const duringDeletion: Vector = {
  ...of("tdx", "deletion", { tasks: 1 }),
  mode: "overlap",
  quick: true,
};

export const vectors: readonly Vector[] = [
  ofMmapOnly,
  afterMove,
  of("tdx", "two-pages", { slots: 2, pages: 2, gfns: 2 }),
  of("snp", "two-guests", { vms: 2, files: 2 }),
  { ...of("snp", "vcpu-races", { vcpus: 2, tasks: 2 }), mode: "overlap" },
  ...EVERY_TYPE.flatMap((type): Vector[] => [
    of(type, "lives"),
    { ...of(type, `${type}-races`, { tasks: 2 }), mode: "overlap" },
  ]),
];
