/** The obvious comparison, against which the other one is tested: pairs of plain states, every call made on copies of them, nothing packed and nothing compiled. */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { isFailure, outcomeText, type Outcome } from "../../spec/language/outcome.ts";
import type { Shared } from "../../checkers/compare/shared.ts";
import type { Bounded } from "../../checkers/explore/bounded.ts";
import { runWithLocks } from "../../checkers/explore/sequential.ts";
import { canonical } from "../../checkers/explore/walk.ts";

interface Answered {
  readonly text: string;
  readonly sort: "well" | "refused" | "nothing";
  readonly after: object;
}

/** "call: from → to", with the calls of the shortest way there; of calls that both designs have and can make. */
export function naiveDifferences({ a, b, calls }: Shared): Map<string, number> {
  const found = new Map<string, number>();
  const seen = new Set<string>();
  let level: (readonly [object, object])[] = [[a.start, b.start]];
  for (let depth = 1; level.length > 0; depth++) {
    const next: (readonly [object, object])[] = [];
    for (const [x, y] of level) {
      for (const { name, a: inA, b: inB } of calls) {
        const [before, after] = [made(a, inA, x), made(b, inB, y)];
        const key = `${name}: ${before.text} → ${after.text}`;
        if (before.text !== after.text && !found.has(key)) found.set(key, depth);
        const goesOn = before.text === after.text || (before.sort === "refused" && after.sort === "refused");
        const pair = [before.after, after.after] as const;
        if (!goesOn || seen.has(JSON.stringify(pair))) continue;
        seen.add(JSON.stringify(pair));
        next.push(pair);
      }
    }
    level = next;
  }
  return found;
}

function made({ instances, m, design, sizes }: Bounded, k: number, state: object): Answered {
  const after = structuredClone(state);
  try {
    const ended = runWithLocks(instances[k]!, after, m);
    if (ended === disabled) return { text: "cannot be made", sort: "nothing", after: state };
    const sort = isFailure(ended as Outcome) ? "refused" : "well";
    return {
      text: outcomeText(ended as Outcome),
      sort,
      after: canonical(design.state, sizes, after) as object,
    };
  } catch (error) {
    if (!(error instanceof KernelBug)) throw error;
    return { text: "a bug", sort: "nothing", after: state };
  }
}
