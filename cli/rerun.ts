/** The command line as a line to paste, without what says only where the report goes. */
import { shellWord } from "../checkers/report/shell.ts";

export function rerunText(args: readonly string[]): string {
  const kept = args.filter(
    (word, i) =>
      !["--format", "--out"].includes(word) &&
      !/^--(format|out)=/.test(word) &&
      !["--format", "--out"].includes(args[i - 1] ?? ""),
  );
  return ["npx gmemcheck", ...kept.map(shellWord)].join(" ");
}
