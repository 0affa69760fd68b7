/**
 * The same programs on several kernels. A program tells kernels apart at the first call that they answer differently; those that agree there are
 * followed further, so that every two kernels are parted once a program, by the call that does it.
 */
import type { Header, RecordedResult, RecordedStep } from "../../../spec/recording.ts";
import { IMPOSSIBLE, sameResult } from "../play.ts";
import {
  ask,
  firstDifference,
  identity,
  kindOf,
  type Answered,
  type Difference,
  type Silence,
} from "./disagreement.ts";
import { played, type Pair } from "./pair.ts";

export interface MatrixProgram {
  readonly id: string;
  readonly steps: readonly RecordedStep[];
}

/** A kernel with the design of its version, under a name for the columns. */
export interface Column extends Pair {
  readonly name: string;
  /** Whether it may be asked to run a program. */
  readonly takes: (steps: readonly RecordedStep[]) => boolean;
}

/** Kernels in groups that answer a call alike. */
export interface Parting {
  readonly op: string;
  /** Column → the kind of its answer; of the columns that agreed so far. */
  readonly answers: Readonly<Record<string, string>>;
  /** Programs in which the call parts them so, and the first of them with the step. */
  readonly programs: number;
  readonly example: { readonly id: string; readonly step: number };
}

/** A difference of a kernel from its design. */
export interface Odd {
  readonly column: string;
  readonly identity: string;
  readonly programs: number;
  readonly example: { readonly id: string; readonly step: number };
  /** What the kernel did instead of an answer, in the example. */
  readonly silence: Silence | null;
}

export interface RanColumn {
  readonly name: string;
  readonly where: string;
  readonly header: Header;
  readonly design: string;
  readonly programs: number;
  /** Of these, programs that were compared with the design up to a step that could not be made on the kernel, and no further. */
  readonly notComparable: number;
  readonly operations: number;
  readonly seconds: number;
}

export interface Matrix {
  readonly columns: readonly RanColumn[];
  readonly partings: readonly Parting[];
  readonly odd: readonly Odd[];
  readonly stopped: string | null;
}

interface MatrixOptions {
  readonly stop: () => string | null;
  readonly told: (column: string, programs: number) => void;
}

export async function matrix(
  columns: readonly Column[],
  programs: readonly MatrixProgram[],
  { stop, told }: MatrixOptions,
): Promise<Matrix> {
  const table = new Table();
  const tallies = columns.map(() => ({ programs: 0, notComparable: 0, operations: 0, seconds: 0 }));
  let stopped: string | null = null;
  for (const [n, program] of programs.entries()) {
    stopped = stop();
    if (stopped !== null) break;
    const answers = new Map<string, Answered>();
    for (const [c, column] of columns.entries()) {
      if (!column.takes(program.steps)) continue;
      told(column.name, n);
      const began = performance.now();
      const ended = played(column, column.kernel.header, program.steps);
      // A design that says of a call that it never ends is believed: the kernel would have to be started anew.
      if (ended === null) continue;
      const answered = await ask(column.kernel, program.steps);
      // A signal to the process group ends the executor too.
      if (answered.silence !== null && stop() !== null) break;
      answers.set(column.name, answered);
      const design = ended.map(({ answer }) => answer);
      const compared = comparable(answered, design);
      const difference = firstDifference(program.steps.slice(0, compared), answered, design);
      if (difference !== null) table.odd(column.name, difference, program.id);
      const tally = tallies[c]!;
      tally.programs++;
      if (compared < design.length) tally.notComparable++;
      tally.operations += program.steps.length;
      tally.seconds += (performance.now() - began) / 1000;
    }
    part(program, 0, answers, table);
  }
  return {
    columns: columns.map(({ name, kernel, design }, c) => ({
      name,
      where: kernel.where,
      header: kernel.header,
      design: design.name,
      ...tallies[c]!,
    })),
    ...table.rows(),
    stopped,
  };
}

/**
 * How many steps can be compared: all, or those before one that names a mapping which could not be made. The executor makes no such call
 * (`impossible`), where the design is given an address at which nothing is mapped; from there on they are in different states.
 */
function comparable({ results }: Answered, design: readonly RecordedResult[]): number {
  const isNotMade = (result: RecordedResult): boolean => sameResult(result, IMPOSSIBLE);
  const at = results.findIndex((result, i) => isNotMade(result) && !isNotMade(design[i]!));
  return at < 0 ? design.length : at;
}

/** Follows a group of kernels from a step on, to where they part; and then each part of it. */
function part(
  { id, steps }: MatrixProgram,
  from: number,
  group: ReadonlyMap<string, Answered>,
  table: Table,
): void {
  for (let step = from; step < steps.length && group.size > 1; step++) {
    const parts = alike(group, step);
    if (parts.length === 1) continue;
    const kinds = parts.flatMap((of) => [...of].map(([name, answered]) => [name, kindAt(answered, step)]));
    table.parting(steps[step]!.op, Object.fromEntries(kinds) as Record<string, string>, id, step);
    for (const of of parts) part({ id, steps }, step + 1, of, table);
    return;
  }
}

function alike(group: ReadonlyMap<string, Answered>, step: number): Map<string, Answered>[] {
  const parts: Map<string, Answered>[] = [];
  for (const [name, answered] of group) {
    const found = parts.find((of) => sameAt([...of.values()][0]!, answered, step));
    if (found === undefined) parts.push(new Map([[name, answered]]));
    else found.set(name, answered);
  }
  return parts;
}

function sameAt(a: Answered, b: Answered, step: number): boolean {
  const [one, other] = [a.results[step], b.results[step]];
  if (one === undefined || other === undefined) return one === other && a.silence?.kind === b.silence?.kind;
  return sameResult(one, other);
}

/** Answers of one kind may differ in values. */
function kindAt({ results, silence }: Answered, step: number): string {
  const result = results[step];
  if (result === undefined) return silence?.kind ?? "nothing";
  const kind = kindOf(result);
  const { value, ret, remaining } = result;
  const told = value ?? remaining ?? (typeof ret === "number" && ret > 0 ? ret : undefined);
  return told === undefined ? kind : `${kind} ${told}`;
}

/** Rows that are counted, in the order in which they were met first. */
class Table {
  private readonly partings = new Map<string, Parting>();
  private readonly odds = new Map<string, Odd>();

  parting(op: string, answers: Readonly<Record<string, string>>, id: string, step: number): void {
    // Values tell kernels apart in a program, and would make each program a row of its own.
    const kinds = Object.values(answers).map((answer) => answer.replace(/ \d+$/, ""));
    const key = JSON.stringify([op, Object.keys(answers), new Set(kinds).size > 1 ? kinds : "values"]);
    const known = this.partings.get(key);
    this.partings.set(
      key,
      known === undefined
        ? { op, answers, programs: 1, example: { id, step } }
        : { ...known, programs: known.programs + 1 },
    );
  }

  odd(column: string, difference: Difference, id: string): void {
    const of = identity(difference);
    const { step, silence } = difference;
    const key = `${column} ${of}`;
    const known = this.odds.get(key);
    this.odds.set(
      key,
      known === undefined
        ? { column, identity: of, programs: 1, example: { id, step }, silence }
        : { ...known, programs: known.programs + 1 },
    );
  }

  rows(): Pick<Matrix, "partings" | "odd"> {
    return { partings: [...this.partings.values()], odd: [...this.odds.values()] };
  }
}
