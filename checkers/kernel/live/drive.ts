/**
 * Drives a real kernel with made-up programs, a design beside it as the model. fast-check draws the programs (`asyncProperty` over the
 * naturals of a whole program, so that a seed and a path give the same program again); a command of `fc.commands` would be one round trip
 * a call, which over a serial port costs more than the calls. What the two answer differently is shrunk step by step and argument by argument by the
 * minimiser, on the kernel itself, which keeps what it is about; fast-check's own shrinking would renumber the names that later choices mean.
 */
import * as fc from "fast-check";
import { disabled } from "../../../spec/language/call.ts";
import { outcomeName } from "../../../spec/language/outcome.ts";
import type { Licence } from "../../../spec/programs.ts";
import type { RecordedStep } from "../../../spec/recording.ts";
import { ask, firstDifference, identity, type Answered, type Difference } from "./disagreement.ts";
import { rowsOf } from "./made-up.ts";
import { claimsOf, played, type Claim, type Pair } from "./pair.ts";
import { shrinkOnKernel, type Shrunk } from "./shrink.ts";

export interface LiveOptions {
  readonly seed: number;
  /** Of one program: makes that program alone. */
  readonly path?: string;
  /** Ends when any of these is used up. */
  readonly runs?: number;
  readonly operations?: number;
  readonly seconds?: number;
  readonly licence: Licence;
  /** How many different disagreements end the run. */
  readonly disagreements: number;
  /** Why to stop, or null; asked between programs. */
  readonly stop: () => string | null;
  /** Hears what the design claims and the kernel has not, before anything runs. */
  readonly claimed?: (claims: readonly Claim[]) => void;
  readonly told?: (progress: LiveProgress) => void;
}

export interface LiveProgress {
  readonly programs: number;
  readonly operations: number;
  readonly seconds: number;
  readonly found: number;
  /** Runs of the minimiser so far, while it shrinks. */
  readonly shrinking: number;
}

export interface Found extends Shrunk {
  readonly identity: string;
  /** fast-check's path to the program that it was found in, from the seed of the run. */
  readonly path: string;
  /** How many more programs of the run had it. */
  readonly again: number;
}

export interface LiveReport {
  readonly kernel: string;
  readonly where: string;
  readonly design: string;
  readonly seed: number;
  readonly claims: readonly Claim[];
  readonly programs: number;
  readonly operations: number;
  /** Programs that the player has no layout for; they were not run. */
  readonly unplayable: number;
  readonly seconds: number;
  readonly found: readonly Found[];
  readonly coverage: Coverage;
  /** Why it ended before its budget, or null. */
  readonly stopped: string | null;
}

/** How often each call ended with each declared result, and which were never seen. */
export interface Coverage {
  readonly reached: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly never: readonly string[];
}

/**
 * What single reductions end at is a minimum and need not be the shortest. So the run goes on for a while, shrinks what it meets
 * of the same, and keeps the shortest.
 */
const LOOK = { shrunk: 4, programs: 120 };

export async function drive(pair: Pair, options: LiveOptions): Promise<LiveReport> {
  const run = new Run(pair, options);
  const property = fc.asyncProperty(rowsOf(pair.programs), (rows) => run.program(rows));
  const { seed, path } = options;
  await fc.check(property, {
    seed,
    numRuns: path === undefined ? (options.runs ?? Number.MAX_SAFE_INTEGER) : 1,
    endOnFailure: true,
    ...(path === undefined ? {} : { path }),
  });
  return run.report();
}

/** What comes every time, before what does not; then what is shorter. */
function isShorter(a: Shrunk, b: Shrunk): boolean {
  const chance = (of: Shrunk): number => of.repeated.had / of.repeated.runs;
  return chance(a) > chance(b) || (chance(a) === chance(b) && a.steps.length < b.steps.length);
}

class Run {
  private readonly pair: Pair;
  private readonly options: LiveOptions;
  private readonly began = performance.now();
  private readonly found = new Map<string, Found>();
  private readonly reached = new Map<string, Map<string, number>>();
  private readonly claims: readonly Claim[];
  private programs = 0;
  private operations = 0;
  private unplayable = 0;
  /** How many programs were run when a disagreement was met that was not known. */
  private lastNew = 0;
  private stopped: string | null = null;

