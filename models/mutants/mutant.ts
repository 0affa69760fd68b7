/** A mutant: a design with one thing changed for the worse, and the promise that must catch it. */
import { here, variant } from "../../spec/language.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign, Delta, Design } from "../../spec/language/design.ts";

export interface Mutant {
  readonly design: AnyDesign;
  /** The bug in the catalogue of this ABI's history, or what was seeded. */
  readonly bug: string;
  readonly killedBy: string;
}

export function mutant<
  S,
  M,
  V,
  Calls extends Readonly<Record<string, AnyCall<S, M>>>,
  D extends { readonly [K in keyof Calls]?: AnyCall<S, M> } = {},
  A extends Readonly<Record<string, AnyCall<S, M>>> = {},
>(
  base: Design<S, M, V, Calls>,
  delta: Delta<S, M, V, Calls, D, A> & { readonly bug: string; readonly killedBy: string },
): Mutant {
  const { bug, killedBy, ...rest } = delta;
  const place = here("/models/mutants/mutant.ts");
  return { design: { ...variant(base, rest), place }, bug, killedBy };
}
