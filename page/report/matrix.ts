/** Designs × promises, of all runs of a check. */
import type { CheckFile, TraceFile } from "./files.ts";
import { worstWord, type Word } from "./words.ts";

type Run = CheckFile["results"][number];
type Property = Run["properties"][number];

export interface Cell {
  readonly word: Word;
  /** Runs that ask the promise. */
  readonly runs: number;
  /** Of these, those that saw every state. */
  readonly complete: number;
  /** Steps of the shortest trace; null where there is none. */
  readonly steps: number | null;
  readonly trace: TraceFile | null;
  /** The design says that it breaks it, and why. */
  readonly known: string | null;
}

export interface Column {
  readonly design: string;
  readonly word: Word;
  readonly runs: number;
  readonly complete: number;
  /** Of the deepest run. */
  readonly depth: number;
  readonly states: number;
}

export interface Row {
  readonly promise: string;
  /** In the order of the columns; null where the design does not make the promise. */
  readonly cells: readonly (Cell | null)[];
}

export interface Matrix {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export function matrixOf({ designs, results }: CheckFile): Matrix {
  const runsOf = new Map(
    designs.map(({ design }) => [design, results.filter((run) => run.design === design)]),
  );
  const columns = designs.map(({ design, verdict }): Column => {
    const runs = runsOf.get(design)!;
    return {
      design,
      word: verdict,
      runs: runs.length,
      complete: runs.filter(({ complete }) => complete).length,
      depth: Math.max(0, ...runs.map(({ depth }) => depth)),
      states: runs.reduce((sum, { states }) => sum + states, 0),
    };
  });
  const promises = new Set(results.flatMap(({ properties }) => properties.map(({ name }) => name)));
  const rows = [...promises].map((promise) => ({
    promise,
    cells: designs.map(({ design }) => cellOf(runsOf.get(design)!, promise)),
  }));
  return { columns, rows };
}

function cellOf(runs: readonly Run[], promise: string): Cell | null {
  const asked = runs.flatMap((run) => {
    const property = run.properties.find(({ name }) => name === promise);
    return property === undefined ? [] : [{ run, property }];
  });
  if (asked.length === 0) return null;
  const properties = asked.map(({ property }) => property);
  const [shortest] = properties
    .filter(({ steps }) => steps !== undefined)
    .toSorted((a, b) => a.steps! - b.steps!);
  const known = properties.find((property) => property.known !== undefined)?.known;
  const says = asked.filter(({ property }) => property.verdict !== "not applicable");
  return {
    word: wordOf(properties),
    runs: says.length,
    complete: says.filter(({ run }) => run.complete).length,
    steps: shortest?.steps ?? null,
    trace: (shortest?.trace as TraceFile | undefined) ?? null,
    known: known === undefined ? null : `${known.says} [${known.source}]`,
  };
}

/** What should be possible is reached where one run reaches it. */
function wordOf(properties: readonly Property[]): Word {
  const words = properties.map(({ verdict }) => verdict);
  if (properties[0]!.kind !== "sometimes") return worstWord(words);
  if (properties.some(({ steps }) => steps !== undefined)) return "reached";
  return words.includes("incomplete") ? "incomplete" : "never reached";
}
