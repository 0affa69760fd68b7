/** What the command line asks of reports before it makes a page of them. */
import { designsOf, shownOf } from "../report/shown.ts";
import type { NamedFile } from "./data.ts";

export { kindOf } from "../report/read.ts";

/** The designs that run the traces: the key of each, and the name that the report gives it. Throws InputError for what is no report. */
export function designsWanted(
  reports: readonly NamedFile[],
  against: readonly NamedFile[],
): readonly (readonly [key: string, name: string])[] {
  return designsOf(shownOf({ reports, against, notes: [] }));
}
