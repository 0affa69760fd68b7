/** What the command line asks of reports before it makes a page of them. */
import { designsOf, shownOf, type ShownTrace, type Wanted } from "../report/shown.ts";
import type { NamedFile } from "./data.ts";

export { kindOf } from "../report/read.ts";

/** The designs that run the traces. Throws InputError for what is no report. */
export function designsWanted(reports: readonly NamedFile[], against: readonly NamedFile[]): Wanted[] {
  return designsOf(shownOf({ reports, against, notes: [] }));
}

/** The traces of a report that are there to show something: of each design and each thing the shortest. */
export function tracesOf(report: NamedFile): ShownTrace[] {
  const { traces } = shownOf({ reports: [report], against: [], notes: [] });
  const shortest = new Map<string, ShownTrace>();
  for (const one of traces) {
    const name = `${one.design} ${one.what}`;
    const known = shortest.get(name);
    if (known === undefined || stepsOf(one) < stepsOf(known)) shortest.set(name, one);
  }
  return [...shortest.values()];
}

const stepsOf = ({ trace }: ShownTrace): number =>
  (trace["steps"] as readonly unknown[] | undefined)?.length ?? 0;
