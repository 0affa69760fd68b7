/** The command line as a line to paste, without what says only where the report goes, or who works: a URL may hold a password. */
import { shellWord } from "../checkers/report/shell.ts";

const LEFT_OUT = ["format", "out", "redis", "shared", "shards", "attach"];
const isLeftOut = (word: string): boolean => LEFT_OUT.some((name) => word === `--${name}`);

export function rerunText(args: readonly string[]): string {
  const kept = args.filter(
    (word, i) => !isLeftOut(word) && !isLeftOut(word.split("=")[0]!) && !isLeftOut(args[i - 1] ?? ""),
  );
  return ["npx gmemcheck", ...kept.map(shellWord)].join(" ");
}
