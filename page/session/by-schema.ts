/** Checks documents by published schemas, with a small part of what the schemas' own library would add to a page. */
import { Validator, type Schema } from "@cfworker/json-schema";
import { InputError } from "../../checkers/input.ts";

export interface Published {
  readonly schema: unknown;
  /** "schemas/gmemcheck-trace-1.json" */
  readonly file: string;
  /** What is usually wrong with a document that is none of these. */
  readonly usualCause: string;
}

/** `where` names the document in messages. Throws InputError. */
export function checkBySchema(
  document: unknown,
  where: string,
  { schema, file, usualCause }: Published,
): void {
  const { valid, errors } = new Validator(schema as Schema, "2020-12").validate(document);
  if (valid) return;
  const depth = (pointer: string): number => pointer.split("/").length;
  // What holds a part that is wrong is wrong, too: the innermost place says most.
  const [innermost] = errors.toSorted((a, b) => depth(b.instanceLocation) - depth(a.instanceLocation));
  const { instanceLocation = "#", error = "not as the schema says" } = innermost ?? {};
  throw new InputError(`${where}${pathText(instanceLocation)}`, error, usualCause, file);
}

/** `#/steps/1/result` → `: steps[1].result` */
function pathText(pointer: string): string {
  const parts = pointer.split("/").slice(1).map(decodeURIComponent);
  const path = parts.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join("");
  return path === "" ? "" : `: ${path.replace(/^\./, "")}`;
}
