/** What tells two designs apart, run again on plain states in each of them. */
import { TRACE_FORMAT, type SectionStep, type Trace } from "../../spec/language/trace.ts";
import type { Bounded } from "../explore/bounded.ts";
import { Totals } from "../explore/explored.ts";
import { NO_LIMIT } from "../explore/sweep.ts";
import { go } from "../interleave/schedule.ts";
import { Interleaving } from "../interleave/search.ts";
import { endsOfTwo, type EndOfTwo } from "../interleave/two-calls.ts";
import { runPath } from "../trace/run.ts";
import { Race } from "../trace/race.ts";
import type { Leg } from "./lockstep.ts";
import type { Shared, SharedCall } from "./shared.ts";

export type Side = "a" | "b";

/** The way to where a call ends differently, and that call; without it where a design cannot make it. */
export function tracesOf(shared: Shared, way: readonly Leg[], last: SharedCall): Record<Side, Trace> {
  const trace = (side: Side): Trace => {
    const [subject, k] = [shared[side], last[side]];
    if (way.every(({ calls }) => calls.length === 1)) {
      const calls = [...way.map(({ calls: [call] }) => call![side]), k];
      return calledIn(
        subject,
        calls.filter((call) => call >= 0),
      );
    }
    const racing = new Racing(subject);
    way.forEach((leg) => racing.take(leg, side));
    if (k >= 0) racing.make(k);
    return racing.trace();
  };
  return { a: trace("a"), b: trace("b") };
}

/** The way to where two calls overlap and end as `text` says, in the design that has this end. */
export function raceTo(
  shared: Shared,
  side: Side,
  way: readonly Leg[],
  calls: readonly SharedCall[],
  isEnd: (end: EndOfTwo) => boolean,
): Trace {
  const racing = new Racing(shared[side]);
  way.forEach((leg) => racing.take(leg, side));
  racing.overlap(calls[0]![side], calls[1]![side], isEnd);
  return racing.trace();
}

function headOf({
  design,
  bounds,
  scenario,
  tracked,
}: Bounded): Pick<Trace, "format" | "design" | "bounds" | "scenario" | "tracked" | "breach"> {
  return { format: TRACE_FORMAT, design: design.name, bounds, scenario, tracked, breach: null };
}

function calledIn(subject: Bounded, numbers: readonly number[]): Trace {
  const calls = numbers.map((k) => subject.instances[k]!);
  const run = runPath(subject, calls) ?? runPath(subject, calls.slice(0, -1));
  if (run === null) throw lost(subject);
  return { ...headOf(subject), mode: "sequential", steps: run.steps };
}

function lost({ design }: Bounded): Error {
  return new Error(`the calls that lead to a difference cannot be made again in ${design.name}`);
}

/** A run in which some calls overlap, two at a time. */
class Racing {
  private readonly subject: Bounded;
  private readonly race: Race;
  private readonly search: Interleaving;

  constructor(subject: Bounded) {
    this.subject = subject;
    this.race = new Race(subject, subject.instances, true);
    this.search = new Interleaving(subject, { budget: NO_LIMIT }, new Totals(), 0);
  }

  take({ calls, to }: Leg, side: Side): void {
    const [first, second] = calls.map((call) => call[side]);
    if (second === undefined) return this.make(first!);
    const packed = to[side];
    this.overlap(first!, second, (end) => end.results !== null && isSame(end.packed, packed));
  }

  /** A call that nobody disturbs, as far as it goes; once round where it goes round for ever. */
  make(k: number): void {
    const { race } = this;
    const thread = race.threads.length;
    const seen = new Set<string>();
    let isStopped = race.take(k) !== null;
    while (!isStopped && race.bug === null && race.threads[thread]!.frame !== null) {
      const here = `${this.packed().join()} ${race.threads[thread]!.frame!.id}`;
      isStopped = seen.has(here) || race.take(go(thread)) !== null;
      seen.add(here);
    }
  }

  /** The state at hand. */
  private packed(): Int32Array {
    const { codec } = this.search;
    const words = new Int32Array(codec.words);
    codec.pack(this.race.states.at(-1)!, words, 0);
    return words;
  }

  overlap(a: number, b: number, isEnd: (end: EndOfTwo) => boolean): void {
    const { race, search } = this;
    const end = [...endsOfTwo(search, this.packed(), a, b, true)].find(isEnd);
    if (end === undefined) throw lost(this.subject);
    const threads: (number | undefined)[] = [undefined, undefined];
    for (const who of end.turns) {
      const thread = threads[who];
      if (thread === undefined) threads[who] = race.threads.length;
      if (race.take(thread === undefined ? [a, b][who]! : go(thread)) !== null) throw lost(this.subject);
    }
  }

  trace(): Trace {
    const { race, subject } = this;
    const { mode, overlap } = subject;
    const blocked = race.blocked.at(-1)!;
    const steps: readonly SectionStep[] = race.steps;
    return {
      ...headOf(subject),
      mode: mode === "full" ? "full" : "overlap",
      overlap,
      steps,
      ...(blocked.length === 0 ? {} : { blocked }),
    };
  }
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  return a.every((word, i) => word === b[i]);
}
