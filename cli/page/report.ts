/** The page of reports, with everything that runs the traces in them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../checkers/usage-error.ts";
import type { NamedFile, RenderReport, ReportPage } from "../../page/entry/data.ts";
import { designsWanted } from "../../page/entry/reports.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { bundle } from "./bundle.ts";
import { pageOf, staticPageOf } from "./document.ts";
import { exportOf, type Exported } from "./exported.ts";

/** Of a comparison, `side` says which of the two designs it is. */
export type FindDesign = (
  name: string,
  side: "a" | "b" | null,
) => Promise<{ readonly design: AnyDesign; readonly name: string }>;

export interface ShownReports {
  readonly reports: readonly NamedFile[];
  /** Reports of before. */
  readonly against: readonly NamedFile[];
  /** The design that a report names, and the name by which it is found: "mine.ts#wanted". Throws UsageError where there is none. */
  readonly find: FindDesign;
  readonly isStatic: boolean;
}

export interface ReportHtml {
  readonly html: string;
  /** What the page has not, and why. */
  readonly notes: readonly string[];
}

const STYLES = ["picture/page.css", "report/report.css"];

/** Throws InputError for what is no report. */
export async function reportPage(shown: ShownReports): Promise<ReportHtml> {
  const { reports, isStatic } = shown;
  const against = shown.against.map(({ where, document }) => ({ where, document: withoutTraces(document) }));
  const wanted = designsWanted(reports, against);
  const title = reports.map(({ where }) => where).join(", ");
  if (isStatic) {
    const data = { reports, against, designs: [], notes: [] };
    return { html: await staticPage(title, data), notes: [] };
  }
  const { keys, designs, notes } = await carried(wanted, shown);
  const data: ReportPage = { reports, against, designs: keys, notes };
  const made = await bundle({ entry: "entry/report.tsx", styles: STYLES, designs });
  return { html: pageOf({ title, data, bundle: made }), notes };
}

/** Reports of before are compared with, and not looked into. */
function withoutTraces(document: unknown): unknown {
  return JSON.parse(
    JSON.stringify(document, (key, value: unknown) => {
      if (key === "traces") return { a: null, b: null };
      return key !== "trace" ? value : value === null ? null : {};
    }),
  );
}

interface Carried {
  readonly keys: readonly string[];
  readonly designs: readonly Exported[];
  readonly notes: readonly string[];
}

/** A design that cannot go into a page is no reason to have none: its traces are shown as the report has them. */
async function carried(wanted: ReturnType<typeof designsWanted>, { find }: ShownReports): Promise<Carried> {
  const keys: string[] = [];
  const designs: Exported[] = [];
  const notes: string[] = [];
  for (const { key, name: asked, side } of wanted) {
    try {
      const { design, name } = await find(asked, side);
      designs.push(await exportOf(design, name));
      keys.push(key);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      notes.push(
        `${asked} is not in this page, so that its traces do not run: ${error.message.split("\n")[0]}`,
      );
    }
  }
  return { keys, designs, notes };
}

const PAGE = new URL("../../page/", import.meta.url);

/** Components are of the page's own kind of source, which nothing else here is loaded as. */
async function staticPage(title: string, data: ReportPage): Promise<string> {
  const { tsImport } = await import("tsx/esm/api");
  const { renderReport } = (await tsImport(new URL("entry/static-report.tsx", PAGE).href, {
    parentURL: import.meta.url,
    tsconfig: fileURLToPath(new URL("tsconfig.json", PAGE)),
  })) as { readonly renderReport: RenderReport };
  const style = STYLES.map((file) => readFileSync(new URL(file, PAGE), "utf8")).join("\n");
  return staticPageOf(title, style, renderReport(data));
}
