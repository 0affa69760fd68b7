/**
 * What random runs have reached: each declared result of each call, each `sometimes`, and classes: a call with its result and the kinds of cells that it
 * changed.
 */
import type { AnyCall } from "../../spec/language/call.ts";

/** "create_vm:EINVAL", or the name of a `sometimes`. */
export type Goal = string;

export function goalOf(call: string, result: string): Goal {
  return `${call}:${result}`;
}

/** The results that a call declares; success is a value where it gives one, and one of its exits or 0 where it has exits. */
export function declaredResults({ gives, returns, exits }: AnyCall): string[] {
  const success = gives === undefined ? "0" : "value";
  return [...(exits.length === 0 ? [success] : []), ...returns, ...exits];
}

export class Coverage {
  readonly goals: readonly Goal[];
  readonly sometimes = new Set<string>();
  private readonly asked: readonly string[];
  private readonly counts = new Map<Goal, number>();
  private readonly classes = new Set<string>();

  /** `sometimes`: those that are asked. */
  constructor(calls: readonly (readonly [string, AnyCall])[], sometimes: readonly string[]) {
    this.asked = sometimes;
    this.goals = [
      ...calls.flatMap(([name, call]) => declaredResults(call).map((result) => goalOf(name, result))),
      ...sometimes,
    ];
  }

  /** A call ended so, and changed cells of these kinds; whether that is the first of its class. */
  note(call: string, result: string, marks: Uint8Array): boolean {
    const goal = goalOf(call, result);
    this.counts.set(goal, (this.counts.get(goal) ?? 0) + 1);
    const kinds: number[] = [];
    for (let kind = 0; kind < marks.length; kind++) if (marks[kind] === 1) kinds.push(kind);
    const before = this.classes.size;
    return this.classes.add(`${goal} ${kinds.join(",")}`).size > before;
  }

  get classCount(): number {
    return this.classes.size;
  }

  isReached(goal: Goal): boolean {
    return this.counts.has(goal) || this.sometimes.has(goal);
  }

  /** How often a call ended so. */
  count(goal: Goal): number {
    return this.counts.get(goal) ?? 0;
  }

  /** Goals of calls that are not reached yet. */
  openCalls(): Goal[] {
    return this.goals.filter((goal) => !this.asked.includes(goal) && !this.isReached(goal));
  }

  neverReached(): Goal[] {
    return this.goals.filter((goal) => !this.isReached(goal));
  }
}
