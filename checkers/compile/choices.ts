/**
 * Fewer runs of a step that reads untracked cells: values of a cell that no code tells apart are one choice. What is left out would
 * have led to the same ways again, behind those that are there.
 */

const CHOICE = /^var (u\d+) = choose\((\d+)\);$/;
const LOCAL = /\b[uptz]\d+(?:_\d+)?\b/g;
const SET = /^var ([uptz]\w*) = (.*);$/s;
const NAMES = /[A-Za-z_$][\w$]*/g;

export function withFewerChoices(lines: readonly string[]): readonly string[] {
  if (!lines.some((line) => CHOICE.test(line))) return lines;
  const uses = usesOf(lines);
  return lines.flatMap((line) => {
    const choice = CHOICE.exec(line);
    return choice === null ? [line] : chosen(choice[1]!, Number(choice[2]), uses);
  });
}

/** By local, the lines that look at it. */
function usesOf(lines: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const uses = new Map<string, Set<string>>();
  for (const line of lines) {
    for (const name of (SET.exec(line)?.[2] ?? line).match(LOCAL) ?? []) {
      const known = uses.get(name);
      if (known === undefined) uses.set(name, new Set([line]));
      else known.add(line);
    }
  }
  return uses;
}

/** The choice among the first ones of those values that make no difference. */
function chosen(name: string, count: number, uses: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const marks: string[] = new Array(count).fill("");
  const values = Array.from({ length: count }, (_, i) => i);
  mark(name, values, uses, marks, new Set());
  const firsts = values.filter((value) => marks.indexOf(marks[value]!) === value);
  if (!uses.has(name)) return [];
  if (firsts.length === 1) return [`var ${name} = 0;`];
  if (firsts.at(-1) === firsts.length - 1) return [`var ${name} = choose(${firsts.length});`];
  const tests = firsts.slice(1).map((value, i) => `r === ${i + 1} ? ${value} : `);
  return [`var r = choose(${firsts.length}), ${name} = ${tests.join("")}0;`];
}

/** Writes down for each value what the code makes of it that looks at a local. */
function mark(
  name: string,
  values: readonly unknown[],
  uses: ReadonlyMap<string, ReadonlySet<string>>,
  marks: string[],
  seen: Set<string>,
): void {
  const key = `${name} ${String(values)}`;
  if (seen.has(key)) return;
  seen.add(key);
  const add = (each: readonly unknown[]): void => each.forEach((one, i) => (marks[i] += `${String(one)} `));
  for (const line of uses.get(name) ?? []) {
    const set = SET.exec(line);
    if (set !== null && isOf(set[2]!, name)) {
      mark(set[1]!, values.map(evaluated(set[2]!, name)), uses, marks, seen);
      continue;
    }
    let rest = line;
    for (const test of line.match(testsOf(name)) ?? []) {
      rest = rest.replace(test, "");
      add(values.map(evaluated(test, name)));
    }
    if ((rest.match(LOCAL) ?? ([] as string[])).includes(name)) return add(values);
  }
}

/** Nothing else is looked at. */
function isOf(expression: string, name: string): boolean {
  return (expression.match(NAMES) ?? []).every((one) => one === name);
}

const known = new Map<string, (value: unknown) => unknown>();

function evaluated(expression: string, name: string): (value: unknown) => unknown {
  const text = expression.replaceAll(name, "x");
  let evaluate = known.get(text);
  if (evaluate === undefined) {
    evaluate = new Function("x", `return ${text};`) as (value: unknown) => unknown;
    known.set(text, evaluate);
  }
  return evaluate;
}

/** Comparisons of a local with numbers. */
function testsOf(name: string): RegExp {
  return new RegExp(`\\b${name} (?:===|!==|<=|>=|<|>) -?\\d+|\\(\\(-?\\d+ >>> ${name}\\) & 1\\) !== 0`, "g");
}
