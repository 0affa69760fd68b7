/** Text in SVG does not break by itself: lines of a fixed-width font, of what can be seen. */
import { oneLine } from "../../checkers/report/clean.ts";
import { wrap } from "../../checkers/report/wrap.ts";

/** Width of a character of the fixed-width fonts, in parts of the size. */
const ADVANCE = 0.605;

/** How many characters of a size (px) stand in a width (px). */
export function charsIn(width: number, size: number): number {
  return Math.max(4, Math.floor(width / (size * ADVANCE)));
}

/** Lines of at most so many characters, further lines indented; a word that is longer is broken. */
export function fit(text: string, chars: number): string[] {
  return wrap(oneLine(text), "", chars).flatMap((line) => broken(line, chars));
}

/** The same without the indent, for what is narrow. */
export function fitFlush(text: string, chars: number): string[] {
  return wrap(oneLine(text), "", chars).flatMap((line) => broken(line.trimStart(), chars));
}

function broken(line: string, chars: number): string[] {
  return line.match(new RegExp(`.{1,${chars}}`, "gsu")) ?? [];
}
