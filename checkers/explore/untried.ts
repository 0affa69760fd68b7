/** What a delta changes and its runs do not try: values of a changed call's parameters that all scenarios leave out. */
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { bounded } from "./bounded.ts";
import { identity, valuesTried } from "./instances.ts";
import { show } from "./walk.ts";

/** `create_guest_memfd(flags=4)`: one line a value; none for a design that is no delta. */
export function untried(design: AnyDesign, vectors: readonly Vector[]): string[] {
  const { inherits } = design;
  if (inherits === undefined) return [];
  const changed = Object.entries(design.calls).filter(
    ([name, call]) => inherits[name] !== call && call.unexplored === undefined,
  );
  const offered = new Map<string, string>();
  const tried = new Set<string>();
  for (const vector of vectors) {
    const { m, sizes, instances } = bounded(design, vector);
    for (const [name, call] of changed) {
      for (const [param, values] of valuesTried(name, call, m, sizes))
        for (const value of values)
          offered.set(`${name} ${param} ${identity(value)}`, `${name}(${param}=${show(value)})`);
    }
    for (const { name, params } of instances)
      for (const [param, value] of Object.entries(params)) tried.add(`${name} ${param} ${identity(value)}`);
  }
  return [...offered].flatMap(([key, text]) => (tried.has(key) ? [] : [text]));
}
