/** Decodes a trace by its published schema, which is a small part of what the schema's own library would add to a page. */
import { Validator, type Schema } from "@cfworker/json-schema";
import type { Trace } from "../../spec/language/trace.ts";
import { InputError } from "../../checkers/input.ts";
import { checkKind, isOverlap, withNumbers } from "../../checkers/trace/text.ts";
import published from "../../schemas/gmemcheck-trace-1.json" with { type: "json" };

/** `where` names the trace in messages. Throws InputError. */
export function decodeTrace(document: unknown, where: string): Trace {
  checkKind(document, where);
  const [sequential, overlapping] = published.anyOf;
  const schema = (isOverlap(document) ? overlapping : sequential) as Schema;
  const { valid, errors } = new Validator(schema, "2020-12").validate(document);
  if (valid) return withNumbers(document as Trace);
  const depth = (pointer: string): number => pointer.split("/").length;
  // What holds a part that is wrong is wrong, too: the innermost place says most.
  const [innermost] = errors.toSorted((a, b) => depth(b.instanceLocation) - depth(a.instanceLocation));
  const { instanceLocation = "#", error = "not as the schema says" } = innermost ?? {};
  throw new InputError(
    `${where}${pathText(instanceLocation)}`,
    error,
    "a trace cut short, or edited by hand",
    "schemas/gmemcheck-trace-1.json",
  );
}

/** `#/steps/1/result` → `: steps[1].result` */
function pathText(pointer: string): string {
  const parts = pointer.split("/").slice(1).map(decodeURIComponent);
  const path = parts.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join("");
  return path === "" ? "" : `: ${path.replace(/^\./, "")}`;
}
