/** Where things are in a page of reports, as the part of its address behind `#`. */
import { createContext } from "preact";
import type { TraceFile } from "./files.ts";
import type { Shown } from "./shown.ts";

export type Route =
  | { readonly to: "reports" }
  | { readonly to: "trace"; readonly number: number }
  | { readonly to: "difference"; readonly number: number };

/** `#trace=3`, `#difference=2&step=5`; any other is that of the reports. */
export function routeOf(hash: string): Route {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  for (const to of ["trace", "difference"] as const) {
    const number = params.get(to);
    if (number !== null && /^\d{1,9}$/.test(number)) return { to, number: Number(number) };
  }
  return { to: "reports" };
}

/** The address of a trace, of which `#trace=` is the identity: where no script runs, it is there as text. */
export function traceHref({ traces }: Shown, trace: TraceFile | null | undefined): string | null {
  const number = traces.findIndex((shown) => shown.trace === trace);
  return number < 0 ? null : `#trace=${number}`;
}

export const differenceHref = (number: number): string => `#difference=${number}`;

/** What all parts of the page know. */
export const Here = createContext<Shown>({
  reports: [],
  against: [],
  traces: [],
  differences: [],
  notes: [],
});
