/** Text in SVG does not break by itself: lines of a fixed-width font, of what can be seen. */
import { oneLine } from "../../checkers/report/clean.ts";

/** Width of a character of the fixed-width fonts, in parts of the size. */
const ADVANCE = 0.605;

/** How many characters of a size (px) stand in a width (px). */
export function charsIn(width: number, size: number): number {
  return Math.max(4, Math.floor(width / (size * ADVANCE)));
}

/** Up to where a line may be broken: behind a space, a comma, or the parenthesis of a call. */
const PART = /\(?[^ (,]*(?:[(,] *| +|$)/g;

/** Lines of at most so many characters, further lines indented; what cannot be broken well is broken anywhere. */
export function fit(text: string, chars: number, indent = 2): string[] {
  const lines: string[] = [];
  let line = "";
  const room = (): number => chars - (lines.length === 0 ? 0 : indent);
  const end = (rest: string): void => {
    lines.push(`${" ".repeat(lines.length === 0 ? 0 : indent)}${line.trimEnd()}`);
    line = rest;
  };
  for (const part of oneLine(text).match(PART) ?? []) {
    if (line !== "" && (line + part).trimEnd().length > room()) end("");
    line += part;
    while (line.trimEnd().length > room()) {
      const whole = line;
      line = cutAt(whole, room());
      end(whole.slice(line.length));
    }
  }
  if (line !== "") end("");
  return lines;
}

/** So many UTF-16 units from the beginning; a character of two is not taken apart. */
function cutAt(text: string, most: number): string {
  return text.slice(0, most).replace(/(?<=.)[\ud800-\udbff]$/, "");
}
