/** Runs the traces of reports, when somebody wants to see them. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { openSession } from "../session/open.ts";
import type { Session } from "../session/session.ts";
import type { ShownTrace } from "./shown.ts";

/** By the keys of the traces. */
export type Designs = ReadonlyMap<string, AnyDesign>;

/** A trace that runs, or why it does not. */
export type Opened =
  | { readonly session: Session; readonly problem: null }
  | { readonly session: null; readonly problem: string };

export function opened({ key, design: name, trace, where }: ShownTrace, designs: Designs): Opened {
  const design = designs.get(key);
  if (design === undefined) {
    const problem = `The page does not carry ${name}: its steps are shown as the report has them.`;
    return { session: null, problem };
  }
  try {
    return { session: openSession(design, { ...trace, design: design.name }, where), problem: null };
  } catch (error) {
    return { session: null, problem: error instanceof Error ? error.message : String(error) };
  }
}
