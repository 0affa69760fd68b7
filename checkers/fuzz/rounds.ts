/** Calls that are let go on in turn, and whether they have come back to where they were. */

export class Rounds {
  private readonly known = new Map<string, number>();

  /** After a round, by a number of steps: how many ago frames and state were the same, or null. */
  after(frames: string, state: object, steps: number): number | null {
    if (frames === "") return null;
    const key = `${frames} ${JSON.stringify(state)}`;
    const before = this.known.get(key);
    this.known.set(key, steps);
    return before === undefined ? null : steps - before;
  }
}
