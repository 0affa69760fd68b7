/** A check of the whole registry as text: what holds, what is broken, whether that is as pinned. */
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import type { Verdict } from "../../spec/language/verdict.ts";
import { resolveBounds } from "../explore/bounded.ts";
import type { DesignReport, PropertyReport, RunReport } from "../explore/check.ts";
import type { Pins } from "../../spec/language/pin.ts";
import { modeText, stepsText } from "../explore/mode.ts";
import { differences, vectorKey } from "../explore/pin.ts";
import { count, indent, vacuousText } from "./text.ts";
import { callsText } from "./explain.ts";
import { wrap } from "./wrap.ts";

/** What the registry says of a design. */
export interface Expected {
  readonly design: AnyDesign;
  readonly kind: "shipped" | "benchmark" | "mutant" | "proposal";
  readonly breaks: readonly string[];
  readonly bug?: string;
}

/** Something that is not as the registry says. */
export interface Surprise {
  readonly design: string;
  readonly verdict: Verdict;
  readonly what: string;
  /** The promise that is broken, where that is what it is about. */
  readonly property?: string;
}

export function unexpected(expected: Expected, report: DesignReport, pins: Pins): Surprise[] {
  const { name, vectors } = expected.design;
  const surprises: Surprise[] = [];
  report.runs.forEach((run) => {
    const vector = vectors.find((v) => isRunOf(expected.design, v, run));
    const pin = vector === undefined ? undefined : pins[name]?.[vectorKey(vector)];
    const verdict = run.verdict === "invalid" ? "invalid" : run.complete ? "violated" : "incomplete";
    for (const what of differences(pin, run))
      surprises.push({ design: name, verdict, what: `${scenarioText(run)}: ${what}` });
  });
  for (const run of report.runs.filter(({ complete }) => complete)) {
    for (const { name: property } of run.properties.filter(({ verdict }) => verdict === "incomplete"))
      surprises.push({
        design: name,
        verdict: "incomplete",
        what: `${scenarioText(run)}: ${property} could not be decided`,
      });
  }
  if (report.vacuous !== null) {
    for (const what of report.vacuous) surprises.push({ design: name, verdict: "vacuous", what });
  }
  const broken = new Set(breaches(report).map((property) => property.name));
  for (const property of broken) {
    if (expected.kind !== "mutant" && !expected.breaks.includes(property)) {
      surprises.push({
        design: name,
        verdict: "violated",
        what: `${property} is broken and the design does not say so`,
        property,
      });
    }
  }
  if (
    expected.kind === "mutant" &&
    report.runs.every((run) => run.complete) &&
    !expected.breaks.every((p) => broken.has(p))
  ) {
    surprises.push({
      design: name,
      verdict: "violated",
      what: `${expected.breaks.join(", ")} does not catch it`,
    });
  }
  return surprises;
}

function isRunOf(design: AnyDesign, vector: Vector, run: RunReport): boolean {
  const bounds = Object.entries(resolveBounds(design, vector.bounds));
  return (
    bounds.every(([name, value]) => run.bounds[name] === value) &&
    (vector.scenario ?? "everything") === run.scenario &&
    (vector.track ?? "full") === run.tracked &&
    (vector.mode ?? "sequential") === run.mode &&
    (run.mode !== "overlap" || (vector.overlap ?? 2) === run.overlap)
  );
}

function scenarioText({ scenario, tracked, mode, overlap }: RunReport): string {
  const how = mode === "sequential" ? "" : `${modeText(mode, overlap)}, `;
  return `${how}scenario ${scenario}${tracked === "full" ? "" : `, ${tracked}`}`;
}

/** "3 calls", "12 steps": how long the trace of a breach is. */
function lengthText({ trace, steps }: PropertyReport): string {
  return stepsText(trace ?? { mode: "sequential" }, steps!);
}

