/** The part of README.md that tells what was measured, between `<!-- bench -->` and `<!-- /bench -->`. */
import { UsageError } from "../checkers/usage-error.ts";
import { report } from "./report.ts";
import type { Results } from "./results.ts";

const BEGIN = "<!-- bench -->";
const END = "<!-- /bench -->";

/** The README with its part as these results have it. */
export function withResults(readme: string, results: Results): string {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from)
    throw new UsageError(
      `README.md has no place for what was measured: put ${BEGIN} and, behind it, ${END} where it belongs`,
    );
  return `${readme.slice(0, from + BEGIN.length)}\n\n${report(results)}\n\n${readme.slice(to)}`;
}