  constructor(pair: Pair, options: LiveOptions) {
    this.pair = pair;
    this.options = options;
    this.claims = claimsOf(pair, pair.kernel.header);
    options.claimed?.(this.claims);
  }

  private get seconds(): number {
    return (performance.now() - this.began) / 1000;
  }

  /** Asks both, and compares; false ends the run. */
  async program(rows: readonly (readonly number[])[]): Promise<boolean> {
    this.stopped = this.options.stop();
    if (this.stopped !== null || this.spent()) return false;
    const { kernel, programs } = this.pair;
    const path = this.options.path ?? String(this.programs + this.unplayable);
    const steps = programs.program(kernel.header, rows, this.options.licence);
    const ended = played(this.pair, kernel.header, steps);
    if (ended === null) {
      this.unplayable++;
      return true;
    }
    const answered = await ask(kernel, steps);
    this.stopped = this.options.stop();
    // A signal to the process group ends the executor too.
    if (this.stopped !== null && answered.silence !== null) return false;
    this.programs++;
    this.operations += steps.length;
    for (const { step, end } of ended) if (end !== disabled) this.count(step.op, outcomeName(end));
    const difference = firstDifference(
      steps,
      answered,
      ended.map(({ answer }) => answer),
    );
    this.tell(0);
    if (difference !== null) await this.disagree(steps, difference, answered, path);
    return !this.enough();
  }

  /** So many disagreements as were asked for, and none of them seems to come shorter. */
  private enough(): boolean {
    if (this.found.size < this.options.disagreements) return false;
    const looked = this.programs - this.lastNew >= LOOK.programs;
    return looked || [...this.found.values()].every(({ again }) => again >= LOOK.shrunk);
  }

  private spent(): boolean {
    const { operations = Infinity, seconds = Infinity } = this.options;
    return this.operations >= operations || this.seconds >= seconds;
  }

  private count(op: string, outcome: string): void {
    const outcomes = this.reached.get(op) ?? new Map<string, number>();
    this.reached.set(op, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
  }

  private async disagree(
    steps: readonly RecordedStep[],
    difference: Difference,
    { results }: Answered,
    path: string,
  ): Promise<void> {
    const name = identity(difference);
    const known = this.found.get(name);
    const again = known === undefined ? 0 : known.again + 1;
    if (known === undefined) this.lastNew = this.programs;
    else if (again > LOOK.shrunk || known.difference.silence !== null) {
      this.found.set(name, { ...known, again });
      return;
    }
    const shrunk = await shrinkOnKernel(this.pair, steps, difference, results, {
      stop: () => this.options.stop() !== null,
      told: (runs) => this.tell(runs),
    });
    const shorter = known === undefined || isShorter(shrunk, known);
    this.found.set(name, shorter ? { ...shrunk, identity: name, path, again } : { ...known, again });
  }

  private tell(shrinking: number): void {
    const { programs, operations, seconds } = this;
    this.options.told?.({ programs, operations, seconds, found: this.found.size, shrinking });
  }

  report(): LiveReport {
    const { kernel, design } = this.pair;
    return {
      kernel: kernel.header.kernel,
      where: kernel.where,
      design: design.name,
      seed: this.options.seed,
      claims: this.claims,
      programs: this.programs,
      operations: this.operations,
      unplayable: this.unplayable,
      seconds: this.seconds,
      found: [...this.found.values()],
      coverage: this.coverage(),
      stopped: this.stopped,
    };
  }

  private coverage(): Coverage {
    const reached: Record<string, Record<string, number>> = {};
    const never: string[] = [];
    for (const op of Object.keys(this.pair.player.operations)) {
      const seen = this.reached.get(op);
      const call = this.pair.design.calls[op];
      if (seen === undefined) {
        if (call !== undefined) never.push(`${op} was never made`);
        continue;
      }
      reached[op] = Object.fromEntries([...seen].sort(([a], [b]) => (a < b ? -1 : 1)));
      for (const result of [...(call?.returns ?? []), ...(call?.exits ?? [])])
        if (!seen.has(result)) never.push(`${op} never ended with ${result}`);
    }
    return { reached, never };
  }
}
