/**
 * `npm run counterexamples`: searches every design of the registry that breaks a promise, and writes the shortest trace of each
 * breach to counterexamples/<design>/<property>.json. Traces of breaches that are gone are removed.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { PropertyReport } from "../checkers/explore/check.ts";
import { NO_LIMIT } from "../checkers/explore/search.ts";
import { writeTrace } from "../checkers/trace/file.ts";
import { runJobs } from "../cli/jobs.ts";
import { registry } from "../models/registry.ts";

const folder = new URL("../counterexamples/", import.meta.url);
const broken = registry.filter(({ breaks }) => breaks.length > 0);
const jobs = broken.flatMap(({ design }) =>
  design.vectors.map((vector) => ({ design: design.name, vector })),
);
const runs = await runJobs(jobs, { budget: NO_LIMIT, only: null, stop: () => null, onProgress: () => {} });

let written = 0;
for (const { design, breaks } of broken) {
  const reports = runs.flatMap((run) => (run?.design === design.name ? run.properties : []));
  const own = new URL(`${design.name.replace(/[^\w.-]/g, "_")}/`, folder);
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own, { recursive: true });
  for (const name of breaks) {
    const shortest = reports
      .filter((report) => report.name === name && report.trace !== undefined)
      .sort(byLength)[0];
    if (shortest === undefined)
      throw new Error(`${design.name} does not break ${name} at its default bounds`);
    writeFileSync(new URL(`${name}.json`, own), writeTrace(shortest.trace!));
    written++;
  }
}
process.stdout.write(`${written} counterexamples written\n`);

function byLength(a: PropertyReport, b: PropertyReport): number {
  return a.steps! - b.steps!;
}
