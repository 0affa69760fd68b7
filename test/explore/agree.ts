/** Compares the search that people use with the reference search: states, transitions, depth, results, shortest breaches. */
import { expect } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import { referenceSearch } from "../../checkers/explore/reference.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { run } from "../toy.ts";

export async function agreesWithReference(design: AnyDesign, vector: Vector): Promise<void> {
  const reference = referenceSearch(bounded(design, vector));
  const report = await run(design, vector.bounds, vector);
  const { states, transitions, depth, outcomes, properties, verdict, reason } = report;
  // Also when its view contradicts itself.
  expect(verdict === "invalid" ? reason : null).toBe(null);
  const found = properties.filter((p) => p.steps !== undefined).map((p) => [p.name, p.steps!] as const);
  expect({ states, transitions, depth }).toEqual({
    states: reference.states,
    transitions: reference.transitions,
    depth: reference.depth,
  });
  expect(new Map(found)).toEqual(reference.found);
  expect(outcomes).toEqual(reference.outcomes);
}
