/**
 * Translates the calls and the promises of a design at given bounds into JavaScript over packed words: each call with its parameters
 * filled in becomes straight-line code, in which what the bounds, the machine and the parameters decide is decided already.
 *
 * What a path does that is not of the translated subset, or that the interpreter is to report (a bug of the kernel, a value outside its
 * domain), is given back to the interpreter while the search runs, for that one step.
 */
import { isFailure, outcomeName, type Outcome } from "../../spec/language/outcome.ts";
import { disabled, mayLeave, type Left } from "../../spec/language/call.ts";
import type { Bounded } from "../explore/bounded.ts";
import type { Codec } from "../explore/codec.ts";
import { within, type Cell, type RecordCell } from "../explore/layout.ts";
import { isGoTo, type Program } from "../explore/program.ts";
import { plus, times } from "../explore/probe.ts";
import { isDeclared } from "../explore/stepper.ts";
import type { Instance } from "../explore/sequential.ts";
import { Block } from "./block.ts";
import { Ended, TooLong, mapping, type Target } from "./core.ts";
import { Flow } from "./flow.ts";
import { Untracked } from "./untracked.ts";
import { withDirectJumps } from "./jumps.ts";
import { OUTCOMES } from "./outcomes.ts";
import type { Space } from "./space.ts";
import { tidied } from "./tidy.ts";
import { UNDEFINED, Unsupported, fixed, isStatic, type Bool, type Obj, type Value } from "./value.ts";

/** What the author is told of a construct that is not translated. */
export interface Complaint {
  readonly place: string;
  readonly what: string;
  readonly instead: string;
}

/** How often a call may go back to an earlier section, in code that is generated for it. */
const MOST_ROUNDS = 12;
/** In code that is longer than this, a call that goes back runs one section again, and beyond it none that it has run. */
const LONG = 300;

/** A call that is being translated. */
interface Run {
  readonly program: Program;
  readonly context: Obj;
  /** The block of the whole call. */
  readonly label: string;
}
/** Some of its sections in a row, up to and without `end`. */
interface Pass {
  readonly from: number;
  readonly end: number;
  /** Where all ways lead to. */
  readonly exit: Target;
  /** How often the call has gone back. */
  readonly rounds: number;
  /** The last section that ran before it went back. */
  readonly ran: number;
}

/** The state before a step, or one that is only looked at: its words are parameters of the generated function. */
const BEFORE: Space = { id: "w", word: (i) => `w${i}`, hoists: true, changes: false };
/** The state that a step is changing. */
export const NOW: Space = { id: "n", word: (i) => `n${i}`, hoists: true, changes: true };
/** The state after a step, in a promise of steps. */
const AFTER: Space = { id: "a", word: (i) => `n${i}`, hoists: false, changes: false };

export interface Piece {
  readonly lines: readonly string[];
  /** Locals over words, to be computed once in the function that the piece is put into. */
  readonly hoists: ReadonlyMap<string, string>;
}

export class Translator extends Untracked {
  readonly complaints: Complaint[] = [];
  protected readonly subject: Bounded;
  protected readonly codec: Codec;
  private hoists = new Map<string, string>();
  /** What gives a step back to the interpreter, in the code at hand. */
  private back: readonly string[] = [];
  /** Names of outcomes that a step can have, by call instance, in the order of their counters. */
  readonly outcomes: string[][] = [];

  protected readonly isFull: boolean;

  constructor(subject: Bounded, codec: Codec) {
    super();
    this.subject = subject;
    this.codec = codec;
    this.isFull = [...within(codec.layout)].every(({ kind }) => kind !== "untracked" && kind !== "pointer");
    this.adopt(codec.layout, null);
  }

  protected hoist(name: string, expression: string): void {
    this.hoists.set(name, expression);
  }

  giveBack(): never {
    if (this.escape !== null) return this.escape();
    for (const line of this.back) this.act(line);
    return this.end();
  }

  /** What is done instead of giving the whole step back: where only a promise is asked of it. */
  private escape: (() => never) | null = null;

  protected complain(error: Unsupported, place: string): void {
    const known = this.complaints.some((one) => one.place === place && one.what === error.message);
    if (!known) this.complaints.push({ place, what: error.message, instead: error.instead });
  }

