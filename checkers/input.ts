/** What comes in from files: one message with the file, the place in it, the usual cause, and what was possible. */
import * as Schema from "effect/Schema";

/** A file that is not what it should be. */
export class InputError extends Error {
  override readonly name = "InputError";
  constructor(where: string, what: string, usualCause: string, possible?: string) {
    const lines = [`${where}: ${what}`, `  usual cause: ${usualCause}`];
    if (possible !== undefined) lines.push(`  expected: ${possible}`);
    super(lines.join("\n"));
  }
}

/** Parses JSON; a syntax error names the line, counted from `firstLine`. */
export function parseJson(text: string, where: string, firstLine = 1): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = (error as Error).message;
    const at = /position (\d+)/.exec(message);
    const before = at === null ? text : text.slice(0, Number(at[1]));
    const line = before.split("\n").length - 1 + firstLine;
    throw new InputError(
      `${where}:${line}`,
      text.trim() === "" ? "the file is empty" : `not JSON: ${message}`,
      "a file cut short by an interrupted write or download, or a file of another kind",
    );
  }
}

/** Decodes a value by a schema; a failure names the path of the field. */
export function decode<S extends Schema.Top & { readonly DecodingServices: never }>(
  schema: S,
  value: unknown,
  where: string,
  usualCause: string,
): S["Type"] {
  const exit = Schema.decodeUnknownExit(schema)(value);
  if (exit._tag === "Success") return exit.value;
  throw new InputError(where, schemaReason(exit.cause), usualCause);
}

/** "Missing key at steps[1].result": what a schema says of a value, in one line. */
export function schemaReason(cause: unknown): string {
  const { reasons } = cause as { readonly reasons?: readonly { readonly error?: unknown }[] };
  const text = String(reasons?.[0]?.error ?? cause).replace(/\s+/g, " ");
  const inner = /^SchemaError\((.*)\)$/.exec(text)?.[1] ?? text;
  return inner.replace(/ at ((?:\[[^\]]+\])+)/g, (_, path: string) => `, at ${dotted(path)}`);
}

function dotted(path: string): string {
  return [...path.matchAll(/\[(?:"([^"]*)"|(\d+))\]/g)]
    .map(([, name, index]) => (name === undefined ? `[${index}]` : `.${name}`))
    .join("")
    .replace(/^\./, "");
}
