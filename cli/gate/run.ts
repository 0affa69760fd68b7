/** The steps of a gate, one after the other; what keeps one of them from being taken is told, and the others are taken all the same. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Change, Reached } from "../../checkers/analyse/change.ts";
import type { Contents } from "../../checkers/analyse/content.ts";
import { newlyAllowed, readAllowed, type Allowed } from "../../checkers/gate/allow.ts";
import { Ledger, type Finding, type GateReport, type Stage } from "../../checkers/gate/finding.ts";
import { Verdicts } from "../../checkers/gate/verdicts.ts";
import type { Rule } from "../../checkers/report/cases.ts";
import { UsageError } from "../../checkers/usage-error.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { gateExit } from "../exit.ts";
import { locate } from "../locate.ts";
import { compareWithBase, hasAbi } from "./abi.ts";
import { loadAffected, type Affected, type Loaded } from "./affected.ts";
import type { Deadline } from "./budget.ts";
import { checkAffected } from "./checks.ts";
import { leaveRest, nearVectors, quickVectors, useTheRest, type Limits, type VectorsOf } from "./rest.ts";
import { replayCorpus } from "./corpus.ts";
import { designsOf, type Designs } from "./designs.ts";
import { askPromises } from "./promises.ts";
import { Compiler, addImpurities } from "./sources.ts";
import { treesFor, type Trees } from "./trees.ts";

export interface GateOptions {
  readonly base: string;
  /** A folder for verdicts; null where none are kept. */
  readonly cache: string;
  readonly workers: number | undefined;
  /** Whether designs that are derived from one that fails are looked at, too. */
  readonly keepGoing: boolean;
  readonly deadline: Deadline;
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (text: string) => void;
}

/** What both trees are, and what differs. */
interface Compared {
  readonly trees: Trees;
  readonly head: Designs;
  readonly base: Designs | null;
  readonly changes: readonly Change[];
  readonly reached: readonly Reached[];
  readonly contents: Contents;
}

export async function runGate(options: GateOptions): Promise<GateReport> {
  const trees = treesFor(process.cwd(), options.base);
  const ledger = new Ledger(decisions(trees), options.onFinding);
  const compared = await compare(trees, ledger);
  if (!isNothing(compared, ledger)) await takeSteps(compared, ledger, options);
  ledger.sort();
  return reportOf(compared, ledger, options);
}

const FILE = "gate.allow";

/** What the working tree decides and the base does not. */
function decisions({ head, base }: Trees): readonly Allowed[] {
  const read = (root: string, where: string): readonly Allowed[] => {
    const file = join(root, FILE);
    return existsSync(file) ? readAllowed(readFileSync(file, "utf8"), where) : [];
  };
  const own = read(head, FILE);
  if (base === null || own.length === 0) return own;
  try {
    return newlyAllowed(own, read(base, FILE));
  } catch {
    // A file that could not be read then decided nothing.
    return own;
  }
}

const COMPARABLE: Rule = {
  id: "comparable",
  says: "both trees are there, and load",
  source: "git, and the imports of models",
};

function addFault(
  ledger: Ledger,
  className: string,
  fault: string,
  word: "not comparable" | "invalid",
): void {
  const [message = "", ...rest] = fault.split("\n");
  ledger.add({
    stage: "trees",
    name: message,
    className,
    type: word === "invalid" ? "ModelError" : "NotComparable",
    word,
    message,
    details: rest.join("\n"),
    rule: COMPARABLE,
  });
}

