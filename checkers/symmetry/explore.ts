/** A run searched up to the permutations that it has a licence for: the counts are of orbits, what is found is concrete. */
import type { Explored } from "../explore/explored.ts";
import { InterpretedExpander, type Ground, type MakeExpander } from "../explore/interpreted.ts";
import { explore } from "../explore/search.ts";
import type { SearchOptions } from "../explore/sweep.ts";
import { makeCanonical, type Canonical } from "./canonical.ts";
import { concrete } from "./concrete.ts";
import { leavesOf } from "./leaves.ts";
import type { Licence } from "./licence.ts";
import { OrbitExpander } from "./quotient.ts";

export async function exploreOrbits(
  { subject, group, meanings }: Licence,
  options: SearchOptions,
  make: MakeExpander = (ground) => new InterpretedExpander(ground),
): Promise<Explored> {
  const known = new Map<unknown, { readonly ground: Ground; readonly canonical: Canonical }>();
  const explored = await explore(subject, options, (ground) => {
    const { codec, tracking } = ground;
    const leaves = leavesOf(codec, subject.design.state, subject.sizes);
    const canonical = makeCanonical(leaves, codec.words, subject.sizes, group);
    known.set(tracking, { ground, canonical });
    return new OrbitExpander(make(ground), canonical);
  });
  const found = [...explored.found].map(([name, breach]) => {
    const { ground, canonical } = known.get(breach.tracking)!;
    return [name, concrete(subject, meanings, ground.codec, canonical, breach)] as const;
  });
  return { ...explored, found: new Map(found) };
}
