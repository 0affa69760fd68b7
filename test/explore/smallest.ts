/** Of each design the smallest run that the reference search, which is slow, gets through in a second or two. The others are among the large tests. */
import { isSequential } from "../../checkers/explore/mode.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { pins } from "../../models/pins.ts";
import { registry } from "../../models/registry.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";

const MOST_TRANSITIONS = 15_000;

const transitionsOf = ({ name }: AnyDesign, vector: Vector): number =>
  pins[name]![vectorKey(vector)]!.transitions;

export const smallest = registry.flatMap(({ design }) =>
  design.vectors
    .filter((vector) => isSequential(vector) && (vector.track ?? "full") === "full")
    .filter((vector) => transitionsOf(design, vector) <= MOST_TRANSITIONS)
    .sort((a, b) => transitionsOf(design, a) - transitionsOf(design, b))
    .slice(0, 1)
    .map((vector) => [design.name, vectorKey(vector), design, vector] as const),
);
