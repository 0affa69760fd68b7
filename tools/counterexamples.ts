/**
 * `npm run counterexamples`: writes the shortest trace of each breach of the registry, or of the designs that are named, to
 * counterexamples/<design>/<property>.json.
 * The pins say which run finds it; traces of breaches that are gone are removed.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { vectorKey } from "../checkers/explore/pin.ts";
import { NO_LIMIT } from "../checkers/explore/sweep.ts";
import { fileName, writeTrace } from "../checkers/trace/text.ts";
import { runJobs } from "../cli/jobs.ts";
import type { Job } from "../cli/run-job.ts";
import { pins } from "../models/pins.ts";
import type { Entry } from "../models/catalogue.ts";
import { registry } from "../models/registry.ts";
import type { Vector } from "../spec/language/design.ts";

const folder = new URL("../counterexamples/", import.meta.url);

/** Of the runs that find the breach soonest, the quick one, or else the one with the fewest states. */
function shortestRun({ design }: Entry, property: string): Vector {
  const found = design.vectors
    .map((vector) => ({ vector, pin: pins[design.name]![vectorKey(vector)]! }))
    .filter(({ pin }) => property in pin.violated)
    .sort(
      (a, b) =>
        a.pin.violated[property]! - b.pin.violated[property]! ||
        Number(b.vector.quick ?? false) - Number(a.vector.quick ?? false) ||
        a.pin.states - b.pin.states,
    )[0];
  if (found === undefined) throw new Error(`no pinned run of ${design.name} breaks ${property}`);
  return found.vector;
}

const named = new Set(process.argv.slice(2));
const wanted = registry.filter(({ design }) => named.size === 0 || named.has(design.name));

const breaches = wanted.flatMap((entry) =>
  entry.breaks.map((property) => ({ design: entry.design, property, vector: shortestRun(entry, property) })),
);
const jobs = new Map<string, Job>(
  breaches.map(({ design, vector }) => [
    `${design.name} ${vectorKey(vector)}`,
    { design: design.name, vector },
  ]),
);
const runs = await runJobs([...jobs.values()], {
  budget: NO_LIMIT,
  only: null,
  search: {},
  stop: () => null,
  onProgress: () => {},
});
const reports = new Map([...jobs.keys()].map((key, i) => [key, runs[i]!]));

const known = new Set(registry.map(({ design }) => fileName(design.name)));
for (const own of readdirSync(folder))
  if (!known.has(own)) rmSync(new URL(`${own}/`, folder), { recursive: true });
for (const { design } of wanted)
  rmSync(new URL(`${fileName(design.name)}/`, folder), { recursive: true, force: true });
for (const { design, property, vector } of breaches) {
  const { properties } = reports.get(`${design.name} ${vectorKey(vector)}`)!;
  const { trace } = properties.find(({ name }) => name === property)!;
  if (trace === undefined) throw new Error(`${design.name} no longer breaks ${property}; run npm run pins`);
  const own = new URL(`${fileName(design.name)}/`, folder);
  mkdirSync(own, { recursive: true });
  writeFileSync(new URL(`${property}.json`, own), writeTrace(trace));
}
process.stdout.write(`${breaches.length} counterexamples written\n`);
