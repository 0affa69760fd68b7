/** What is wrong with models before any runs: types that do not fit, and functions that depend on more than they are given. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Change, TypeProblem } from "../../checkers/analyse/change.ts";
import { typeProblems } from "../../checkers/analyse/compiler.ts";
import { impurities } from "../../checkers/analyse/purity/purity.ts";
import type { Ledger } from "../../checkers/gate/finding.ts";
import type { Rule } from "../../checkers/report/cases.ts";
import { UsageError } from "../../checkers/usage-error.ts";
import { count } from "../../checkers/report/text.ts";

const PURE: Rule = {
  id: "pure",
  says: "a section or a property reads nothing but what it is given, and a property changes nothing",
  source: "the language of the models: a search takes every step again and again",
};

/** Changed files of models: what they come to is looked at as well. */
export function addImpurities(
  root: string,
  changes: readonly Change[],
  ledger: Ledger,
  inRepository: string,
): void {
  const files = changedFiles(changes).filter((file) => existsSync(join(root, file)));
  if (files.length === 0) return;
  const found = impurities({ root }, files);
  for (const { file, line, column, construct, role, through, why, instead } of found) {
    const way = through.length === 0 ? "" : `, by way of ${through.join(", ")}`;
    ledger.add({
      stage: "purity",
      name: `${construct} in ${role} (${file}:${line}:${column})`,
      className: file,
      type: "Impure",
      word: "invalid",
      message: `${construct} in ${role}${way}: ${why}`,
      details: `instead: ${instead}`,
      rule: PURE,
      place: { file: `${inRepository}${file}`, line, column },
    });
  }
  if (found.length === 0)
    ledger.add({
      stage: "purity",
      name: "pure",
      className: files.length === 1 ? files[0]! : `${files.length} changed files`,
      message: `sections and properties of ${files.length === 1 ? files[0]! : `${count(files.length)} changed files`} read nothing but what they are given`,
      rule: PURE,
    });
}

const NO_MODELS: ReadonlySet<Change["kind"]> = new Set([
  "engine",
  "dependency",
  "counterexample",
  "recording",
  "type",
]);

function changedFiles(changes: readonly Change[]): readonly string[] {
  const models = changes.filter(
    ({ kind, at, did }) => did !== "removed" && !NO_MODELS.has(kind) && at.file.endsWith(".ts"),
  );
  return [...new Set(models.map(({ at }) => at.file))];
}

const TYPED: Rule = {
  id: "types",
  says: "the compiler has nothing to say against the models",
  source: "npm run types",
};

/** What the compiler says, asked beside everything else. */
export class Compiler {
  private readonly ledger: Ledger;
  private readonly stop: () => string | null;
  private readonly ending = new AbortController();

  constructor(ledger: Ledger, stop: () => string | null) {
    this.ledger = ledger;
    this.stop = stop;
  }

  /** Adds what it says against the trees; `base` is null where there is none. */
  async ask(head: string, base: string | null, inRepository: string): Promise<void> {
    await Promise.all([
      this.attempt("the working tree", async () => this.addHead(await this.problems(head), inRepository)),
      base === null ? null : this.attempt("the base", async () => this.addBase(await this.known(base))),
    ]);
  }

  /** Nobody waits for it any more. */
  end(): void {
    this.ending.abort();
  }

  /** Where it is not installed, or takes too long, types are not checked; nothing else depends on them. */
  private async attempt(of: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const isOver = this.ending.signal.aborted;
      if (!isOver && !(error instanceof UsageError)) throw error;
      const why = isOver ? this.stop() : (error as Error).message.split("\n")[0]!;
      this.ledger.leaveOut(`the types of ${of}`, why, isOver);
    }
  }

  private problems(root: string): Promise<readonly TypeProblem[]> {
    return typeProblems({ root }, this.ending.signal);
  }

  /** The base is asked once: it stays as it is. */
  private async known(root: string): Promise<readonly TypeProblem[]> {
    const file = join(dirname(root), "types.json");
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as readonly TypeProblem[];
    const problems = await this.problems(root);
    writeFileSync(file, JSON.stringify(problems));
    return problems;
  }

  private addHead(problems: readonly TypeProblem[], inRepository: string): void {
    for (const { file, line, column, code, message } of problems)
      this.ledger.add({
        stage: "trees",
        name: `${code} (${file}:${line}:${column})`,
        className: file,
        type: "TypeError",
        word: "invalid",
        message: `${code}: ${message}`,
        rule: TYPED,
        place: { file: `${inRepository}${file}`, line, column },
      });
  }

  private addBase([first, ...others]: readonly TypeProblem[]): void {
    if (first === undefined) return;
    const text = ({ file, line, code, message }: TypeProblem): string =>
      `${file}:${line}: ${code}: ${message}`;
    this.ledger.add({
      stage: "trees",
      name: "types",
      className: "base",
      type: "NotComparable",
      word: "not comparable",
      message: `the base does not type-check: ${text(first)}`,
      details: others.map(text).join("\n"),
      rule: TYPED,
    });
  }
}
