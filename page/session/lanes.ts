/** Who did what when: a lane for each actor, with what ran as blocks, locks held as bars, and stretches in which nothing could go on. */
import { outcomeText } from "../../spec/language/outcome.ts";
import type { SectionStep, TraceStep, Waiting } from "../../spec/language/trace.ts";
import { callText } from "../../checkers/explore/instances.ts";
import { actorOf } from "../../checkers/interleave/frame.ts";

/** What ran in one step. Moments are between steps: a block from moment 2 to 3 is step 2 (counted from 0). */
export interface Block {
  readonly from: number;
  readonly to: number;
  readonly call: string;
  /** The call with its parameters. */
  readonly says: string;
  /** Sections that ran, in order; in a sequential trace the call is one block, and this is empty. */
  readonly sections: readonly string[];
  readonly begins: boolean;
  readonly ends: boolean;
  /** Number of the call in the order in which calls began. */
  readonly thread: number;
  readonly result: string | null;
  readonly waits: string | null;
  readonly changes: number;
}

/** A time during which a lock is held, or a call waits for something. */
export interface Stretch {
  /** Index of the moment at which it begins. */
  readonly from: number;
  /** Index of the moment at which it ends; that of the last moment where it has not ended. */
  readonly to: number;
  readonly isOpen: boolean;
  /** The lock: "mmu_lock[0] (write)"; or what is waited for. */
  readonly what: string;
  readonly thread: number;
}

/** A call from its begin to its end. */
export interface InFlight extends Stretch {
  readonly call: string;
}

export interface Lane {
  /** "task 0", "vCPU 0 of VM 0", "memory_failure"; in a sequential trace "task", "vCPU 0" … */
  readonly actor: string;
  readonly blocks: readonly Block[];
  readonly calls: readonly InFlight[];
  readonly locks: readonly Stretch[];
  readonly blocked: readonly Stretch[];
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  /** How many steps there are: moments go from 0 to this. */
  readonly steps: number;
  /** Index of the step from which on the trace goes round for ever; null where it does not. */
  readonly loop: number | null;
}

/** What lanes are made of: a run. */
interface Laid {
  readonly steps: readonly (TraceStep | SectionStep)[];
  blockedAt(index: number): readonly Waiting[];
  acquiredBy(step: number): string | null;
}

/** One step with who took it; a call that does not overlap is a step of its own. */
interface Placed extends Pick<SectionStep, "thread" | "actor" | "sections" | "begins" | "ends" | "holds"> {
  readonly step: TraceStep | SectionStep;
  readonly waits: string | null;
}

export function lanesOf(run: Laid, loop: number | null): Lanes {
  const steps = run.steps.map(placed);
  const actors = [...new Set(steps.map(({ actor }) => actor))];
  const last = steps.length;
  const actorOfThread = new Map(steps.map(({ thread, actor }) => [thread, actor]));
  const calls = inFlight(steps);
  const locks = [...held(steps), ...passing(run, steps)];
  const blocked = waiting(run, last);
  const own = <T extends Stretch>(all: readonly T[], actor: string): T[] =>
    all.filter(({ thread }) => actorOfThread.get(thread) === actor).sort((a, b) => a.from - b.from);
  const lanes = actors.map((actor) => ({
    actor,
    blocks: steps.flatMap((step, i) => (step.actor === actor ? [blockOf(step, i)] : [])),
    calls: own(calls, actor),
    locks: own(locks, actor),
    blocked: own(blocked, actor),
  }));
  return { lanes, steps: last, loop };
}

function placed(step: TraceStep | SectionStep, index: number): Placed {
  if ("thread" in step) return { ...step, step, waits: step.waits ?? null };
  const actor = actorOf(step.by, step.call, step.params);
  return { step, actor, thread: index, sections: [], begins: true, ends: true, holds: [], waits: null };
}

function blockOf({ step, sections, begins, ends, thread, waits }: Placed, from: number): Block {
  const { call, params, result, changes } = step;
  const said = { call, says: callText(call, params), sections, begins, ends, thread, waits };
  return {
    from,
    to: from + 1,
    ...said,
    result: result === null ? null : outcomeText(result),
    changes: changes.length,
  };
}

function inFlight(steps: readonly Placed[]): InFlight[] {
  const ends = new Map(steps.flatMap(({ thread, ends }, i) => (ends ? [[thread, i + 1] as const] : [])));
  return steps.flatMap(({ begins, thread, step }, from) => {
    if (!begins) return [];
    const { call, params } = step;
    const to = ends.get(thread);
    return [
      { from, to: to ?? steps.length, isOpen: to === undefined, what: callText(call, params), thread, call },
    ];
  });
}

/** Locks from the step that took them to the one that dropped them, both with. */
function held(steps: readonly Placed[]): Stretch[] {
  const found: Stretch[] = [];
  const open = new Map<string, Stretch>();
  for (const [i, { thread, holds }] of steps.entries()) {
    for (const [key, stretch] of open)
      if (stretch.thread === thread && !holds.includes(stretch.what)) {
        open.delete(key);
        found.push({ ...stretch, to: i + 1, isOpen: false });
      }
    for (const what of holds) {
      const key = `${thread} ${what}`;
      if (!open.has(key)) open.set(key, { from: i, to: steps.length, isOpen: true, what, thread });
    }
  }
  return [...found, ...open.values()];
}

/** Locks that a step took and dropped itself. */
function passing(run: Laid, steps: readonly Placed[]): Stretch[] {
  return steps.flatMap(({ thread, holds }, from) => {
    const what = run.acquiredBy(from);
    if (what === null || holds.includes(what)) return [];
    return [{ from, to: from + 1, isOpen: false, what, thread }];
  });
}

/** Calls in flight that could not go on, from moment to moment. */
function waiting(run: Laid, last: number): Stretch[] {
  const found: Stretch[] = [];
  const open = new Map<string, Stretch>();
  for (let moment = 0; moment <= last; moment++) {
    const now = run.blockedAt(moment);
    const keys = new Set(now.map((one) => `${one.thread} ${one.for}`));
    for (const [key, stretch] of open)
      if (!keys.has(key)) {
        open.delete(key);
        found.push({ ...stretch, to: moment, isOpen: false });
      }
    for (const { thread, for: what } of now) {
      const key = `${thread} ${what}`;
      if (!open.has(key)) open.set(key, { from: moment, to: last, isOpen: true, what, thread });
    }
  }
  return [...found, ...open.values()];
}
