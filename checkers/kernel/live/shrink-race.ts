/** Makes a racing block smaller that shows something on a real kernel, as long as it shows it. */
import type { MadeRace, Races } from "../../../spec/races.ts";
import type { RecordedStep } from "../../../spec/recording.ts";
import { minimise, withoutChunks, type Minimised, type Reduction } from "../../fuzz/minimum.ts";
import { expected, findingOf, tryRace, type Expected, type Sides, type Trial } from "./trial.ts";

export interface ShrinkRace {
  readonly races: Races;
  /** How often a candidate is run before it is said not to show it, in how many runs each. */
  readonly tries: number;
  readonly iterations: number;
  readonly seed: number;
  /** Whether a block may be run at all. */
  readonly mayRun: (race: MadeRace, expected: Expected) => boolean;
  readonly stop: () => boolean;
  /** Hears how many candidates were run. */
  readonly told: (asked: number) => void;
}

export interface SmallestRace {
  readonly race: MadeRace;
  /** The last time that it showed it. */
  readonly trial: Trial;
  readonly expected: Expected;
  /** Null where time was up before a whole pass of single reductions. */
  readonly certificate: Minimised<MadeRace>["certificate"];
  /** Candidates that were run on the kernel. */
  readonly asked: number;
}

interface Shown {
  readonly trial: Trial;
  readonly expected: Expected;
}

export async function shrinkRace(
  sides: Sides,
  failing: MadeRace,
  first: Shown,
  options: ShrinkRace,
): Promise<SmallestRace> {
  const wanted = findingOf(first.trial);
  const shown = new Map<MadeRace, Shown>([[failing, first]]);
  let asked = 0;
  const shows = async (race: MadeRace): Promise<boolean> => {
    const allowed = expected(sides, race);
    if (allowed === null || allowed === "too big" || !options.mayRun(race, allowed)) return false;
    options.told(++asked);
    for (let n = 0; n < options.tries; n++) {
      const trial = await tryRace(sides, race, allowed, options.iterations, options.seed + n);
      if (findingOf(trial) !== wanted) continue;
      shown.set(race, { trial, expected: allowed });
      return true;
    }
    return false;
  };
  const { minimum, certificate } = await minimise(failing, (race) => ways(race, options.races), shows, {
    coarse,
    stop: options.stop,
  });
  return { race: minimum, ...shown.get(minimum)!, certificate, asked };
}

/** Many steps at once: all that makes nothing which the threads need, what is asked at the end, all but one step a thread, parts of the setup. */
function* coarse(race: MadeRace): Iterable<MadeRace> {
  const { setup, threads, final } = race;
  const alone = makersFor(setup, threads.flat());
  if (alone.length < setup.length || final.length > 0) yield { ...race, setup: alone, final: [] };
  const asking = makersFor(setup, [...threads.flat(), ...final]);
  if (asking.length < setup.length) yield { ...race, setup: asking };
  if (final.length > 0) yield { ...race, final: [] };
  if (threads.some(({ length }) => length > 1))
    for (const end of [0, -1]) yield { ...race, threads: threads.map((steps) => [steps.at(end)!]) };
  for (const smaller of withoutChunks(setup)) yield { ...race, setup: smaller };
}

/** The steps that make what others name, and what those name in turn: a name is made where it is first said. */
function makersFor(setup: readonly RecordedStep[], steps: readonly RecordedStep[]): RecordedStep[] {
  const kept = new Set<RecordedStep>();
  const needed = steps.flatMap(namesIn);
  for (const name of needed) {
    const maker = setup.find((step) => namesIn(step).includes(name));
    if (maker === undefined || kept.has(maker)) continue;
    kept.add(maker);
    needed.push(...namesIn(maker));
  }
  return setup.filter((step) => kept.has(step));
}

function namesIn({ op: _, result: __, ...args }: RecordedStep): string[] {
  return Object.values(args).flatMap((value) =>
    typeof value === "string"
      ? [value]
      : typeof value === "object" && value !== null
        ? Object.values(value).filter((inner) => typeof inner === "string")
        : [],
  );
}

function* ways(race: MadeRace, { simpler }: Races): Iterable<Reduction<MadeRace>> {
  const { setup, threads, final } = race;
  if (threads.length > 2)
    for (const t of threads.keys())
      yield { kind: "actor", what: `without thread ${t}`, to: { ...race, threads: threads.toSpliced(t, 1) } };
  for (const [what, smaller] of without(final))
    yield { kind: "deletion", what: `${what} at the end`, to: { ...race, final: smaller } };
  for (const [t, steps] of threads.entries()) {
    if (steps.length === 1) continue;
    for (const [what, smaller] of without(steps))
      yield {
        kind: "deletion",
        what: `${what} of thread ${t}`,
        to: { ...race, threads: threads.with(t, smaller) },
      };
  }
  for (const [what, smaller] of without(setup))
    yield { kind: "deletion", what: `${what} of the setup`, to: { ...race, setup: smaller } };
  yield* simplerSteps(race, simpler);
}

/** The list without each of its steps, the last first: what others need comes before them. */
function* without(steps: readonly RecordedStep[]): Iterable<readonly [string, readonly RecordedStep[]]> {
  for (let i = steps.length - 1; i >= 0; i--)
    yield [`without step ${i}, ${steps[i]!.op},`, steps.toSpliced(i, 1)];
}

function* simplerSteps(race: MadeRace, simpler: Races["simpler"]): Iterable<Reduction<MadeRace>> {
  const { setup, threads, final } = race;
  const each = function* (
    steps: readonly RecordedStep[],
    put: (steps: readonly RecordedStep[]) => MadeRace,
  ): Iterable<Reduction<MadeRace>> {
    for (const [i, step] of steps.entries())
      for (const to of simpler(step))
        yield { kind: "argument", what: `${step.op} with ${JSON.stringify(to)}`, to: put(steps.with(i, to)) };
  };
  for (const [t, steps] of threads.entries())
    yield* each(steps, (to) => ({ ...race, threads: threads.with(t, to) }));
  yield* each(final, (to) => ({ ...race, final: to }));
  yield* each(setup, (to) => ({ ...race, setup: to }));
}
