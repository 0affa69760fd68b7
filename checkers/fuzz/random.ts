/** Random numbers that follow from a seed, for the choices within one command (splitmix32). */
/** Lists up to this length are drawn from evenly. */
const FEW = 4;

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

  /** The first ones of a long list sooner than the others. */
  low<T>(list: readonly T[], lowness: number): T {
    let at = this.below(list.length);
    if (list.length > FEW) for (let n = 0; n < lowness; n++) at = Math.min(at, this.below(list.length));
    return list[at]!;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
