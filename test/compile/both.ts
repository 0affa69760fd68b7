/** A run searched twice, as it is written and as compiled code from the first state on: all that is found, and every count. */
import { expect } from "vitest";
import { CompiledExpander, compile } from "../../checkers/compile/expander.ts";
import { bounded } from "../../checkers/explore/bounded.ts";
import { Batch } from "../../checkers/explore/expander.ts";
import { Totals } from "../../checkers/explore/explored.ts";
import { InterpretedExpander, groundOf } from "../../checkers/explore/interpreted.ts";
import { explore } from "../../checkers/explore/search.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { callText } from "../../checkers/explore/instances.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";

/** What the translation did not cover, as place and construct. Of a run that watches, so many locations. */
export async function expectAlike(
  design: AnyDesign,
  vector: Vector,
  locations = Infinity,
): Promise<string[]> {
  const whole = bounded(design, vector);
  const subject = { ...whole, trackings: whole.trackings.slice(0, locations) };
  const complaints = new Set<string>();
  const interpreted = await explore(subject, { budget: NO_LIMIT });
  const compiled = await explore(subject, { budget: NO_LIMIT }, (ground) => {
    const made = compile(ground);
    for (const { place, what } of made.complaints) complaints.add(`${place}: ${what}`);
    return new CompiledExpander(ground, made);
  });
  const plain = (explored: typeof compiled) => ({
    ...explored,
    seconds: 0,
    bytes: 0,
    found: [...explored.found].sort(([a], [b]) => (a < b ? -1 : 1)),
  });
  expect(plain(compiled)).toEqual(plain(interpreted));
  return [...complaints];
}

/** Walks at random from state to state; in each, every call leads to the same states in both ways. */
export function expectSameSteps(design: AnyDesign, vector: Vector, steps: number, seed: number): void {
  const subject = bounded(design, vector);
  for (const tracking of subject.trackings.slice(0, 2)) {
    const ground = groundOf(subject, tracking, undefined, new Totals());
    const fast = new CompiledExpander(ground, compile(ground));
    const slow = new InterpretedExpander(groundOf(subject, tracking, undefined, new Totals()));
    const first = new Int32Array(ground.codec.words);
    ground.codec.pack(subject.start, first, 0);
    let state = first;
    let random = seed;
    for (let n = 0; n < steps; n++) {
      const [a, b] = [new Batch(state.length), new Batch(state.length)];
      fast.successors(state, 0, a);
      slow.successors(state, 0, b);
      expect(steppedTo(a, subject.instances)).toEqual(steppedTo(b, subject.instances));
      random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
      // Back to the start now and then, and where nothing can be done.
      const at = b.count === 0 || random % 40 === 0 ? -1 : random % b.count;
      state = at < 0 ? first : b.words.slice(at * state.length, (at + 1) * state.length);
    }
  }
}

function steppedTo(
  { width, count, words, via }: Batch,
  instances: ReturnType<typeof bounded>["instances"],
): string[] {
  return Array.from({ length: count }, (_, i) => {
    const { name, params } = instances[via[i]!]!;
    return `${callText(name, params)}: ${words.slice(i * width, (i + 1) * width).join(" ")}`;
  });
}
