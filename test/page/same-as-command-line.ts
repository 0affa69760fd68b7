/** What a session must show of a stored counterexample: what the command line says of it, found again. */
import { expect } from "vitest";
import { readTrace } from "../../checkers/trace/file.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { LOCK_ORDER } from "../../spec/language/kernel-bug.ts";
import { openSession } from "../../page/session/open.ts";
import type { Session } from "../../page/session/session.ts";
import { storedOf } from "./stored.ts";

export async function isAsOnTheCommandLine(file: string): Promise<void> {
  const { design, document } = await storedOf(file);
  const session = openSession(design, document, file);
  const { property, instance, why } = document.breach;
  const [shown] = session.moments.at(-1)!.breaches;
  // The half of a lock order that is in another run cannot be found again in this one.
  const by = property === LOCK_ORDER.name ? "trace" : "run";
  expect(shown).toMatchObject({ property, instance, why, by });
  expect(session.property).toBe(property);
  expect(session.differences).toEqual([]);
  expect(session.moments.length).toBe(document.steps.length + 1);
  replays(session, true);
}

/** What a session writes is a trace that is accepted and does what it says. */
export function replays(session: Session, broken: boolean | null): void {
  const text = JSON.stringify(session.toTrace());
  const replayed = replay(session.design, readTrace(text, "exported"), "exported");
  expect({ differences: replayed.differences, broken: replayed.broken }).toEqual({ differences: [], broken });
}
