/**
 * Recorded operations as statements of a KVM selftest. Source: tools/testing/selftests/kvm/include of 7.3: kvm_util.h, kvm_syscalls.h and
 * test_util.h.
 */
import type { RecordedStep } from "../../spec/recording.ts";
import { expectedOf, type Expected } from "./expected.ts";
import {
  ADVICE,
  ATTRIBUTES,
  CAPABILITIES,
  FALLOC_MODES,
  FILE_FLAGS,
  PROTECTIONS,
  REGION_FLAGS,
  VM_TYPES,
  WHENCE,
} from "./names.ts";
import type { Arguments } from "./operation.ts";
import type { Piece } from "./pieces.ts";
import { flagsText, numberText } from "./text.ts";

export interface Statement {
  readonly pieces: readonly Piece[];
  readonly lines: readonly string[];
}

/** What of a test a statement needs to know. */
export interface Around {
  /** vCPUs run the library's code, which needs slot 0 and low memory. */
  readonly hasGuests: boolean;
  /** By name of a VM: how many vCPUs it gets. */
  readonly vcpus: ReadonlyMap<string, number>;
  /** Of the mapping that the step unmaps. */
  readonly length: bigint | null;
}

const FOUR_GIB = 1n << 32n;

/** Null for a step that kvm_util has no way to make. */
export function testStatement(a: Arguments, step: RecordedStep, around: Around): Statement | null {
  const expected = expectedOf(step);
  if ("hangs" in expected) return null;
  if (ACCESSES.has(step.op)) return guestStatement(a, step, expected);
  if (step.op === "host_read" || step.op === "host_write") return hostStatement(a, step, expected);
  if ("errno" in expected && expected.errno !== "0") {
    const call = new Failing(a, step, around).call();
    return call === null
      ? null
      : {
          pieces: ["kselftest/expect", ...helperOf(step)],
          lines: [`TEST_EXPECT_ERRNO(${call}, ${expected.errno});`],
        };
  }
  return new Working(a, step, around, expected).statement();
}

const ACCESSES = new Set(["guest_read", "guest_write"]);

function guestStatement(
  a: Arguments,
  { op, value, result }: RecordedStep,
  expected: Expected,
): Statement | null {
  const writes = op === "guest_write";
  const args = `${vcpuOf(a)}, ${gpaText(a, "gpa", true)}, ${writes}, ${writes ? String(value) : "0"}`;
  if ("any" in expected) return { pieces: ["kselftest/done"], lines: [`guest_done(${args});`] };
  if ("errno" in expected)
    return expected.errno === "0" ? { pieces: ["kselftest/done"], lines: [`guest_done(${args});`] } : null;
  if (!("answer" in expected)) return null;
  if (expected.answer === "mmio") return { pieces: ["kselftest/mmio"], lines: [`guest_mmio(${args});`] };
  const given = /^value (\d+)$/.exec(expected.answer);
  if (given !== null)
    return { pieces: ["kselftest/done"], lines: [`TEST_ASSERT_EQ(guest_done(${args}), ${given[1]});`] };
  const fault = /^(EFAULT|EHWPOISON) memory_fault (\w+)$/.exec(expected.answer);
  if (fault === null || result === undefined) return null;
  const flags = fault[2] === "private" ? "KVM_MEMORY_EXIT_FLAG_PRIVATE" : "0";
  return { pieces: ["kselftest/faults"], lines: [`guest_faults(${args}, ${fault[1]}, ${flags});`] };
}

const vcpuOf = (a: Arguments): string => a.variable("vcpu", "vcpu");

function hostStatement(a: Arguments, { op, value }: RecordedStep, expected: Expected): Statement | null {
  const byte = `${a.map()}[${a.number("offset")}]`;
  const access = op === "host_read" ? `READ_ONCE(${byte})` : `WRITE_ONCE(${byte}, ${String(value)})`;
  const read = op === "host_read" ? `(void)${access}` : access;
  if ("any" in expected || ("errno" in expected && expected.errno === "0"))
    return { pieces: [], lines: [`${read};`] };
  if (!("answer" in expected)) return null;
  const given = /^value (\d+)$/.exec(expected.answer);
  if (given !== null) return { pieces: [], lines: [`TEST_ASSERT_EQ(${access}, ${given[1]});`] };
  return expected.answer.startsWith("SIGBUS")
    ? { pieces: [], lines: [`TEST_EXPECT_SIGBUS(${read});`] }
    : null;
}

