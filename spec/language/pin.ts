/** States, transitions and depth of an exhausted run, how many promises it held, and the calls of the shortest trace to each breach. */
export interface Pin {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly held: number;
  readonly violated: Readonly<Record<string, number>>;
}

/** By design, then by vector. */
export type Pins = Readonly<Record<string, Readonly<Record<string, Pin>>>>;
