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

/** What the page of reports carries. */
export interface ReportPage {
  /** As their files have them. */
  readonly reports: readonly NamedFile[];
  /** Reports of before, which the first ones are compared with. */
  readonly against: readonly NamedFile[];
  /** The keys of the designs that its script is given, in their order. */
  readonly designs: readonly string[];
  /** What the page has not, and why. */
  readonly notes: readonly string[];
}

export interface NamedFile {
  /** Names it in messages. */
  readonly where: string;
  readonly document: unknown;
}

/** What stands in the body of a page of reports without script. */
export type RenderReport = (page: ReportPage) => string;
