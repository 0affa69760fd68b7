/** The sizes of gmem-seq that are measured, with the counts that every checker has to give. */

/** How much there is of each thing; the names are those of the design's bounds. */
export interface Size {
  readonly vms: number;
  readonly files: number;
  readonly pages: number;
  readonly slots: number;
  readonly gfns: number;
}

export interface Counts {
  readonly states: number;
  /** Calls that can be made, summed over all states. */
  readonly transitions: number;
  /** Calls on the shortest way to the farthest state. */
  readonly depth: number;
}

export interface BenchVector {
  readonly name: string;
  readonly size: Size;
  readonly counts: Counts;
}

function vector(
  name: string,
  [vms, files, pages, slots, gfns]: readonly [number, number, number, number, number],
  [states, transitions, depth]: readonly [number, number, number],
): BenchVector {
  return { name, size: { vms, files, pages, slots, gfns }, counts: { states, transitions, depth } };
}

export const TINY = vector("tiny", [1, 1, 1, 1, 1], [22, 106, 6]);
export const SMALL = vector("small", [2, 1, 2, 2, 2], [25_299, 303_228, 14]);
export const MEDIUM = vector("medium", [2, 2, 2, 1, 2], [767_081, 13_570_200, 18]);
export const ALL_TWOS = vector("all-twos", [2, 2, 2, 2, 2], [4_676_121, 91_666_500, 18]);
export const LARGE = vector("large", [2, 2, 2, 1, 3], [14_675_409, 294_939_126, 26]);

/** "2/2/2/1/2": VMs, files, pages, slots, gfns. */
export const sizeText = ({ vms, files, pages, slots, gfns }: Size): string =>
  [vms, files, pages, slots, gfns].join("/");

/** Those that can be asked for by name. */
export const VECTORS: readonly BenchVector[] = [SMALL, MEDIUM, ALL_TWOS, LARGE];
