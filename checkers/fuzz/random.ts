/** Random numbers that follow from a seed, for the choices within one command (splitmix32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** From 0 to 2^32 - 1. */
  word(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  }

  /** From 0 to below - 1. */
  below(below: number): number {
    return this.word() % below;
  }

  chance(probability: number): boolean {
    return this.word() < probability * 2 ** 32;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
