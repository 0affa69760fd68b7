/**
 * Runs a design as it is written at first, and as compiled code when the search has gone on for as long as a translation takes: small
 * searches are over by then. Now and then a state is expanded in both ways, which must lead to the same; where nothing is trusted every
 * state is, from the first one on, and what is counted and asked is that of the calls as they are written.
 */
import { Batch, type Expander } from "../explore/expander.ts";
import { callText } from "../explore/instances.ts";
import { InterpretedExpander, type Ground } from "../explore/interpreted.ts";
import { errorText } from "../explore/program.ts";
import { cached, cachedEarlier, type CacheOptions } from "./cache.ts";
import { CompiledExpander, compile, type Compiled } from "./expander.ts";
import type { Translated } from "./translated.ts";

/** Runs of calls as they are written in the time that the translation of one section takes. */
const CALLS_PER_SECTION = 150;
/** The part of it after which it is looked whether an earlier run has left a translation and nothing is to be waited for. */
const EARLY = 0.1;
/** States that are expanded in both ways: the first ones behind the translation, and then one in so many. */
const COMPARED_FIRST = 20;
const COMPARED_EVERY = 16_384;

export class TieredExpander implements Expander {
  readonly words: number;
  readonly isCheap = true;
  private readonly ground: Ground;
  private readonly translated: Translated;
  private readonly interpreted: InterpretedExpander;
  private readonly cache: CacheOptions | undefined;
  private compiled: CompiledExpander | null = null;
  private taken: Compiled | null = null;
  /** Runs of calls before it pays to translate. */
  private patience: number;
  private early: number;
  private compared = 0;

  /** `given` was translated in another thread. */
  constructor(
    ground: Ground,
    translated: Translated,
    cache: CacheOptions | undefined,
    given: Compiled | null = null,
  ) {
    this.ground = ground;
    this.cache = cache;
    this.translated = translated;
    this.interpreted = new InterpretedExpander(ground);
    this.words = this.interpreted.words;
    const sections = ground.subject.instances.reduce((sum, { program }) => sum + program.parts.length, 0);
    this.patience = ground.subject.isParanoid ? 0 : sections * CALLS_PER_SECTION;
    this.early = cache === undefined ? Infinity : this.patience * EARLY;
    if (given !== null) this.take(given);
  }

  get translation(): Compiled | null {
    return this.taken;
  }

  private take(compiled: Compiled): void {
    this.compiled = new CompiledExpander(this.ground, compiled, this.interpreted);
    this.taken = compiled;
    // Once is enough.
    this.patience = this.early = Infinity;
  }

  successors(from: Int32Array, offset: number, batch: Batch): void {
    (this.compiled ?? this.interpreted).successors(from, offset, batch);
  }

  expand(from: Int32Array, offset: number, index: number, batch: Batch): void {
    const { compiled } = this;
    const { isParanoid } = this.ground.subject;
    if (compiled !== null && !isParanoid) {
      if (this.compared < COMPARED_FIRST || index % COMPARED_EVERY === 0)
        this.compare(compiled, from, offset);
      compiled.expand(from, offset, index, batch);
      return;
    }
    this.interpreted.expand(from, offset, index, batch);
    if (this.interpreted.runs >= this.early) this.lookForTranslation();
    if (this.interpreted.runs >= this.patience) this.translate();
    if (isParanoid && this.compiled !== null) this.compare(this.compiled, from, offset);
  }

  askState(from: Int32Array, offset: number, index: number): void {
    const { compiled, interpreted, ground } = this;
    (ground.subject.isParanoid ? interpreted : (compiled ?? interpreted)).askState(from, offset, index);
  }

  flush(): void {
    this.interpreted.flush();
    this.compiled?.flush();
  }

  /** One with places that run as they are written has to wait: a run says the same of them, whether there was an earlier one or not. */
  private lookForTranslation(): void {
    this.early = Infinity;
    this.translated.timed(() => {
      const known = cachedEarlier(this.cache!, this.ground);
      if (known !== null && known.complaints.length === 0) this.take(known);
    });
  }

  private translate(): void {
    // Once is enough, also where it fails.
    this.patience = Infinity;
    const { cache, ground, translated } = this;
    const make = (): Compiled => compile(ground);
    let compiled: Compiled;
    try {
      compiled = translated.timed(() => {
        const made = cache === undefined ? make() : cached(cache, ground, make);
        this.take(made);
        return made;
      });
    } catch (error) {
      // What the translation cannot do, the interpreter does, slower.
      translated.notices.add(`the whole design: ${errorText(error)}; it runs interpreted`);
      return;
    }
    for (const { place, what, instead } of compiled.complaints)
      translated.notices.add(`${place}: ${what} runs interpreted; instead: ${instead}`);
  }

  /** The two ways lead to the same states. */
  private compare(compiled: CompiledExpander, from: Int32Array, offset: number): void {
    this.compared++;
    const [fast, slow] = [new Batch(this.words), new Batch(this.words)];
    compiled.successors(from, offset, fast);
    this.interpreted.successors(from, offset, slow);
    const k = difference(fast, slow);
    if (k === null) return;
    const { name, params } = this.ground.subject.instances[k]!;
    throw new Error(
      `the translation of ${callText(name, params)} leads elsewhere than the call does: an error of gmemcheck, or a section that reads what changes outside of the state; --interpreted runs without translation`,
    );
  }
}

/** The first call that leads to other states; null where there is none. */
export function difference(a: Batch, b: Batch): number | null {
  for (let i = 0; i < Math.max(a.count, b.count); i++) {
    if (i >= a.count) return b.via[i]!;
    if (i >= b.count || a.via[i] !== b.via[i]) return a.via[i]!;
    for (let w = i * a.width; w < (i + 1) * a.width; w++) if (a.words[w] !== b.words[w]) return a.via[i]!;
  }
  return null;
}
