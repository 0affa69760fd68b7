/**
 * The reference search: the obvious one, against which every other is tested. States are plain objects, copied for each call that
 * changes one, and kept as JSON text; nothing is packed, nothing restored, everything is tracked. Every call is run twice, and its
 * locks are followed.
 */
import { disabled, mayLeave } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { isFailure, outcomeName } from "../../spec/language/outcome.ts";
import { FAILED_CALL, type AnyProperty, type Made } from "../../spec/language/property.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Bounded } from "./bounded.ts";
import { callText } from "./instances.ts";
import { runWithLocks, type Ended, type Instance } from "./sequential.ts";
import { canonical, changes } from "./walk.ts";

export interface Reference {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Calls of the shortest trace to each breach, and to each `sometimes`. */
  readonly found: ReadonlyMap<string, number>;
  /** "call outcome" → how often. */
  readonly outcomes: ReadonlyMap<string, number>;
}

export function referenceSearch(subject: Bounded): Reference {
  const { instances } = subject;
  const found = new Map<string, number>();
  const outcomes = new Map<string, number>();
  let transitions = 0;
  let depth = 0;
  const note = (name: string, steps: number): void => void (found.has(name) || found.set(name, steps));
  const initial = subject.start;
  const seen = new Set([JSON.stringify(initial)]);
  let level: object[] = [initial];
  noteStates(subject, level, 0, note);
  while (level.length > 0) {
    const next: object[] = [];
    for (const state of level) {
      const before = new Before(state, subject);
      for (const instance of instances) {
        const { ended, after, text } = step(subject, instance, before);
        if (ended === disabled) continue;
        transitions++;
        if (ended instanceof KernelBug) {
          note(ended.breaks.name, depth + 1);
          continue;
        }
        const key = `${instance.name} ${outcomeName(ended)}`;
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
        noteStep(subject, instance, ended, before, after, depth + 1, note);
        if (seen.has(text)) continue;
        seen.add(text);
        next.push(after);
      }
    }
    noteStates(subject, next, depth + 1, note);
    if (next.length > 0) depth++;
    level = next;
  }
  return { states: seen.size, transitions, depth, found, outcomes };
}

/** A state, and a copy for calls to run on: one that a call left as it was serves the next. */
class Before {
  readonly text: string;
  readonly view: unknown;
  readonly state: object;
  private copy: object | null = null;

  constructor(state: object, { design, m }: Bounded) {
    this.state = state;
    this.text = JSON.stringify(state);
    this.view = design.view(state, m);
  }

  draft(): object {
    return (this.copy ??= JSON.parse(this.text) as object);
  }

  /** Whether the draft is still as the state is; otherwise the next call has another. */
  isKept(): boolean {
    if (JSON.stringify(this.copy) === this.text) return true;
    this.copy = null;
    return false;
  }
}

interface Stepped {
  readonly ended: Ended | KernelBug;
  readonly after: object;
  /** Of the state behind it. */
  readonly text: string;
}

function step({ design, m, sizes }: Bounded, instance: Instance, before: Before): Stepped {
  const run = (): Stepped => {
    const draft = before.draft();
    const ended = orBug(() => runWithLocks(instance, draft, m));
    if (before.isKept()) return { ended, after: before.state, text: before.text };
    const after = canonical(design.state, sizes, draft) as object;
    return { ended, after, text: JSON.stringify(after) };
  };
  const [once, twice] = [run(), run()];
  if (once.text !== twice.text || JSON.stringify(once.ended) !== JSON.stringify(twice.ended)) {
    throw new ModelError(
      `${callText(instance.name, instance.params)} is not deterministic`,
      instance.call.place,
      "a section that reads the clock, a random number, or a variable outside the state",
    );
  }
  return once;
}

function orBug(run: () => Ended): Ended | KernelBug {
  try {
    return run();
  } catch (error) {
    if (error instanceof KernelBug) return error;
    throw error;
  }
}

type Note = (name: string, steps: number) => void;

function noteStates(subject: Bounded, states: readonly object[], depth: number, note: Note): void {
  for (const state of states) {
    const view: unknown = subject.design.view(state, subject.m);
    for (const { property, instances, unanswered } of subject.properties) {
      if (unanswered.length > 0 || property.kind === "step") continue;
      for (const instance of instances) {
        if (property.when !== undefined && !property.when(view, instance)) continue;
        if (property.holds(view, instance) === (property.kind === "sometimes")) note(property.name, depth);
      }
    }
  }
}

function noteStep(
  { design, m, properties }: Bounded,
  instance: Instance,
  result: Exclude<Ended, typeof disabled>,
  before: Before,
  after: object,
  depth: number,
  note: Note,
): void {
  const changed = after === before.state ? [] : changes(design.state, before.state, after);
  if (changed.length > 0 && isFailure(result) && !mayLeave(instance.call.leaves[result], changed))
    note(FAILED_CALL.name, depth);
  const made: Made = { call: instance.name, by: instance.call.by, params: instance.params, result };
  const was = before.view;
  const is: unknown = after === before.state ? was : design.view(after, m);
  for (const { property, instances, unanswered } of properties) {
    if (unanswered.length > 0 || property.kind !== "step") continue;
    for (const over of instances) if (isBrokenBy(property, was, made, is, over)) note(property.name, depth);
  }
}

function isBrokenBy(
  property: Extract<AnyProperty, { kind: "step" }>,
  before: unknown,
  made: Made,
  after: unknown,
  over: Readonly<Record<string, number>>,
): boolean {
  if (property.when !== undefined && !property.when(before, made, over)) return false;
  return !property.holds(before, made, after, over);
}
