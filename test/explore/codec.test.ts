/** Packing: every state of every domain comes back as it was, canonical states and only they are equal, dead data is no state. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { TRACK_ALL, makeCodec, type Codec } from "../../checkers/explore/codec.ts";
import { Havoc } from "../../checkers/explore/havoc.ts";
import { allValues, canonical, changes, outside } from "../../checkers/explore/walk.ts";
import { Store } from "../../checkers/explore/store.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { bool, id, maybe, oneOf, per, position, record, upTo } from "../../spec/language.ts";
import type { AnyDomain } from "../../spec/language/domain.ts";

const SIZES = { things: 3, places: 2, most: 5, one: 1 };
const thing = id("things");
const place = position("places");

/** Random domains, records at the top, as states are. */
const leaf: fc.Arbitrary<AnyDomain> = fc.constantFrom<AnyDomain>(
  bool,
  upTo("most"),
  upTo("one"),
  id("things"),
  id("one"),
  oneOf("none", "some", "all"),
);
const { domain } = fc.letrec<{ domain: AnyDomain; inner: AnyDomain }>((tie) => ({
  inner: fc.oneof(
    { maxDepth: 3, depthIdentifier: "domain" },
    leaf,
    tie("inner").map((of) => maybe(of)),
    tie("inner").map((of) => per(thing, of)),
    tie("inner").map((of) => per(place, of)),
    fc.array(tie("inner"), { minLength: 1, maxLength: 3 }).map((of) => record(named(of))),
  ),
  domain: fc.array(tie("inner"), { minLength: 1, maxLength: 4 }).map((of) => record(named(of))),
}));

function named(of: readonly AnyDomain[]): Record<string, AnyDomain> {
  return Object.fromEntries(of.map((field, i) => [`f${i}`, field]));
}

/** A random value of a domain. */
function valueOf(of: AnyDomain): fc.Arbitrary<unknown> {
  const { shape } = of;
  switch (shape.kind) {
    case "maybe":
      return fc.oneof(fc.constant(null), valueOf(shape.of));
    case "record":
      return fc.record(
        Object.fromEntries(Object.entries(shape.fields).map(([name, field]) => [name, valueOf(field)])),
        { noNullPrototype: true },
      );
    case "per": {
      const { length } = allValues(shape.index, SIZES);
      return fc.array(valueOf(shape.of), { minLength: length, maxLength: length });
    }
    default:
      return fc.constantFrom(...allValues(of, SIZES));
  }
}
const withValues = domain.chain((of) => fc.tuple(fc.constant(of), valueOf(of), valueOf(of)));

const codecOf = (of: AnyDomain): Codec => makeCodec(of, SIZES, TRACK_ALL, new Havoc(), "test:1");
function packed(codec: Codec, value: unknown): Int32Array {
  const out = new Int32Array(codec.words + 1);
  codec.pack(value as object, out, 1);
  return out;
}

describe("any domain", () => {
  test.prop([withValues])(
    "what is packed is unpacked as it was, whatever the draft held before",
    ([of, one, other]) => {
      const codec = codecOf(of);
      const [a, b] = [packed(codec, one), packed(codec, other)];
      for (const [bits, value] of [
        [a, one],
        [b, other],
        [a, one],
      ] as const) {
        codec.unpack(bits, 1);
        expect(structuredClone(codec.draft)).toEqual(value);
      }
    },
  );

  test.prop([withValues])("two states are equal when their packed words are", ([of, one, other]) => {
    const codec = codecOf(of);
    const same = JSON.stringify(one) === JSON.stringify(other);
    expect(String(packed(codec, one)) === String(packed(codec, other))).toBe(same);
    expect(changes(of, one, other).length === 0).toBe(same);
  });

  test.prop([withValues])("a value of the domain is inside it", ([of, one]) => {
    expect(outside(of, SIZES, one, "")).toBeNull();
    expect(canonical(of, SIZES, one)).toEqual(one);
  });
});

/** A cell of a value: its domain, and how to set it. */
interface Cell {
  readonly of: AnyDomain;
  readonly set: (value: unknown) => void;
}

function cellsOf(of: AnyDomain, owner: Record<string | number, unknown>, key: string | number): Cell[] {
  const value = owner[key];
  const cells: Cell[] = [{ of, set: (given) => void (owner[key] = given) }];
  const { shape } = of;
  const inner = value as Record<string | number, unknown>;
  if (shape.kind === "maybe") return value === null ? cells : [...cells, ...cellsOf(shape.of, owner, key)];
  if (shape.kind === "record")
    for (const [name, field] of Object.entries(shape.fields)) cells.push(...cellsOf(field, inner, name));
  if (shape.kind === "per")
    for (const i of (value as unknown[]).keys()) cells.push(...cellsOf(shape.of, inner, i));
  return cells;
}

const junk = fc.constantFrom<unknown>(
  undefined,
  NaN,
  -1,
  0.5,
  99,
  2 ** 32,
  "1",
  "junk",
  true,
  false,
  null,
  {},
  [],
);

describe("a write outside its domain", () => {
  test.prop([withValues, fc.nat(), junk], { numRuns: 2000 })(
    "never becomes a state",
    ([of, one], at, wrong) => {
      const holder = { value: one };
      const cells = cellsOf(of, holder, "value");
      cells[at % cells.length]!.set(wrong);
      fc.pre(outside(of, SIZES, holder.value, "") !== null);
      expect(() => packed(codecOf(of), holder.value)).toThrow(ModelError);
    },
  );
});

describe("dead data", () => {
  const holder = record({ live: bool, note: upTo("most") }, { note: ({ live }) => !live });
  const table = record({ holders: per(thing, holder) });
  const holders = fc.array(fc.record({ live: fc.boolean(), note: fc.nat(5) }, { noNullPrototype: true }), {
    minLength: 3,
    maxLength: 3,
  });

  test.prop([holders, fc.array(fc.nat(5), { minLength: 3, maxLength: 3 })])(
    "a dead field, perturbed, leaves the packed state as it was, and a live one changes it",
    (before, notes) => {
      const codec = codecOf(table);
      const after = before.map((h, i) => ({ ...h, note: notes[i]! }));
      const live = before.some((h, i) => h.live && h.note !== notes[i]);
      expect(String(packed(codec, { holders: before })) !== String(packed(codec, { holders: after }))).toBe(
        live,
      );
    },
  );

  test("a dead field may hold anything, and is the first value when it comes back", () => {
    const codec = codecOf(table);
    const rest = { live: true, note: 5 };
    codec.unpack(packed(codec, { holders: [{ live: false, note: 99 }, rest, rest] }), 1);
    expect(codec.draft).toEqual({ holders: [{ live: false, note: 0 }, rest, rest] });
  });
});

describe("the visited set", () => {
  test.prop([fc.array(fc.tuple(fc.integer(), fc.integer()), { maxLength: 3000 })])(
    "holds each state once, in the order of the first time",
    (states) => {
      const store = new Store(2);
      const known = new Map<string, number>();
      for (const state of states) {
        const key = state.join();
        const index = store.insert(Int32Array.from(state), 0, 0);
        expect(index).toBe(known.has(key) ? -1 - known.get(key)! : known.size);
        if (!known.has(key)) known.set(key, known.size);
      }
      expect(store.count).toBe(known.size);
      const stored = Array.from(
        { length: store.count },
        (_, i) => `${store.log[2 * i]},${store.log[2 * i + 1]}`,
      );
      expect(stored).toEqual([...known.keys()]);
    },
  );
});
