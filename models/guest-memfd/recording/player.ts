/** Plays recorded programs on the designs of the shipped ABI: names become indices, results become JSON, and back. */
import { ERRNO, type Errno } from "../../../spec/abi/errno.ts";
import { BUS_ADRERR, BUS_MCEERR_AR, SEGV_ACCERR } from "../../../spec/abi/files.ts";
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import { isFailure } from "../../../spec/language.ts";
import type { Outcome } from "../../../spec/language/outcome.ts";
import {
  UnplayableStep,
  type Header,
  type PlannedCall,
  type Player,
  type Playing,
  type RecordedResult,
  type RecordedStep,
} from "../../../spec/recording.ts";
import { sizesFrom, type Machine } from "../machine.ts";
import { layOut, type Layout } from "./layout.ts";
import { OPERATIONS, offset as loff, signed, unsigned, written, type Args } from "./steps.ts";

const playerWith = (prefetches: boolean): Player => ({
  operations: OPERATIONS,
  play(header: Header, steps: readonly RecordedStep[]): Playing {
    const program = steps as unknown as readonly Args[];
    const layout = layOut(program, prefetches);
    const machine = { ...machineOf(header, program, layout), prefetches };
    return new Program(machine, program);
  },
});

export const player = playerWith(false);
/** Of designs in which a fault maps its neighbours too: these are told apart. */
export const prefetchingPlayer = playerWith(true);

/** How many steps of a program make something. */
function count(program: readonly Args[], ...ops: readonly Args["op"][]): number {
  return program.filter(({ op }) => ops.includes(op)).length;
}

function machineOf(header: Header, program: readonly Args[], layout: Layout): Omit<Machine, "prefetches"> {
  const slots = new Set<number>();
  const vcpus = new Map<string, number>();
  for (const step of program) {
    if (step.op === "create_vcpu") vcpus.set(step.vm, (vcpus.get(step.vm) ?? 0) + 1);
    if (step.op !== "set_user_memory_region" && step.op !== "set_user_memory_region2") continue;
    if (Number(step.slot) <= header.max_slot_id) slots.add(Number(step.slot));
  }
  const addressSpaces = Math.max(1, ...Object.values(header.address_spaces));
  return {
    vmTypes: header.vm_types,
    hasMemoryAttributes: header.memory_attributes_ioctl ?? header.memory_attributes !== 0,
    addressSpaces,
    tdp: header.pre_fault_memory,
    maxSlotId: header.max_slot_id,
    gpaBits: 52,
    gfns: layout.frames,
    pages: layout.pages,
    cells: layout.cells,
    slotIds: [...slots].sort((a, b) => a - b),
    filePages: layout.pages.length,
    sizes: sizesFrom({
      vms: Math.max(1, count(program, "create_vm")),
      files: Math.max(1, count(program, "create_guest_memfd", "memfd_create")),
      ordinary: count(program, "anon"),
      spaces: addressSpaces,
      slots: Math.max(1, slots.size),
      vcpus: Math.max(1, ...vcpus.values()),
      windows: count(program, "mmap"),
      descriptors: 1 + count(program, "dup"),
      bytes: 255,
      pages: layout.pages.length,
      gfns: layout.frames.length,
      cells: layout.cells.length,
    }),
  };
}

/**
 * What the names of a program stand for; nothing when they were never made. A closed one stands for where its thing was, which has to say
 * itself that it is not open, until another name stands there.
 */
class Names<T extends number | string> {
  private readonly open = new Map<string, T>();
  private readonly closed = new Map<string, T>();

  at(name: string): T | null {
    return this.open.get(name) ?? this.closed.get(name) ?? null;
  }

  set(name: string, place: T | null): void {
    this.open.delete(name);
    this.closed.delete(name);
    if (place === null) return;
    for (const [other, at] of this.closed) if (at === place) this.closed.delete(other);
    this.open.set(name, place);
  }

  close(name: string): void {
    const place = this.open.get(name);
    if (place === undefined) return;
    this.open.delete(name);
    if (![...this.open.values()].includes(place)) this.closed.set(name, place);
  }
}

export class Program implements Playing {
  readonly machine: Machine;
  private readonly vms = new Names<number>();
  /** "VM id" */
  private readonly vcpus = new Names<string>();
  private readonly files = new Names<number>();
  private readonly areas = new Map<string, number>();
  /** vCPU ids by VM, in the order of creation. */
  private readonly nextVcpu = new Map<number, number>();
  /** The first frame of each slot that was made, for its dirty log. */
  private readonly bases = new Map<string, number>();
  private readonly places: { windows: number; ordinary: number } = { windows: 0, ordinary: 0 };

  constructor(machine: Machine, program: readonly Args[]) {
    this.machine = machine;
    this.placeAreas(program);
  }

  /** Every mapping has addresses of its own, which are not used again: known before the program runs. */
  private placeAreas(program: readonly Args[]): void {
    for (const step of program) {
      if (step.op === "mmap") this.areas.set(step.map, this.places.windows++);
      if (step.op === "anon") this.areas.set(step.map, this.machine.sizes.windows + this.places.ordinary++);
    }
  }