/** An address of the guest: behind what is the library's where there is a guest; one that no slot can have stays as it is. */
function gpaText(a: Arguments, name: string, hasGuests: boolean): string {
  const value = a.value(name);
  return hasGuests && value < FOUR_GIB ? `GPA(${numberText(value)})` : numberText(value);
}

/** By operation that is more than a call: the helper that makes it. */
const HELPERS: Readonly<Record<string, Piece>> = {
  host_read_syscall: "read_by_syscall",
  mincore: "resident",
  fstat: "file_size",
};

function helperOf({ op }: RecordedStep): readonly Piece[] {
  const helper = HELPERS[op];
  return helper === undefined ? [] : [helper];
}

/** The arguments of a region, and of a VM. */
class Words {
  protected readonly a: Arguments;
  protected readonly step: RecordedStep;
  protected readonly around: Around;

  constructor(a: Arguments, step: RecordedStep, around: Around) {
    this.a = a;
    this.step = step;
    this.around = around;
  }

  protected vm(): string {
    return this.a.variable("vm", "vm");
  }

  protected region(): string {
    const { a } = this;
    const slot =
      this.around.hasGuests && a.value("slot") < 32000n ? `SLOT(${a.number("slot")})` : a.number("slot");
    const space = a.value("as_id") === 0n ? "" : `${numberText(a.value("as_id"))} << 16 | `;
    const address = a.address();
    return [
      this.vm(),
      `${space}${slot}`,
      flagsText(a.value("flags"), REGION_FLAGS),
      gpaText(a, "guest_phys_addr", this.around.hasGuests),
      a.number("memory_size"),
      address === "0" ? "NULL" : `(void *)(${address})`,
    ].join(", ");
  }

  protected range(): string {
    const { a } = this;
    return `${gpaText(a, "address", this.around.hasGuests)}, ${a.number("size")}, ${flagsText(a.value("attributes"), ATTRIBUTES)}`;
  }

  /** Calls that kvm_util has as they are, or not at all, so that they look the same whatever they answer. */
  protected plain(): string | null {
    const { a, step } = this;
    switch (step.op) {
      case "fallocate":
        return `fallocate(${a.fd("file")}, ${flagsText(a.value("mode"), FALLOC_MODES)}, ${a.offset("offset")}, ${a.offset("len")})`;
      case "host_read_syscall":
        return `read_by_syscall(${a.at()})`;
      case "mincore":
        return `resident(${a.at()})`;
      case "fstat":
        return `file_size(${a.fd("file")})`;
      case "ftruncate":
        return `ftruncate(${a.fd("file")}, ${a.offset("size")})`;
      case "madvise":
        return `madvise(${a.at()}, ${a.number("length")}, ${a.named("advice", ADVICE)})`;
      case "mlock":
        return `mlock(${a.at()}, ${a.number("length")})`;
      case "lseek":
        return `lseek(${a.fd("file")}, ${a.offset("offset")}, ${a.named("whence", WHENCE)})`;
      case "read":
      case "write":
        return `${step.op}(${a.fd("file")}, (char[64]){}, ${a.number("length")})`;
      case "pread":
      case "pwrite":
        return `${step.op}(${a.fd("file")}, (char[64]){}, ${a.number("length")}, ${a.offset("offset")})`;
      default:
        return null;
    }
  }
}

/** A call that fails, as an expression that is -1. */
class Failing extends Words {
  call(): string | null {
    const { a, step } = this;
    const hasVm = a.isMade("vm");
    switch (step.op) {
      case "create_guest_memfd":
        if (!hasVm || a.value("reserved") !== 0n) return null;
        return `__vm_create_guest_memfd(${this.vm()}, ${a.number("size")}, ${flagsText(a.value("flags"), FILE_FLAGS)})`;
      case "set_user_memory_region2":
        return hasVm
          ? `__vm_set_user_memory_region2(${this.region()}, ${a.fd("guest_memfd")}, ${a.number("guest_memfd_offset")})`
          : null;
      case "set_user_memory_region":
        return hasVm ? `__vm_set_user_memory_region(${this.region()})` : null;
      case "dup":
      case "close":
        return `${step.op}(${a.fd("file")})`;
      case "mmap":
        // A pointer, which is compared as a number.
        return `mmap(NULL, ${mapArguments(a, step)})`;
      default:
        return this.plain();
    }
  }
}

