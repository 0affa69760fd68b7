/**
 * Where in the source a declaration stands, for messages ("models/x.ts:12") and for tools that point at a line.
 */
const ROOT = new URL("../../", import.meta.url).href;

const PLACE = /\(?((?:file:\/\/)?\/[^()]*):(\d+):\d+\)?$/;

/** The place of the statement that called the caller of this function; neither the language nor what is in `inside` is one. */
export function here(inside = "/spec/language/"): string {
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  const isOutside = (line: string): boolean => !line.includes("/spec/language/") && !line.includes(inside);
  const outside = lines.find((line) => isOutside(line) && PLACE.test(line)) ?? "";
  const found = PLACE.exec(outside);
  if (found === null) return "(unknown place)";
  const url = found[1]!.startsWith("file://") ? found[1]! : `file://${found[1]!}`;
  return `${url.startsWith(ROOT) ? url.slice(ROOT.length) : found[1]!}:${found[2]!}`;
}
