/** Runs a design as compiled code, and steps that are given back as they are written. */
import type { Property } from "../../spec/language/property.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import { Batch, FULL, type Expander } from "../explore/expander.ts";
import { InterpretedExpander, type Ground } from "../explore/interpreted.ts";
import { Ways } from "./ways.ts";
import { OUTCOMES } from "./outcomes.ts";
import { chunked, functionText, names } from "./text.ts";
import { Translator, type Complaint } from "./translator.ts";

/** Ways that all steps from one state may have, where cells are not tracked. */
const MOST_WAYS = 50_000;

/** Made for the arrays that it fills (`out`, `via`, `cnt`): V8 then knows their kinds, lengths and addresses. */
interface Generated {
  /** Appends what all calls lead to from a state, behind n successors that are there; gives the number of successors. */
  expand(from: Int32Array, offset: number, n: number): number;
  /** Whether some promise of states that is open is broken in a state, or the interpreter is to say. */
  ask(from: Int32Array, offset: number): boolean;
}

export interface Compiled {
  readonly source: string;
  readonly outcomes: readonly (readonly string[])[];
  readonly complaints: readonly Complaint[];
}

/** Translates the calls of a run, and the promises that it asks. */
export function compile({ subject, codec, only }: Ground): Compiled {
  const translator = new Translator(subject, codec);
  const wanted = (name: string): boolean => only === undefined || only.has(name);
  const asked = subject.properties.flatMap(({ property, unanswered }, p) =>
    unanswered.length === 0 && wanted(property.name) ? [p] : [],
  );
  const kind = (p: number): Property<unknown>["kind"] => subject.properties[p]!.property.kind;
  translator.ofSteps = asked.filter((p) => kind(p) === "step");
  const steps = subject.instances.map((_, k) => translator.step(k));
  const { words } = codec;
  const params = names("w", words).join(", ");
  const loads = names("w", words)
    .map((name, i) => `${name} = from[offset + ${i}]`)
    .join(", ");
  const chunks = chunked(steps).map((pieces, i) =>
    functionText(`chunk${i}`, `${params}, n`, pieces, "return n;"),
  );
  const calls = chunks.map((_, i) => `n = chunk${i}(${params}, n);`);
  const onStates = asked
    .filter((p) => kind(p) !== "step")
    .map((p) => {
      const { lines, hoists } = translator.stateProperty(p);
      return { lines: [`if (open[${p}] !== 0) {`, ...lines, "}"], hoists };
    });
  const askers = chunked(onStates).map((pieces, i) =>
    functionText(`states${i}`, params, pieces, "return 0;"),
  );
  const asks = askers.map((_, i) => `states${i}(${params}) !== 0`).join(" || ");
  const both = [...names("w", words), ...names("n", words)].join(", ");
  const stepFunctions = [...translator.stepFunctions.values()].flatMap((made) =>
    made === null || made.piece.lines.length === 0
      ? []
      : [functionText(made.name, both, [made.piece], "return 0;")],
  );
  const source = `"use strict";
${stepFunctions.join("\n")}
${chunks.join("\n")}
${askers.join("\n")}
return {
  expand(from, offset, n) { const ${loads};
    ${calls.join("\n")}
    return n; },
  ask(from, offset) { const ${loads};
    return ${asks === "" ? "false" : asks}; },
};`;
  return { source, outcomes: translator.outcomes, complaints: translator.complaints };
}

/** Generated code, and what it was made for. */
interface Bound {
  readonly generated: Generated;
  readonly batch: Batch;
  readonly via: Int32Array;
}

let made = 0;

export class CompiledExpander implements Expander {
  readonly words: number;
  readonly isCheap = true;
  private readonly ground: Ground;
  private readonly compiled: Compiled;
  private readonly slow: InterpretedExpander;
  private readonly counters: Int32Array;
  /** By promise: asked and not found broken yet. */
  private readonly open: Uint8Array;
  private readonly decided: Uint8Array;
  private readonly undecidable: Uint8Array;
  private readonly failing: Uint8Array;
  private readonly ways: Ways;
  /** What the successors of one state may need. */
  private readonly room: number;
  /** Code that asks and counts, for the batch that it fills; and code that does not, when it was called for. */
  private loud: Bound;
  private quiet: Bound | null = null;
  private from: Int32Array = new Int32Array(0);
  private offset = 0;
  private index = 0;
  private batch: Batch;
  private asking = true;

  constructor(ground: Ground, compiled: Compiled, slow = new InterpretedExpander(ground)) {
    const { subject, codec } = ground;
    this.ground = ground;
    this.words = codec.words;
    this.compiled = compiled;
    this.slow = slow;
    this.counters = new Int32Array(subject.instances.length * OUTCOMES);
    this.open = new Uint8Array(subject.properties.length);
    this.decided = new Uint8Array(subject.properties.length);
    this.undecidable = new Uint8Array(subject.properties.length);
    this.failing = new Uint8Array(1);
    this.ways = new Ways(codec.words);
    this.batch = new Batch(codec.words);
    this.room = 2 * subject.instances.length + (ground.havoc.isEmpty ? 0 : MOST_WAYS);
    this.loud = this.bound(this.batch, this.counters, this.open, this.failing);
    this.refresh();
  }

