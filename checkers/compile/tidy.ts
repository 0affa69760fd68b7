/** Takes locals that nobody uses out of generated code, and blocks that do nothing. */

const SET = /^var ([a-z]\w*) = (.*);$/s;
const NAME = /\b[ptz]\d+(?:_\d+)?\b/g;

export function tidied(lines: readonly string[]): string[] {
  const used = usedLocals(lines);
  const kept = lines.filter((line) => {
    const set = SET.exec(line);
    return set === null || !/^[ptz]\d/.test(set[1]!) || used.has(set[1]!);
  });
  return withoutEmpty(kept);
}

/** Locals that something besides unused locals is made from. */
function usedLocals(lines: readonly string[]): ReadonlySet<string> {
  const used = new Set<string>();
  /** By local, the expressions that it is set to. */
  const madeFrom = new Map<string, string[]>();
  const waiting: string[] = [];
  const use = (text: string): void => {
    for (const name of text.match(NAME) ?? []) {
      if (used.has(name)) continue;
      used.add(name);
      waiting.push(name);
    }
  };
  for (const line of lines) {
    const set = SET.exec(line);
    if (set === null || !/^[ptz]\d/.test(set[1]!)) use(line);
    else madeFrom.set(set[1]!, [...(madeFrom.get(set[1]!) ?? []), set[2]!]);
  }
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
    for (const text of madeFrom.get(name) ?? []) use(text);
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
