/** The steps of a gate, one after the other; what keeps one of them from being taken is told, and the others are taken all the same. */
import { join } from "node:path";
import { contentsOf, type Contents } from "../../checkers/analyse/content.ts";
import type { Ledger, Stage } from "../../checkers/gate/finding.ts";
import { Verdicts } from "../../checkers/gate/verdicts.ts";
import type { Rule } from "../../checkers/report/cases.ts";
import { UsageError } from "../../checkers/usage-error.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { locate } from "../locate.ts";
import { changesCalls, compareWithBase } from "./abi.ts";
import { loadAffected, type Affected, type Loaded } from "./affected.ts";
import { checkAffected } from "./checks.ts";
import { COMPARABLE, type Compared, type GateOptions } from "./compared.ts";
import { replayCorpus } from "./corpus.ts";
import { askPromises } from "./promises.ts";
import { leaveRest, nearVectors, quickVectors, useTheRest, type Limits, type VectorsOf } from "./rest.ts";
import { Compiler, addImpurities } from "./sources.ts";

/** Of the project, where nothing else is asked for. */
const VERDICTS = "node_modules/.cache/gmemcheck/verdicts";

const KEPT: Rule = {
  id: "kept",
  says: "a design of the catalogue, and a recording of a kernel, are not taken away",
  source: "gate.allow: weakened NAME: reason",
};

/** What every step is given. */
interface Common {
  readonly stop: () => string | null;
  readonly onProgress: (text: string) => void;
  readonly locate: typeof locate;
  readonly inRepository: string;
}

export class Steps {
  private readonly compared: Compared;
  private readonly ledger: Ledger;
  private readonly options: GateOptions;
  private readonly common: Common;
  private readonly verdicts: Verdicts;
  private readonly contents: Contents;

  constructor(compared: Compared, ledger: Ledger, options: GateOptions) {
    this.compared = compared;
    this.ledger = ledger;
    this.options = options;
    const { deadline, onProgress, cache } = options;
    const { head, trees } = compared;
    this.common = { stop: deadline.stop, onProgress, locate, inRepository: trees.inRepository };
    this.verdicts = new Verdicts(cache ?? join(head.root, VERDICTS));
    this.contents = contentsOf({ root: head.root });
  }

  async take(): Promise<void> {
    const { head, base } = this.compared;
    const { stop, inRepository } = this.common;
    // The compiler is a process of its own: what it says is there when everything else is.
    const compiler = new Compiler(this.ledger, stop);
    const typed = compiler.ask(head.root, base?.root ?? null, inRepository);
    try {
      await this.takeOthers();
    } finally {
      if (stop() !== null) compiler.end();
      await typed;
      this.ledger.notes.push(...this.verdicts.notes);
    }
  }

  private async takeOthers(): Promise<void> {
    const { head, base, reached, changes } = this.compared;
    const { ledger, common } = this;
    addImpurities(head.root, changes, ledger, common.inRepository);
    const found = await loadAffected(reached, base, head);
    ledger.designs = found.affected.map(({ name }) => name);
    this.addUnloaded(found);
    this.addRemoved(found);
    const removed = found.removed.map(({ name }) => name);
    await this.attempt("corpus", () => replayCorpus(ledger, { ...common, head, base, removed }));
    if (base !== null)
      await this.attempt("promises", () => askPromises(found.affected, ledger, { ...common, head, base }));
    await this.judge(found.affected);
  }

