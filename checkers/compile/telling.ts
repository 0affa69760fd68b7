/** Calls as compiled code that says how each ended, and where it led to: for whoever compares two designs. No promise is asked. */
import { Batch } from "../explore/expander.ts";
import type { Ground } from "../explore/interpreted.ts";
import { OUTCOMES } from "./outcomes.ts";
import { chunked, functionText, names } from "./text.ts";
import { Translator } from "./translator.ts";
import type { Value } from "./value.ts";

class TellingTranslator extends Translator {
  protected override ended(k: number, result: Value, outcome: string | number): void {
    this.act(`told[${k}] = ${outcome}${this.givenNumber(result)};`);
  }

  protected override failedCall(): void {}
}

/** Numbers of outcomes, as `told` has them, in words: the name, and what a value is. */
export function outcomeTold(names: readonly string[], told: number): { name: string; value: number | null } {
  const given = Math.floor(told / OUTCOMES);
  return { name: names[told % OUTCOMES]!, value: given < 2 ? null : given - 2 };
}

interface Generated {
  /** Appends what all calls lead to from a state to the batch; gives the number of changed successors. */
  expand(from: Int32Array, offset: number, n: number): number;
}

/** Every call of a run, compiled; where a step cannot be, `slow` makes it: it says in `told` how it ended, and appends to the batch. */
export class Telling {
  /** By call: the names of its outcomes, in the order of their numbers. */
  readonly outcomes: readonly (readonly string[])[];
  readonly batch: Batch;
  private readonly generated: Generated;

  /** `told` has a number for each call, which a call that cannot be made leaves as it is. */
  constructor(ground: Ground, told: Int32Array, slow: (k: number, batch: Batch) => void) {
    const { subject, codec } = ground;
    if (!ground.havoc.isEmpty) throw new Error("a step with untracked cells has no one way to end");
    const translator = new TellingTranslator(subject, codec);
    const steps = subject.instances.map((_, k) => translator.step(k));
    const params = names("w", codec.words).join(", ");
    const loads = names("w", codec.words).map((name, i) => `${name} = from[offset + ${i}]`);
    const chunks = chunked(steps).map((pieces, i) =>
      functionText(`chunk${i}`, `${params}, n`, pieces, "return n;"),
    );
    const source = `"use strict";
${chunks.join("\n")}
return { expand(from, offset, n) { const ${loads.join(", ")};
  ${chunks.map((_, i) => `n = chunk${i}(${params}, n);`).join("\n")}
  return n; } };`;
    this.outcomes = translator.outcomes;
    this.batch = new Batch(codec.words);
    this.batch.reserve(subject.instances.length + 1);
    const given = {
      out: this.batch.words,
      via: this.batch.via,
      told,
      slow: (k: number, n: number): number => {
        this.batch.count = n;
        slow(k, this.batch);
        return this.batch.count;
      },
    };
    const make = new Function(...Object.keys(given), source) as (...given: unknown[]) => Generated;
    this.generated = make(...Object.values(given));
  }

  expand(from: Int32Array, offset: number): void {
    this.batch.count = this.generated.expand(from, offset, 0);
  }
}
