/** A design's woven copy, and the copies of those mutants that are no switches: what one vector's comparison of steps needs. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { Board } from "./board.ts";
import type { Edit, Mutant } from "./mutant.ts";
import { reachOf, type Reach } from "./reach.ts";
import { woven, type Part } from "./weave.ts";
import type { Workshop, Copied } from "./workshop.ts";

export interface Bench {
  readonly design: AnyDesign;
  readonly board: Board;
  readonly reach: Reach;
  /** Mutants by their numbers. */
  readonly mutants: readonly Mutant[];
  /** Of each mutant that changes sections: the numbers of these. */
  readonly partsOf: ReadonlyMap<number, readonly number[]>;
}

export async function benchFor(
  workshop: Workshop,
  { sources }: Copied,
  mutants: readonly Mutant[],
): Promise<Bench> {
  const board = new Board(mutants.length);
  const numbers = new Map<string, number>();
  const partsOf = new Map<number, readonly number[]>();
  const numbered = mutants.map((mutant, number) => ({ number, mutant }));
  for (const { number, mutant } of numbered) {
    if (mutant.unit !== null) continue;
    const keys = mutant.sections.map(({ start, end }) => `${mutant.file} ${start} ${end}`);
    for (const key of keys) if (!numbers.has(key)) numbers.set(key, numbers.size);
    partsOf.set(
      number,
      keys.map((key) => numbers.get(key)!),
    );
  }
  const texts = new Map<string, readonly Edit[]>();
  for (const source of sources) {
    const own = numbered.filter(({ mutant }) => mutant.file === source.file);
    const parts = [...numbers].flatMap(([key, number]): Part[] => {
      const [file, start, end] = key.split(" ") as [string, string, string];
      return file === source.file ? [{ number, start: Number(start), end: Number(end) }] : [];
    });
    texts.set(source.path, woven(own, parts, source.text));
  }
  const design = await workshop.load(texts);
  return { design: board.watching(design), board, reach: reachOf(design, board), mutants, partsOf };
}
