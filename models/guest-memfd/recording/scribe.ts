/** Writes runs of the shipped ABI down as programs: indices become names, outcomes what a kernel answers. */
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import type { Outcome } from "../../../spec/language/outcome.ts";
import type { RecordedResult, RecordedStep } from "../../../spec/recording.ts";
import type { EndedCall, OrdinaryMemory, Scribe, ToldStep } from "../../../spec/reproducer.ts";
import type { Machine } from "../machine.ts";
import { Program } from "./player.ts";
import { OPERATIONS, written } from "./steps.ts";

export const scribe: Scribe = {
  write(machine: Machine, calls: readonly EndedCall[]) {
    const writer = new Writer(machine);
    return { memory: memoryOf(machine), steps: calls.map((call) => writer.tell(call)) };
  },
};

/** The ordinary memory that `init` gives the process. */
function memoryOf({ sizes }: Machine): readonly OrdinaryMemory[] {
  return [{ map: "memory", bytes: BigInt(Math.min(sizes.gfns, sizes.pages - 1)) * PAGE_SIZE }];
}

// Calls that user space cannot make, and why.
const CANNOT: Readonly<Record<string, string>> = {
  memory_failure: "memory_failure() is the kernel's own: it follows a machine check",
  zap_gfn_range: "kvm_zap_gfn_range() is the kernel's own",
  collapse_file: "collapse_file() is khugepaged's",
};

/** What was never open. */
const NOTHING = "nothing";

class Writer {
  private readonly machine: Machine;
  private readonly answers: Program;
  /** The names of each file's open descriptors, the oldest first. */
  private readonly descriptors = new Map<number, string[]>();

  constructor(machine: Machine) {
    this.machine = machine;
    this.answers = new Program(machine, []);
  }

  tell({ call, params, result }: EndedCall): ToldStep {
    if (!Object.hasOwn(OPERATIONS, call))
      return { cannot: CANNOT[call] ?? `no released kernel has the call ${call}` };
    const step = { op: call, ...this.arguments(params), ...this.made(call, params, result) };
    this.follow(call, params, result);
    return { step: result === null ? step : { ...step, result: this.answer(step, result) } };
  }

  private answer(step: RecordedStep, result: Outcome): RecordedResult {
    const answer = this.answers.answer(step, result);
    const anyByte = typeof result === "object" && result.value === null;
    return anyByte ? { undefined: true } : answer;
  }

  /** Things that the call works on, by name, and all other arguments as the format writes them. */
  private arguments(params: EndedCall["params"]): Record<string, unknown> {
    const named: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(params)) {
      if (name === "vm") named["vm"] = vmName(value);
      else if (name === "vcpu") named["vcpu"] = vcpuName(params["vm"], value);
      else if (name === "file") named["file"] = this.descriptor(value);
      else if (name === "area") named["map"] = this.mapName(value as number);
      else if (name === "userspace_addr") named[name] = this.address(value as Address);
      else if (name === "guest_memfd") named[name] = this.guestMemfd(value);
      else named[name] = typeof value === "bigint" ? written(value) : value;
    }
    if ("vcpu" in params) delete named["vm"];
    return named;
  }

  /** The name of what the call makes; that of a thing that is not made is nowhere else. */
  private made(call: string, params: EndedCall["params"], result: Outcome | null): Record<string, unknown> {
    const value = typeof result === "object" && result !== null ? result.value : null;
    if (call === "create_vm") return { vm: vmName(value) };
    if (call === "create_vcpu")
      return { vcpu: result !== null && value === null ? NOTHING : vcpuName(params["vm"], params["id"]) };
    if (call === "create_guest_memfd" || call === "memfd_create")
      return { file: value === null ? NOTHING : `file${value}` };
    return call === "dup" && result === 0 ? { as: this.nextDescriptor(params["file"] as number) } : {};
  }

  private follow(call: string, { file }: EndedCall["params"], result: Outcome | null): void {
    const open = this.descriptors.get(file as number);
    if (call === "close" && result === 0) open!.pop();
    if (call === "dup" && result === 0) open!.push(this.nextDescriptor(file as number));
    if ((call === "create_guest_memfd" || call === "memfd_create") && typeof result === "object")
      this.descriptors.set(result!.value!, [`file${result!.value}`]);
  }

  private nextDescriptor(file: number): string {
    return `file${file}_dup${this.descriptors.get(file)!.length}`;
  }

  private descriptor(file: unknown): string {
    return this.descriptors.get(file as number)?.at(-1) ?? NOTHING;
  }

  private guestMemfd(file: unknown): string | number | null {
    // 0 is open in every process, and is no guest_memfd.
    if (file === "other") return 0;
    return file === null ? null : this.descriptor(file);
  }

  private mapName(area: number): string {
    const { windows } = this.machine.sizes;
    return area < windows ? `window${area}` : "memory";
  }

  private address({ area, offset }: Address): unknown {
    return area === null ? written(offset) : { map: this.mapName(area), offset: written(offset) };
  }
}

interface Address {
  readonly area: number | null;
  readonly offset: bigint;
}

/** Null stands for /dev/kvm itself. */
function vmName(vm: unknown): string | null {
  if (vm === "system") return null;
  return vm === null ? NOTHING : `vm${vm as number}`;
}

function vcpuName(vm: unknown, vcpu: unknown): string {
  return vm === null ? NOTHING : `vm${vm as number}_vcpu${vcpu as number}`;
}
