/**
 * Mutants that nothing notices and that are right all the same: `gmemcheck mutate` counts them apart, with the reason. Each is named by its
 * id, and by the text that it changes, lest the name become another's.
 */
export interface Explained {
  readonly id: string;
  readonly before: string;
  readonly why: string;
}

export const equivalents: readonly Explained[] = [];
