/** Runs in which calls overlap, once as they are written and once compiled. */
import { expect } from "vitest";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { disabled } from "../../spec/language/call.ts";
import { bounded, type Bounded } from "../../checkers/explore/bounded.ts";
import { Totals } from "../../checkers/explore/explored.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import type { Store } from "../../checkers/explore/store.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { asWritten, interleave, type MakeOverlaps } from "../../checkers/interleave/interleave.ts";
import { isBlocked } from "../../checkers/interleave/advance.ts";
import type { Frame } from "../../checkers/interleave/frame.ts";
import {
  ENDED,
  HAS_BEGUN,
  IS_BLOCKED,
  IS_DISABLED,
  IS_GIVEN_BACK,
  PAUSED,
} from "../../checkers/compile/interleaving/point.ts";
import { interleavingOf } from "../../checkers/compile/interleaving/interleaving.ts";
import { CompiledInterleaving } from "../../checkers/compile/interleaving/search.ts";
import type { Compiling } from "../../checkers/compile/interleaving/stepper.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { pins } from "../../models/pins.ts";
import { registry } from "../../models/registry.ts";

/** Code for every section from its first step on. */
export const AT_ONCE: Compiling = { patience: 0 };

/** Vectors of the registry in which calls overlap, with so many states. */
export function overlapsOf(from: number, upTo: number): (readonly [string, AnyDesign, Vector])[] {
  return registry.flatMap(({ design }) =>
    design.vectors.flatMap((vector) => {
      const key = vectorKey(vector);
      const { states } = pins[design.name]![key]!;
      const isSmall = states >= from && states < upTo;
      return isSmall && (vector.mode ?? "sequential") !== "sequential"
        ? [[`${design.name}, ${key}`, design, vector] as const]
        : [];
    }),
  );
}

/** Of runs with the same name, states and transitions the first: no version in between has changed what they do. */
export function distinct(runs: ReturnType<typeof overlapsOf>): ReturnType<typeof overlapsOf> {
  const first = new Map<string, (typeof runs)[number]>();
  for (const run of runs) {
    const [, { name }, vector] = run;
    const { states, transitions } = pins[name]![vectorKey(vector)]!;
    const key = `${vectorKey(vector)}: ${states}, ${transitions}`;
    if (!first.has(key)) first.set(key, run);
  }
  return [...first.values()];
}

/** Walks at random through a run, and goes every way on it as it is written and as compiled. */
export function expectAlikeOnWalks(design: AnyDesign, vector: Vector, walks: number): void {
  const search = searchOf(design, vector);
  let seed = 12345;
  const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
  let agreed = 0;
  for (let n = 0; n < walks; n++) agreed += walk(search, 60, random);
  expect(agreed).toBeGreaterThan(100);
}

/** All that a run says, and all that it has visited. */
async function told(subject: Bounded, make: MakeOverlaps, merges: boolean) {
  let visited: Store | undefined;
  const options = {
    budget: NO_LIMIT,
    merges,
    onVisited: (_: unknown, store: Store) => void (visited = store),
  };
  const { seconds: _, bytes: __, ...explored } = await interleave(subject, options, make);
  const { count, words, log, parents, via } = visited!;
  return {
    ...explored,
    found: [...explored.found],
    decided: [...explored.decided].sort(),
    undecidable: [...explored.undecidable].sort(),
    outcomes: [...explored.outcomes],
    states: [log.slice(0, count * words), parents.slice(0, count), via.slice(0, count)],
  };
}

/** The same states in the same order, from the same ones, by the same steps; the same counts, and the same findings. */
export async function expectAlike(
  of: AnyDesign,
  vector: Vector,
  patience: Compiling,
  merges = true,
): Promise<void> {
  const subject = bounded(of, vector);
  const written = await told(subject, asWritten, merges);
  const compiled = await told(subject, interleavingOf(patience), merges);
  expect(compiled).toEqual(written);
}

/** A step as it is written, as far as compiled ones tell of it. */
function written(search: CompiledInterleaving, frame: Frame | number, others: readonly Frame[]) {
  const { codec, advancer, subject } = search;
  try {
    const step =
      typeof frame === "number"
        ? advancer.start(codec.draft, subject.instances[frame]!, frame, others)
        : advancer.advance(codec.draft, frame, others);
    if (step === disabled) return "disabled";
    if (isBlocked(step)) return "blocked";
    const words = new Int32Array(codec.words);
    codec.pack(codec.draft, words, 0);
    const { outcome, retried } = step;
    return { words, frame: step.frame?.id ?? 0, others: step.others.map(({ id }) => id), outcome, retried };
  } catch (error) {
    if (error instanceof KernelBug) return "bug";
    throw error;
  }
}

function compiled(
  search: CompiledInterleaving,
  from: Int32Array,
  frame: Frame | number,
  others: readonly Frame[],
) {
  const { stepper, codec } = search;
  const point = typeof frame === "number" ? stepper.start(frame) : stepper.at(frame.id);
  const rest = Int32Array.from(others, ({ id }) => id);
  const words = new Int32Array(codec.words);
  const { kind, outcome, retried, ...ending } = stepper.step(point, from, 0, rest, rest.length, words, 0);
  if (kind === IS_DISABLED) return "disabled";
  if (kind === IS_BLOCKED) return "blocked";
  if (kind === IS_GIVEN_BACK) return "given back";
  expect([PAUSED, ENDED, HAS_BEGUN]).toContain(kind);
  const then = kind === HAS_BEGUN ? stepper.others : rest;
  return { words, frame: ending.frame, others: [...then.subarray(0, rest.length)], outcome, retried };
}

/** Walks at random, and takes every step that can be taken anywhere on the way in both ways; how many were compiled. */
function walk(search: CompiledInterleaving, steps: number, random: (below: number) => number): number {
  const { codec, subject } = search;
  let words: Int32Array = new Int32Array(codec.words);
  codec.pack(subject.start, words, 0);
  let flight: Frame[] = [];
  let agreed = 0;
  for (let n = 0; n < steps; n++) {
    const nexts: { readonly words: Int32Array; readonly frames: readonly number[] }[] = [];
    const compare = (frame: Frame | number, others: readonly Frame[]): void => {
      codec.unpack(words, 0);
      const as = written(search, frame, others);
      const is = compiled(search, words, frame, others);
      if (is === "given back") return;
      expect(is).toEqual(as);
      agreed++;
      if (typeof as === "object")
        nexts.push({ words: as.words, frames: as.frame === 0 ? as.others : [...as.others, as.frame] });
    };
    flight.forEach((frame, i) =>
      compare(
        frame,
        flight.filter((_, other) => other !== i),
      ),
    );
    if (flight.length < subject.inFlight) {
      const tasks = flight.filter(({ actor }) => actor === "task").length;
      subject.instances.forEach((_, k) => {
        const actor = search.advancer.actor(k);
        const isBusy =
          actor === "task"
            ? tasks >= Number(subject.bounds["tasks"] ?? 1)
            : flight.some((one) => one.actor === actor);
        if (!isBusy) compare(k, flight);
      });
    }
    if (nexts.length === 0) return agreed;
    const next = nexts[random(nexts.length)]!;
    words = next.words;
    flight = next.frames.map((id) => search.frames.get(id));
  }
  return agreed;
}

export function searchOf(
  design: AnyDesign,
  vector: Vector,
  patience: Compiling = AT_ONCE,
): CompiledInterleaving {
  return new CompiledInterleaving(bounded(design, vector), { budget: NO_LIMIT }, new Totals(), 0, patience);
}