  /** The promise at hand: its number, and where one instance of it ends. */
  private claim: { readonly p: number; readonly target: Target } | null = null;

  protected unanswered(elsewhere: boolean): never {
    if (this.claim === null) return this.end();
    const { p, target } = this.claim;
    this.act(elsewhere ? `if (td === 1) undecidable[${p}] = 1;` : `undecidable[${p}] = 1;`);
    return this.leave(target, UNDEFINED);
  }

  protected piece(back: readonly string[], run: () => void): Piece {
    this.block = new Block();
    this.flow = new Flow();
    this.hoists = new Map();
    this.back = back;
    this.restart();
    const { block, hoists } = this;
    this.makeViews();
    try {
      run();
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
    }
    return { lines: withDirectJumps(tidied(block.lines())), hoists };
  }

  /** The words of a state, as a list of variables. */
  words(prefix: string): string[] {
    return Array.from({ length: this.codec.words }, (_, i) => `${prefix}${i}`);
  }

  protected root(space: Space): Value {
    const { layout } = this.codec;
    if (layout.kind !== "record" && layout.kind !== "table")
      throw new Unsupported("a state that is no record", "a record");
    return this.refTo(layout, space);
  }

  /** One call with its parameters, as code that appends what it leads to; or nothing but a way back where that is no gain. */
  step(k: number): Piece {
    const label = `I${k}`;
    const back = [`n = slow(${k}, n);`, `break ${label};`];
    this.outcomes[k] = [];
    this.chooses = false;
    try {
      const piece = this.piece(back, () => this.runCall(this.subject.instances[k]!, k, `B${k}`));
      const body = [
        `B${k}: {`,
        ...this.words("n").map((name, i) => `var ${name} = w${i};`),
        ...piece.lines,
        "}",
      ];
      const lines = this.chooses ? this.allWays(k, body) : body;
      return { lines: [`${label}: {`, ...lines, "}"], hoists: piece.hoists };
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      this.complain(error, this.subject.instances[k]!.call.place);
      this.outcomes[k] = [];
      return { lines: [`n = slow(${k}, n);`], hoists: new Map() };
    }
  }

  /** A step that reads untracked cells: it is run for all that they may hold, and then each way in which it went is taken up. */
  private allWays(k: number, body: readonly string[]): string[] {
    const asking = new Block();
    this.block = asking;
    this.flow = new Flow();
    this.failedCall(this.subject.instances[k]!, k, null);
    this.askShared(k);
    const words = this.words("n");
    return [
      "begin();",
      "do {",
      "var td = 0, el = 0;",
      ...body,
      "} while (again());",
      `n = room(n, settle(cnt, ${k * OUTCOMES}));`,
      "for (var y = 0; y < ways.count; y++) {",
      ...words.map((name, i) => `var ${name} = ways.words[y * ${words.length} + ${i}];`),
      `if (${words.map((name, i) => `${name} !== w${i}`).join(" || ")}) {`,
      "var o = ways.outcome[y], eb = ways.elsewhere[y];",
      ...asking.lines(),
      ...this.append(k, words),
      "}",
      "}",
    ];
  }

  private append(k: number, words: readonly string[]): string[] {
    const width = words.length;
    const place = (i: number): string => `out[${plus(times("n", width), i)}]`;
    return [...words.map((name, i) => `${place(i)} = ${name};`), `via[n] = ${k};`, "n = (n + 1) | 0;"];
  }

  private runCall(instance: Instance, k: number, label: string): void {
    const { program, params } = instance;
    const fields = [
      ...Object.entries(params).map(([name, value]) => [name, fixed(value)] as const),
      ...program.kept.map(([name, first]) => [name, this.thawed(first)] as const),
    ];
    const context = this.makeObject(fields);
    this.flow.heap.set("@result", fixed(0));
    this.run({ program, context, label });
    this.finish(instance, k, this.refined(this.flow.heap.get("@result")!));
  }

  /** A value that a call keeps and may write to. */
  protected thawed(value: unknown): Value {
    if (Array.isArray(value)) return this.newArray(value.map((one) => this.thawed(one)));
    if (value === null || typeof value !== "object") return fixed(value);
    return this.makeObject(Object.entries(value).map(([name, one]) => [name, this.thawed(one)] as const));
  }