function mapArguments(a: Arguments, { share }: RecordedStep): string {
  const prot = flagsText(a.value("prot"), PROTECTIONS).replace(/^0$/, "PROT_NONE");
  const flags = share === "private" ? "MAP_PRIVATE" : "MAP_SHARED";
  return `${a.number("length")}, ${prot}, ${flags}, ${a.fd("file")}, ${a.offset("offset")}`;
}

/** A call that does what it is asked. */
class Working extends Words {
  private readonly expected: Expected;

  constructor(a: Arguments, step: RecordedStep, around: Around, expected: Expected) {
    super(a, step, around);
    this.expected = expected;
  }

  statement(): Statement | null {
    const { step } = this;
    if (step.op === "pre_fault_memory") return this.preFault();
    const made = this.made() ?? this.changed() ?? this.asked();
    if (made === null) return null;
    return {
      pieces: this.pieces(),
      lines: [made].flat(),
    };
  }

  private pieces(): readonly Piece[] {
    const { step, around } = this;
    return step.op === "create_vm" && around.hasGuests ? ["kselftest/guest"] : helperOf(step);
  }

  private made(): string | readonly string[] | null {
    const { a, step, around } = this;
    switch (step.op) {
      case "create_vm": {
        const type = a.named("type", VM_TYPES);
        const vcpus = around.vcpus.get(String(step["vm"])) ?? 0;
        const made =
          vcpus === 0 ? `vm_create_barebones_type(${type})` : `vm_create_with_guest(${type}, ${vcpus})`;
        return `${this.vm()} = ${made};`;
      }
      case "create_vcpu":
        return `${vcpuOf(a)} = vm_vcpu_add(${this.vm()}, ${a.number("id")}, guest_code);`;
      case "create_guest_memfd":
        if (a.value("reserved") !== 0n) return null;
        return `${a.assigned("file")}vm_create_guest_memfd(${this.vm()}, ${a.number("size")}, ${flagsText(a.value("flags"), FILE_FLAGS)});`;
      case "dup":
        return `${a.assigned("as")}kvm_dup(${a.fd("file")});`;
      case "mmap":
        return `${a.map()} = __kvm_mmap(${mapArguments(a, step)});`;
      case "close":
        return `kvm_free_fd(${a.fd("file")});`;
      case "close_vm":
        return `kvm_free_fd(${this.vm()}->fd);`;
      case "close_vcpu":
        return [
          `kvm_munmap(${vcpuOf(a)}->run, ioctl(${vcpuOf(a)}->vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, NULL));`,
          `kvm_free_fd(${vcpuOf(a)}->fd);`,
        ];
      case "munmap":
        return around.length === null ? null : `kvm_munmap(${a.map()}, ${numberText(around.length)});`;
      default:
        return null;
    }
  }

  private changed(): string | null {
    const { a, step } = this;
    switch (step.op) {
      case "set_user_memory_region2":
        return `vm_set_user_memory_region2(${this.region()}, ${a.fd("guest_memfd")}, ${a.number("guest_memfd_offset")});`;
      case "set_user_memory_region":
        return `vm_set_user_memory_region(${this.region()});`;
      case "set_memory_attributes":
        return a.value("flags") === 0n ? `vm_set_memory_attributes(${this.vm()}, ${this.range()});` : null;
      default:
        return null;
    }
  }

  /** A call whose number is compared. */
  private asked(): string | null {
    const { a, step, expected } = this;
    const given = "answer" in expected ? expected.answer.replace(/^value /, "") : "0";
    if (step.op === "check_extension") {
      const cap = a.named("cap", CAPABILITIES);
      return `TEST_ASSERT_EQ(${step["vm"] === null ? `kvm_check_cap(${cap})` : `vm_check_cap(${this.vm()}, ${cap})`}, ${given});`;
    }
    const call = this.plain();
    return call === null ? null : `TEST_ASSERT_EQ(${call}, ${given});`;
  }

  private preFault(): Statement | null {
    const { a, expected } = this;
    if (!("answer" in expected)) return null;
    const range = `{ .gpa = ${gpaText(a, "gpa", true)}, .size = ${a.number("size")}, .flags = ${a.number("flags")} }`;
    return {
      pieces: ["kselftest/pre_fault"],
      lines: [
        `TEST_ASSERT_EQ(pre_fault(${vcpuOf(a)}, (struct kvm_pre_fault_memory)${range}), ${expected.answer.replace(/^value /, "")});`,
      ],
    };
  }
}
