/** Whether a race ends in the breach that its trace names: every one is found again from what the calls do, and none believed. */
import { disabled } from "../../spec/language/call.ts";
import type { AnyDomain } from "../../spec/language/domain.ts";
import {
  CALLS_END,
  KernelBug,
  LINEARIZABLE,
  LOCK_ORDER,
  NO_DEADLOCK,
} from "../../spec/language/kernel-bug.ts";
import { sameOutcome } from "../../spec/language/outcome.ts";
import type { Breach } from "../../spec/language/trace.ts";
import type { Scene } from "../explore/bounded.ts";
import type { Instance } from "../explore/sequential.ts";
import { canonical } from "../explore/walk.ts";
import { FLEETING, endsText, mayEndSo, type Results } from "../interleave/atomic.ts";
import { waitersText } from "../interleave/stuck.ts";
import type { Raced } from "./race.ts";
import { breaksState } from "./run.ts";

/** `loop`: index of the step from which on the trace says that it goes round. */
export function isBrokenInRace(
  subject: Scene,
  breach: Breach,
  race: Raced,
  loop: number | undefined,
): boolean {
  if (race.bug !== null) return race.bug.breaks.name === breach.property;
  const inFlight = race.threads.filter(({ frame }) => frame !== null).length;
  switch (breach.property) {
    case NO_DEADLOCK.name:
      return whyStuck(race) !== null;
    case CALLS_END.name:
      return loop !== undefined && goesRound(race, loop);
    case LOCK_ORDER.name:
      // What nests the other way round is in another run: of this one, the half that was found last is to be seen.
      return race.nestings.some((text) => breach.why.startsWith(`${text};`));
    case LINEARIZABLE.name:
      return whyNoOrder(subject, race) !== null;
  }
  const asked = subject.properties.find(({ property }) => property.name === breach.property);
  if (asked === undefined || asked.unanswered.length > 0 || asked.property.kind === "step") return false;
  if (inFlight > 0 && asked.property.anytime !== true) return false;
  return breaksState(subject, asked.property, breach.instance, race.states.at(-1)!);
}

/** What the calls in flight wait for where none of them can go on; null where one can. */
export function whyStuck({ threads, steps, blocked }: Raced): string | null {
  const inFlight = threads.filter(({ frame }) => frame !== null).length;
  const waiting = blocked.at(-1)!;
  if (inFlight < 2 || waiting.length < inFlight) return null;
  return waitersText(
    waiting.map(({ thread, for: what }) => {
      const { instance, frame } = threads[thread]!;
      const { holds } = steps.findLast((step) => step.thread === thread)!;
      return { instance, at: frame!.at, holds, for: what };
    }),
  );
}

/** The shortest way round for ever to the state that was just reached: the index of its first step, and why it has no end. */
export function lassoOf(race: Raced): { readonly loop: number; readonly why: string } | null {
  const now = race.frames.at(-1)!;
  // Whoever has begun since has a number more.
  for (let loop = race.steps.length - 1; race.frames[loop]?.length === now.length; loop--) {
    if (race.frames[loop]!.join() !== now.join() || !goesRound(race, loop)) continue;
    const names = new Set(race.steps.slice(loop).map(({ thread }) => race.threads[thread]!.instance.name));
    return { loop, why: `${[...names].join(" and ")} can go round for ever` };
  }
  return null;
}

/** The loop leads back to where it began, and whoever takes no step in it never could. */
function goesRound(race: Raced, loop: number): boolean {
  const steps = race.steps.slice(loop);
  const flight = race.frames[loop];
  const text = (at: number): string => JSON.stringify([race.frames[at], race.states[at]]);
  if (steps.length === 0 || flight === undefined || text(loop) !== text(race.steps.length)) return false;
  const stepping = new Set(steps.map(({ thread }) => thread));
  const waiting = flight.flatMap((frame, thread) => (frame === 0 || stepping.has(thread) ? [] : [thread]));
  const isBlocked = (at: number, thread: number): boolean =>
    race.blocked[at]!.some((one) => one.thread === thread);
  return steps.every((_, i) => waiting.every((thread) => isBlocked(loop + i, thread)));
}

/** Two calls overlapped, from a state in which none was in flight: how they ended, if neither order of them ends so; else null. */
export function whyNoOrder(subject: Scene, race: Raced): string | null {
  const [a, b] = [race.threads.at(-2), race.threads.at(-1)];
  if (a === undefined || b === undefined || a.result === null || b.result === null) return null;
  const start = race.steps.findIndex(({ thread, begins }) => begins && thread === race.threads.length - 2);
  if (race.frames[start]!.some((frame) => frame !== 0)) return null;
  const from = race.states[start]!;
  const first = inOrder(subject, from, a.instance, b.instance);
  const second = inOrder(subject, from, b.instance, a.instance);
  if (first === "bug" || second === "bug") return null;
  const orders = [first, second === null ? null : { ...second, results: swapped(second.results) }].filter(
    (order) => order !== null,
  );
  const results: Results = [a.result, b.result];
  const state = lasting(subject, race.states.at(-1)!);
  const isEnd = (order: Order): boolean =>
    order.state === state && order.results.every((outcome, i) => sameOutcome(outcome, results[i]!));
  const names = [a.instance.name, b.instance.name] as const;
  const inOrders = orders.map((order) => order.results);
  if (orders.some(isEnd) || mayEndSo(subject.design, names, results, inOrders)) return null;
  return endsText(a.instance, b.instance, results, inOrders);
}

interface Order {
  readonly results: Results;
  readonly state: string;
}

/** One call after the other; null where that cannot be. */
function inOrder(subject: Scene, from: object, first: Instance, second: Instance): Order | "bug" | null {
  const { design, m, sizes } = subject;
  const state = structuredClone(from);
  try {
    const one = first.run(state, m);
    if (one === disabled) return null;
    const between = canonical(design.state, sizes, state) as object;
    const other = second.run(between, m);
    if (other === disabled) return null;
    return { results: [one, other], state: lasting(subject, canonical(design.state, sizes, between)) };
  } catch (error) {
    if (error instanceof KernelBug) return "bug";
    throw error;
  }
}

function swapped([first, second]: Results): Results {
  return [second, first];
}

/** A canonical state but for what is fleeting, as text: equal texts are equal states. Without generated code, which a browser may refuse to run. */
function lasting({ design }: Scene, state: unknown): string {
  return JSON.stringify(kept(design.state, state));
}

function kept(domain: AnyDomain, value: unknown): unknown {
  const { shape } = domain;
  switch (shape.kind) {
    case "tracked":
      return FLEETING.includes(shape.group) ? null : kept(shape.of, value);
    case "location":
    case "pointing":
      return kept(shape.of, value);
    case "maybe":
      return value === null ? null : [kept(shape.of, value)];
    case "record":
      return Object.entries(shape.fields).map(([name, field]) =>
        kept(field, (value as Readonly<Record<string, unknown>>)[name]),
      );
    case "per":
      return (value as readonly unknown[]).map((element) => kept(shape.of, element));
    default:
      return value;
  }
}
