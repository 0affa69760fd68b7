/** Ways found by expanding levels again are, call for call, those that a visited set with parents says. */
import { expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import { TRACK_ALL } from "../../checkers/explore/codec.ts";
import { Totals } from "../../checkers/explore/explored.ts";
import { InterpretedExpander, groundOf } from "../../checkers/explore/interpreted.ts";
import { explore } from "../../checkers/explore/search.ts";
import type { Store } from "../../checkers/explore/store.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { trails } from "../../checkers/explore/trail.ts";
import { entryOf } from "../../models/registry.ts";
import type { Vector } from "../../spec/language/design.ts";

class WithoutParents extends InterpretedExpander {
  override readonly isCheap = true;
}

const MANY = { bounds: { vms: 2, files: 1, pages: 2, slots: 2, gfns: 2 } };

test.each<[string, Vector]>([
  ["gmem-seq-m1own", MANY],
  ["gmem-seq-m2", MANY],
  ["range-math-nonzero-offset", { scenario: "ranges", bounds: { pages: 2 } }],
  ["guest-memfd-6.12", { scenario: "use", bounds: {}, track: "skeleton" }],
])("%s %o: all that is found", async (name, vector) => {
  const subject = bounded(entryOf(name)!.design, vector);
  for (const budget of [NO_LIMIT, { ...NO_LIMIT, states: 2000 }]) {
    const kept = await explore(subject, { budget });
    const again = await explore(subject, { budget }, (ground) => new WithoutParents(ground));
    expect({ ...again, seconds: 0, bytes: 0 }).toEqual({ ...kept, seconds: 0, bytes: 0 });
    expect(kept.found.size).toBeGreaterThan(0);
  }
});

test("the way to every state", async () => {
  const subject = bounded(entryOf("guest-memfd-6.12")!.design, { scenario: "use", bounds: {} });
  let visited: Store | undefined;
  const { levels } = await explore(subject, { budget: NO_LIMIT, onVisited: (_, store) => (visited = store) });
  const { count, parents, via } = visited!;
  const expander = new InterpretedExpander(groundOf(subject, TRACK_ALL, undefined, new Totals()));
  const states = Array.from({ length: count }, (_, i) => i);
  const ways = trails(expander, visited!, levels, states);
  for (let i = 1; i < count; i++) expect(ways[i]).toEqual([...ways[parents[i]!]!, via[i]!]);
});
