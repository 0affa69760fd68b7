/** Whether a race ends in the breach that its trace names: every one is found again from what the calls do, and none believed. */
import { disabled } from "../../spec/language/call.ts";
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
import type { Codec } from "../explore/codec.ts";
import { canonical } from "../explore/walk.ts";
import { lasting, mayEndSo, type Results } from "../interleave/atomic.ts";
import type { Race } from "./race.ts";
import { breaksState } from "./run.ts";

/** `loop`: index of the step from which on the trace says that it goes round. */
export function isBrokenInRace(
  subject: Scene,
  breach: Breach,
  race: Race,
  loop: number | undefined,
): boolean {
  if (race.bug !== null) return race.bug.breaks.name === breach.property;
  const inFlight = race.threads.filter(({ frame }) => frame !== null).length;
  switch (breach.property) {
    case NO_DEADLOCK.name:
      return inFlight > 1 && race.blocked.at(-1)!.length === inFlight;
    case CALLS_END.name:
      return loop !== undefined && goesRound(race, loop);
    case LOCK_ORDER.name:
      // What nests the other way round is in another run: of this one, the half that was found last is to be seen.
      return race.nestings.some((text) => breach.why.startsWith(`${text};`));
    case LINEARIZABLE.name:
      return hasNoOrder(subject, race);
  }
  const asked = subject.properties.find(({ property }) => property.name === breach.property);
  if (asked === undefined || asked.unanswered.length > 0 || asked.property.kind === "step") return false;
  if (inFlight > 0 && asked.property.anytime !== true) return false;
  return breaksState(subject, asked.property, breach.instance, race.states.at(-1)!);
}

/** The loop leads back to where it began, and whoever takes no step in it never could. */
function goesRound(race: Race, loop: number): boolean {
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

/** Two calls overlapped, from a state in which none was in flight, and ended as neither order of them does. */
function hasNoOrder(subject: Scene, race: Race): boolean {
  const [a, b] = [race.threads.at(-2), race.threads.at(-1)];
  if (a === undefined || b === undefined || a.result === null || b.result === null) return false;
  const start = race.steps.findIndex(({ thread, begins }) => begins && thread === race.threads.length - 2);
  if (race.frames[start]!.some((frame) => frame !== 0)) return false;
  const from = race.states[start]!;
  const codec = lasting(subject);
  const first = inOrder(subject, codec, from, a.instance, b.instance);
  const second = inOrder(subject, codec, from, b.instance, a.instance);
  if (first === "bug" || second === "bug") return false;
  const orders = [first, second === null ? null : { ...second, results: swapped(second.results) }].filter(
    (order) => order !== null,
  );
  const results: Results = [a.result, b.result];
  const state = packed(codec, race.states.at(-1)!);
  const isEnd = (order: Order): boolean =>
    order.state === state && order.results.every((outcome, i) => sameOutcome(outcome, results[i]!));
  const names = [a.instance.name, b.instance.name] as const;
  const inOrders = orders.map((order) => order.results);
  return !orders.some(isEnd) && !mayEndSo(subject.design, names, results, inOrders);
}

interface Order {
  readonly results: Results;
  readonly state: string;
}

/** One call after the other; null where that cannot be. */
function inOrder(
  { design, m, sizes }: Scene,
  codec: Codec,
  from: object,
  first: Instance,
  second: Instance,
): Order | "bug" | null {
  const state = structuredClone(from);
  try {
    const one = first.run(state, m);
    if (one === disabled) return null;
    const between = canonical(design.state, sizes, state) as object;
    const other = second.run(between, m);
    if (other === disabled) return null;
    return { results: [one, other], state: packed(codec, between) };
  } catch (error) {
    if (error instanceof KernelBug) return "bug";
    throw error;
  }
}

function swapped([first, second]: Results): Results {
  return [second, first];
}

function packed(codec: Codec, state: object): string {
  const words = new Int32Array(codec.words);
  codec.pack(state, words, 0);
  return words.join(",");
}