  /** All sections; the closing ones begin where the others have ended on every way. */
  private run(run: Run): void {
    const { closing, parts } = run.program;
    const ended = this.target("E");
    const closed = this.target("E");
    this.landing(
      ended,
      () => this.pass(run, { from: 0, end: closing, exit: ended, rounds: 0, ran: -1 }),
      false,
    );
    this.landing(
      closed,
      () => this.pass(run, { from: closing, end: parts.length, exit: closed, rounds: 0, ran: -1 }),
      false,
    );
  }

  /** Sections in a row. Each one's block is inside of the next one's, so that whoever jumps ahead leaves the blocks between. */
  private pass(run: Run, pass: Pass): never {
    const { from, end, exit } = pass;
    const targets: Target[] = [];
    for (let at = from + 1; at < end; at++) targets[at] = this.target("J");
    targets[end] = exit;
    const upTo = (at: number): Value => {
      if (at > from) this.landing(targets[at]!, () => upTo(at - 1));
      this.section(run, at, pass, targets);
      return UNDEFINED;
    };
    if (end > from) upTo(end - 1);
    return this.leave(exit, UNDEFINED);
  }

  private section(run: Run, at: number, pass: Pass, targets: readonly Target[]): void {
    const { program, context } = run;
    const part = program.parts[at]!;
    const s = this.root(NOW);
    const m = fixed(this.subject.m);
    const applies = part.when === undefined ? fixed(true) : this.invoke(fixed(part.when), [context], null);
    const again = this.length > LONG && at <= pass.ran && at > pass.from;
    const body = (): Value => {
      if (again) return this.giveBack();
      if (part.until !== undefined) {
        const holds = this.truth(this.invoke(fixed(part.until), [s, context, m], null));
        this.conditional(
          holds,
          () => UNDEFINED,
          () => this.giveBack(),
        );
      }
      const step = part.run === undefined ? UNDEFINED : this.invoke(fixed(part.run), [s, context, m], null);
      this.take(run, at, step, pass, targets);
      return UNDEFINED;
    };
    this.conditional(this.truth(applies), body, () => UNDEFINED);
  }

  /** What a section answered: where the call goes on, or how it ends. */
  private take(run: Run, at: number, given: Value, pass: Pass, targets: readonly Target[]): void {
    const step = this.refined(given);
    if (step.k === "alt") {
      this.split(step, (one) => (this.take(run, at, one, pass, targets), UNDEFINED));
      return;
    }
    if (isStatic(step) && step.v === undefined) return;
    if (isStatic(step) && step.v === disabled) {
      this.act(`break ${run.label};`);
      this.end();
    }
    if (isStatic(step) && isGoTo(step.v))
      return this.goOn(run, at, run.program.target(step.v), pass, targets);
    if (at < run.program.closing) this.flow.heap.set("@result", step);
    return this.leave(pass.exit, UNDEFINED);
  }

  /** Ahead, or back: then another round is inside of this one, until the sections have ended. */
  private goOn(run: Run, at: number, next: number, pass: Pass, targets: readonly Target[]): never {
    if (next > at) return this.leave(targets[next] ?? pass.exit, UNDEFINED);
    if (pass.rounds >= MOST_ROUNDS) return this.giveBack();
    return this.pass(run, { ...pass, from: next, rounds: pass.rounds + 1, ran: Math.max(at, pass.ran) });
  }

  /** The call has ended: what it leads to is counted, asked about, and appended where it is another state. */
  private finish(instance: Instance, k: number, given: Value): void {
    const result = this.refined(given);
    if (result.k === "alt" && this.feasible(result).some((i) => !isStatic(result.alts[i]!))) {
      this.split(result, (one) => (this.finish(instance, k, one), UNDEFINED));
      return;
    }
    const outcome = this.outcome(instance, k, result);
    if (this.chooses) return this.finishWay(k, result, outcome);
    if (!this.isUntouched) this.settleDead(this.codec.layout);
    this.ended(k, result, outcome);
    this.askResult(k, result, true);
    const changed = [
      ...new Set([...this.flow.dirty.keys()].flatMap((cell) => [...this.masks(cell).keys()])),
    ].sort((a, b) => a - b);
    if (changed.length === 0) return;
    this.act(`if (${changed.map((i) => `n${i} !== w${i}`).join(" || ")}) {`);
    this.failedCall(instance, k, result);
    this.askShared(k);
    this.askResult(k, result, false);
    const words = this.words("n").map((name, i) => (changed.includes(i) ? name : `w${i}`));
    for (const line of this.append(k, words)) this.act(line);
    this.act("}");
  }

