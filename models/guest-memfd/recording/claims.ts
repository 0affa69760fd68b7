/** What a design claims that a kernel can do, asked of it in calls, beside what the kernel's header says. */
import type { Probe } from "../../../spec/programs.ts";
import type { Header, RecordedResult, RecordedStep } from "../../../spec/recording.ts";
import { PAGE } from "./world.ts";

export function probes(header: Header): readonly Probe[] {
  const bindable = header.bindable_vm_types[0];
  const flags = header.vm_types.map((type) => flagsProbe(header, type));
  return bindable === undefined
    ? flags
    : [...flags, secondBinding(header, bindable), overflow(header, bindable)];
}

const vmOf = (type: number): RecordedStep => ({ op: "create_vm", vm: "A", type });

const fileOf = (name: string, pages: number, flags: number): RecordedStep => ({
  op: "create_guest_memfd",
  file: name,
  vm: "A",
  size: pages * PAGE,
  flags,
});

/** One page of a file at its own frame. */
const bind = (slot: number, offset: number | string): RecordedStep => ({
  op: "set_user_memory_region2",
  vm: "A",
  slot,
  as_id: 0,
  flags: 4,
  guest_phys_addr: 0x100000 + slot * PAGE,
  memory_size: PAGE,
  userspace_addr: 0,
  guest_memfd: "F",
  guest_memfd_offset: offset,
});

function said(result: RecordedResult | undefined): string {
  return String(result?.["errno"] ?? "success");
}

const SINGLE_FLAGS = [1, 2, 4, 8];

function flagsProbe(header: Header, type: number): Probe {
  // INIT_SHARED alone is taken as well: each flag is asked for by itself.
  const steps = [vmOf(type), ...SINGLE_FLAGS.map((flag, i) => fileOf(`F${i}`, 1, flag))];
  return {
    capability: `flags of create_guest_memfd in VMs of type ${type}`,
    steps,
    has: String(header.guest_memfd_flags[String(type)] ?? 0),
    claimed: ([, ...answers]) =>
      String(
        SINGLE_FLAGS.reduce((mask, flag, i) => (said(answers[i]) === "success" ? mask | flag : mask), 0),
      ),
  };
}

function secondBinding(header: Header, type: number): Probe {
  return {
    capability: "answer to a second binding",
    steps: [vmOf(type), fileOf("F", 1, 0), bind(0, 0), bind(1, 0)],
    has: header.second_binding_errno,
    claimed: (answers) => said(answers.at(-1)),
  };
}

function overflow(header: Header, type: number): Probe {
  return {
    capability: "a binding beyond 2^63",
    steps: [vmOf(type), fileOf("F", 1, 0), bind(0, "0x7ffffffffffff000")],
    has: header.offset_overflow_accepted ? "success" : "EINVAL",
    claimed: (answers) => said(answers.at(-1)),
  };
}
