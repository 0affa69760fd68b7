/** The arguments of each recorded operation, as schemas: what comes in from a file is checked here. */
import * as Schema from "effect/Schema";

/** A JSON number, or "0x…" for what a double cannot hold; negative numbers as a caller would pass them. */
const Big = Schema.Union([
  Schema.Number.check(Schema.isInt()),
  Schema.String.check(Schema.isPattern(/^-?0x[0-9a-f]{1,16}$/i)),
]);
const Name = Schema.String;
const Address = Schema.Union([Big, Schema.Struct({ map: Name, offset: Big })]);
const Descriptor = Schema.Union([Name, Schema.Null, Schema.Number]);
const region = {
  vm: Name,
  slot: Big,
  as_id: Big,
  flags: Big,
  guest_phys_addr: Big,
  memory_size: Big,
  userspace_addr: Address,
};
const access = { vcpu: Name, gpa: Big };
const window = { map: Name, offset: Big };

/** By operation; a step has these next to `op`, `result` and comments. */
export const OPERATIONS = {
  create_vm: Schema.Struct({ vm: Name, type: Big }),
  create_vcpu: Schema.Struct({ vcpu: Name, vm: Name }),
  close_vm: Schema.Struct({ vm: Name }),
  close_vcpu: Schema.Struct({ vcpu: Name }),
  check_extension: Schema.Struct({ vm: Schema.NullOr(Name), cap: Big }),
  create_guest_memfd: Schema.Struct({
    file: Name,
    vm: Name,
    size: Big,
    flags: Big,
    reserved: Schema.optionalKey(Big),
  }),
  memfd_create: Schema.Struct({ file: Name, size: Big }),
  dup: Schema.Struct({ file: Name, as: Name }),
  close: Schema.Struct({ file: Name }),
  anon: Schema.Struct({ map: Name, size: Big }),
  mmap: Schema.Struct({
    map: Name,
    file: Name,
    offset: Big,
    length: Big,
    prot: Big,
    share: Schema.Literals(["shared", "private"]),
  }),
  munmap: Schema.Struct({ map: Name }),
  set_user_memory_region2: Schema.Struct({ ...region, guest_memfd: Descriptor, guest_memfd_offset: Big }),
  set_user_memory_region: Schema.Struct(region),
  set_memory_attributes: Schema.Struct({ vm: Name, address: Big, size: Big, attributes: Big, flags: Big }),
  fallocate: Schema.Struct({ file: Name, mode: Big, offset: Big, len: Big }),
  ftruncate: Schema.Struct({ file: Name, size: Big }),
  read: Schema.Struct({ file: Name, length: Big }),
  write: Schema.Struct({ file: Name, length: Big }),
  pread: Schema.Struct({ file: Name, offset: Big, length: Big }),
  pwrite: Schema.Struct({ file: Name, offset: Big, length: Big }),
  lseek: Schema.Struct({ file: Name, offset: Big, whence: Big }),
  fstat: Schema.Struct({ file: Name }),
  host_read: Schema.Struct(window),
  host_write: Schema.Struct({ ...window, value: Big }),
  host_read_syscall: Schema.Struct(window),
  mincore: Schema.Struct(window),
  mlock: Schema.Struct({ ...window, length: Big }),
  madvise: Schema.Struct({ ...window, length: Big, advice: Big }),
  guest_read: Schema.Struct(access),
  guest_write: Schema.Struct({ ...access, value: Big }),
  guest_execute: Schema.Struct(access),
  pre_fault_memory: Schema.Struct({ ...access, size: Big, flags: Big }),
  get_dirty_log: Schema.Struct({ vm: Name, slot: Big, as_id: Big }),
} as const;

export type Op = keyof typeof OPERATIONS;
export type Args = { [K in Op]: { readonly op: K } & (typeof OPERATIONS)[K]["Type"] }[Op];

const U64 = 1n << 64n;

/** The number as the caller passes it: what is written as negative stays so. */
export function signed(written: number | string): bigint {
  if (typeof written === "number") return BigInt(written);
  return written.startsWith("-") ? -BigInt(written.slice(1)) : BigInt(written);
}

/** The number as an unsigned 64-bit field holds it. */
export function unsigned(written: number | string): bigint {
  return BigInt.asUintN(64, signed(written));
}

/** The number as a loff_t holds it. */
export function offset(written: number | string): bigint {
  return BigInt.asIntN(64, signed(written));
}

/** A 64-bit number as the format writes it. */
export function written(value: bigint): number | string {
  const positive = value < 0n ? value + U64 : value;
  return positive <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(positive) : `0x${positive.toString(16)}`;
}
