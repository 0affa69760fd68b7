/** `npm run pins`: measures every vector of the registry and writes models/pins.json. The change is to be read before it is kept. */
import { writeFileSync } from "node:fs";
import { NO_LIMIT } from "../checkers/explore/search.ts";
import { pinOf, vectorKey } from "../checkers/explore/pin.ts";
import { registry } from "../models/registry.ts";
import type { Pin } from "../spec/language/pin.ts";
import { runJobs } from "../cli/jobs.ts";

const jobs = registry.flatMap(({ design }) =>
  design.vectors.map((vector) => ({ design: design.name, vector })),
);
const runs = await runJobs(jobs, { budget: NO_LIMIT, only: null, stop: () => null, onProgress: () => {} });

const pins: Record<string, Record<string, Pin>> = {};
jobs.forEach(({ design, vector }, i) => {
  const run = runs[i]!;
  if (!run.complete) throw new Error(`${design} ${vectorKey(vector)}: ${run.verdict}: ${run.reason}`);
  (pins[design] ??= {})[vectorKey(vector)] = pinOf(run);
});
writeFileSync(new URL("../models/pins.json", import.meta.url), `${JSON.stringify(pins, null, 2)}\n`);
process.stdout.write(`${jobs.length} runs pinned\n`);
