/**
 * Smaller programs. Every reduction leaves a step, a thing or an address out, or writes a smaller number or an earlier name in its place, so that
 * taking one after the other comes to an end. What they are, for the certificate: deletions of single steps; arguments of single steps; actors,
 * one VM, vCPU, file or mapping in place of two; bounds, a page of guest memory, of a mapping or a file less, ids and values in order.
 */
import type { Smaller } from "../../../spec/programs.ts";
import type { RecordedStep } from "../../../spec/recording.ts";
import { fewerPages } from "./fewer-pages.ts";
import { merged, namesInOrder, NAMES, type Kind } from "./names.ts";
import { signed, written } from "./steps.ts";
import { PAGE } from "./world.ts";

type Steps = readonly RecordedStep[];
type Field = RecordedStep[string];

export function without(steps: Steps, left: ReadonlySet<number>): Steps {
  const gone = new Set<unknown>();
  return steps.filter((step, i) => {
    const { op, map, userspace_addr: address } = step;
    const uses = typeof address === "object" ? (address as { readonly map: string }).map : map;
    if (!left.has(i) && !gone.has(uses)) return true;
    if (op === "mmap" || op === "anon") gone.add(map);
    return false;
  });
}

export function* smaller(steps: Steps): Iterable<Smaller> {
  for (let i = steps.length - 1; i >= 0; i--)
    yield {
      kind: "deletion",
      what: `without step ${i}, ${steps[i]!.op}`,
      to: without(steps, new Set([i])),
    };
  for (const kind of NAMES) yield* fewer(steps, kind);
  yield* fewerPages(steps);
  yield* lowerSlotIds(steps);
  for (const [i, step] of steps.entries()) {
    for (const [field, value] of simplerFields(step)) {
      const what = `step ${i}, ${step.op}: ${field} ${JSON.stringify(value)}`;
      yield { kind: "argument", what, to: replaced(steps, i, { ...step, [field]: value }) };
    }
  }
  yield* inOrder(steps);
}

function replaced(steps: Steps, at: number, by: RecordedStep): Steps {
  return steps.map((step, i) => (i === at ? by : step));
}

function* fewer(steps: Steps, kind: Kind): Iterable<Smaller> {
  for (const { from, into, to } of merged(steps, kind))
    yield { kind: "actor", what: `${into} in place of ${from}`, to };
}

/** Lengths have a page at least: a slot of no pages is another call. */
const LENGTHS = new Set(["memory_size", "size", "length", "len"]);
const OFFSETS = new Set(["guest_memfd_offset", "offset", "gpa", "address", "guest_phys_addr"]);
const BITS = new Set(["flags", "attributes", "mode", "prot"]);
const PLAIN = new Set(["as_id", "type", "reserved"]);

function* simplerFields(step: RecordedStep): Iterable<readonly [string, Field]> {
  for (const [field, value] of Object.entries(step)) {
    if (field === "userspace_addr") for (const to of simplerAddresses(value)) yield [field, to];
    if (typeof value !== "number" && !(typeof value === "string" && /^-?0x/.test(value))) continue;
    const number = signed(value);
    const at = step.op === "set_memory_attributes" && field === "size" ? "length" : field;
    if (LENGTHS.has(at)) for (const to of lengths(number)) yield [field, written(to)];
    if (OFFSETS.has(at)) for (const to of offsets(number)) yield [field, written(to)];
    if (BITS.has(at)) for (const to of fewerBits(number)) yield [field, written(to)];
    if (PLAIN.has(at) && number !== 0n) yield [field, 0];
  }
}

const ONE_PAGE = BigInt(PAGE);

function lengths(length: bigint): readonly bigint[] {
  if (length <= ONE_PAGE) return [];
  const whole = length - (length % ONE_PAGE);
  return [...new Set([ONE_PAGE, whole, whole - ONE_PAGE])].filter((to) => to > 0n && to < length);
}

/** Guest addresses as well: those of the universe are made smaller together (`fewerPages`), a byte in its page alone. */
function offsets(offset: bigint): readonly bigint[] {
  if (offset <= 0n) return [];
  const whole = offset - (offset % ONE_PAGE);
  const candidates = whole === offset ? [0n, ONE_PAGE, offset - ONE_PAGE] : [whole];
  return [...new Set(candidates)].filter((to) => to >= 0n && to < offset);
}

function* fewerBits(bits: bigint): Iterable<bigint> {
  for (let bit = 1n; bit <= bits; bit <<= 1n) if ((bits & bit) !== 0n) yield bits & ~bit;
}

function* simplerAddresses(address: Field): Iterable<Field> {
  if (address === 0) return;
  yield 0;
  if (typeof address !== "object" || address === null) return;
  const { map, offset } = address as { readonly map: string; readonly offset: number | string };
  for (const to of offsets(signed(offset))) yield { map, offset: written(to) };
}

function* lowerSlotIds(steps: Steps): Iterable<Smaller> {
  const ids = new Set(steps.map(({ slot }) => slot).filter((slot) => typeof slot === "number"));
  for (const id of ids) {
    for (let lower = 0; lower < Math.min(id, ids.size); lower++) {
      if (ids.has(lower)) continue;
      const to = steps.map((step) => (step["slot"] === id ? { ...step, slot: lower } : step));
      yield { kind: "bound", what: `slot ${lower} in place of ${id}`, to };
    }
  }
}

/** Values and names from the first on, in the order of their appearance. */
function* inOrder(steps: Steps): Iterable<Smaller> {
  const values = new Map<unknown, number>();
  const renumbered = steps.map((step) => {
    if (step["value"] === undefined) return step;
    if (!values.has(step["value"])) values.set(step["value"], values.size + 1);
    return { ...step, value: values.get(step["value"]) };
  });
  if ([...values].some(([from, to]) => from !== to))
    yield { kind: "bound", what: "values in order", to: renumbered };
  const named = namesInOrder(steps);
  if (named !== null) yield { kind: "bound", what: "names in order", to: named };
}
