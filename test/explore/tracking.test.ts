/**
 * Tracking profiles: what a run that leaves cells out visits is exactly what the full run visits, seen without those cells;
 * and a breach that only such a run sees is never reported.
 */
import { describe, expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import { TRACK_ALL, makeCodec, type Codec } from "../../checkers/explore/codec.ts";
import { Havoc } from "../../checkers/explore/havoc.ts";
import { NO_LIMIT, explore, type Explored } from "../../checkers/explore/search.ts";
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
import type { ValueOf } from "../../spec/language.ts";
import {
  PROFILES,
  type AnyDesign,
  type Bounds,
  type Profile,
  type Vector,
} from "../../spec/language/design.ts";
import { run } from "../toy.ts";

const steps = ({ found }: Explored): Map<string, number> =>
  new Map([...found].map(([name, { path }]) => [name, path.length]));

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

async function agree(
  of: AnyDesign,
  vector: Vector,
  profile: Profile,
): Promise<{ full: Explored; part: Explored }> {
  const all = bounded(of, vector);
  const codec = (tracking = TRACK_ALL): Codec =>
    makeCodec(of.state, all.sizes, tracking, new Havoc(), "a test");
  let visited: Store | undefined;
  const full = await explore(all, { budget: NO_LIMIT, onVisited: (_, store) => (visited = store) });
  let searches = 0;
  const part = await explore(bounded(of, { ...vector, track: profile }), {
    budget: NO_LIMIT,
    onVisited: (tracking, store) => {
      searches++;
      const narrow = codec(tracking);
      expect(statesIn(store, narrow.words)).toEqual(projected(visited!, codec(), narrow));
    },
  });
  expect(searches).toBeGreaterThan(0);
  return { full, part };
}

const narrow = PROFILES.filter((profile) => profile !== "full");
const cases: [string, string, Bounds][] = [
  ["guest-memfd-6.12", "core", {}],
  ["guest-memfd-7.3", "core", {}],
  ["guest-memfd-7.3", "windows", {}],
  ["range-math-nonzero-offset", "ranges", { pages: 2 }],
  ["two-slots-one-page", "slots", { slots: 2 }],
];

describe.each(narrow)("%s", (profile) => {
  test.each(cases)(
    "visits what the full run of %s visits, seen without what it leaves out (%s, %o)",
    async (name, scenario, bounds) => {
      const { full, part } = await agree(entryOf(name)!.design, { scenario, bounds }, profile);
      // What it decides it decides alike, with equally short traces; what it cannot decide it does not claim.
      const all = steps(full);
      for (const [property, length] of steps(part))
        expect([property, all.get(property)]).toEqual([property, length]);
      if (profile === "watch") expect(all).toEqual(steps(part));
      for (const property of full.found.keys()) {
        if (!part.found.has(property)) expect(part.decided).not.toContain(property);
      }
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
const { always } = propertiesOf<State>();
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

test("a breach that owes itself to what is not tracked is no violation: the run is invalid and says what to do", async () => {
  expect(await run(twoPages)).toMatchObject({ verdict: "holds" });
  const watched = await run(twoPages, {}, { track: "watch" });
  expect(watched.verdict).toBe("invalid");
  expect(watched.reason).toContain('never-different was found broken with the profile "watch"');
  expect(watched.reason).toContain("--track full says whether it is real");
});

test("a property that needs what is not tracked is undecided, and not said to hold", async () => {
  const { promises, ...rest } = twoPages;
  const { properties, verdict } = await run(
    { ...rest, promises: [promises[1]!] },
    {},
    { track: "no-contents" },
  );
  expect(verdict).toBe("holds");
  expect(properties.map(({ verdict: of }) => of)).toEqual(["holds", "holds"]);
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
