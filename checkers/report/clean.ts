/** Names and texts come from anybody's design: what cannot be seen in them is shown, and what is too long is cut. */

/** Controls, format characters (which turn the direction of text around), line separators, lone surrogates, and what is no character. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}]/gu;

/** Text of several lines, of characters that XML 1.0, YAML and terminals take as they are: `\u{1b}` for an escape. */
export function visible(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(UNSEEN, (char) =>
      char === "\n" || char === "\t" ? char : `\\u{${char.codePointAt(0)!.toString(16)}}`,
    );
}

/** The same in one line. */
export function oneLine(text: string): string {
  return visible(text).replace(/\s+/g, " ").trim();
}

/** At most so many UTF-16 units, the last of them an ellipsis where something was left out. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Text for a log that GitHub's runner may read: neither `::` at the beginning of a line nor `##[` anywhere, which are commands. */
export function harmless(text: string): string {
  return visible(text)
    .replace(/^(\s*):(?=:)/gm, "$1\\u{3a}")
    .replaceAll("##[", "# #[");
}
