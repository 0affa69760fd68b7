/**
 * Axes: which real pages the positions of a model stand for.
 *
 * Calls take real byte addresses of 64 bits; the state knows positions. A position stands for a run of pages that nothing in
 * the run at hand tells apart, so that a file of 2^51 pages needs no more positions than a program touches. Order
 * and adjacency are kept: page a comes before page b exactly when its position does, and a range of bytes that begins and ends
 * at borders of runs is a range of positions.
 */
import { PAGE_SIZE } from "../../spec/abi/kvm.ts";

export class Axis {
  /** The first page of each run, ascending; a run ends where the next one begins. */
  readonly starts: readonly bigint[];

  constructor(starts: readonly bigint[]) {
    this.starts = starts;
  }

  get length(): number {
    return this.starts.length;
  }

  /** How many positions lie below a byte address: the position of a border. */
  border(bytes: bigint): number {
    const page = bytes / PAGE_SIZE;
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle]! < page) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The position of the page that holds a byte. */
  at(bytes: bigint): number {
    return this.border((bytes / PAGE_SIZE + 1n) * PAGE_SIZE) - 1;
  }

  /** The byte address at which a position begins. */
  bytes(position: number): bigint {
    return this.starts[position]! * PAGE_SIZE;
  }
}

/** Positions 0 to count - 1 for the pages of the same number. */
export function pagesFromZero(count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => BigInt(i));
}
