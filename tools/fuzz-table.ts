/**
 * `npm run fuzz:table [-- --seeds N --seconds N mutant…]`: random runs of every mutant from ten seeds each, or of those that are named: how many find the bug, how soon, and
 * whether what they find is shrunk to the shortest trace that the exhaustive runs know (models/pins.json). Writes models/mutants/fuzz.md when it was all
 * of them; rows are printed as they are done.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fuzz, type Finding } from "../checkers/fuzz/fuzz.ts";
import { vectorsOf } from "../cli/fuzz.ts";
import type { Entry } from "../models/catalogue.ts";
import { pins } from "../models/pins.ts";
import { registry } from "../models/registry.ts";

/** Of the search for a shorter trace, as `gmemcheck fuzz` makes it. */
const STATES = 200_000;

const { values, positionals: names } = parseArgs({
  options: { seeds: { type: "string", default: "10" }, seconds: { type: "string", default: "30" } },
  allowPositionals: true,
});
const SEEDS = Number(values.seeds);
/** Of a processor, for the random runs from one seed; the shrinking comes on top. */
const SECONDS = Number(values.seconds);

interface Seed {
  readonly finding: Finding | null;
  readonly seconds: number;
}

/** The run from a seed, shrunk by reductions alone, or with the help of a search. */
async function runSeed({ design, breaks }: Entry, seed: number, searches: boolean): Promise<Seed> {
  const began = process.cpuUsage();
  let found: number | null = null;
  const seconds = (): number => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e6;
  };
  const report = await fuzz(design, vectorsOf(design, { seed, format: "text" }), {
    seed,
    runs: Number.MAX_SAFE_INTEGER,
    only: new Set(breaks),
    shrink: {
      ...(searches ? { search: { states: STATES, seconds: Infinity, bytes: Infinity } } : {}),
      stop: () => {
        found ??= seconds();
        return false;
      },
    },
    stop: () => (found !== null ? "found" : seconds() > SECONDS ? `${SECONDS} s` : null),
    onProgress: () => {},
  });
  return { finding: report.findings[0] ?? null, seconds: found ?? seconds() };
}

/** A search is made only where there is something to find: what is the shortest is known from the exhaustive runs. */
async function bestOf(entry: Entry, seed: number): Promise<Seed> {
  const alone = await runSeed(entry, seed, false);
  const own = alone.finding?.shrunk?.own ?? 0;
  return own > shortestOf(entry) ? runSeed(entry, seed, true) : alone;
}

function shortestOf({ design, breaks: [property] }: Entry): number {
  const lengths = Object.values(pins[design.name]!).flatMap(({ violated }) => violated[property!] ?? []);
  return Math.min(...lengths);
}

function row(entry: Entry, seeds: readonly Seed[]): string {
  const { design, breaks } = entry;
  const [property] = breaks;
  const shortest = shortestOf(entry);
  const shrunk = seeds.flatMap(({ finding }) => finding?.shrunk ?? []);
  const found = seeds.filter(({ finding }) => finding !== null);
  const share = (list: readonly number[]): string =>
    `${list.filter((n) => n === shortest).length} of ${list.length}`;
  const finals = shrunk.map(({ trace }) => trace.steps.length);
  return `| ${[
    design.name,
    property,
    shrunk[0]?.trace.mode ?? "",
    `${found.length} of ${seeds.length}`,
    median(found.map(({ finding }) => finding!.calls)),
    median(found.map(({ seconds }) => seconds)).toFixed(1),
    median(shrunk.map(({ from }) => from)),
    shortest,
    share(shrunk.map(({ own }) => own)),
    share(finals),
    shrunk.filter(({ certificate }) => certificate !== null).length,
    [...new Set(finals.filter((n) => n !== shortest))].sort((a, b) => a - b).join(", "),
  ].join(" | ")} |`;
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
}

const HEAD = `| mutant | promise | mode | found | calls | s | steps met | shortest | by reductions | and by search | certificates | other lengths |
|---|---|---|---|---|---|---|---|---|---|---|---|`;

const SAYS = `# Mutants and random runs

Written by \`npm run fuzz:table\`: \`gmemcheck fuzz\` on every mutant, from as many seeds as its row says, for at most ${SECONDS} seconds of a processor each. Calls
and seconds (of a processor) are those until the bug was met, steps met those of the run that met it; all three are medians. \`shortest\` is what the exhaustive runs know
(\`models/pins.json\`); behind it stands how many of the shrunk traces are as short: by reductions alone, and when an exhaustive search at the shrunk bounds
has been asked for a shorter one. Other lengths below the shortest are of bounds that no pinned run has (another technology), or of a call with several odd arguments at
once, which exhaustive runs do not combine. Certificates: for how many every single reduction was run again, and passes.`;

const named = new Set(names);
const wanted = registry.filter(
  ({ kind, design }) => kind === "mutant" && (named.size === 0 || named.has(design.name)),
);
process.stdout.write(`${HEAD}\n`);
const rows: string[] = [];
for (const entry of wanted) {
  const seeds: Seed[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) seeds.push(await bestOf(entry, seed));
  rows.push(row(entry, seeds));
  process.stdout.write(`${rows.at(-1)}\n`);
}
if (named.size === 0)
  writeFileSync(
    new URL("../models/mutants/fuzz.md", import.meta.url),
    `${SAYS}\n\n${HEAD}\n${rows.join("\n")}\n`,
  );
