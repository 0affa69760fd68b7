/** What a page is given. */
import type { AnyDesign } from "../../spec/language/design.ts";

/** What it carries beside its script, as JSON. */
export interface TracePage {
  /** Names the trace in messages. */
  readonly where: string;
  /** The command that runs it again. */
  readonly again: string;
  /** As its file has it. */
  readonly trace: unknown;
}

/** What stands in the body of a page without script. */
export type RenderTrace = (design: AnyDesign | null, page: TracePage) => string;
