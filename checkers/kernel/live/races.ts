/**
 * Random racing blocks on a real kernel, against all that a design allows. What a kernel does that is not allowed, or that ends in a
 * hang, a death or a complaint, is a finding; it is made smaller on the kernel.
 */
import fc from "fast-check";
import type { AnyDesign } from "../../../spec/language/design.ts";
import type { Licence } from "../../../spec/programs.ts";
import type { MadeRace, Races } from "../../../spec/races.ts";
import { ask } from "./disagreement.ts";
import { shrinkRace, type SmallestRace } from "./shrink-race.ts";
import { expected, findingOf, tryRace, type Expected, type Sides, type Trial } from "./trial.ts";

export interface RaceOptions {
  readonly races: Races;
  /** Blocks, and how often each of them is run. */
  readonly runs: number;
  readonly iterations: number;
  readonly seed: number;
  /** This block alone, from 0. */
  readonly only: number | null;
  readonly licence: Licence;
  /**
   * The design of the kernel's own version where an oops would take this machine with it: blocks in which that runs into a bug, or which it
   * does not follow to the end, are not run. Null where the kernel may crash.
   */
  readonly careful: AnyDesign | null;
  /** For the shrinking of one finding. */
  readonly shrinkSeconds: number;
  /** Why to stop, or null. */
  readonly stop: () => string | null;
  readonly told: (text: string) => void;
}

export interface RaceFinding {
  /** "not allowed", "other setup", or how the kernel failed. */
  readonly what: string;
  /** The block of the run, from 0, and what of it was seen there. */
  readonly run: number;
  readonly first: { readonly race: MadeRace; readonly trial: Trial };
  readonly smallest: SmallestRace;
  /** In how many of how many more tries the smallest block showed it, each of so many runs. */
  readonly again: { readonly shown: number; readonly tries: number; readonly iterations: number };
  /** Of further blocks, how many showed it. */
  more: number;
}

export interface RacesReport {
  readonly blocks: number;
  /** Runs of blocks, and the steps that all of them made. */
  readonly iterations: number;
  readonly operations: number;
  readonly allowed: number;
  readonly observed: number;
  /** Blocks that were not run, by the reason. */
  readonly notRun: ReadonlyMap<string, number>;
  readonly findings: readonly RaceFinding[];
  readonly stopped: string | null;
  readonly seconds: number;
}

export async function runRaces(sides: Sides, options: RaceOptions): Promise<RacesReport> {
  const lane = new Lane(sides, options);
  for (const [run, naturals] of drawn(options).entries()) {
    if (options.stop() !== null) break;
    if (options.only !== null && run !== options.only) continue;
    await lane.take(run, options.races.race(sides.kernel.header, naturals, options.licence));
  }
  return lane.report();
}

/** Without fast-check's liking for small numbers: here they all mean as much. */
function drawn({ races: { width }, runs, seed, only }: RaceOptions): number[][] {
  const naturals = fc.noBias(fc.array(fc.nat(), { minLength: width, maxLength: width }));
  return fc.sample(naturals, { seed, numRuns: only === null ? runs : only + 1 });
}

/** More tries of the smallest block, to say how often it shows what it shows. */
const AGAIN = 3;

class Lane {
  private readonly sides: Sides;
  private readonly options: RaceOptions;
  private readonly begun = performance.now();
  private readonly notRun = new Map<string, number>();
  private readonly findings = new Map<string, RaceFinding>();
  private blocks = 0;
  private operations = 0;
  private allowed = 0;
  private observed = 0;

  constructor(sides: Sides, options: RaceOptions) {
    this.sides = sides;
    this.options = options;
  }

  async take(run: number, race: MadeRace): Promise<void> {
    const { iterations, seed, told } = this.options;
    told(`race ${run + 1} of ${this.options.runs}: ${race.title}`);
    const allowed = expected(this.sides, race);
    const reason = this.whyNot(race, allowed);
    if (allowed === null || allowed === "too big" || reason !== null)
      return void this.notRun.set(reason!, (this.notRun.get(reason!) ?? 0) + 1);
    const trial = await tryRace(this.sides, race, allowed, iterations, seed + run);
    this.count(race, trial);
    const what = findingOf(trial);
    if (what === null) return;
    const identity = identityOf(what, race, allowed);
    const known = this.findings.get(identity);
    if (known !== undefined) return void known.more++;
    this.findings.set(identity, await this.finding(run, race, { trial, expected: allowed }, what));
  }

