/** Takes locals that nobody uses out of generated code, blocks that do nothing, and choices that make no difference. */
import { withFewerChoices } from "./choices.ts";

const SET = /^var ([ptz]\d\w*) = (.*);$/s;
const NAME = /\b[ptz]\d+(?:_\d+)?\b/g;

export function tidied(lines: readonly string[]): readonly string[] {
  const parts = new Map<string, Parts>();
  const once = withoutUnused(lines, parts);
  const chosen = withFewerChoices(once);
  return chosen === once ? once : withoutUnused(chosen, parts);
}

/** The local that a line sets, if it does nothing else, and those that it looks at. */
interface Parts {
  readonly sets: string | null;
  readonly uses: readonly string[];
}

function partsOf(line: string, known: Map<string, Parts>): Parts {
  let parts = known.get(line);
  if (parts === undefined) {
    const set = SET.exec(line);
    const text = set === null ? line : set[2]!;
    parts = { sets: set === null ? null : set[1]!, uses: text.match(NAME) ?? [] };
    known.set(line, parts);
  }
  return parts;
}

/** What goes may have been all that used something else. */
function withoutUnused(lines: readonly string[], parts: Map<string, Parts>): readonly string[] {
  const used = usedLocals(lines, parts);
  const kept = withoutEmpty(
    lines.filter((line) => {
      const { sets } = partsOf(line, parts);
      return sets === null || used.has(sets);
    }),
  );
  return kept.length === lines.length ? kept : withoutUnused(kept, parts);
}

/** Locals that something besides unused locals is made from. */
function usedLocals(lines: readonly string[], parts: Map<string, Parts>): ReadonlySet<string> {
  const used = new Set<string>();
  /** By local, what is looked at to set it. */
  const madeFrom = new Map<string, (readonly string[])[]>();
  const waiting: string[] = [];
  const use = (names: readonly string[]): void => {
    for (const name of names) {
      if (used.has(name)) continue;
      used.add(name);
      waiting.push(name);
    }
  };
  for (const line of lines) {
    const { sets, uses } = partsOf(line, parts);
    if (sets === null) use(uses);
    else {
      const known = madeFrom.get(sets);
      if (known === undefined) madeFrom.set(sets, [uses]);
      else known.push(uses);
    }
  }
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
    for (const uses of madeFrom.get(name) ?? []) use(uses);
  return used;
}

/** `if (…) { }`, `L: { }` and `L: { break L; }` go, from the inside out. */
function withoutEmpty(lines: readonly string[]): string[] {
  const out: string[] = [];
  for (const line of lines) {
    if (line === "}") close(out);
    else out.push(line);
  }
  return out;
}

function close(out: string[]): void {
  const last = out.at(-1)!;
  const label = /^break (\w+);$/.exec(last)?.[1];
  if (label !== undefined && out.at(-2) === `${label}: {`) {
    out.pop();
    out.pop();
  } else if (/^\w+: \{$/.test(last) || /^if \(.*\) \{$/s.test(last)) out.pop();
  else if (/^\} else (if \(.*\) )?\{$/s.test(last)) {
    out.pop();
    close(out);
  } else out.push("}");
}
