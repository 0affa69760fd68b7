/** What becomes of one mutant: a promise that it breaks, an error that the language finds in it, a recording that it contradicts. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { checkVector } from "../explore/check.ts";
import { isSequential } from "../explore/mode.ts";
import type { Budget } from "../explore/sweep.ts";
import { InputError } from "../input.ts";
import { litmus } from "../kernel/litmus.ts";
import { answersOf, sameResult } from "../kernel/play.ts";
import type { Recording } from "../kernel/recording.ts";
import type { Player } from "../../spec/recording.ts";
import type { Survey } from "./survey.ts";

/** What a run of a mutant at one vector says. */
export type Judgement =
  | {
      readonly kind: "promise";
      readonly by: readonly string[];
      /** To the shortest breach; null where breaches that the design is known for are gone. */
      readonly steps: number | null;
      readonly at: string;
    }
  | { readonly kind: "language"; readonly why: string; readonly at: string }
  | { readonly kind: "recording"; readonly recording: string; readonly why: string }
  | { readonly kind: "too big"; readonly why: string; readonly at: string }
  | { readonly kind: "alive" };

/** A mutant may have so many times the states of the original before it is too big. */
const ROOM = 4;
const MORE_ROOM = 1_000;
/** From so many transitions on, a translation pays. */
const LONG = { sequential: 3_000_000, overlapping: 200_000 };

export interface JudgeOptions {
  /** Seconds for one run. */
  readonly seconds: number;
  /** The promises that may kill; all when absent. */
  readonly only?: ReadonlySet<string>;
}

/** Runs a mutant at a vector of which it is known what holds there. */
export async function judgeAt(mutant: AnyDesign, of: Survey, options: JudgeOptions): Promise<Judgement> {
  const mayKill = (name: string): boolean => options.only?.has(name) ?? true;
  const holds = new Set(of.holds.filter(mayKill));
  const known = of.broken.filter(({ name }) => mayKill(name));
  const budget: Budget = { states: of.states * ROOM + MORE_ROOM, seconds: options.seconds, bytes: 1e9 };
  const at = of.key;
  try {
    const run = await checkVector(mutant, of.vector, {
      budget,
      only: new Set([...holds, ...known.map(({ name }) => name)]),
      until: holds,
      interpreted: of.transitions < (isSequential(of.vector) ? LONG.sequential : LONG.overlapping),
    });
    if (run.verdict === "invalid") return { kind: "language", why: firstLine(run.reason ?? ""), at };
    const violated = run.properties.filter(({ verdict }) => verdict === "violated");
    const by = violated.filter(({ name }) => holds.has(name)).sort((a, b) => a.steps! - b.steps!);
    if (by.length > 0) return { kind: "promise", by: by.map(({ name }) => name), steps: by[0]!.steps!, at };
    if (!run.complete) return { kind: "too big", why: run.reason ?? "", at };
    // What is known is pinned with its number of steps.
    const stepsOf = (name: string): number | undefined => violated.find((one) => one.name === name)?.steps;
    const other = known.filter(({ name, steps }) => stepsOf(name) !== steps).map(({ name }) => name);
    return other.length > 0 ? { kind: "promise", by: other, steps: null, at } : { kind: "alive" };
  } catch (error) {
    return { kind: "language", why: firstLine(String(error)), at };
  }
}

export interface Played {
  readonly name: string;
  readonly recording: Recording;
}

/** The first answer of a kernel, or outcome of a race, that a mutant does not give; null where there is none. */
export function contradicted(mutant: AnyDesign, all: readonly Played[], player: Player): Judgement | null {
  for (const { name, recording } of all) {
    for (const sequence of recording.sequences) {
      try {
        const answers = answersOf(recording.header, sequence, mutant, player, name);
        const at = answers.findIndex((answer, step) => !sameResult(sequence.steps[step]!.result!, answer));
        if (at < 0) continue;
        const { op, result } = sequence.steps[at]!;
        const why = `${sequence.id}, step ${at + 1}: ${op} ended with ${JSON.stringify(result)}, not ${JSON.stringify(answers[at])}`;
        return { kind: "recording", recording: name, why };
      } catch (error) {
        if (error instanceof InputError) throw error;
        return { kind: "recording", recording: name, why: `${sequence.id}: ${firstLine(String(error))}` };
      }
    }
  }
  for (const played of all) {
    const heard = contradictedByRace(mutant, played, player);
    if (heard !== null) return heard;
  }
  return null;
}

function contradictedByRace(
  mutant: AnyDesign,
  { name, recording }: Played,
  player: Player,
): Judgement | null {
  for (const block of recording.blocks) {
    try {
      const { setup, disagreements } = litmus(recording.header, block, mutant, player, name, () => {});
      if (setup.length === 0 && disagreements.length === 0) continue;
      const why =
        setup.length > 0 ? "its setup ends otherwise" : "an outcome that was observed is not allowed";
      return { kind: "recording", recording: name, why: `${block.id}: ${why}` };
    } catch (error) {
      if (error instanceof InputError) throw error;
      return { kind: "recording", recording: name, why: `${block.id}: ${firstLine(String(error))}` };
    }
  }
  return null;
}

const firstLine = (text: string): string => text.split("\n")[0]!.slice(0, 240);
