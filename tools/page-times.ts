/** What opening a page costs its reader, as docs/pages.json keeps it. */
export interface PageTimes {
  readonly steps: number;
  readonly kilobytes: number;
  /** From opening the file to what is drawn and answers; median of all visits. */
  readonly readyMs: number;
  /** From a key to what is drawn: the median, and what 95 of 100 keep within. */
  readonly stepMs: { readonly median: number; readonly of95: number };
}

export interface MeasuredPages extends Readonly<Record<"largest" | "long", PageTimes>> {
  readonly commit: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly node: string;
    readonly chromium: string;
  };
}
