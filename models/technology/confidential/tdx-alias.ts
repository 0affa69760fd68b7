/**
 * Question: a TDX guest says by the highest bit of an address (the shared bit) that it wants the shared page of a frame. KVM takes the bit off
 * before it looks for a slot. What may user space say with it?
 *
 * Source: kvm_is_gfn_alias(), arch/x86/kvm/mmu.h: slots, 6.15; KVM_PRE_FAULT_MEMORY, 6.16 and 6.17.
 */
import {
  bool,
  callsOf,
  design,
  maybe,
  per,
  position,
  propertiesOf,
  record,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Gfn, Vm } from "../../../spec/guest-memory.ts";
import { mmuLock, slotsLock } from "../../guest-memfd/locks.ts";
import { VM } from "../one-slot.ts";

/** A frame as user space names it: the guest's frames come first, behind them the same ones with the shared bit. */
const Name = position("names");

const state = record({
  /** The only slot, of one page: where it begins. */
  slot: maybe(Name),
  /** Leaves of the guest. */
  mapped: per(Gfn, bool),
});
interface State extends ValueOf<typeof state> {}
interface Machine {
  readonly frames: number;
}

const { call, choice } = callsOf<State, Machine>();

/** The frames, and as a wrong value the first of them with the shared bit. */
const frame = choice<number>(
  ({ frames }) => Array.from({ length: frames }, (_, i) => i),
  ({ frames }) => [frames],
);
const isAlias = (name: number, { frames }: Machine): boolean => name >= frames;
/** gpa_to_gfn() & ~kvm_gfn_direct_bits() */
const withoutSharedBit = (name: number, { frames }: Machine): number => name % frames;

const setSlot = call({
  kernel: "kvm_arch_prepare_memory_region(), arch/x86/kvm/x86.c",
  by: "task",
  takes: { base: frame },
  returns: ["EINVAL", "EEXIST"],
  sections: {
    "take slots_lock": { takes: () => slotsLock(VM) },
    "look for a slot": (s) => (s.slot === null ? undefined : "EEXIST"),
    "refuse an alias": (_s, { base }, m) => (isAlias(base, m) ? "EINVAL" : undefined),
    "publish the slot": (s, { base }) => {
      s.slot = base;
    },
    "drop slots_lock": { drops: () => slotsLock(VM) },
  },
});

const deleteSlot = call({
  kernel: "kvm_set_memory_region(), KVM_MR_DELETE, virt/kvm/kvm_main.c",
  by: "task",
  takes: {},
  returns: ["EINVAL"],
  sections: {
    "remove the slot": {
      under: () => slotsLock(VM),
      run: (s, _c, m) => {
        if (s.slot === null) return "EINVAL";
        if (!isAlias(s.slot, m)) s.mapped[s.slot] = false;
        s.slot = null;
      },
    },
  },
});

const preFaultMemory = call({
  kernel: "kvm_arch_vcpu_pre_fault_memory(), arch/x86/kvm/mmu/mmu.c",
  by: "vcpu",
  takes: { vm: Vm, vcpu: choice<number>(() => [0]), name: frame },
  returns: ["EINVAL", "ENOENT"],
  sections: {
    "refuse an alias": (_s, { name }, m) => (isAlias(name, m) ? "EINVAL" : undefined),
    "look up the slot": (s, { name }, m) => (s.slot === withoutSharedBit(name, m) ? undefined : "ENOENT"),
    "map the frame": {
      under: () => mmuLock.read(VM),
      run: (s, { name }, m) => {
        s.mapped[withoutSharedBit(name, m)] = true;
      },
    },
  },
});

interface View {
  readonly state: State;
  readonly machine: Machine;
}
const { always, sometimes, step } = propertiesOf<View>();

const slotsAreReached = always({
  name: "slots-are-reached",
  says: "a slot is where faults look for it, without the shared bit: its guest can reach it",
  source: "kvm_vcpu_gfn_to_memslot() of fault->gfn, kvm_mmu_do_page_fault(), arch/x86/kvm/mmu/mmu_internal.h",
  over: {},
  when: ({ state }) => state.slot !== null,
  holds: ({ state, machine }) => !isAlias(state.slot!, machine),
  why: ({ state }) => `the slot is at frame ${state.slot}, which no fault ever looks for`,
});

const mapsWhatIsNamed = step({
  name: "pre-fault-maps-what-it-names",
  says: "a pre-fault that succeeds has mapped the frame that it names, and no other",
  source: "KVM_PRE_FAULT_MEMORY, Documentation/virt/kvm/api.rst",
  over: {},
  asksResults: true,
  when: (_before, { call, result }) => call === "pre_fault_memory" && result === 0,
  holds: (_before, { params }, { state, machine }) => {
    const name = Number(params["name"]);
    return !isAlias(name, machine) && state.mapped[name]!;
  },
  why: (_before, { params }, { machine }) =>
    `it names ${String(params["name"])}, and maps ${withoutSharedBit(Number(params["name"]), machine)}`,
});

const mapsItsFrame = sometimes({
  name: "a-frame-is-mapped",
  says: "a pre-fault maps a frame",
  source: "KVM_PRE_FAULT_MEMORY, Documentation/virt/kvm/api.rst",
  over: { gfn: Gfn },
  holds: ({ state }, { gfn }) => state.mapped[gfn]!,
});

export const tdxAlias = design({
  name: "tdx-alias",
  says: "user space names frames without the shared bit; a slot or a pre-fault of another one is refused",
  source: "kvm_is_gfn_alias(), arch/x86/kvm/mmu.h, 6.15; the same of KVM_PRE_FAULT_MEMORY, 6.16 and 6.17",
  bounds: {
    gfns: { says: "frames of the guest", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 1, most: 1 },
  },
  machine: (bounds: Bounds): Machine => ({ frames: Number(bounds["gfns"]) }),
  sizes: ({ frames }) => ({ vms: 1, gfns: frames, names: 2 * frames }),
  state,
  calls: { set_slot: setSlot, delete_slot: deleteSlot, pre_fault_memory: preFaultMemory },
  view: (state: State, machine: Machine): View => ({ state, machine }),
  promises: [slotsAreReached, mapsWhatIsNamed],
  statements: [mapsItsFrame],
  scenarios: {},
  vectors: [{ bounds: { gfns: 2 }, quick: true }],
});
