/** Affected designs are searched, at the bounds that are asked for, and judged by what is expected of them and by the base's pins. */
import {
  summary,
  type DesignReport,
  type PropertyReport,
  type RunReport,
} from "../../checkers/explore/check.ts";
import { stepsText } from "../../checkers/explore/mode.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import type { Progress } from "../../checkers/explore/sweep.ts";
import type { Ledger, Stage } from "../../checkers/gate/finding.ts";
import type { VerdictKey, Verdicts } from "../../checkers/gate/verdicts.ts";
import { callPlaces, ruleOf, type Locate } from "../../checkers/report/blame.ts";
import type { Rule } from "../../checkers/report/cases.ts";
import { callsText } from "../../checkers/report/explain.ts";
import { breaches, unexpected } from "../../checkers/report/registry-text.ts";
import { againCommand, count, searchedLine } from "../../checkers/report/text.ts";
import type { Vector } from "../../spec/language/design.ts";
import type { Pin, Pins } from "../../spec/language/pin.ts";
import { budgetFrom } from "../arguments.ts";
import { judgedOf } from "../check.ts";
import { runJobs } from "../jobs.ts";
import { changedPlace, type Affected } from "./affected.ts";

export interface CheckOptions {
  readonly stage: Stage;
  readonly vectorsOf: (affected: Affected) => readonly Vector[];
  readonly pins: { readonly head: Pins; readonly base: Pins };
  readonly verdicts: Verdicts | null;
  /** What stands for the content of a design; null where its verdicts are not to be kept. */
  readonly contentOf: (affected: Affected) => string | null;
  readonly engine: string;
  readonly workers: number | undefined;
  readonly stop: () => string | null;
  readonly onProgress: (text: string) => void;
  readonly locate: Locate;
  readonly inRepository: string;
  /** Whether the gate is incomplete without these runs. */
  readonly isRequired: boolean;
}

/** One run that is wanted. */
interface Wanted {
  readonly affected: Affected;
  readonly vector: Vector;
  readonly key: VerdictKey | null;
  cached: boolean;
  run: RunReport | undefined;
}

/** Searches what is not known yet, and adds what was found of each design as soon as all its runs are over. */
export async function checkAffected(
  designs: readonly Affected[],
  ledger: Ledger,
  options: CheckOptions,
): Promise<void> {
  const wanted = designs.flatMap((affected) =>
    options.vectorsOf(affected).map((vector) => wantedOf(affected, vector, options)),
  );
  const judge = (affected: Affected): void => {
    const its = wanted.filter((one) => one.affected === affected);
    if (its.every(({ run }) => run !== undefined)) judgeDesign(affected, its, ledger, options);
  };
  for (const affected of designs) judge(affected);
  const open = wanted.filter(({ run }) => run === undefined);
  if (open.length > 0) await runOpen(open, ledger, options, judge);
  for (const affected of designs) {
    const its = wanted.filter((one) => one.affected === affected);
    const missing = its.filter(({ run }) => run === undefined);
    if (missing.length === 0) continue;
    judgeDesign(affected, its, ledger, options);
    const what = `${missing.length} of ${its.length} runs of ${affected.name} (${missing.map(({ vector }) => vectorKey(vector)).join("; ")})`;
    ledger.leaveOut(what, options.stop(), options.isRequired);
  }
}

function wantedOf(affected: Affected, vector: Vector, options: CheckOptions): Wanted {
  const content = options.contentOf(affected);
  const key =
    content === null || options.verdicts === null
      ? null
      : { design: affected.name, content, vector: vectorKey(vector), engine: options.engine };
  const run = key === null ? undefined : (options.verdicts!.find(key) ?? undefined);
  return { affected, vector, key, cached: run !== undefined, run };
}

async function runOpen(
  open: readonly Wanted[],
  ledger: Ledger,
  options: CheckOptions,
  judge: (affected: Affected) => void,
): Promise<void> {
  const jobs = open.map(({ affected: { asked: design }, vector }) => ({ design, vector }));
  const onProgress = ({ design }: { readonly design: string }, { states }: Progress, done: number): void =>
    options.onProgress(`[${done}/${jobs.length}] ${design}: ${count(states)} states`);
  await runJobs(jobs, {
    budget: budgetFrom(options.workers === undefined ? {} : { workers: options.workers }, jobs.length),
    only: null,
    search: {},
    workers: options.workers,
    stop: options.stop,
    onProgress,
    onDone: (i, run) => {
      const one = open[i]!;
      // What the time did not reach, and breaks nothing so far, counts as not done.
      if (!options.isRequired && run.verdict === "incomplete") return;
      one.run = run;
      const conflict = one.key === null ? null : options.verdicts!.keep(one.key, run);
      if (conflict !== null) addConflict(one, conflict, ledger, options);
      judge(one.affected);
    },
  });
}