  /** What is done with the number of a step's outcome. */
  protected ended(k: number, _result: Value, outcome: string | number): void {
    this.act(`cnt[${k * OUTCOMES} + ${outcome}]++;`);
  }

  private finishWay(k: number, result: Value, outcome: string | number): void {
    this.settleDead(this.codec.layout);
    this.act("var eb = el === 1 && td !== 1 ? 1 : 0;");
    this.act("if (eb === 0) {");
    this.askResult(k, result, true);
    this.act("}");
    if (this.ofSteps.some((p) => this.sharedStep(p, k) === null && this.needsResult.has(`${p} ${k}`))) {
      this.act(
        `if (${this.words("n")
          .map((name, i) => `${name} !== w${i}`)
          .join(" || ")}) {`,
      );
      this.askResult(k, result, false);
      this.act("}");
    }
    this.act(`way(${outcome}${this.givenNumber(result)}, eb, ${this.words("n").join(", ")});`);
  }

  /** What is added to the number of an outcome that gives a value: other values are other ways. */
  protected givenNumber(result: Value): string {
    if (result.k !== "obj") return "";
    const value = this.member(result, "value");
    const numbered = (one: unknown): number => OUTCOMES * (one === null ? 1 : Number(one) + 2);
    if (isStatic(value)) return ` + ${numbered(value.v)}`;
    if (value.k === "num") return ` + ${OUTCOMES} * (${value.e} + 2)`;
    if (value.k !== "alt")
      throw new Unsupported("a value that is given back and is no number", "a number or null");
    const places = new Map(
      this.feasible(value).map((i) => [i, numbered((value.alts[i] as { v: unknown }).v)]),
    );
    return ` + ${mapping(value.e, places)}`;
  }

  /** Asks the promises of steps that look at the two states alone, or at the call too. */
  private askShared(k: number): void {
    for (const p of this.ofSteps) {
      if ((this.subject.properties[p]!.property as { readonly asksResults?: true }).asksResults === true)
        continue;
      const name = this.sharedStep(p, k);
      if (name === null) continue;
      this.act(
        `if (open[${p}] !== 0 && ${name}(${[...this.words("w"), ...this.words("n")].join(", ")})) ask(${k});`,
      );
    }
  }

  /** Asks those that look at the result, in place: those that ask for results, of every step; the others, of a step that changes something. */
  private askResult(k: number, result: Value, forResults: boolean): void {
    const { call, name, params } = this.subject.instances[k]!;
    for (const p of this.ofSteps) {
      const { property } = this.subject.properties[p]!;
      const asksResults = (property as { readonly asksResults?: true }).asksResults === true;
      if (asksResults !== forResults) continue;
      if (!asksResults && (this.sharedStep(p, k) !== null || !this.needsResult.has(`${p} ${k}`))) continue;
      const flow = this.flow;
      this.flow = new Flow(flow);
      try {
        const made = this.makeObject([
          ["call", fixed(name)],
          ["by", fixed(call.by)],
          ["params", fixed(params)],
          ["result", result],
        ]);
        const out = this.target("S");
        const broken = (): never => {
          this.act(`if (open[${p}] !== 0) ask(${k});`);
          return this.leave(out, UNDEFINED);
        };
        this.escape = broken;
        this.landing(out, () => {
          this.stepClaim(p, made, broken);
          return UNDEFINED;
        });
      } catch (error) {
        if (!(error instanceof Ended)) throw error;
      } finally {
        this.flow = flow;
        this.escape = null;
      }
    }
  }

