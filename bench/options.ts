/** The options of `npm run bench`, decoded; what makes no sense is refused before anything runs. */
import { Command, Option } from "commander";
import { fileURLToPath } from "node:url";
import { UsageError } from "../checkers/usage-error.ts";
import { ALL_TWOS, LARGE, MEDIUM, SMALL, VECTORS, type BenchVector } from "./vectors.ts";

export interface BenchOptions {
  readonly vectors: readonly BenchVector[];
  readonly rounds: number;
  readonly rumur: boolean;
  readonly designs: boolean;
  readonly designSeconds: number;
  readonly install: boolean;
  readonly out: string;
  /** Where peers are built and left; null for a folder that goes. */
  readonly build: string | null;
  /** Write README.md, measure nothing. */
  readonly readme: boolean;
}

const RESULTS = fileURLToPath(new URL("results.json", import.meta.url));
const NAMES = VECTORS.map(({ name }) => name);

/** What commander makes of the command line. */
interface Given {
  readonly vectors?: readonly BenchVector[];
  readonly quick?: boolean;
  readonly large?: boolean;
  readonly rounds?: number;
  readonly rumur?: boolean;
  readonly designs?: boolean;
  readonly designSeconds: number;
  readonly install: boolean;
  readonly out: string;
  readonly build?: string;
  readonly readme?: boolean;
}

const MEASURING = ["vectors", "quick", "large", "rounds", "rumur", "designs", "build"];

function command(): Command {
  return new Command("npm run bench --")
    .description("Measures gmemcheck beside other checkers, on the reference benchmark gmem-seq")
    .exitOverride()
    .addOption(
      new Option("--vectors <names>", `sizes, of ${NAMES.join(", ")} (default: medium,all-twos)`).argParser(
        vectorsFrom,
      ),
    )
    .addOption(new Option("--quick", "small and medium, one round").conflicts("vectors"))
    .addOption(new Option("--large", "the size large as well, which takes Spin 100 CPU seconds a run"))
    .addOption(
      new Option("--rounds <n>", "runs of each checker (default: 3)").argParser(whole("--rounds", 99)),
    )
    .addOption(new Option("--rumur", "Rumur as well, once, on medium; it takes 50 CPU seconds"))
    .addOption(new Option("--designs", "designs of the registry as well"))
    .addOption(
      new Option("--design-seconds <n>", "the longest that a run of these may search")
        .default(120)
        .argParser(whole("--design-seconds", 86_400)),
    )
    .addOption(new Option("--no-install", "do not apt-get what is missing"))
    .addOption(new Option("--build <dir>", "build the peers there, and leave them"))
    .addOption(new Option("--out <file>", "the results, as JSON").default(RESULTS, "bench/results.json"))
    .addOption(
      new Option("--readme", "measure nothing: write the results into README.md").conflicts(MEASURING),
    );
}

/** Throws a CommanderError, for --help too, or a UsageError. */
export function optionsFrom(args: readonly string[]): BenchOptions {
  const given = command()
    .parse([...args], { from: "user" })
    .opts<Given>();
  const chosen = given.vectors ?? (given.quick === true ? [SMALL, MEDIUM] : [MEDIUM, ALL_TWOS]);
  const vectors = given.large === true && !chosen.includes(LARGE) ? [...chosen, LARGE] : chosen;
  if (given.rumur === true && !vectors.includes(MEDIUM))
    throw new UsageError("--rumur: Rumur runs on medium, which is not among the sizes that were asked for");
  return {
    vectors,
    rounds: given.rounds ?? (given.quick === true ? 1 : 3),
    rumur: given.rumur === true,
    designs: given.designs === true,
    designSeconds: given.designSeconds,
    install: given.install,
    out: given.out,
    build: given.build ?? null,
    readme: given.readme === true,
  };
}

function vectorsFrom(text: string): BenchVector[] {
  return text.split(",").map((name) => {
    const vector = VECTORS.find((known) => known.name === name.trim());
    if (vector === undefined) throw new UsageError(`--vectors: "${name}" is not one of ${NAMES.join(", ")}`);
    return vector;
  });
}

const whole =
  (option: string, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
    throw new UsageError(`${option}: "${text}" is not a whole number from 1 to ${most}`);
  };
