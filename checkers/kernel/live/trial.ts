/** One racing block on a design and on a real kernel: what may come of it, and what came. */
import type { AnyDesign } from "../../../spec/language/design.ts";
import type { MadeRace } from "../../../spec/races.ts";
import type { Player } from "../../../spec/recording.ts";
import { InputError } from "../../input.ts";
import { isPossible, judge, stand, type Litmus } from "../litmus.ts";
import { IMPOSSIBLE, type Played } from "../play.ts";
import { outcomesOf, type Outcomes } from "../race.ts";
import type { Block } from "../recording.ts";
import { KernelFailure, type Kernel } from "./kernel.ts";
import type { Silence } from "./disagreement.ts";

/** What is asked, and what it is compared with. */
export interface Sides {
  readonly kernel: Kernel;
  readonly design: AnyDesign;
  readonly player: Player;
}

/** Nodes of a block's interleavings after which its outcomes are given up: some 20 seconds. */
const MOST_NODES = 200_000;

class TooBig extends Error {
  override readonly name = "TooBig";
}

/** What the design says of a block before it is run. */
export interface Expected {
  readonly setup: Played;
  readonly outcomes: Outcomes;
}

/** Null: nobody could run it as it is written. */
export function expected({ kernel, design, player }: Sides, race: MadeRace): Expected | "too big" | null {
  try {
    const { ready, stage } = stand(kernel.header, blockOf(race), design, player, "race");
    const { setup } = ready;
    if (setup.ended.some(({ answer }) => answer === IMPOSSIBLE)) return null;
    const outcomes = outcomesOf(ready, stage, (nodes) => {
      if (nodes > MOST_NODES) throw new TooBig();
    });
    return outcomes.allowed.every(isPossible) ? { setup, outcomes } : null;
  } catch (error) {
    if (error instanceof TooBig) return "too big";
    if (error instanceof InputError) return null;
    throw error;
  }
}

function blockOf({ title, setup, threads, final }: MadeRace): Block {
  return { id: "race", title, setup, threads, final, observed: [] };
}

/** What a kernel did with a block: outcomes, compared with the design's, or none, because it failed. */
export type Trial =
  | { readonly kind: "answered"; readonly block: Block; readonly litmus: Litmus }
  | { readonly kind: "failed"; readonly block: Block; readonly silence: Silence };

export async function tryRace(
  { kernel }: Sides,
  race: MadeRace,
  { setup, outcomes }: Expected,
  iterations: number,
  seed: number,
): Promise<Trial> {
  const unasked = blockOf(race);
  try {
    const raced = await kernel.race(race, iterations, seed);
    const answered = race.setup.map((step, i) => ({ ...step, result: raced.setup[i]! }));
    const block = { ...unasked, setup: answered, observed: raced.observed };
    return { kind: "answered", block, litmus: judge(block, setup, () => outcomes) };
  } catch (error) {
    if (!(error instanceof KernelFailure)) throw error;
    const { kind, message, console } = error;
    return { kind: "failed", block: unasked, silence: { kind, message, console } };
  }
}

/** Equal texts are the same finding, as far as a block tells; null: there is none. */
export function findingOf(trial: Trial): string | null {
  if (trial.kind === "failed") return trial.silence.kind;
  const { setup, disagreements } = trial.litmus;
  if (setup.length > 0) return "other setup";
  return disagreements.length > 0 ? "not allowed" : null;
}
