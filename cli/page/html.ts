/** `--html DIR`: the page of a report, and a page of each trace in it. */
import { join } from "node:path";
import { fileName } from "../../checkers/trace/text.ts";
import { UsageError } from "../../checkers/usage-error.ts";
import type { NamedFile } from "../../page/entry/data.ts";
import { tracesOf } from "../../page/entry/reports.ts";
import { tell, writeWhole } from "../output.ts";
import { reportPage, type FindDesign } from "./report.ts";
import { tracePage } from "./trace.ts";

/** More traces than these are in the page of the report alone, which has all of them: each design takes seconds to be bundled. */
const MOST_PAGES = 16;

export async function writeHtml(
  folder: string,
  { where, document }: NamedFile,
  find: FindDesign,
): Promise<void> {
  // As its file would have it.
  const report = { where, document: JSON.parse(JSON.stringify(document)) as unknown };
  const { html, notes } = await reportPage({ reports: [report], against: [], find, isStatic: false });
  for (const note of notes) tell(`gmemcheck: note: ${note}`);
  const index = join(folder, "index.html");
  writeWhole(index, html);
  const traces = tracesOf(report);
  const own = traces.length > MOST_PAGES ? [] : traces;
  for (const { design, what, key, trace } of own) {
    const name = join(fileName(design), fileName(what));
    const page = await pageOf(trace, `${name}.json`, () => find(key, null));
    if (page !== null) writeWhole(join(folder, `${name}.html`), page);
  }
  tell(`${index}: the report, with everything in it; open it in a browser`);
}

/** Null for a design that cannot go into a page, which the page of the report says. */
async function pageOf(
  document: unknown,
  path: string,
  find: () => ReturnType<FindDesign>,
): Promise<string | null> {
  try {
    const { html } = await tracePage({ document, path, design: await find(), again: "", isStatic: false });
    return html;
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}
