/**
 * `gate.allow`: what a pull request decides on purpose. One decision a line, `KIND NAME: REASON`; a line that begins with blanks goes on with
 * the reason above it, and `#` begins a comment.
 *
 *     weakened one-binding-per-offset: two slots may share a page from 7.4 on, see <mail>
 *     breaks linux-next/fallocate: EINVAL was a mistake that nobody relied on, see <commit>
 *
 * A `*` in a name stands for any text: `violated linux-next/*`. A decision counts in the pull request that makes it: what stands in the base's
 * file already was another one's.
 */
import * as Schema from "effect/Schema";
import { InputError, decode } from "../input.ts";
import { DECISIONS, type Allowed } from "./decision.ts";

const Entry = Schema.Struct({
  kind: Schema.Literals(DECISIONS),
  // Something of it has a name: what allows everything decides nothing.
  name: Schema.String.check(Schema.isPattern(/[^*/]/)),
  reason: Schema.String.check(Schema.isMinLength(1)),
});

const EXPECTED = `KIND NAME: REASON, with one of ${DECISIONS.join(", ")} as its kind; weakened one-binding-per-offset: two slots may share a page`;

/** Decodes the file; `where` names it in messages. */
export function readAllowed(text: string, where: string): readonly Allowed[] {
  const entries: { text: string; line: number }[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const bare = line.replace(/(^|\s)#.*$/, "").trimEnd();
    if (bare.trim() === "") continue;
    const last = entries.at(-1);
    if (/^\s/.test(bare) && last !== undefined) last.text += ` ${bare.trim()}`;
    else entries.push({ text: bare.trim(), line: i + 1 });
  }
  const read = entries.map((entry) => entryOf(entry, where));
  for (const [i, { kind, name, line }] of read.entries()) {
    const twice = read.slice(0, i).find((other) => other.kind === kind && other.name === name);
    if (twice === undefined) continue;
    throw new InputError(
      `${where}:${line}`,
      `${kind} ${name} is decided twice, here and in line ${twice.line}`,
      "two branches that were merged",
    );
  }
  return read;
}

function entryOf({ text, line }: { readonly text: string; readonly line: number }, where: string): Allowed {
  // Names have colons of their own: `no-1:1-second-vm-assign`.
  const found = /^(\S+)\s+(\S+?):(?:\s+(.*))?$/.exec(text);
  if (found === null)
    throw new InputError(
      `${where}:${line}`,
      `"${text}" is no decision`,
      "a line without a name, or without ': ' behind it",
      EXPECTED,
    );
  const [, kind, name, reason = ""] = found;
  return { ...decode(Entry, { kind, name, reason }, `${where}:${line}`, EXPECTED), line };
}
