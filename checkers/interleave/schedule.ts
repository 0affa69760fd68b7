/**
 * Schedules: who goes on when. A number from 0 on begins the call of that instance; -1 - n lets the n-th call that was begun take its
 * next step. Unlike the moves of a search, which name interned frames, a schedule means the same in every run.
 */
import type { Bounded } from "../explore/bounded.ts";
import type { Advancer } from "./advance.ts";
import { Flight } from "./flight.ts";

export const go = (thread: number): number => -1 - thread;
export const threadOf = (move: number): number => -1 - move;

/** The moves of a search as a schedule, and the calls in flight where they lead. The last one may run into a bug of the kernel. */
export function schedule(
  subject: Bounded,
  advancer: Advancer,
  moves: readonly number[],
): { readonly schedule: number[]; readonly flight: Flight } {
  const { instances } = subject;
  const flight = new Flight(subject, instances, advancer);
  const found = moves.map((move) => {
    if (move < instances.length) {
      flight.begin(move);
      return move;
    }
    const thread = flight.threads.findIndex(({ frame }) => frame?.id === move - instances.length);
    flight.go(thread);
    return go(thread);
  });
  return { schedule: found, flight };
}
