/** Modes in words: "sequential", "overlap 2", "full overlap"; and what a step of a trace is in each. */
import type { Mode, Vector } from "../../spec/language/design.ts";

export function modeText(mode: Mode, overlap: number): string {
  if (mode === "overlap") return `overlap ${overlap}`;
  return mode === "full" ? "full overlap" : mode;
}

/** Whether a run makes one call after the other. */
export const isSequential = ({ mode = "sequential" }: Pick<Vector, "mode">): boolean => mode === "sequential";

/** "3 calls"; where calls overlap, "3 steps". */
export function stepsText({ mode }: { readonly mode: Mode }, steps: number): string {
  const one = mode === "sequential" ? "call" : "step";
  return `${steps} ${steps === 1 ? one : `${one}s`}`;
}