  plan(recorded: RecordedStep): PlannedCall {
    const step = recorded as unknown as Args;
    return { call: step.op, params: this.params(step) };
  }

  private params(step: Args): Readonly<Record<string, unknown>> {
    switch (step.op) {
      case "create_vm":
        return { type: Number(step.type) };
      case "create_vcpu": {
        const vm = this.vm(step.vm);
        return { vm, id: vm === null ? 0 : (this.nextVcpu.get(vm) ?? 0) };
      }
      case "close_vm":
        return { vm: this.vm(step.vm) };
      case "close_vcpu":
        return this.vcpu(step.vcpu);
      case "check_extension":
        return { vm: step.vm === null ? "system" : this.vm(step.vm), cap: Number(step.cap) };
      case "create_guest_memfd":
        return {
          vm: this.vm(step.vm),
          size: unsigned(step.size),
          flags: unsigned(step.flags),
          reserved: unsigned(step.reserved ?? 0),
        };
      case "memfd_create":
        return { size: unsigned(step.size) };
      case "dup":
      case "close":
      case "fstat":
        return { file: this.file(step.file) };
      case "anon":
        return { area: this.area(step.map), size: unsigned(step.size) };
      case "mmap":
        return {
          area: this.area(step.map),
          file: this.file(step.file),
          offset: unsigned(step.offset),
          length: unsigned(step.length),
          prot: Number(step.prot),
          share: step.share,
        };
      case "munmap":
        return { area: this.area(step.map) };
      case "set_user_memory_region":
        return this.region(step);
      case "set_user_memory_region2":
        return {
          ...this.region(step),
          guest_memfd: this.descriptor(step.guest_memfd),
          guest_memfd_offset: unsigned(step.guest_memfd_offset),
        };
      case "set_memory_attributes":
        return {
          vm: this.vm(step.vm),
          address: unsigned(step.address),
          size: unsigned(step.size),
          attributes: unsigned(step.attributes),
          flags: unsigned(step.flags),
        };
      case "fallocate":
        return {
          file: this.file(step.file),
          mode: Number(step.mode),
          offset: loff(step.offset),
          len: loff(step.len),
        };
      case "ftruncate":
        return { file: this.file(step.file), size: loff(step.size) };
      case "read":
      case "write":
        return { file: this.file(step.file), length: signed(step.length) };
      case "pread":
      case "pwrite":
        return { file: this.file(step.file), offset: loff(step.offset), length: signed(step.length) };
      case "lseek":
        return { file: this.file(step.file), offset: loff(step.offset), whence: Number(step.whence) };
      case "host_read":
      case "host_read_syscall":
      case "mincore":
        return { area: this.area(step.map), offset: unsigned(step.offset) };
      case "host_write":
        return { area: this.area(step.map), offset: unsigned(step.offset), value: Number(step.value) };
      case "mlock":
        return { area: this.area(step.map), offset: unsigned(step.offset), length: unsigned(step.length) };
      case "madvise":
        return {
          area: this.area(step.map),
          offset: unsigned(step.offset),
          length: unsigned(step.length),
          advice: Number(step.advice),
        };
      case "guest_read":
      case "guest_execute":
        return { ...this.vcpu(step.vcpu), gpa: unsigned(step.gpa) };
      case "guest_write":
        return { ...this.vcpu(step.vcpu), gpa: unsigned(step.gpa), value: Number(step.value) };
      case "pre_fault_memory":
        return {
          ...this.vcpu(step.vcpu),
          gpa: unsigned(step.gpa),
          size: unsigned(step.size),
          flags: unsigned(step.flags),
        };
      case "get_dirty_log":
        return { vm: this.vm(step.vm), slot: Number(step.slot), as_id: Number(step.as_id) };
    }
  }

  private region(step: Extract<Args, { op: "set_user_memory_region" | "set_user_memory_region2" }>) {
    const { userspace_addr: address } = step;
    const userspace_addr =
      typeof address === "object"
        ? { area: this.area(address.map), offset: unsigned(address.offset) }
        : { area: null, offset: unsigned(address) };
    return {
      vm: this.vm(step.vm),
      slot: Number(step.slot),
      as_id: Number(step.as_id),
      flags: unsigned(step.flags),
      memory_size: unsigned(step.memory_size),
      guest_phys_addr: unsigned(step.guest_phys_addr),
      userspace_addr,
    };
  }

  private vm(name: string): number | null {
    return this.vms.at(name);
  }

  private vcpu(name: string): { readonly vm: number | null; readonly vcpu: number } {
    const [vm = null, vcpu = 0] = this.vcpus.at(name)?.split(" ").map(Number) ?? [];
    return { vm, vcpu };
  }

  private file(name: string): number | null {
    return this.files.at(name);
  }

  private area(name: string): number {
    const area = this.areas.get(name);
    if (area === undefined) throw new UnplayableStep(`no step makes the mapping "${name}"`);
    return area;
  }

