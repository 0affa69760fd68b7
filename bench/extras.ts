/** What is measured of gmemcheck alone: how long it takes to start, and designs of the registry. */
import { Mismatch } from "./contestant.ts";
import { boundsText, gmemcheck, readReport } from "./gmemcheck.ts";
import type { Measure } from "./measure.ts";
import type { Say } from "./programs.ts";
import type { Results } from "./results.ts";
import { TINY } from "./vectors.ts";

const SMALL_COMMANDS: readonly (readonly string[])[] = [
  ["--help"],
  ["check", "gmem-seq", "--bounds", boundsText(TINY.size)],
];

/** A first run of each is thrown away: the second is what a user waits for. */
export async function measureStartUps(results: Results, measure: Measure, say: Say): Promise<void> {
  for (const args of SMALL_COMMANDS) {
    const startUp = {
      command: `gmemcheck ${args.join(" ")}`,
      runs: [] as Results["startUps"][number]["runs"],
    };
    for (let round = 0; round <= results.rounds; round++) {
      const { code, stderr, wallSeconds, cpuSeconds, peakBytes } = await measure({
        argv: gmemcheck(...args),
      });
      if (code !== 0)
        throw new Mismatch(`${startUp.command}: exit code ${code}\n${stderr.trim().slice(-500)}`);
      if (round > 0) startUp.runs.push({ wallSeconds, cpuSeconds, peakBytes });
    }
    results.startUps.push(startUp);
    say(`${startUp.command}: ${startUp.runs[0]!.wallSeconds.toFixed(2)} s`);
  }
}

const DESIGN = "guest-memfd-7.3";
const DESIGN_RUNS: readonly string[] = [
  "--track full --bounds vms=1,files=1,pages=2,slots=2,gfns=2",
  "--track watch --scenario guests --bounds vms=1,files=2,pages=2,slots=2,gfns=2",
  "--mode overlap --overlap 2 --scenario dying-file --bounds tasks=2,types=sw_protected",
  "--mode overlap --overlap 2 --scenario range-races --bounds tasks=2,types=sw_protected,pages=2,gfns=2",
];

/** Verdicts are not the question here: a breach that is known, or a limit that is reached, is no fault. */
const EXPECTED_EXITS: readonly number[] = [0, 1, 3];

/** Each once, for so many seconds at most. */
export async function measureDesigns(
  results: Results,
  seconds: number,
  measure: Measure,
  say: Say,
): Promise<void> {
  for (const vector of DESIGN_RUNS) {
    const command = `gmemcheck check ${DESIGN} ${vector}`;
    const limits = ["--workers", "1", "--max-seconds", String(seconds), "--format", "json"];
    const argv = gmemcheck("check", DESIGN, ...vector.split(" "), ...limits);
    const { code, stdout, stderr, wallSeconds, cpuSeconds, peakBytes } = await measure({ argv });
    if (!EXPECTED_EXITS.includes(code))
      throw new Mismatch(`${command}: exit code ${code}\n${stderr.trim().slice(-500)}`);
    const [run] = readReport(stdout);
    if (run === undefined) throw new Mismatch(`${command}: the report has no run`);
    const { states, transitions, complete, times } = run;
    const phases = times === undefined ? {} : { phases: times };
    results.designs.push({
      command,
      complete,
      wallSeconds,
      cpuSeconds,
      peakBytes,
      states,
      transitions,
      ...phases,
    });
    say(`${command}: ${states} states, ${cpuSeconds.toFixed(1)} CPU s`);
  }
}