const SAME_AGAIN: Rule = {
  id: "same-again",
  says: "the same design at the same bounds gives the same verdict, counts and lengths",
  source: "the kept verdicts: --cache DIR, or node_modules/.cache/gmemcheck/verdicts",
};

function addConflict(
  { affected, vector }: Wanted,
  conflict: string,
  ledger: Ledger,
  { stage }: CheckOptions,
): void {
  ledger.add({
    stage,
    name: `${SAME_AGAIN.id}: ${vectorKey(vector)}`,
    className: affected.name,
    message: `another run of the same content found otherwise: ${conflict}`,
    rule: SAME_AGAIN,
    word: "invalid",
    type: "VerdictsConflict",
  });
}

function judgeDesign(
  affected: Affected,
  wanted: readonly Wanted[],
  ledger: Ledger,
  options: CheckOptions,
): void {
  const { head } = affected;
  const runs = wanted.flatMap(({ run }) => run ?? []);
  // What the time that was left added nothing to was told at the quick bounds.
  if (
    runs.length === 0 ||
    (!options.isRequired && wanted.every(({ run, cached }) => run === undefined || cached))
  )
    return;
  const vectors = wanted.map(({ vector }) => vector);
  const report = summary(head.design, vectors, runs, judgedOf(head));
  ledger.states += runs.reduce((sum, { states }, i) => sum + (wanted[i]!.cached ? 0 : states), 0);
  const before = ledger.findings.length;
  addViolated(affected, report, ledger, options);
  addSurprises(affected, report, ledger, options);
  addLessDecided(affected, wanted, ledger, options);
  if (ledger.findings.slice(before).every(({ word }) => word === null))
    addPassed(affected, wanted, report, ledger, options);
}

function addViolated(affected: Affected, report: DesignReport, ledger: Ledger, options: CheckOptions): void {
  const { head, name } = affected;
  // A mutant breaks what it breaks; whether the promise that is there for it catches it is judged below.
  if (head.kind === "mutant") return;
  for (const property of breaches(report)) {
    const run = report.runs.find((one) => one.properties.includes(property))!;
    const isExpected = head.breaks.includes(property.name);
    const { trace, steps } = property;
    ledger.add({
      stage: options.stage,
      name: isExpected ? `known: ${property.name}` : property.name,
      className: name,
      type: "PromiseBroken",
      status: isExpected ? "expected" : "failed",
      word: isExpected ? null : "violated",
      decision: isExpected ? null : { kind: "violated", name: `${name}/${property.name}` },
      message: `${property.name} is broken after ${stepsText(run, steps!)}${isExpected ? "" : `: ${trace?.breach?.why ?? ""}`}`,
      details: isExpected || trace === undefined ? "" : callsText(trace),
      rule: ruleOf(property.name, head.design, options.locate),
      place: changedPlace(affected, trace ?? null, options.inRepository),
      ...(trace === undefined ? {} : { trace, calls: callPlaces(trace, head.design, options.locate) }),
      rerun: again(affected, property, run),
    });
  }
}

function again({ asked, head }: Affected, property: PropertyReport, run: RunReport): string {
  return againCommand(property, run, { asked, design: head.design, traceFiles: new Map() });
}

const AS_EXPECTED: Rule = {
  id: "as-pinned",
  says: "verdicts, counts and lengths are those that are pinned, and nothing of a design is out of reach",
  source: "models/pins.json; npm run pins writes it anew",
};

function addSurprises(affected: Affected, report: DesignReport, ledger: Ledger, options: CheckOptions): void {
  const { head, name, listed, asked } = affected;
  const all = unexpected(head, report, options.pins.head);
  const isPinned = listed && options.pins.head[name] !== undefined;
  // Not what is not pinned, nor what comes with a breach that is told already.
  const isTold = ledger.findings.some(({ className, word }) => className === name && word === "violated");
  const told = all.filter(
    ({ verdict, property }) => verdict !== "violated" || (isPinned && !isTold && property === undefined),
  );
  const words = {
    invalid: "invalid",
    violated: "not as pinned",
    incomplete: "incomplete",
    vacuous: "vacuous",
  } as const;
  for (const verdict of ["invalid", "violated", "incomplete", "vacuous"] as const) {
    const whats = told.filter((surprise) => surprise.verdict === verdict).map(({ what }) => what);
    if (whats.length === 0) continue;
    const isInvalid = verdict === "invalid";
    const reason = report.runs.find((run) => run.verdict === "invalid")?.reason ?? "";
    ledger.add({
      stage: options.stage,
      name: words[verdict],
      className: name,
      type: isInvalid ? "ModelError" : verdict === "violated" ? "NotAsPinned" : "NotDecided",
      word: words[verdict],
      message: isInvalid
        ? reason.split("\n")[0]!
        : whats.length === 1
          ? whats[0]!
          : `${whats[0]!}; and ${whats.length - 1} more`,
      details: isInvalid ? reason : whats.length === 1 ? "" : whats.join("\n"),
      rule: AS_EXPECTED,
      place: changedPlace(affected, null, options.inRepository),
      rerun: `npx gmemcheck check ${asked} --quick`,
    });
  }
}

