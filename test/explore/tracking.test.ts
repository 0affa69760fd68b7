/**
 * Tracking profiles: what a run that leaves cells out visits is exactly what the full run visits, seen without those cells;
 * and a breach that only such a run sees is never reported.
 */
import { describe, expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import { checkVector, type RunReport } from "../../checkers/explore/check.ts";
import { TRACK_ALL, makeCodec, type Codec, type Tracking } from "../../checkers/explore/codec.ts";
import { Havoc } from "../../checkers/explore/havoc.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import type { Store } from "../../checkers/explore/store.ts";
import { entryOf } from "../../models/registry.ts";
import {
  callsOf,
  design,
  location,
  per,
  position,
  propertiesOf,
  record,
  tracked,
  upTo,
} from "../../spec/language.ts";
import { bool } from "../../spec/language.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import type { ValueOf } from "../../spec/language.ts";
import { PROFILES, type AnyDesign, type Bounds, type Vector } from "../../spec/language/design.ts";
import { run, verdictOf } from "../toy.ts";

/** The packed states of a visited set, as text. */
function statesIn(visited: Store, words: number): Set<string> {
  const states = new Set<string>();
  for (let i = 0; i < visited.count; i++)
    states.add(String(visited.log.subarray(i * words, (i + 1) * words)));
  return states;
}

/** The states of a full run, packed by a codec that leaves cells out. */
function projected(visited: Store, full: Codec, to: Codec): Set<string> {
  const states = new Set<string>();
  const out = new Int32Array(to.words);
  for (let i = 0; i < visited.count; i++) {
    full.unpack(visited.log, i * full.words);
    to.pack(structuredClone(full.draft), out, 0);
    states.add(String(out));
  }
  return states;
}

/** A run, and the visited set of each of its searches. */
interface Visited {
  readonly report: RunReport;
  readonly searches: readonly (readonly [Tracking, Store])[];
}
async function visited(of: AnyDesign, vector: Vector): Promise<Visited> {
  const searches: (readonly [Tracking, Store])[] = [];
  const onVisited = (tracking: Tracking, store: Store): void => void searches.push([tracking, store]);
  return { report: await checkVector(of, vector, { budget: NO_LIMIT, onVisited }), searches };
}

const narrow = PROFILES.filter((profile) => profile !== "full");
const cases: [string, string, Bounds][] = [
  ["guest-memfd-6.12", "use", {}],
  // In `core` with private memory a cache that may hold anything lets an entry and a slot meet, which they never do: some states more.
  ["guest-memfd-7.3", "windows", {}],
  ["range-math-nonzero-offset", "ranges", { pages: 2 }],
  ["two-slots-one-page", "slots", { slots: 2 }],
];

describe.each(cases)("of %s (%s, %o), ", (name, scenario, bounds) => {
  const { design: of } = entryOf(name)!;
  const whole = visited(of, { scenario, bounds });

  test.each(narrow)(
    "%s visits what the full run visits, and says what it says, or nothing",
    async (track) => {
      const full = await whole;
      const part = await visited(of, { scenario, bounds, track });
      const codec = (tracking = TRACK_ALL): Codec =>
        makeCodec(of.state, bounded(of, { bounds }).sizes, tracking, new Havoc(), "a test");
      expect(part.searches.length).toBeGreaterThan(0);
      for (const [tracking, store] of part.searches) {
        const seen = codec(tracking);
        // Seen without what the profile leaves out.
        expect(statesIn(store, seen.words)).toEqual(projected(full.searches[0]![1], codec(), seen));
      }
      for (const { name: property, verdict, steps } of part.report.properties) {
        const { verdict: known, steps: length } = full.report.properties.find((p) => p.name === property)!;
        if (track !== "watch" && verdict === "undecided") continue;
        expect({ property, verdict, steps }).toEqual({ property, verdict: known, steps: length });
      }
      expect(part.report.properties.length).toBe(full.report.properties.length);
    },
  );
});

/** Two pages and a call that looks at both: what a watched page may become depends on the other one. */
const Place = position("places");
const state = record({
  cells: per(Place, location(record({ value: tracked("pages", upTo("most")) }))),
  seen: bool,
});
type State = ValueOf<typeof state>;
const { call } = callsOf<State, Bounds>();
const { always, step } = propertiesOf<State>();
const spec = { kernel: "a toy", by: "task", takes: {}, returns: [] } as const;

const twoPages = design({
  name: "two-pages",
  says: "a call that compares two pages",
  source: "test",
  bounds: { places: { says: "pages", default: 2, most: 2 } },
  machine: (bounds: Bounds) => bounds,
  sizes: () => ({ places: 2, most: 2 }),
  state,
  calls: {
    // Both are raised together: they are never different.
    raise: call({
      ...spec,
      sections: {
        raise: (s) => {
          for (const cell of s.cells) if (cell.value < 2) cell.value++;
        },
      },
    }),
    compare: call({
      ...spec,
      sections: { compare: (s) => void (s.seen = s.cells[0]!.value !== s.cells[1]!.value) },
    }),
  },
  view: (s) => s,
  promises: [
    always({
      name: "never-different",
      says: "the pages never differ",
      source: "test",
      over: {},
      holds: ({ seen }) => !seen,
    }),
    always({
      name: "small",
      says: "a page holds 2 at most",
      source: "test",
      over: { at: Place },
      holds: ({ cells }, { at }) => cells[at]!.value <= 2,
    }),
  ],
  scenarios: {},
  vectors: [{ bounds: {} }],
});

test("a breach that owes itself to what is not tracked is not reported, and the property not said to hold", async () => {
  expect(await run(twoPages)).toMatchObject({ verdict: "holds" });
  const watched = await run(twoPages, {}, { track: "watch" });
  expect(watched).toMatchObject({ verdict: "incomplete", complete: true });
  expect(verdictOf(watched, "never-different")).toBe("incomplete");
  expect(verdictOf(watched, "small")).toBe("holds");
});

test("a property that compares two locations is undecided under watch, in states and in steps", async () => {
  const claim = { says: "the pages are alike", source: "test", over: {} } as const;
  const alike = ({ cells }: State): boolean => cells[0]!.value === cells[1]!.value;
  const inStates = always({ ...claim, name: "alike", holds: alike });
  const inSteps = step({
    ...claim,
    name: "stay-alike",
    holds: (before, _made, after) => alike(before) && alike(after),
  });
  const acrossStep = step({
    ...claim,
    name: "follow",
    holds: (before, _made, after) => before.cells[0]!.value <= after.cells[1]!.value,
  });
  const design = { ...twoPages, promises: [inStates, inSteps, acrossStep] };
  const full = await run(design);
  const watched = await run(design, {}, { track: "watch" });
  for (const { name } of design.promises) {
    expect(verdictOf(full, name)).toBe("holds");
    expect(verdictOf(watched, name)).toBe("undecided");
  }
});

test("a property that needs a second location in some states only is undecided all the same", async () => {
  const inSome = always({
    name: "alike-when-full",
    says: "when the first page holds 2, the other one does",
    source: "test",
    over: {},
    holds: ({ cells }) => cells[0]!.value < 2 || cells[1]!.value === 2,
  });
  const design = { ...twoPages, promises: [inSome] };
  expect(verdictOf(await run(design), inSome.name)).toBe("holds");
  expect(verdictOf(await run(design, {}, { track: "watch" }), inSome.name)).toBe("undecided");
});

test("a call that fails after it changed another page than the one it fails for is not said to be kept under watch", async () => {
  // Fails for page 1 after page 0 was changed.
  const halfway = call({
    ...spec,
    returns: ["EBUSY"],
    sections: {
      "clear page 0": (s) => void (s.cells[0]!.value = 0),
      "clear page 1": (s) => {
        if (s.cells[1]!.value === 2) return "EBUSY";
        s.cells[1]!.value = 0;
        return 0;
      },
    },
  });
  const design = { ...twoPages, calls: { ...twoPages.calls, halfway }, promises: [] };
  expect(verdictOf(await run(design), FAILED_CALL.name)).toBe("violated");
  expect(verdictOf(await run(design, {}, { track: "watch" }), FAILED_CALL.name)).toBe("incomplete");
  expect(verdictOf(await run(design, {}, { track: "skeleton" }), FAILED_CALL.name)).toBe("undecided");
});

test("a property that needs what is not tracked is undecided, and not said to hold", async () => {
  const { promises, ...rest } = twoPages;
  const { properties, verdict } = await run(
    { ...rest, promises: [promises[1]!] },
    {},
    { track: "no-contents" },
  );
  expect(verdict).toBe("holds");
  expect(new Set(properties.map(({ verdict: of }) => of))).toEqual(new Set(["holds"]));
  const skeleton = await run({ ...rest, promises: [promises[1]!] }, {}, { track: "skeleton" });
  expect(skeleton.properties.find(({ name }) => name === "small")?.verdict).toBe("undecided");
});

test("an error of the model in such a run says that it may not be real", async () => {
  const { calls, ...rest } = twoPages;
  const raise = call({
    ...spec,
    sections: {
      raise: (s) => void (s.cells[0]!.value === 2 || [...s.cells].forEach((cell) => cell.value++)),
    },
  });
  const design = { ...rest, calls: { ...calls, raise } };
  expect(await run(design)).toMatchObject({ verdict: "holds" });
  const { verdict, reason } = await run(design, {}, { track: "watch" });
  expect(verdict).toBe("invalid");
  expect(reason).toContain(
    'found with the profile "watch", in which a cell that is not tracked may hold anything',
  );
});
