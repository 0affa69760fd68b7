/** A contest on one size: rounds in which the contestants take turns, so that a noisy hour is the same for all. */
import { expectCounts, Mismatch, type Contestant } from "./contestant.ts";
import type { Measure, MeasuredRun } from "./measure.ts";
import type { Say } from "./programs.ts";
import type { Entry, Heat, Run, Skipped } from "./results.ts";

export interface Contest {
  readonly rounds: number;
  readonly measure: Measure;
  readonly say: Say;
  readonly skip: (skipped: Skipped) => void;
}

/** Fills the heat as it goes, so that what was measured is there when it is broken off. */
export async function contest(heat: Heat, contestants: readonly Contestant[], how: Contest): Promise<void> {
  let running = [...contestants];
  for (let round = 1; round <= how.rounds; round++) {
    for (const contestant of running.filter(({ once }) => once !== true || round === 1)) {
      const run = await turn(heat, contestant, how);
      if (run === null) {
        running = running.filter((other) => other !== contestant);
        continue;
      }
      entryOf(heat, contestant).runs.push(run);
      const { name } = contestant;
      how.say(
        `${heat.vector.name}, round ${round} of ${how.rounds}: ${name}, ${run.cpuSeconds.toFixed(2)} CPU s`,
      );
    }
    if (round === 1) running = withBestOfEachPeer(heat, running);
  }
}

function entryOf({ entries }: Heat, { name, peer }: Contestant): Entry {
  const known = entries.find((entry) => entry.name === name);
  if (known !== undefined) return known;
  const entry: Entry = { name, peer, runs: [] };
  entries.push(entry);
  return entry;
}

/** One run; null where a peer cannot run here, say for want of memory. Of gmemcheck that is an error, and so is a broken invariant. */
async function turn(heat: Heat, contestant: Contestant, { measure, skip }: Contest): Promise<Run | null> {
  const { name, command, read, reduced, broken } = contestant;
  const ended = await measure(command);
  if (ended.code !== 0) {
    const failure = `exit code ${ended.code} on ${heat.vector.name}`;
    if (name.startsWith("gmemcheck") || broken.test(ended.stdout))
      throw new Mismatch(`${name}: ${failure}\n${(ended.stderr || ended.stdout).trim().slice(0, 800)}`);
    skip({ what: name, reason: `${failure}: ${firstLine(ended)}` });
    return null;
  }
  const { phases, ...found } = read(ended.stdout);
  expectCounts(`${name} on ${heat.vector.name}`, found, heat.vector.counts, reduced);
  const { wallSeconds, cpuSeconds, peakBytes } = ended;
  const { states, transitions } = found;
  return {
    wallSeconds,
    cpuSeconds,
    peakBytes,
    states,
    transitions,
    ...(phases === undefined ? {} : { phases }),
  };
}

const firstLine = ({ stdout, stderr }: MeasuredRun): string =>
  `${stderr}\n${stdout}`.split("\n").find((line) => line.trim() !== "") ?? "it said nothing";

/** Of several with the same peer, the fastest of the round. */
function withBestOfEachPeer(heat: Heat, running: readonly Contestant[]): Contestant[] {
  const seconds = (contestant: Contestant): number => entryOf(heat, contestant).runs[0]!.cpuSeconds;
  return running.filter((contestant) =>
    running.every((other) => other.peer !== contestant.peer || seconds(contestant) <= seconds(other)),
  );
}
