/**
 * `npm run growth`: how the states of two shipped versions grow with each index, by profile. Each run has a minute; what does not
 * complete in it is written as such. The result is bench/growth.json, which the README shows.
 */
import { writeFileSync } from "node:fs";
import { NO_LIMIT } from "../checkers/explore/sweep.ts";
import { runJobs } from "../cli/jobs.ts";
import type { Job } from "../cli/run-job.ts";
import { PROFILES, type Bounds } from "../spec/language/design.ts";

const DESIGNS = ["guest-memfd-6.12", "guest-memfd-7.3"];
const SCENARIO = "core";
const SECONDS = 60;
const BOUNDS: readonly Bounds[] = [
  {},
  { vms: 2 },
  { files: 2 },
  { pages: 2 },
  { slots: 2 },
  { gfns: 2 },
  { vcpus: 2 },
  { maps: 2 },
  { dups: 1 },
  { bytes: 2 },
  { spaces: 2 },
];

const jobs: Job[] = DESIGNS.flatMap((design) =>
  BOUNDS.flatMap((bounds) =>
    PROFILES.map((track) => ({ design, vector: { bounds, scenario: SCENARIO, track } })),
  ),
);
const runs = await runJobs(jobs, {
  budget: { ...NO_LIMIT, seconds: SECONDS },
  only: null,
  search: {},
  stop: () => null,
  onProgress: () => {},
});
const cells = jobs.map(({ design, vector: { bounds, track } }, i) => {
  const { states, transitions, complete } = runs[i]!;
  return { design, bounds, track, ...(complete ? { states, transitions } : { incomplete: true }) };
});
const measured = { scenario: SCENARIO, seconds: SECONDS, cells };
writeFileSync(new URL("../bench/growth.json", import.meta.url), `${JSON.stringify(measured, null, 1)}\n`);
process.stdout.write(`${cells.length} runs\n`);
