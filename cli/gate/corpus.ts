/** The counterexamples that are kept: each still shows the breach that it is of, or its fix is declared. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Ledger } from "../../checkers/gate/finding.ts";
import { ruleOf, type Locate } from "../../checkers/report/blame.ts";
import type { Rule } from "../../checkers/report/cases.ts";
import { callsText } from "../../checkers/report/explain.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { replay } from "../../checkers/trace/replay.ts";
import type { Trace } from "../../spec/language/trace.ts";
import { askedFor, loaded, type Designs } from "./designs.ts";

const FOLDER = "counterexamples";

/** `design/property.json`, in order. */
export function corpusOf(root: string): readonly string[] {
  const folder = join(root, FOLDER);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json"))
    .sort();
}

export function traceIn(root: string, path: string): Trace {
  const file = join(root, FOLDER, path);
  return readTrace(readFileSync(file, "utf8"), `${FOLDER}/${path}`);
}

const STILL_BROKEN: Rule = {
  id: "counterexample-shows-its-breach",
  says: "every counterexample still breaks what it broke, or its fix is declared",
  source: "counterexamples/; gate.allow: fixed DESIGN/PROMISE: reason",
};

export interface CorpusOptions {
  readonly head: Designs;
  readonly base: Designs | null;
  /** Designs that the head has no more. */
  readonly removed: readonly string[];
  readonly stop: () => string | null;
  readonly locate: Locate;
  readonly inRepository: string;
}

/** Adds a finding for each trace that shows nothing any more, and one for all others. */
export async function replayCorpus(ledger: Ledger, options: CorpusOptions): Promise<void> {
  const { head, base, stop } = options;
  const files = corpusOf(head.root);
  let replayed = 0;
  for (const path of files) {
    if (stop() !== null) break;
    replayed++;
    await replayOne(path, ledger, options);
  }
  if (replayed < files.length)
    ledger.leaveOut(`${files.length - replayed} of ${files.length} counterexamples`, stop());
  const left = new Set(files);
  for (const path of base === null ? [] : corpusOf(base.root))
    if (!left.has(path)) addLost(path, ledger, options);
  const gone = ledger.findings.filter(({ stage, word }) => stage === "corpus" && word !== null).length;
  ledger.add({
    stage: "corpus",
    name: "all others",
    className: FOLDER,
    status: replayed < files.length ? "incomplete" : "passed",
    message: `${replayed} of ${files.length} counterexamples were replayed${gone === 0 && replayed > 0 ? ", and show their breaches" : ""}`,
    rule: STILL_BROKEN,
  });
}

async function replayOne(path: string, ledger: Ledger, options: CorpusOptions): Promise<void> {
  const { head, locate } = options;
  try {
    const trace = traceIn(head.root, path);
    const { design: name, breach } = trace;
    const entry = await loaded(askedFor(head, name));
    if ("fault" in entry) throw new Error(entry.fault);
    const { broken, trace: now } = replay(entry.design, trace, `${FOLDER}/${path}`);
    if (broken !== false) return;
    ledger.add({
      ...lost(path, options),
      message: `${breach!.property} is not broken by it any more`,
      details: callsText(now),
      rule: ruleOf(breach!.property, entry.design, locate),
      trace: now,
      rerun: rerun(path),
    });
  } catch (error) {
    const [message = "", ...rest] = (error as Error).message.split("\n");
    ledger.add({
      ...lost(path, options),
      message: `it cannot be replayed: ${message}`,
      details: rest.join("\n"),
      rerun: rerun(path),
    });
  }
}

/** A counterexample of the base that the head has no more. */
function addLost(path: string, ledger: Ledger, options: CorpusOptions): void {
  if (options.removed.includes(namesOf(path)[0])) return;
  ledger.add({ ...lost(path, options), message: "the counterexample of the base is gone" });
}

function lost(path: string, { inRepository }: CorpusOptions) {
  const [design, property] = namesOf(path);
  return {
    stage: "corpus",
    name: `${FOLDER}/${path}`,
    className: design,
    type: "CounterexampleLost",
    word: "not as pinned",
    decision: { kind: "fixed", name: `${design}/${property}` },
    rule: STILL_BROKEN,
    place: { file: `${inRepository}${FOLDER}/${path}`, line: 1 },
  } as const;
}

function namesOf(path: string): readonly [string, string] {
  const [design = "", property = ""] = path.replace(/\.json$/, "").split("/");
  return [design, property];
}

const rerun = (path: string): string => `npx gmemcheck replay ${FOLDER}/${path}`;