  /** Code for every instance of a promise of steps; `broken` is what is done where one is broken, before the others are left out. */
  private stepClaim(p: number, made: Obj, broken: () => never): void {
    const { property, instances } = this.subject.properties[p]!;
    if (property.kind !== "step") throw new Error("a promise of states is not asked of steps");
    this.refusing(() => {
      const before = this.viewOf(BEFORE);
      const then = this.viewOf(AFTER);
      for (const instance of instances) {
        const over = fixed(instance);
        const when =
          property.when === undefined
            ? null
            : () => this.invoke(fixed(property.when), [before, made, over], null);
        this.ask(
          p,
          when,
          () => this.invoke(fixed(property.holds), [before, made, then, over], null),
          (holds) => {
            this.conditional(holds, () => UNDEFINED, broken);
          },
        );
      }
    });
  }

  /** Views of the state before a step and of the one behind it, where making them takes no code: made once for a piece. */
  private views: ReadonlyMap<Space, Value> = new Map();

  private viewOf(space: Space): Value {
    return this.views.get(space) ?? this.makeView(space);
  }

  private makeView(space: Space): Value {
    return this.invoke(fixed(this.subject.design.view), [this.root(space), fixed(this.subject.m)], null);
  }

  /** What is made here is known to everything that is translated behind it. */
  private makeViews(): void {
    const views = new Map<Space, Value>();
    this.views = views;
    if (this.ofSteps.length === 0) return;
    const outer = this.block;
    this.refusing(() => {
      for (const space of [BEFORE, AFTER]) {
        this.block = new Block();
        try {
          const view = this.makeView(space);
          if (this.block.isEmpty) views.set(space, view);
        } catch (error) {
          if (!(error instanceof Ended)) throw error;
        }
      }
    });
    this.block = outer;
  }

  /** Evaluates promises: a cell that is not tracked has no answer. */
  private refusing(run: () => void): void {
    const outer = { refuses: this.refuses, claim: this.claim };
    this.refuses = true;
    try {
      run();
    } finally {
      this.refuses = outer.refuses;
      this.claim = outer.claim;
    }
  }

  /** Asks one instance of a promise: where it applies and has an answer, `answered` is given it. */
  private ask(
    p: number,
    when: (() => Value) | null,
    holds: () => Value,
    answered: (holds: Bool) => void,
  ): void {
    const target = this.target("Q");
    this.claim = { p, target };
    if (!this.isFull) this.act("var td = 0, ab = 0;");
    this.landing(target, () => {
      if (when !== null)
        this.conditional(
          this.truth(when()),
          () => UNDEFINED,
          () => this.leave(target, UNDEFINED),
        );
      const answer = this.truth(holds());
      this.act(`decided[${p}] = 1;`);
      if (!this.isFull && this.subject.properties[p]!.property.ofOnePage !== true)
        this.act(`if (td === 1 && ab === 1) undecidable[${p}] = 1;`);
      answered(answer);
      return UNDEFINED;
    });
  }

  /** Promises of steps that are asked, by number. */
  ofSteps: readonly number[] = [];
  /** Functions that ask promises of steps, with two states as parameters; the name, by promise and what of the call it looks at. */
  readonly stepFunctions = new Map<string, { readonly name: string; readonly piece: Piece } | null>();
  private readonly needsResult = new Set<string>();
  private madeId = -1;

  /** The function that asks a promise of the steps of a call; null where it has nothing to say of them, or looks at the result. */
  private sharedStep(p: number, k: number): string | null {
    const { name, call, params } = this.subject.instances[k]!;
    const levels: readonly (readonly [string, readonly (readonly [string, Value])[]])[] = [
      [`${p}`, []],
      [
        `${p} ${name}`,
        [
          ["call", fixed(name)],
          ["by", fixed(call.by)],
        ],
      ],
      [
        `${p} ${k}`,
        [
          ["call", fixed(name)],
          ["by", fixed(call.by)],
          ["params", fixed(params)],
        ],
      ],
    ];
    for (const [key, fields] of levels) {
      const known = this.stepFunctions.get(key);
      if (known !== undefined && known !== null) return known.piece.lines.length === 0 ? null : known.name;
      if (known === null) continue;
      const piece = this.stepFunction(p, fields);
      const made = piece === null ? null : { name: this.fresh("S"), piece };
      this.stepFunctions.set(key, made);
      if (made !== null) return made.piece.lines.length === 0 ? null : made.name;
    }
    this.needsResult.add(`${p} ${k}`);
    return null;
  }