async function compare(trees: Trees, ledger: Ledger): Promise<Compared> {
  ledger.notes.push(...trees.notes);
  for (const fault of trees.faults) addFault(ledger, "base", fault, "not comparable");
  const head = await designsOf(trees.head);
  if (head.fault !== null) addFault(ledger, "head", head.fault, "invalid");
  const base = trees.base === null ? null : await designsOf(trees.base);
  if (base !== null && base.fault !== null) addFault(ledger, "base", base.fault, "not comparable");
  const usable = base === null || base.names.length === 0 ? null : base;
  const { contentsOf } = await import("../../checkers/analyse/content.ts");
  const contents = contentsOf({ root: trees.head });
  if (usable === null) return { trees, head, base: null, changes: [], reached: everyDesign(head), contents };
  const { changesBetween } = await import("../../checkers/analyse/changes.ts");
  const { reached } = await import("../../checkers/analyse/reached.ts");
  const changes = changesBetween({ root: usable.root }, { root: trees.head });
  return { trees, head, base: usable, changes: changes.all, reached: reached(changes), contents };
}

/** Where nothing is known of the base, everything may have changed. */
function everyDesign({ names }: Designs): Reached[] {
  const file = "models/catalogue.ts";
  return names.map((name) => ({ name, file, declaration: name, listed: true, did: "added", by: [] }));
}

/** Nothing that is checked differs. */
function isNothing({ reached, changes }: Compared, { findings }: Ledger): boolean {
  return reached.length === 0 && findings.length === 0 && changes.every(({ kind }) => kind === "type");
}

async function takeSteps(compared: Compared, ledger: Ledger, options: GateOptions): Promise<void> {
  const { head, base, trees } = compared;
  const { deadline } = options;
  // The compiler is a process of its own: what it says is there when everything else is.
  const compiler = new Compiler(ledger, deadline.stop);
  const typed = compiler.ask(head.root, base?.root ?? null, trees.inRepository);
  try {
    await takeOthers(compared, ledger, options);
  } finally {
    if (deadline.stop() !== null) compiler.end();
    await typed;
  }
}

async function takeOthers(compared: Compared, ledger: Ledger, options: GateOptions): Promise<void> {
  const { head, base, reached, trees, changes } = compared;
  const { deadline, onProgress } = options;
  const { inRepository } = trees;
  const common = { stop: deadline.stop, onProgress, locate, inRepository };
  addImpurities(head.root, changes, ledger, inRepository);
  const found = await loadAffected(reached, base, head);
  ledger.designs = found.affected.map(({ name }) => name);
  addUnloaded(found, ledger);
  addRemoved(found, changes, ledger, inRepository);
  const removed = found.removed.map(({ name }) => name);
  await attempt("corpus", ledger, () => replayCorpus(ledger, { ...common, head, base, removed }));
  if (base !== null)
    await attempt("promises", ledger, () => askPromises(found.affected, ledger, { ...common, head, base }));
  // What changed itself is told before what is derived from it.
  const own = found.affected.filter(({ isOwn }) => isOwn);
  const derived = found.affected.filter(({ isOwn }) => !isOwn);
  const verdicts = new Verdicts(options.cache);
  const check = (
    stage: Stage,
    designs: readonly Affected[],
    vectorsOf: VectorsOf,
    more: Limits,
  ): Promise<void> =>
    attempt(stage, ledger, () =>
      checkAffected(designs, ledger, {
        ...common,
        ...more,
        stage,
        vectorsOf,
        pins: { head: head.pins, base: base?.pins ?? {} },
        verdicts,
        contentOf: ({ name }) => compared.contents.of(name),
        engine: compared.contents.engine,
        workers: options.workers,
      }),
    );
  const compare = async (designs: readonly Affected[], alsoAt: VectorsOf, more: Limits): Promise<void> => {
    for (const affected of designs.filter(hasAbi))
      await attempt("abi", ledger, () =>
        compareWithBase(affected, ledger, { ...common, ...more, base: trees.baseCommit!.ref, alsoAt }),
      );
  };
  const near = nearVectors(base?.pins ?? head.pins);
  const needed = { stop: deadline.stop, isRequired: true };
  // The comparison takes one thread, and the searches have the others.
  await Promise.all([check("designs", own, near, needed), compare(own, near, needed)]);
  if (ledger.words().length > 0 && !options.keepGoing) leaveRest(own, derived, ledger);
  else {
    await check("designs", derived, quickVectors, needed);
    await useTheRest({ own, derived, ledger, deadline, check, compare, ...common });
  }
  ledger.notes.push(...verdicts.notes);
}