  /** Why a block is not run; null if it is. */
  private whyNot(race: MadeRace, allowed: Expected | "too big" | null): string | null {
    if (allowed === null) return "it cannot be run as it is written";
    if (allowed === "too big") return "it has too many interleavings";
    const danger = this.danger(race, allowed);
    if (danger !== null)
      return `${this.options.careful!.name} runs into a bug, and this machine with it: ${danger}`;
    const { bugs } = allowed.outcomes;
    if (bugs.length === 0) return null;
    const met = [...this.findings.values()].find(
      ({ smallest }) => smallest.expected.outcomes.bugs.join() === bugs.join(),
    );
    return met === undefined ? null : `it would meet again what was met: ${bugs.join("; ")}`;
  }

  /** What may take this machine down. */
  private danger(race: MadeRace, compared: Expected): string | null {
    const { careful } = this.options;
    if (careful === null) return null;
    const own = careful === this.sides.design ? compared : expected({ ...this.sides, design: careful }, race);
    if (own === null || own === "too big") return "it was not followed to the end";
    return own.outcomes.bugs.length === 0 ? null : own.outcomes.bugs.join("; ");
  }

  private count({ setup, threads, final }: MadeRace, trial: Trial): void {
    this.blocks++;
    if (trial.kind === "failed") return;
    this.operations += this.options.iterations * (setup.length + threads.flat().length + final.length);
    this.allowed += trial.litmus.allowed;
    this.observed += trial.litmus.observed;
  }

  private async finding(
    run: number,
    race: MadeRace,
    first: { readonly trial: Trial; readonly expected: Expected },
    what: string,
  ): Promise<RaceFinding> {
    const { races, iterations, seed, shrinkSeconds, stop, told } = this.options;
    const end = performance.now() + 1000 * shrinkSeconds;
    const smallest = await shrinkRace(this.sides, race, first, {
      races,
      tries: 2,
      iterations,
      seed: seed + run,
      mayRun: (smaller, allowed) => this.danger(smaller, allowed) === null,
      stop: () => stop() !== null || performance.now() > end,
      told: (asked) => told(`race ${run + 1}, ${race.title}: ${what}; smaller block ${asked}`),
    });
    const answered = { ...smallest, trial: await this.withSetup(smallest.trial) };
    const again = await this.again(smallest, what);
    return { what, run, first: { race, trial: first.trial }, smallest: answered, again, more: 0 };
  }

  /** A race that failed has not told what its setup answered: the setup alone does. */
  private async withSetup(trial: Trial): Promise<Trial> {
    if (trial.kind === "answered") return trial;
    const { setup } = trial.block;
    const { results } = await ask(this.sides.kernel, setup);
    const answered = setup.map((step, i) =>
      results[i] === undefined ? step : { ...step, result: results[i] },
    );
    return { ...trial, block: { ...trial.block, setup: answered } };
  }

  private async again(
    { race, expected: allowed }: SmallestRace,
    what: string,
  ): Promise<RaceFinding["again"]> {
    const { iterations, seed } = this.options;
    let shown = 0;
    let tries = 0;
    for (; tries < AGAIN && this.options.stop() === null; tries++)
      if (findingOf(await tryRace(this.sides, race, allowed, iterations, seed + AGAIN + tries)) === what)
        shown++;
    return { shown, tries, iterations };
  }

  report(): RacesReport {
    const { blocks, operations, allowed, observed, notRun, findings } = this;
    const seconds = (performance.now() - this.begun) / 1000;
    return {
      blocks,
      iterations: blocks * this.options.iterations,
      operations,
      allowed,
      observed,
      notRun,
      findings: [...findings.values()],
      stopped: this.options.stop(),
      seconds,
    };
  }
}

/** Blocks of the same title that show the same, or that run into the same bug of the design, are taken for one finding. */
function identityOf(what: string, { title }: MadeRace, { outcomes: { bugs } }: Expected): string {
  return `${what}: ${bugs.length > 0 ? bugs.join("; ") : title}`;
}
