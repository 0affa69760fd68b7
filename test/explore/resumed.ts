/** A run in a process of its own, to be killed: what it finds is written to its output. */
import { bounded } from "../../checkers/explore/bounded.ts";
import type { Explored } from "../../checkers/explore/explored.ts";
import { explore } from "../../checkers/explore/search.ts";
import type { SearchOptions } from "../../checkers/explore/sweep.ts";
import { entryNamed } from "../../models/catalogue.ts";
import type { Vector } from "../../spec/language/design.ts";

/** Everything but the time that it took, and the memory. */
export function settled(explored: Explored): unknown {
  const { found, decided, undecidable, outcomes, ...rest } = explored;
  const sorted = <T>(of: Iterable<T>): T[] => [...of].sort((a, b) => (String(a) < String(b) ? -1 : 1));
  return {
    ...rest,
    seconds: 0,
    bytes: 0,
    found: sorted(found.entries()),
    decided: sorted(decided),
    undecidable: sorted(undecidable),
    outcomes: sorted(outcomes),
  };
}

export async function search(name: string, vector: Vector, options: SearchOptions): Promise<Explored> {
  return explore(bounded((await entryNamed(name))!.design, vector), options);
}

if (process.argv[2] === "run") {
  const [name, vector, options] = process.argv.slice(3).map((text) => JSON.parse(text) as never);
  const budget = { states: Infinity, seconds: Infinity, bytes: Infinity };
  // From here on it may be killed.
  process.stdout.write("\n");
  void search(name!, vector!, { budget, ...(options! as object) }).then((explored) =>
    process.stdout.write(JSON.stringify(settled(explored))),
  );
}
