/** Choices from naturals that were drawn beforehand: a smaller natural chooses what stands earlier in a list, and is simpler. */
export class Draw {
  private readonly naturals: readonly number[];
  private at = 0;

  constructor(naturals: readonly number[]) {
    this.naturals = naturals;
  }

  /** Naturals that were not drawn are 0. */
  below(count: number): number {
    return (this.naturals[this.at++] ?? 0) % count;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Once in so many times. */
  rarely(times: number): boolean {
    return this.below(times) === times - 1;
  }

  weighted<T>(list: readonly (readonly [weight: number, T])[]): T {
    let left = this.below(list.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of list) {
      if (left < weight) return item;
      left -= weight;
    }
    throw new RangeError("a draw from nothing");
  }
}
