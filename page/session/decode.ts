/** Decodes a trace by its published schema. */
import type { Trace } from "../../spec/language/trace.ts";
import { checkKind, isOverlap, withNumbers } from "../../checkers/trace/text.ts";
import published from "../../schemas/gmemcheck-trace-1.json" with { type: "json" };
import { checkBySchema } from "./by-schema.ts";

/** `where` names the trace in messages. Throws InputError. */
export function decodeTrace(document: unknown, where: string): Trace {
  checkKind(document, where);
  const [sequential, overlapping] = published.anyOf;
  checkBySchema(document, where, {
    schema: isOverlap(document) ? overlapping : sequential,
    file: "schemas/gmemcheck-trace-1.json",
    usualCause: "a trace cut short, or edited by hand",
  });
  return withNumbers(document as Trace);
}
