/**
 * Where in the source a declaration stands, for messages ("models/x.ts:12") and for tools that point at a line.
 */
const ROOT = new URL("../../", import.meta.url).href;

/** The place of the statement that called the caller of this function. */
export function here(): string {
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  const outside = lines.find((line) => !line.includes("/spec/language/")) ?? lines.at(-1) ?? "";
  const found = /\(?((?:file:\/\/)?\/[^()]*):(\d+):\d+\)?$/.exec(outside);
  if (found === null) return "(unknown place)";
  const url = found[1]!.startsWith("file://") ? found[1]! : `file://${found[1]!}`;
  return `${url.startsWith(ROOT) ? url.slice(ROOT.length) : found[1]!}:${found[2]!}`;
}
