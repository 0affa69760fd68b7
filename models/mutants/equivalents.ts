/**
 * Mutants that nothing notices and that are right all the same: `gmemcheck mutate` counts them apart, with the reason. Each is named by its
 * id, and by the text that it changes, lest the name become another's.
 */
export interface Explained {
  readonly id: string;
  readonly before: string;
  readonly why: string;
}

export const equivalents: readonly Explained[] = [
  {
    id: "models/guest-memfd/lifetime.ts#lowestFree/weaken-guard/4",
    before: "index >= first && index < end",
    why: "where a table ends is a bound of the run, behind which no limit of the kernel stands: with more of the table, calls are made that the run leaves out",
  },
];
