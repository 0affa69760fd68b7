/** The trace of what a search has found: the same calls, made again on plain states with everything tracked. */
import { TRACE_FORMAT, type Trace } from "../../spec/language/trace.ts";
import type { Bounded } from "../explore/bounded.ts";
import type { Found } from "../explore/explored.ts";
import { isBrokenInRace } from "./race-breach.ts";
import { Race } from "./race.ts";
import { isBroken, runPath } from "./run.ts";

/** Null where the breach does not show itself. `merges`: as the search did. */
export function traced(subject: Bounded, found: Found, merges: boolean): Trace | null {
  const { property, instance, why, path } = found;
  const breach = { property, instance, why };
  const { design, bounds, scenario, tracked, mode, overlap, instances } = subject;
  const head = { format: TRACE_FORMAT, design: design.name } as const;
  const where = { bounds, scenario, tracked, breach } as const;
  if (mode === "sequential") {
    const run = runPath(
      subject,
      path.map((k) => instances[k]!),
    );
    if (run === null || !isBroken(subject, breach, run)) return null;
    return { ...head, mode, ...where, steps: run.steps };
  }
  const race = new Race(subject, instances, merges);
  const isWhole = path.every((move) => race.take(move) === null);
  const loop = found.loop === undefined ? undefined : path.length - found.loop;
  if (!isWhole || !isBrokenInRace(subject, breach, race, loop)) return null;
  const blocked = race.blocked.at(-1)!;
  return {
    ...head,
    mode,
    overlap,
    ...(merges ? {} : { unmerged: true }),
    ...where,
    steps: race.steps,
    ...(loop === undefined ? {} : { loop }),
    ...(blocked.length === 0 ? {} : { blocked }),
  };
}
