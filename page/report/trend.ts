/** What a report says otherwise than one of before. */
import { percentText } from "./numbers.ts";
import type { Kind, Report } from "./read.ts";
import { matrixOf } from "./matrix.ts";

export interface Turn {
  /** "guest-memfd-7.3: one-binding-per-offset" */
  readonly what: string;
  readonly was: string;
  readonly is: string;
  /** `other`: neither, or it cannot be said. */
  readonly turn: "better" | "worse" | "other";
}

/** A thing that a report says, by its name. */
interface Fact {
  readonly says: string;
  /** The greater, the better; null where no value is better than another. */
  readonly rank: number | null;
}
type Facts = ReadonlyMap<string, Fact>;

/** What differs, in the order of the report; what is gone comes last. Both reports are of the same kind. */
export function trendOf(now: Report, then: Report): Turn[] {
  const [is, was] = [factsOf(now), factsOf(then)];
  const changed = [...is].flatMap(([what, fact]) => turnOf(what, was.get(what), fact));
  const gone = [...was].flatMap(([what, fact]) => (is.has(what) ? [] : turnOf(what, fact, undefined)));
  return [...changed, ...gone];
}

const ABSENT = "not there";

function turnOf(what: string, was: Fact | undefined, is: Fact | undefined): Turn[] {
  if (was?.says === is?.says) return [];
  const [before, after] = [was?.rank ?? null, is?.rank ?? null];
  const isRanked = before !== null && after !== null && before !== after;
  const turn = !isRanked ? "other" : after > before ? "better" : "worse";
  return [{ what, was: was?.says ?? ABSENT, is: is?.says ?? ABSENT, turn }];
}

const RANKS: Readonly<Record<string, number>> = {
  invalid: 0,
  violated: 1,
  vacuous: 2,
  incomplete: 2,
  "never reached": 2,
  holds: 3,
  reached: 3,
};

const FACTS: { readonly [K in Kind]: (file: Extract<Report, { kind: K }>["file"]) => [string, Fact][] } = {
  check: (file) => {
    const { columns, rows } = matrixOf(file);
    const said = (word: string): Fact => ({ says: word, rank: RANKS[word] ?? null });
    return [
      ...columns.map(({ design, word }): [string, Fact] => [design, said(word)]),
      ...rows.flatMap(({ promise, cells }) =>
        cells.flatMap((cell, i): [string, Fact][] =>
          cell === null ? [] : [[`${columns[i]!.design}: ${promise}`, said(cell.word)]],
        ),
      ),
      ...file.results.map(({ design, scenario, tracked, mode, bounds, states, complete }): [string, Fact] => [
        `${design}: states of ${scenario}, ${mode}, ${tracked}, ${Object.values(bounds).join(" ")}`,
        { says: `${states}${complete ? "" : " and more"}`, rank: null },
      ]),
    ];
  },
  fuzz: ({ results }) =>
    results.flatMap(({ design, findings, reached, neverReached }) => [
      ...findings.map(({ property }): [string, Fact] => [
        `${design}: ${property}`,
        { says: "broken", rank: null },
      ]),
      ...reached.map(({ goal }): [string, Fact] => [`${design}: ${goal}`, { says: "reached", rank: 3 }]),
      ...neverReached.map((goal): [string, Fact] => [
        `${design}: ${goal}`,
        { says: "never reached", rank: 2 },
      ]),
    ]),
  mutate: ({ design, score: { killed, of }, mutants }) => [
    [
      `${design}: score`,
      { says: `${percentText(killed, of)} of ${of}`, rank: of === 0 ? null : killed / of },
    ],
    ...mutants.map(({ id, fate: { kind } }): [string, Fact] => [
      id,
      { says: kind, rank: KILLED.has(kind) ? 1 : kind === "survived" ? 0 : null },
    ]),
  ],
  gate: ({ verdict, exitCode, findings }) => [
    ["the gate", { says: verdict, rank: exitCode === 0 ? 1 : 0 }],
    ...findings.flatMap(({ of, name, word }): [string, Fact][] =>
      word === null ? [] : [[`${of}: ${name}`, { says: word, rank: null }]],
    ),
  ],
  diff: ({ a, b, compatibility, differences }) => [
    [`${a} → ${b}`, { says: compatibility, rank: COMPATIBILITY[compatibility] }],
    ...differences.map(({ kind, subject, from, to }): [string, Fact] => [
      `${kind}: ${subject}: ${from}`,
      { says: to, rank: null },
    ]),
  ],
  growth: ({ cells }) =>
    cells.map(({ design, bounds, track, states }): [string, Fact] => [
      `${design}: ${track}: ${Object.entries(bounds).flat().join(" ")}`,
      { says: states === undefined ? "not exhausted" : String(states), rank: null },
    ]),
};

const KILLED: ReadonlySet<string> = new Set(["promise", "language", "recording"]);
const COMPATIBILITY = { compatible: 2, extends: 1, breaks: 0 } as const;

function factsOf(report: Report): Facts {
  return new Map(FACTS[report.kind](report.file as never));
}
