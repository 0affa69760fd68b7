/**
 * The executor's line protocol, from the side of whoever asks: steps to lines, lines to answers.
 * `checkers/kernel/executor/PROTOCOL.md` has it in words.
 */
import {
  UnplayableStep,
  type RaceProgram,
  type RecordedResult,
  type RecordedStep,
} from "../../../spec/recording.ts";

export const PROTOCOL = 1;

/** Names of each kind that a program may have. */
const MAX_NAMES = 1024;

export type Kind = "vm" | "vcpu" | "file" | "map";
const LETTERS: Readonly<Record<Kind, string>> = { vm: "v", vcpu: "c", file: "f", map: "m" };

/** How an argument is written, and which field of a step it is; two fields are a mapping and an offset into it. */
export type Argument =
  | { readonly as: "new" | "name"; readonly kind: Kind; readonly field: string }
  | { readonly as: "number" | "address" | "descriptor" | "share" | "place"; readonly field: string };

const made = (kind: Kind, field: string = kind): Argument => ({ as: "new", kind, field });
const name = (kind: Kind, field: string = kind): Argument => ({ as: "name", kind, field });
const numbers = (...fields: readonly string[]): Argument[] =>
  fields.map((field) => ({ as: "number", field }));
const place: Argument = { as: "place", field: "map" };

const REGION: readonly Argument[] = [
  name("vm"),
  ...numbers("slot", "as_id", "flags", "guest_phys_addr", "memory_size"),
  { as: "address", field: "userspace_addr" },
];

/** By operation, in the order of the line. */
export const ARGUMENTS: Readonly<Record<string, readonly Argument[]>> = {
  create_vm: [made("vm"), ...numbers("type")],
  create_vcpu: [made("vcpu"), name("vm")],
  close_vm: [name("vm")],
  close_vcpu: [name("vcpu")],
  check_extension: [name("vm"), ...numbers("cap")],
  create_guest_memfd: [made("file"), name("vm"), ...numbers("size", "flags", "reserved")],
  memfd_create: [made("file"), ...numbers("size")],
  dup: [name("file"), made("file", "as")],
  close: [name("file")],
  anon: [made("map"), ...numbers("size")],
  mmap: [made("map"), name("file"), ...numbers("offset", "length", "prot"), { as: "share", field: "share" }],
  munmap: [name("map")],
  set_user_memory_region2: [
    ...REGION,
    { as: "descriptor", field: "guest_memfd" },
    ...numbers("guest_memfd_offset"),
  ],
  set_user_memory_region: REGION,
  set_memory_attributes: [name("vm"), ...numbers("address", "size", "attributes", "flags")],
  fallocate: [name("file"), ...numbers("mode", "offset", "len")],
  ftruncate: [name("file"), ...numbers("size")],
  read: [name("file"), ...numbers("length")],
  write: [name("file"), ...numbers("length")],
  pread: [name("file"), ...numbers("offset", "length")],
  pwrite: [name("file"), ...numbers("offset", "length")],
  lseek: [name("file"), ...numbers("offset", "whence")],
  fstat: [name("file")],
  host_read: [place],
  host_write: [place, ...numbers("value")],
  host_read_syscall: [place],
  mincore: [place],
  mlock: [place, ...numbers("length")],
  madvise: [place, ...numbers("length", "advice")],
  guest_read: [name("vcpu"), ...numbers("gpa")],
  guest_write: [name("vcpu"), ...numbers("gpa", "value")],
  guest_execute: [name("vcpu"), ...numbers("gpa")],
  pre_fault_memory: [name("vcpu"), ...numbers("gpa", "size", "flags")],
  get_dirty_log: [name("vm"), ...numbers("slot", "as_id")],
};

/** Numbers for the names of one program. */
class Names {
  private readonly numbers: Readonly<Record<Kind, Map<string, number>>> = {
    vm: new Map(),
    vcpu: new Map(),
    file: new Map(),
    map: new Map(),
  };
  private readonly made = new Set<string>();

  of(kind: Kind, name: string): string {
    const known = this.numbers[kind];
    let number = known.get(name);
    if (number === undefined) {
      number = known.size;
      if (number === MAX_NAMES) throw new UnplayableStep(`more than ${MAX_NAMES} names of a ${kind}`);
      known.set(name, number);
    }
    return `${LETTERS[kind]}${number}`;
  }

  make(kind: Kind, name: string): string {
    const text = this.of(kind, name);
    if (this.made.has(text)) throw new UnplayableStep(`the ${kind} "${name}" is made twice`);
    this.made.add(text);
    return text;
  }
}