  private bound(batch: Batch, cnt: Int32Array, open: Uint8Array, failing: Uint8Array): Bound {
    const { ways, decided, undecidable, compiled } = this;
    batch.reserve(FULL + this.room);
    const ask = (k: number): void => this.ask(k);
    const given = {
      ...{ out: batch.words, via: batch.via, cnt, open, failing, decided, undecidable },
      slow: (k: number, n: number) => this.back(k, n),
      ask,
      failed: ask,
      ways,
      begin: () => ways.begin(),
      choose: (count: number) => ways.choose(count),
      way: (...run: number[]) => ways.add(...(run as [number, number, ...number[]])),
      again: () => ways.again(),
      settle: (counters: Int32Array, at: number) => ways.settle(counters, at),
      room: (n: number, more: number) => this.checked(n, more),
    };
    // Code that is made again from the same text is not optimised for the arrays that it is made for.
    const source = `${compiled.source}\n// ${++made}`;
    const make = new Function(...Object.keys(given), source) as (...given: unknown[]) => Generated;
    return { generated: make(...Object.values(given)), batch, via: batch.via };
  }

  /** What is still to be asked: what was found broken is asked no more. */
  private refresh(): void {
    const { properties } = this.ground.subject;
    properties.forEach(({ property }, p) => (this.open[p] = this.slow.isOpen(property.name) ? 1 : 0));
    this.failing[0] = this.slow.isOpen(FAILED_CALL.name) ? 1 : 0;
  }

  successors(from: Int32Array, offset: number, batch: Batch): void {
    this.quiet ??= this.boundQuiet();
    const own = this.quiet.batch;
    own.count = 0;
    this.asking = false;
    this.run(this.quiet, from, offset, -1);
    this.asking = true;
    batch.append(own);
  }

  private boundQuiet(): Bound {
    const { counters, open, failing, words } = this;
    const [ignored, none] = [new Int32Array(counters.length), new Uint8Array(open.length)];
    return this.bound(new Batch(words), ignored, none, new Uint8Array(failing.length));
  }

  expand(from: Int32Array, offset: number, index: number, batch: Batch): void {
    if (
      this.loud.batch !== batch ||
      this.loud.via !== batch.via ||
      batch.count + this.room > batch.via.length
    )
      this.loud = this.bound(batch, this.counters, this.open, this.failing);
    this.run(this.loud, from, offset, index);
  }

  private run({ generated, batch }: Bound, from: Int32Array, offset: number, index: number): void {
    this.from = from;
    this.offset = offset;
    this.index = index;
    this.batch = batch;
    batch.count = generated.expand(from, offset, batch.count);
  }

  /** There is room for so many more successors. */
  private checked(n: number, more: number): number {
    if (n + more + this.ground.subject.instances.length <= this.batch.via.length) return n;
    throw new Error(`a state has more than ${MOST_WAYS} successors under this profile`);
  }

  /** A step that the generated code gives back; it knows the arrays of the batch, which must not be replaced. */
  private back(k: number, n: number): number {
    const { batch } = this;
    const { via } = batch;
    batch.count = n;
    this.slow.expandOne(this.from, this.offset, this.index, k, batch, this.asking);
    if (this.asking) this.refresh();
    if (batch.via !== via) this.checked(batch.count, MOST_WAYS);
    return this.checked(batch.count, 0);
  }

  /** A step breaks a promise, or may: the interpreter tells which, and of what. */
  private ask(k: number): void {
    if (!this.asking) return;
    this.slow.askOne(this.from, this.offset, this.index, k);
    this.refresh();
  }

  askState(from: Int32Array, offset: number, index: number): void {
    if (!this.loud.generated.ask(from, offset)) return;
    this.slow.askState(from, offset, index);
    this.refresh();
  }

  flush(): void {
    const { total, subject } = this.ground;
    this.slow.flush();
    this.compiled.outcomes.forEach((names, k) => {
      const { name } = subject.instances[k]!;
      [...names, ...new Array<string>(OUTCOMES - names.length).fill("")].forEach((outcome, at) => {
        const n = this.counters[k * OUTCOMES + at]!;
        if (n === 0) return;
        this.counters[k * OUTCOMES + at] = 0;
        total.transitions += n;
        if (outcome === "") return;
        const key = `${name} ${outcome}`;
        total.outcomes.set(key, (total.outcomes.get(key) ?? 0) + n);
      });
    });
    subject.properties.forEach(({ property }, p) => {
      if (this.decided[p] !== 0) total.decided.add(property.name);
      if (this.undecidable[p] !== 0) total.undecidable.add(property.name);
    });
  }
}