  /** A name; null stands for -1; 0 is open in every process and no guest_memfd; other numbers are not open. */
  private descriptor(argument: string | number | null): number | "other" | null {
    if (typeof argument === "string") return this.file(argument);
    return argument === 0 ? "other" : null;
  }

  answer(recorded: RecordedStep, outcome: Outcome): RecordedResult {
    const step = recorded as unknown as Args;
    this.learn(step, outcome);
    const rest = step.op === "pre_fault_memory" ? { remaining: this.remaining(step, outcome) } : {};
    if (outcome === "mmio") return { exit: "mmio", gpa: gpaOf(step), write: step.op === "guest_write" };
    if (isFailure(outcome)) return { ...failure(step, outcome), ...rest };
    return { ...this.success(step, outcome), ...rest };
  }

  /** Names are bound when the call that makes them succeeds. */
  private learn(step: Args, outcome: Outcome): void {
    const made = typeof outcome === "object" ? outcome.value : null;
    switch (step.op) {
      case "create_vm":
        this.vms.set(step.vm, made);
        if (made !== null) this.nextVcpu.delete(made);
        break;
      case "create_vcpu": {
        const vm = this.vm(step.vm);
        this.vcpus.set(step.vcpu, vm === null || made === null ? null : `${vm} ${made}`);
        if (vm !== null && made !== null) this.nextVcpu.set(vm, made + 1);
        break;
      }
      case "create_guest_memfd":
      case "memfd_create":
        this.files.set(step.file, made);
        break;
      case "dup":
        this.files.set(step.as, outcome === 0 ? this.file(step.file) : null);
        break;
      case "close":
        this.files.close(step.file);
        break;
      case "close_vm":
        this.vms.close(step.vm);
        break;
      case "close_vcpu":
        this.vcpus.close(step.vcpu);
        break;
      case "set_user_memory_region":
      case "set_user_memory_region2":
        if (outcome === 0)
          this.bases.set(this.slotKey(step), this.machine.gfns.border(unsigned(step.guest_phys_addr)));
        break;
      default:
    }
  }

  private slotKey({
    vm,
    as_id,
    slot,
  }: {
    readonly vm: string;
    readonly as_id: unknown;
    readonly slot: unknown;
  }): string {
    return `${this.vm(vm)} ${as_id} ${slot}`;
  }

  private success(step: Args, outcome: Outcome): RecordedResult {
    const value = typeof outcome === "object" ? outcome.value! : 0;
    switch (step.op) {
      case "guest_read":
      case "host_read":
        return { value };
      case "check_extension":
      case "read":
      case "write":
      case "pread":
      case "pwrite":
      case "lseek":
        return { ret: value };
      case "host_read_syscall":
        return { ret: 1 };
      case "mincore":
        return { ret: 0, resident: value };
      case "fstat":
        return {
          ret: 0,
          size: written(this.machine.pages.bytes(value)),
          blocks: 0,
          mode: 0o100600,
          nlink: 1,
        };
      case "get_dirty_log":
        return { ret: 0, bitmap: this.bitmap(value, this.bases.get(this.slotKey(step)) ?? 0) };
      default:
        return { ret: 0 };
    }
  }

  /** Bits of the first 64 pages of a slot, from bits of its positions: a position stands for a run of pages, which are alike. */
  private bitmap(positions: number, base: number): number | string {
    if (positions > Number.MAX_SAFE_INTEGER) throw new UnplayableStep("a dirty log of more than 53 places");
    const { starts } = this.machine.gfns;
    const pageAt = (i: number): bigint => starts[i]! - starts[base]!;
    let pages = 0n;
    for (let i = base; i < starts.length && pageAt(i) < 64n; i++) {
      if (Math.floor(positions / 2 ** (i - base)) % 2 === 0) continue;
      const end = i + 1 < starts.length ? pageAt(i + 1) : pageAt(i) + 1n;
      for (let page = pageAt(i); page < end && page < 64n; page++) pages |= 1n << page;
    }
    return written(pages);
  }

  private remaining(step: Extract<Args, { op: "pre_fault_memory" }>, outcome: Outcome): number | string {
    const size = unsigned(step.size);
    if (typeof outcome !== "object") return written(size);
    return written(unsigned(step.gpa) + size - this.machine.gfns.bytes(outcome.value!));
  }
}

function gpaOf(step: Args): number | string {
  return "gpa" in step ? written(unsigned(step.gpa)) : 0;
}

const SI_CODES: Readonly<Record<string, number>> = { BUS_ADRERR, BUS_MCEERR_AR, SEGV_ACCERR };

function failure(step: Args, outcome: string): RecordedResult {
  const [name = "", exit, type] = outcome.split(" ");
  if (name.startsWith("SIG")) return { signal: name, code: SI_CODES[exit!]! };
  const errno = { ret: -ERRNO[name as Errno], errno: name };
  if (exit !== "memory_fault" || !("gpa" in step)) return errno;
  const gpa = unsigned(step.gpa);
  return {
    ...errno,
    exit,
    gpa: written(gpa - (gpa % PAGE_SIZE)),
    size: Number(PAGE_SIZE),
    flags: type === "private" ? 8 : 0,
  };
}