/** A line for each step. Throws `UnplayableStep`. */
function linesOf(steps: readonly RecordedStep[], names: Names): string[] {
  return steps.map((step) => {
    const takes = Object.hasOwn(ARGUMENTS, step.op) ? ARGUMENTS[step.op]! : undefined;
    if (takes === undefined) throw new UnplayableStep(`the executor has no operation "${step.op}"`);
    return [step.op, ...takes.map((argument) => written(argument, step, names))].join(" ");
  });
}

function written(argument: Argument, step: RecordedStep, names: Names): string {
  const value = step[argument.field];
  switch (argument.as) {
    case "new":
      return names.make(argument.kind, value as string);
    case "name":
      return value === null ? "-" : names.of(argument.kind, value as string);
    case "number":
      return String(value ?? 0);
    case "share":
      return value === "shared" ? "1" : "2";
    case "descriptor":
      return typeof value === "string" ? names.of("file", value) : String(value ?? -1);
    case "place":
      return addressOf(step as unknown as Place, names);
    case "address":
      return typeof value === "object" ? addressOf(value as Place, names) : String(value);
  }
}

interface Place {
  readonly map: string;
  readonly offset: number | string;
}

function addressOf({ map, offset }: Place, names: Names): string {
  return `${names.of("map", map)}+${offset}`;
}

/** The request that runs a program. Throws `UnplayableStep`. */
export function runRequest(steps: readonly RecordedStep[]): string {
  return request(`run ${steps.length}`, linesOf(steps, new Names()));
}

/** The request that runs a race. Throws `UnplayableStep`. */
export function raceRequest(
  { setup, final, threads }: RaceProgram,
  iterations: number,
  seed: number,
): string {
  const names = new Names();
  const parts = [setup, final, ...threads];
  const counts = parts.map((part) => part.length).join(" ");
  return request(
    `race ${iterations} ${seed} ${counts}`,
    parts.flatMap((part) => linesOf(part, names)),
  );
}

function request(first: string, steps: readonly string[]): string {
  return `${[first, ...steps].join("\n")}\n`;
}

/** Where a call did not return: in the steps of a program, in `setup`, `final` or thread of a race, or when all is taken apart. */
export interface Hang {
  readonly place: string;
  readonly step: number;
  readonly iteration: number;
}

/** A line of the executor. */
export type Reply =
  | { readonly is: "answer"; readonly result: RecordedResult }
  | ({ readonly is: "hang" | "stuck" } & Hang)
  | { readonly is: "done" | "lost" | "progress" }
  | { readonly is: "outcome"; readonly count: number }
  | { readonly is: "unsteady" | "error" | "absent"; readonly text: string }
  | { readonly is: "other"; readonly field: string; readonly value: string };

/** Null for what is no line of the protocol. */
export function readReply(line: string): Reply | null {
  const space = line.indexOf(" ");
  const is = space < 0 ? line : line.slice(0, space);
  const rest = space < 0 ? "" : line.slice(space + 1);
  switch (is) {
    case "answer": {
      const result = readAnswer(rest);
      return result === null ? null : { is, result };
    }
    case "hang":
    case "stuck": {
      const [, place, step, iteration] = /^(\w+) (\d+) (\d+)$/.exec(rest) ?? [];
      return place === undefined ? null : { is, place, step: Number(step), iteration: Number(iteration) };
    }
    case "done":
    case "lost":
      return rest === "" ? { is } : null;
    case "progress":
      return { is };
    case "outcome":
      return /^[1-9]\d*$/.test(rest) ? { is, count: Number(rest) } : null;
    case "unsteady":
    case "error":
    case "absent":
      return { is, text: rest };
    default:
      return /^[a-z_]+$/.test(is) && rest !== "" ? { is: "other", field: is, value: rest } : null;
  }
}

/** "ret=-17 errno=EEXIST": fields of a result. */
function readAnswer(text: string): RecordedResult | null {
  const result: Record<string, number | string | boolean> = {};
  for (const field of text.split(" ")) {
    const [, name, value] = /^([a-z_]+)=(-?\d+|0x[0-9a-f]+|[A-Za-z]\w*)$/.exec(field) ?? [];
    if (name === undefined || value === undefined) return null;
    result[name] = /^-?\d+$/.test(value) ? Number(value) : (BOOLEANS[value] ?? value);
  }
  return result;
}

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false };
