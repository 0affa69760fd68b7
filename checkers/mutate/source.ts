/** A file of a design. */
export interface Source {
  /** From the root of the sources, as it is shown. */
  readonly file: string;
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Imported[];
}

/** What a file imports: a path, between the offsets of its specifier with its quotes. */
export interface Imported {
  readonly start: number;
  readonly end: number;
  readonly path: string;
  /** Part of the design, and not of the language. */
  readonly isOwn: boolean;
}
