/**
 * `npm run pins`: measures every vector of the registry, or of the designs that are named, and writes models/pins.json. The change is to be read before it
 * is kept.
 */
import { writeFileSync } from "node:fs";
import { NO_LIMIT } from "../checkers/explore/sweep.ts";
import { pinOf, vectorKey } from "../checkers/explore/pin.ts";
import { pins as known } from "../models/pins.ts";
import { registry } from "../models/registry.ts";
import type { Pin } from "../spec/language/pin.ts";
import { runJobs } from "../cli/jobs.ts";

const named = new Set(process.argv.slice(2));
for (const name of named)
  if (!registry.some(({ design }) => design.name === name))
    throw new Error(`the registry has no design ${name}`);
const measured = registry.filter(({ design }) => named.size === 0 || named.has(design.name));
const jobs = measured.flatMap(({ design }) =>
  design.vectors.map((vector) => ({ design: design.name, vector })),
);
const runs = await runJobs(jobs, {
  budget: NO_LIMIT,
  only: null,
  search: {},
  stop: () => null,
  onProgress: (job, { states, seconds }, done) => {
    if (Math.round(seconds) % 30 === 0)
      process.stderr.write(
        `${done}/${jobs.length} ${job.design} ${vectorKey(job.vector)}: ${states} states\n`,
      );
  },
});

const pins: Record<string, Record<string, Pin>> = {};
for (const { design } of registry)
  if (!measured.some((entry) => entry.design === design)) pins[design.name] = { ...known[design.name] };
jobs.forEach(({ design, vector }, i) => {
  const run = runs[i]!;
  if (!run.complete) {
    process.exitCode = 1;
    process.stderr.write(`NOT PINNED: ${design} ${vectorKey(vector)}: ${run.verdict}: ${run.reason}\n`);
    return;
  }
  (pins[design] ??= {})[vectorKey(vector)] = pinOf(run);
});
const inOrder = Object.fromEntries(
  registry.flatMap(({ design: { name } }) => (pins[name] === undefined ? [] : [[name, pins[name]]])),
);
writeFileSync(new URL("../models/pins.json", import.meta.url), `${JSON.stringify(inOrder, null, 2)}\n`);
process.stdout.write(`${jobs.length} runs pinned\n`);
