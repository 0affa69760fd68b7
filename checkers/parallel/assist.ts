/** A thread that helps in a search which another one leads (crew.ts). */
import type { MessagePort } from "node:worker_threads";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Compiled } from "../compile/expander.ts";
import { TieredExpander } from "../compile/tiered.ts";
import { Translated } from "../compile/translated.ts";
import type { Bounded } from "../explore/bounded.ts";
import { Totals } from "../explore/explored.ts";
import { groundOf } from "../explore/interpreted.ts";
import { Barrier } from "./barrier.ts";
import type { Failure, FromHand, ToHand } from "./crew.ts";
import { Hand } from "./hand.ts";
import { stepsOf } from "./round.ts";
import { CELL } from "./shared.ts";

/** Says that the subject is there, and works when it is told to. */
export function assist(port: MessagePort, subject: Bounded, only: ReadonlySet<string> | undefined): void {
  const say = (message: FromHand): void => port.postMessage(message);
  port.once("message", (message: ToHand) => {
    try {
      say({ kind: "done", totals: work(subject, only, message, () => say({ kind: "ready" })) });
    } catch (error) {
      say({ kind: "failed", error: failureOf(error) });
    }
  });
  say({ kind: "loaded" });
}

function work(
  subject: Bounded,
  only: ReadonlySet<string> | undefined,
  { shared, me, translation }: ToHand,
  onReady: () => void,
): ReturnType<Totals["now"]> {
  const total = new Totals();
  const ground = groundOf(subject, subject.trackings[0]!, only, total);
  const expander = new TieredExpander(ground, new Translated(), undefined, translation as Compiled);
  const hand = new Hand(shared, me, expander, subject.instances.length);
  const barrier = new Barrier(shared);
  onReady();
  for (;;) {
    barrier.wait();
    if (Atomics.load(shared.control, CELL.over) !== 0) break;
    for (const step of stepsOf(shared, hand, () => total.transitions)) {
      step();
      barrier.wait();
    }
  }
  expander.flush();
  return total.now();
}

function failureOf(error: unknown): Failure {
  if (error instanceof ModelError) return { of: "model", message: error.message, place: error.place };
  return { of: "tool", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
