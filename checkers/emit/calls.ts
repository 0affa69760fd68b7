/** Recorded operations as expressions in C. */
import type { RecordedStep } from "../../spec/recording.ts";
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

interface Expression {
  readonly pieces?: readonly Piece[];
  readonly text: string;
}

/** What the process reads and writes by file descriptors, at most. */
const BUFFER = 4096n;

const region = (a: Arguments): string =>
  [
    a.fd("vm"),
    a.slot(),
    flagsText(a.value("flags"), REGION_FLAGS),
    a.number("guest_phys_addr"),
    a.number("memory_size"),
    a.address(),
  ].join(", ");

function create(a: Arguments): Expression {
  const reserved = a.value("reserved");
  const common = `${a.fd("vm")}, ${a.number("size")}, ${flagsText(a.value("flags"), FILE_FLAGS)}`;
  return reserved === 0n
    ? {
        pieces: ["create_guest_memfd"],
        text: `${a.assigned("file")}create_guest_memfd(${common})`,
      }
    : {
        pieces: ["create_guest_memfd_reserved"],
        text: `${a.assigned("file")}create_guest_memfd_reserved(${common}, ${numberText(reserved)})`,
      };
}

function transfer(call: string, a: Arguments, ...rest: readonly string[]): Expression | null {
  if (a.value("length") > BUFFER) return null;
  const text = `${call}(${[a.fd("file"), "buffer", a.number("length"), ...rest].join(", ")})`;
  return { pieces: ["transfer"], text };
}

const access = (call: Piece, a: Arguments, ...rest: readonly string[]): Expression => ({
  pieces: [call],
  text: `${call}(${[a.vcpu(), a.number("gpa"), ...rest].join(", ")})`,
});

/** By operation; null where a program has no room for what the operation moves. */
const CALLS: Readonly<Record<string, (a: Arguments, step: RecordedStep) => Expression | null>> = {
  create_vm: (a) => ({
    text: `${a.assigned("vm")}ioctl(kvm, KVM_CREATE_VM, ${a.named("type", VM_TYPES)})`,
  }),
  create_vcpu: (a) => ({
    pieces: ["add_vcpu"],
    text: `add_vcpu(${a.vcpu()}, ${a.fd("vm")}, ${a.number("id")})`,
  }),
  close_vm: (a) => closing(a, "vm"),
  close_vcpu: (a) => ({ pieces: ["close_vcpu"], text: `close_vcpu(${a.vcpu()})` }),
  check_extension: (a, { vm }) => ({
    text: `ioctl(${vm === null ? "kvm" : a.fd("vm")}, KVM_CHECK_EXTENSION, ${a.named("cap", CAPABILITIES)})`,
  }),
  create_guest_memfd: create,
  dup: (a, { as }) => ({ text: `${as === undefined ? "" : a.assigned("as")}dup(${a.fd("file")})` }),
  close: (a) => closing(a, "file"),
  mmap: (a, { share }) => ({
    pieces: ["map"],
    text: `map(${a.map()}, ${a.number("length")}, ${flagsText(a.value("prot"), PROTECTIONS).replace(/^0$/, "PROT_NONE")}, ${share === "private" ? "MAP_PRIVATE" : "MAP_SHARED"}, ${a.fd("file")}, ${a.offset("offset")})`,
  }),
  set_user_memory_region2: (a) => ({
    pieces: ["set_region2"],
    text: `set_region2(${region(a)}, ${a.fd("guest_memfd")}, ${a.number("guest_memfd_offset")})`,
  }),
  set_user_memory_region: (a) => ({ pieces: ["set_region"], text: `set_region(${region(a)})` }),
  set_memory_attributes: (a) => ({
    pieces: ["set_attributes"],
    text: `set_attributes(${a.fd("vm")}, ${a.number("address")}, ${a.number("size")}, ${flagsText(a.value("attributes"), ATTRIBUTES)}, ${a.number("flags")})`,
  }),
  fallocate: (a) => ({
    text: `fallocate(${a.fd("file")}, ${flagsText(a.value("mode"), FALLOC_MODES)}, ${a.offset("offset")}, ${a.offset("len")})`,
  }),
  ftruncate: (a) => ({ text: `ftruncate(${a.fd("file")}, ${a.offset("size")})` }),
  read: (a) => transfer("read", a),
  write: (a) => transfer("write", a),
  pread: (a) => transfer("pread", a, a.offset("offset")),
  pwrite: (a) => transfer("pwrite", a, a.offset("offset")),
  lseek: (a) => ({ text: `lseek(${a.fd("file")}, ${a.offset("offset")}, ${a.named("whence", WHENCE)})` }),
  fstat: (a) => ({ pieces: ["file_size"], text: `file_size(${a.fd("file")})` }),
  host_read: (a) => ({ pieces: ["host_read"], text: `host_read(${a.at()})` }),
  host_write: (a) => ({ pieces: ["host_write"], text: `host_write(${a.at()}, ${a.number("value")})` }),
  host_read_syscall: (a) => ({ pieces: ["read_by_syscall"], text: `read_by_syscall(${a.at()})` }),
  mincore: (a) => ({ pieces: ["resident"], text: `resident(${a.at()})` }),
  mlock: (a) => ({ text: `mlock(${a.at()}, ${a.number("length")})` }),
  madvise: (a) => ({ text: `madvise(${a.at()}, ${a.number("length")}, ${a.named("advice", ADVICE)})` }),
  guest_read: (a) => access("guest_read", a),
  guest_write: (a) => access("guest_write", a, a.number("value")),
  guest_execute: (a) => access("guest_execute", a),
  pre_fault_memory: (a) => access("pre_fault", a, a.number("size"), a.number("flags")),
  get_dirty_log: (a) => ({ pieces: ["dirty_log"], text: `dirty_log(${a.fd("vm")}, ${a.slot()})` }),
};

function closing(a: Arguments, name: string): Expression {
  const fd = a.fd(name);
  return fd === "-1" ? { text: "close(-1)" } : { pieces: ["close_fd"], text: `close_fd(&${fd})` };
}

/** Null for an operation that a program does not make. `length` is that of the mapping which the step unmaps. */
export function expression(a: Arguments, step: RecordedStep, length: bigint | null): Expression | null {
  if (step.op === "munmap")
    return length === null ? null : { text: `munmap(${a.map()}, ${numberText(length)})` };
  return CALLS[step.op]?.(a, step) ?? null;
}