const DECIDED: Rule = {
  id: "decides-as-much",
  says: "as many promises are decided at a vector as were in the base",
  source: "models/pins.json of the base",
};

/** A promise that has nothing to say any more is none; what was dropped by name is told elsewhere. */
function addLessDecided(
  affected: Affected,
  wanted: readonly Wanted[],
  ledger: Ledger,
  { pins, stage, inRepository }: CheckOptions,
): void {
  const { name, head, base } = affected;
  if (base === null || head.kind === "mutant") return;
  const names = ({ design }: Affected["head"]): string[] =>
    [...design.promises, ...(design.statements ?? [])].map((property) => property.name);
  const kept = new Set(names(head));
  const dropped = names(base).filter((one) => !kept.has(one)).length;
  for (const { vector, run } of wanted) {
    const pin = pins.base[name]?.[vectorKey(vector)];
    if (pin === undefined || run?.complete !== true) continue;
    const decides = (held: number, violated: number): number => held + violated;
    const held = run.properties.filter(
      ({ verdict, kind }) => verdict === "holds" && kind !== "sometimes",
    ).length;
    const violated = run.properties.filter(({ verdict }) => verdict === "violated").length;
    const was = decides(pin.held, Object.keys(pin.violated).length);
    const is = decides(held, violated);
    if (is >= was - dropped) continue;
    const undecided = run.properties.filter(
      ({ verdict }) => verdict === "undecided" || verdict === "not applicable",
    );
    ledger.add({
      stage,
      name: `${DECIDED.id}: ${vectorKey(vector)}`,
      className: name,
      type: "PromiseWeakened",
      word: "weakened",
      decision: { kind: "weakened", name: `${name}/decided` },
      message: `${is} promises are decided at ${vectorKey(vector)}, where ${was} were`,
      details: `undecided: ${undecided.map((property) => property.name).join(", ")}`,
      rule: DECIDED,
      place: changedPlace(affected, null, inRepository),
    });
    return;
  }
}

function addPassed(
  affected: Affected,
  wanted: readonly Wanted[],
  report: DesignReport,
  ledger: Ledger,
  { stage, pins, inRepository }: CheckOptions,
): void {
  const { name, head, asked } = affected;
  const cached = wanted.filter((one) => one.cached).length;
  const from =
    cached === 0
      ? ""
      : cached === wanted.length
        ? " (cached)"
        : ` (${cached} of ${wanted.length} runs cached)`;
  const moved = wanted.flatMap(({ vector, run }) =>
    run === undefined ? [] : countsText(vectorKey(vector), pins.base[name]?.[vectorKey(vector)], run),
  );
  const caught = head.kind === "mutant" ? `caught by ${head.breaks.join(", ")}; ` : "";
  ledger.add({
    stage,
    name: "as expected",
    className: name,
    type: "PromiseBroken",
    status: wanted.some(({ run }) => run === undefined) ? "incomplete" : "passed",
    message: `${caught}${report.runs.length === 1 ? searchedLine(report.runs[0]!) : `${report.runs.length} runs, ${count(report.runs.reduce((sum, { states }) => sum + states, 0))} states`}${from}`,
    details: moved.join("\n"),
    rule: AS_EXPECTED,
    place: changedPlace(affected, null, inRepository),
    rerun: `npx gmemcheck check ${asked} --quick`,
  });
}

/** What a change did to the size of a run: no fault, and worth a look. */
function countsText(vector: string, was: Pin | undefined, run: RunReport): string[] {
  if (was === undefined || (was.states === run.states && was.transitions === run.transitions)) return [];
  return [
    `${vector}: ${count(was.states)} → ${count(run.states)} states, ${count(was.transitions)} → ${count(run.transitions)} transitions`,
  ];
}