  /** What changed itself is told before what is derived from it. */
  private async judge(affected: readonly Affected[]): Promise<void> {
    const { ledger, common, options } = this;
    const { base, head } = this.compared;
    const isDecided = (): boolean => ledger.words().length > 0 && options.keepGoing !== true;
    // Where calls are only judged otherwise, the mutants of the base were asked first: they say what the searches would, and sooner.
    if (isDecided() && !affected.some(changesCalls)) return leaveRest([], affected, ledger);
    const own = affected.filter(({ isOwn }) => isOwn);
    const derived = affected.filter(({ isOwn }) => !isOwn);
    const near = nearVectors((base ?? head).pins);
    const needed = { stop: common.stop, isRequired: true };
    // The comparison takes one thread, and the searches have the others.
    await Promise.all([this.check("designs", own, near, needed), this.compare(own, near, needed)]);
    if (isDecided()) return leaveRest(own, derived, ledger);
    await this.check("designs", derived, quickVectors, needed);
    await useTheRest({
      ...common,
      own,
      derived,
      ledger,
      deadline: options.deadline,
      check: (vectorsOf, designs, limits) => this.check("larger", designs, vectorsOf, limits),
      compare: (designs, limits) => this.compare(designs, () => [], limits),
    });
  }

  private check(
    stage: Stage,
    designs: readonly Affected[],
    vectorsOf: VectorsOf,
    limits: Limits,
  ): Promise<void> {
    const { head, base } = this.compared;
    return this.attempt(stage, () =>
      checkAffected(designs, this.ledger, {
        ...this.common,
        ...limits,
        stage,
        vectorsOf,
        pins: { head: head.pins, base: base?.pins ?? {} },
        verdicts: this.verdicts,
        contentOf: ({ name }) => this.contents.of(name),
        engine: this.contents.engine,
        workers: this.options.workers,
      }),
    );
  }

  private async compare(designs: readonly Affected[], alsoAt: VectorsOf, limits: Limits): Promise<void> {
    const { trees } = this.compared;
    for (const affected of designs) {
      const options = { ...this.common, ...limits, base: trees.baseCommit!.ref, alsoAt };
      await this.attempt("abi", () => compareWithBase(affected, this.ledger, options));
    }
  }

  private async attempt(stage: Stage, step: () => Promise<void>): Promise<void> {
    const { times } = this.ledger;
    const began = performance.now();
    try {
      await step();
    } catch (error) {
      this.addFailure(stage, error);
    } finally {
      times[stage] = (times[stage] ?? 0) + (performance.now() - began) / 1000;
    }
  }

  private addFailure(stage: Stage, error: unknown): void {
    const { message, name } = error as Error;
    const isInput = error instanceof UsageError || name === "InputError";
    if (!isInput && !(error instanceof ModelError)) throw error;
    const [first = "", ...rest] = message.split("\n");
    this.ledger.add({
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

  private addUnloaded({ unloaded }: Loaded): void {
    for (const { name, side, file, fault } of unloaded) {
      const [message = "", ...rest] = fault.split("\n");
      this.ledger.add({
        stage: "trees",
        name: `does not load in the ${side}`,
        className: name,
        type: "ModelError",
        word: side === "head" ? "invalid" : "not comparable",
        message,
        details: rest.join("\n"),
        rule: COMPARABLE,
        place: side === "head" ? { file: `${this.common.inRepository}${file}`, line: 1 } : null,
      });
    }
  }

  /** What there was to hold models against, and is not any more. */
  private addRemoved({ removed }: Loaded): void {
    const recordings = this.compared.changes.filter(
      ({ kind, did }) => kind === "recording" && did !== "added",
    );
    const gone = [
      ...removed.map(({ name }) => ({ name, file: "models/catalogue.ts", message: "the design is gone" })),
      ...recordings.map(({ name, did }) => {
        const what = did === "removed" ? "is gone" : "was changed";
        return { name, file: name, message: `the recording of a kernel's answers ${what}` };
      }),
    ];
    for (const { name, file, message } of gone) {
      this.ledger.add({
        stage: "promises",
        name: `kept: ${name}`,
        className: name,
        type: "PromiseWeakened",
        word: "weakened",
        decision: { kind: "weakened", name },
        message,
        rule: KEPT,
        place: { file: `${this.common.inRepository}${file}`, line: 1 },
      });
    }
  }
}
