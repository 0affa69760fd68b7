/**
 * `npm run differences [version …]`: compares each version with the one before it at the default bounds of both, and writes what differs to
 * models/guest-memfd/differences.json. Promises are not asked: the pins of both versions say which are kept.
 */
import { writeFileSync } from "node:fs";
import { compareDesigns } from "../checkers/compare/compare.ts";
import { vectorsOfBoth } from "../checkers/compare/vectors.ts";
import { vectorKey } from "../checkers/explore/pin.ts";
import { NO_LIMIT } from "../checkers/explore/sweep.ts";
import { versions } from "../models/catalogue.ts";
import { versionDifferences, type VersionDifferences } from "../models/guest-memfd/differences.ts";
import type { AnyDesign } from "../spec/language/design.ts";

const asked = process.argv.slice(2);
const designs = (await versions.load()).map(({ design }) => design);
for (const [i, b] of designs.entries()) {
  const a = designs[i - 1];
  if (a === undefined || (asked.length > 0 && !asked.includes(b.name))) continue;
  const found = await differencesOf(a, b);
  // Read again, for another process may have written another version meanwhile.
  const others = versionDifferences().filter((one) => one.b !== b.name);
  const order = ({ b: name }: VersionDifferences): number => designs.findIndex((one) => one.name === name);
  const all = [...others, found].sort((x, y) => order(x) - order(y));
  const path = new URL("../models/guest-memfd/differences.json", import.meta.url);
  writeFileSync(path, `${JSON.stringify(all, null, 2)}\n`);
}

async function differencesOf(a: AnyDesign, b: AnyDesign): Promise<VersionDifferences> {
  const { vectors } = vectorsOfBoth(a, b);
  const comparison = await compareDesigns(a, b, vectors, {
    budget: NO_LIMIT,
    promises: false,
    onProgress: (vector, { states }) =>
      void process.stderr.write(`${a.name} ${b.name} ${vectorKey(vector)} ${states}\n`),
  });
  const { runs } = comparison;
  const stopped = runs.find((run) => !run.complete && run.unfollowed === 0);
  if (stopped !== undefined) throw new Error(`${a.name} and ${b.name} were not compared: ${stopped.reason}`);
  const sum = (of: (run: (typeof runs)[number]) => number): number => runs.reduce((n, run) => n + of(run), 0);
  return {
    ...{ a: a.name, b: b.name, runs: runs.length, pairs: sum(({ pairs }) => pairs) },
    ...{ calls: sum(({ transitions }) => transitions), unfollowed: sum(({ unfollowed }) => unfollowed) },
    differences: comparison.differences.map(({ kind, subject, from, to, compatibility, traces }) => ({
      ...{ kind, subject, from, to, compatibility },
      steps: Math.max(traces.a?.steps.length ?? 0, traces.b?.steps.length ?? 0),
    })),
  };
}