  /** Null where it looks at more of the call than is given. */
  private stepFunction(p: number, fields: readonly (readonly [string, Value])[]): Piece | null {
    const outer = {
      block: this.block,
      flow: this.flow,
      hoists: this.hoists,
      back: this.back,
      made: this.madeId,
      escape: this.escape,
      views: this.views,
      length: this.length,
    };
    this.escape = null;
    try {
      const { place } = this.subject.properties[p]!.property;
      const piece = this.orAsIs(place, ["return 1;"], () =>
        this.piece(["return 1;"], () => {
          const made = this.makeObject(fields);
          this.madeId = made.id;
          this.stepClaim(p, made, () => {
            this.act("return 1;");
            return this.end();
          });
        }),
      );
      return piece.lines.some((line) => /return 1|decided|undecidable/.test(line))
        ? piece
        : { lines: [], hoists: new Map() };
    } catch (error) {
      if (error instanceof NeedsMore) return null;
      throw error;
    } finally {
      this.block = outer.block;
      this.flow = outer.flow;
      this.hoists = outer.hoists;
      this.back = outer.back;
      this.madeId = outer.made;
      this.escape = outer.escape;
      this.views = outer.views;
      this.length = outer.length;
    }
  }

  protected override missing(object: Obj, name: string): Value {
    if (object.id === this.madeId) throw new NeedsMore(name);
    return super.missing(object, name);
  }

  /** The number of a result among those of its call. */
  private outcome(instance: Instance, k: number, result: Value): string | number {
    const names = this.outcomes[k]!;
    const number = (value: Value): number => {
      const outcome = isStatic(value) ? (value.v as Outcome) : { value: null };
      if (!isDeclared(instance, outcome)) return this.giveBack();
      const name = outcomeName(outcome);
      const at = names.indexOf(name);
      if (at < 0 && names.length === OUTCOMES - 1)
        throw new TooLong(`more than ${OUTCOMES - 1} ways to end for one call`, "calls with fewer results");
      return at >= 0 ? at : names.push(name) - 1;
    };
    if (result.k !== "alt") return number(result);
    return mapping(result.e, new Map(this.feasible(result).map((i) => [i, number(result.alts[i]!)])));
  }

  /** A call that fails has changed something: the interpreter tells whether it may. */
  protected failedCall({ call }: Instance, k: number, result: Value | null): void {
    const failing = this.failingResults(k, result);
    for (const [here, name] of failing) {
      const left = call.leaves[name];
      if (left !== undefined && (left.cells === undefined || !this.isFull)) continue;
      const allowed = left === undefined ? new Map<number, number>() : this.allowed(left);
      const changes = this.words("n").map(
        (word, i) => `((${word} ^ w${i}) & ${~(allowed.get(i) ?? 0)}) !== 0`,
      );
      this.act(`if (failing[0] !== 0 && ${here}(${changes.join(" || ")})) failed(${k});`);
    }
  }

  /** Failures that a step may have ended with, each with the condition that it has. */
  private failingResults(k: number, result: Value | null): (readonly [string, string])[] {
    if (result === null)
      return this.outcomes[k]!.flatMap((name, o) =>
        isFailure(name) ? [[`eb === 0 && o === ${o} && `, name] as const] : [],
      );
    const alts =
      result.k === "alt"
        ? this.feasible(result).map((i) => [`${result.e} === ${i} && `, result.alts[i]!] as const)
        : [["", result] as const];
    return alts.flatMap(([here, one]) =>
      isStatic(one) && isFailure(one.v as Outcome) ? [[here, one.v as string] as const] : [],
    );
  }

  /** The bits that a failed call may leave changed. */
  private allowed(left: Left): Map<number, number> {
    const found = new Map<number, number>();
    for (const cell of within(this.codec.layout)) {
      const bits = cell.kind === "leaf" ? cell.bits : cell.kind === "optional" ? cell.bit : null;
      if (bits === null || !mayLeave(left, [{ cell: cell.path }])) continue;
      found.set(bits.word, (found.get(bits.word) ?? 0) | (bits.mask << bits.shift));
    }
    return found;
  }

