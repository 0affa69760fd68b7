/** What GitHub's runner reads: annotations as workflow commands, foreign text between stop-commands, and the values of $GITHUB_OUTPUT. */
import { createHash } from "node:crypto";
import type { Case, CaseReport, SourcePlace } from "./cases.ts";
import { oneLine, visible } from "./clean.ts";

/** A step shows no more of each level. */
const SHOWN = 10;

interface Annotation {
  readonly level: "error" | "warning" | "notice";
  readonly title: string;
  readonly message: string;
  readonly place: SourcePlace | null;
}

/** The worst ten errors, ten warnings, and a notice of what is not shown. */
export function annotations(report: CaseReport): string {
  const errors = errorsOf(report);
  const warnings = warningsOf(report);
  const left = [...errors.slice(SHOWN), ...warnings.slice(SHOWN)].length;
  const more: Annotation = {
    level: "notice",
    title: `gmemcheck ${report.command}`,
    message: `${left} more: the step's summary has them`,
    place: null,
  };
  return [...errors.slice(0, SHOWN), ...warnings.slice(0, SHOWN), ...(left === 0 ? [] : [more])]
    .map((one) => `${command(one)}\n`)
    .join("");
}

/** One for each promise of a design: the shortest of its traces, which may come from several runs. Those that name a line come first. */
function errorsOf({ suites }: CaseReport): Annotation[] {
  const worst = new Map<string, Case>();
  for (const one of suites.flatMap(({ cases }) => cases)) {
    if (one.status !== "failed" && one.status !== "error") continue;
    const key = JSON.stringify([one.rule.id, one.className, one.type]);
    const known = worst.get(key);
    if (known === undefined || lengthOf(one) < lengthOf(known)) worst.set(key, one);
  }
  const cases = [...worst.values()];
  return [...cases.filter(({ place }) => place !== null), ...cases.filter(({ place }) => place === null)].map(
    ({ rule, className, message, rerun, place }) => ({
      level: "error",
      title: `${className}: ${rule.id}`,
      message: rerun === null ? message : `${message}\nagain: ${rerun}`,
      place,
    }),
  );
}

const lengthOf = ({ trace }: Case): number => trace?.steps.length ?? Infinity;

/** What was not decided, one for each suite: nothing of it says that anything is wrong. */
function warningsOf({ suites }: CaseReport): Annotation[] {
  return suites.flatMap(({ name, cases }) => {
    const open = cases.filter(({ status }) => status === "incomplete");
    if (open.length === 0) return [];
    const message = `${open.length} of ${cases.length} not decided: ${open[0]!.message}`;
    return [{ level: "warning", title: `${name}: incomplete`, message, place: null }];
  });
}

function command({ level, title, message, place }: Annotation): string {
  const at =
    place === null
      ? []
      : [
          ["file", place.file],
          ["line", place.line],
          ["endLine", place.endLine],
          ["col", place.column],
          ["endColumn", place.endColumn],
        ];
  const properties = [...at, ["title", title]]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${property(oneLine(String(value)))}`);
  return `::${level} ${properties.join(",")}::${data(visible(message))}`;
}

/** As the runner takes them apart again (actions/runner, ActionCommand.cs). */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/**
 * Text in which nothing is a command. What the commands begin with again is a hash of the text, which no text contains, and which is
 * the same each time.
 */
export function withoutCommands(text: string): string {
  const token = createHash("sha256").update(text).digest("hex");
  return `::stop-commands::${token}\n${text}\n::${token}::`;
}

/** Lines for $GITHUB_OUTPUT; `file` is the report that was written. */
export function outputs({ verdict, suites, states }: CaseReport, file: string | null): string {
  const failed = suites.flatMap(({ cases }) => cases).filter(({ status }) => status === "failed");
  const values = { verdict, violations: failed.length, states, report: file ?? "" };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${oneLine(String(value))}\n`)
    .join("");
}