/** Of each broken property the shortest report, shortest first. */
export function breaches({ runs }: DesignReport): PropertyReport[] {
  const shortest = new Map<string, PropertyReport>();
  for (const property of runs.flatMap((run) => run.properties)) {
    const known = shortest.get(property.name);
    if (property.verdict === "violated" && (known === undefined || property.steps! < known.steps!)) {
      shortest.set(property.name, property);
    }
  }
  return [...shortest.values()].sort((a, b) => a.steps! - b.steps!);
}

export function registryText(
  entries: readonly Expected[],
  reports: readonly DesignReport[],
  pins: Pins,
): string {
  const rows = entries.map((entry, i) => ({ entry, report: reports[i]! }));
  const surprises = rows.flatMap(({ entry, report }) => unexpected(entry, report, pins));
  const parts = [
    section(
      "Shipped versions: which promises they keep",
      rows.filter(({ entry }) => entry.kind === "shipped").map(versionLines),
    ),
    section("Benchmarks", rows.filter(({ entry }) => entry.kind === "benchmark").map(versionLines)),
    section("Proposals", rows.filter(({ entry }) => entry.kind === "proposal").map(versionLines)),
    section(
      "Mutants: bugs put back, and the promise that catches each",
      rows.filter(({ entry }) => entry.kind === "mutant").map(mutantLines),
    ),
    ...rows.map(({ report }) => vacuousText(report)),
    counterexamples(rows.filter(({ entry }) => entry.kind === "shipped").map(({ report }) => report)),
    verdictText(reports, surprises),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

type RowOf = { readonly entry: Expected; readonly report: DesignReport };

function section(title: string, rows: readonly string[][]): string {
  return rows.length === 0 ? "" : [title, ...rows.flat()].join("\n");
}

function versionLines({ entry, report }: RowOf): string[] {
  const { runs } = report;
  const states = runs.reduce((sum, run) => sum + run.states, 0);
  const holding = new Set(
    runs.flatMap((run) =>
      run.properties.filter((p) => p.verdict === "holds" && p.kind !== "sometimes").map((p) => p.name),
    ),
  );
  const broken = breaches(report);
  for (const { name } of broken) holding.delete(name);
  const exhausted = runs.every((run) => run.complete) ? "exhausted" : "NOT exhausted";
  const head = `  ${entry.design.name.padEnd(18)} ${report.verdict.padEnd(10)} ${count(states).padStart(9)} states ${exhausted}; ${holding.size} hold, ${broken.length} broken`;
  return [
    head,
    ...broken.map(
      (breach) =>
        `${" ".repeat(22)}${breach.name}, ${lengthText(breach)}${breach.known === undefined ? "" : "  (known)"}`,
    ),
  ];
}

function mutantLines({ entry, report }: RowOf): string[] {
  const caught = breaches(report).find(({ name }) => entry.breaks.includes(name));
  const how =
    caught === undefined
      ? `NOT CAUGHT by ${entry.breaks.join(", ")}`
      : `${caught.name}, ${lengthText(caught)}`;
  return [`  ${entry.design.name.padEnd(29)} ${(entry.bug ?? "").padEnd(15)} ${how}`];
}

/** The shortest trace of each shipped version that breaks a promise. */
function counterexamples(reports: readonly DesignReport[]): string {
  const shown = reports.flatMap((report) => {
    const [first] = breaches(report);
    if (first?.trace === undefined) return [];
    return [
      [
        `${report.design.name}: ${first.name} is broken after ${lengthText(first)}`,
        ...indent(callsText(first.trace), "  "),
        ...wrap(first.trace.breach!.why, "  "),
        `  all of them: npx gmemcheck check ${report.design.name} --quick`,
      ].join("\n"),
    ];
  });
  return shown.length === 0 ? "" : ["Shortest counterexamples", ...shown].join("\n\n");
}

function verdictText(reports: readonly DesignReport[], surprises: readonly Surprise[]): string {
  const runs = reports.reduce((sum, report) => sum + report.runs.length, 0);
  if (surprises.length === 0)
    return `${reports.length} designs, ${runs} runs: every verdict, count and length is as pinned.`;
  return ["NOT as pinned:", ...surprises.map(({ design, what }) => `  ${design}: ${what}`)].join("\n");
}