/** A step that cannot be taken is told; those behind it are taken. */
async function attempt(stage: Stage, ledger: Ledger, step: () => Promise<void>): Promise<void> {
  const began = performance.now();
  try {
    await step();
    ledger.times[stage] = (ledger.times[stage] ?? 0) + (performance.now() - began) / 1000;
  } catch (error) {
    const { message, name } = error as Error;
    const isInput = error instanceof UsageError || name === "InputError";
    if (!isInput && !(error instanceof ModelError)) throw error;
    const [first = "", ...rest] = message.split("\n");
    ledger.add({
      stage,
      name: "the step was not taken",
      className: "gate",
      type: isInput ? "NotComparable" : "ModelError",
      word: isInput ? "not comparable" : "invalid",
      message: first,
      details: rest.join("\n"),
      rule: COMPARABLE,
    });
  }
}

function addUnloaded({ unloaded }: Loaded, ledger: Ledger): void {
  for (const { name, side, file, fault } of unloaded) {
    const [message = "", ...rest] = fault.split("\n");
    ledger.add({
      stage: "trees",
      name: `${name} does not load in the ${side}`,
      className: name,
      type: "ModelError",
      word: side === "head" ? "invalid" : "not comparable",
      message,
      details: rest.join("\n"),
      rule: COMPARABLE,
      place: side === "head" ? { file, line: 1 } : null,
    });
  }
}

const KEPT: Rule = {
  id: "kept",
  says: "a design of the catalogue, and a recording of a kernel, are not taken away",
  source: "gate.allow: weakened NAME: reason",
};

/** What there was to hold models against, and is not any more. */
function addRemoved(
  { removed }: Loaded,
  changes: readonly Change[],
  ledger: Ledger,
  inRepository: string,
): void {
  const recordings = changes.filter(({ kind, did }) => kind === "recording" && did !== "added");
  const gone = [
    ...removed.map(({ name }) => ({ name, file: "models/catalogue.ts", message: "the design is gone" })),
    ...recordings.map(({ name, did }) => ({
      name,
      file: name,
      message:
        did === "removed" ? "the recording is gone" : "the recording of a kernel's answers was changed",
    })),
  ];
  for (const { name, file, message } of gone) {
    ledger.add({
      stage: "promises",
      name: `kept: ${name}`,
      className: name,
      type: "PromiseWeakened",
      word: "weakened",
      decision: { kind: "weakened", name },
      message,
      rule: KEPT,
      place: { file: `${inRepository}${file}`, line: 1 },
    });
  }
}

function reportOf(
  { trees, changes, reached, base }: Compared,
  ledger: Ledger,
  { deadline }: GateOptions,
): GateReport {
  const words = ledger.words();
  const required = ledger.undone.find(({ isRequired }) => isRequired);
  const isOpen = required !== undefined;
  const nothing = reached.length === 0 && ledger.findings.length === 0;
  return {
    base: base === null ? null : trees.baseCommit,
    head: { commit: trees.commit, uncommitted: trees.uncommitted },
    changes,
    reached: base === null ? [] : reached,
    findings: ledger.findings,
    stale: ledger.stale(),
    notes: ledger.notes,
    undone: ledger.undone,
    verdict:
      words.length > 0 ? words.join(", ") : nothing ? "nothing to do" : isOpen ? "incomplete" : "passed",
    exitCode: gateExit(words, isOpen),
    complete: !isOpen,
    reason: required === undefined ? null : `${required.what}: ${required.why}`,
    states: ledger.states,
    seconds: deadline.spent,
    times: ledger.times,
    rerun: null,
  };
}