  /** Clears what is dead: its value can influence nothing, and states that differ only there are one. */
  protected settleDead(cell: Cell): void {
    const clears: { readonly when: Value; readonly field: Cell }[] = [];
    const touched = this.dirtyAndAbove();
    this.findDead(cell, touched, clears);
    // Fields that are dead under the same condition are cleared together.
    const together = new Map<string, { readonly when: Value; readonly masks: Map<number, number> }>();
    for (const { when, field } of clears) {
      const key = "e" in when ? when.e : "always";
      const group = together.get(key) ?? { when, masks: new Map<number, number>() };
      together.set(key, group);
      for (const [word, mask] of this.masks(field))
        group.masks.set(word, (group.masks.get(word) ?? 0) | mask);
      for (const part of within(field)) this.flow.dirty.set(part, true);
    }
    for (const group of together.values()) {
      const clear = (): Value => {
        for (const [word, mask] of group.masks) this.act(`n${word} = n${word} & ${~mask};`);
        return UNDEFINED;
      };
      this.conditional(this.truth(group.when), clear, () => UNDEFINED);
    }
  }

  private findDead(
    cell: Cell,
    touched: ReadonlySet<Cell>,
    clears: { readonly when: Value; readonly field: Cell }[],
  ): void {
    if (cell.kind === "optional") this.findDead(cell.of, touched, clears);
    else if (cell.kind === "table") for (const entry of cell.cells) this.findDead(entry, touched, clears);
    else if (cell.kind === "record") {
      if (!touched.has(cell)) return;
      for (const [name, field] of cell.fields) {
        this.findDead(field, touched, clears);
        const rule = cell.dead[name];
        if (rule !== undefined && this.masks(field).size > 0)
          this.deadField(cell, field, rule, touched, clears);
      }
    }
  }

  private deadField(
    owner: RecordCell,
    field: Cell,
    rule: (owner: never) => boolean,
    touched: ReadonlySet<Cell>,
    clears: { readonly when: Value; readonly field: Cell }[],
  ): void {
    const reads = new Set<Cell>();
    const outer = this.reading;
    this.reading = reads;
    const when = this.invoke(fixed(rule), [this.refTo(owner, NOW)], null);
    this.reading = outer;
    const matters = touched.has(field) || [...reads].some((part) => this.flow.dirty.has(part));
    if (matters && !(isStatic(when) && when.v === false)) clears.push({ when: this.kept(when), field });
  }

  protected override get remembers(): boolean {
    return this.reading === null && super.remembers;
  }

  /** Cells that are read, while somebody wants to know. */
  private reading: Set<Cell> | null = null;

  override read(cell: Cell, space: Space, when?: string | null): Value {
    this.reading?.add(cell);
    return super.read(cell, space, when);
  }

  private kept(value: Value): Value {
    return value.k === "bool" ? this.asFlag(value) : value;
  }

  /** A promise of states, as code that returns 1 where an instance is broken (or reached), and where the interpreter is to say. */
  stateProperty(p: number): Piece {
    const { property, instances } = this.subject.properties[p]!;
    if (property.kind === "step") throw new Error("a promise of steps is not asked of states");
    const wanted = property.kind === "sometimes";
    return this.orAsIs(property.place, ["return 1;"], () =>
      this.piece(["return 1;"], () =>
        this.refusing(() => {
          const view = this.invoke(
            fixed(this.subject.design.view),
            [this.root(BEFORE), fixed(this.subject.m)],
            null,
          );
          instances.forEach((instance) => {
            const over = fixed(instance);
            const when =
              property.when === undefined
                ? null
                : () => this.invoke(fixed(property.when), [view, over], null);
            this.ask(
              p,
              when,
              () => this.invoke(fixed(property.holds), [view, over], null),
              (holds) => {
                const found = (): never => {
                  this.act("return 1;");
                  return this.end();
                };
                this.conditional(wanted ? holds : this.not(holds), found, () => UNDEFINED);
              },
            );
          });
        }),
      ),
    );
  }

  /** Where a promise is not of the subset, the interpreter is asked. */
  private orAsIs(place: string, instead: readonly string[], translate: () => Piece): Piece {
    try {
      return translate();
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      this.complain(error, place);
      return { lines: instead, hoists: new Map() };
    }
  }
}

/** A promise looks at more of a call than is known where its code is to be shared. */
class NeedsMore extends Error {}
