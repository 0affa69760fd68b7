/** The page of one trace. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { RenderTrace, TracePage } from "../../page/entry/data.ts";
import { open } from "../../page/entry/open.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { bundle } from "./bundle.ts";
import { pageOf, staticPageOf } from "./document.ts";
import { exportOf } from "./exported.ts";

export interface ShownTrace {
  /** What the trace's file has. */
  readonly document: unknown;
  /** Names the trace in messages: its file. */
  readonly path: string;
  /** What runs it, and its name as it was given: "guest-memfd-7.3", "mine.ts#wanted". Null for a trace of another tool. */
  readonly design: { readonly design: AnyDesign; readonly name: string } | null;
  /** The command that runs it again. */
  readonly again: string;
  /** Without script: for mail, and where none may run. */
  readonly isStatic: boolean;
}

export interface TraceHtml {
  readonly html: string;
  /** Where the run here differs from what the file says. */
  readonly differences: readonly string[];
}

const STYLE = "picture/page.css";

/** Throws InputError for what is no trace of the design: the page is opened here first, so that what is wrong is said where it is made. */
export async function tracePage({ document, path, design, again, isStatic }: ShownTrace): Promise<TraceHtml> {
  const trace = design === null ? document : { ...(document as object), design: design.design.name };
  const session = open(design?.design ?? null, trace, path);
  const data: TracePage = { where: basename(path), again, trace };
  const title = `${session.design.name}${session.property === null ? "" : `: ${session.property}`}`;
  const { differences } = session;
  if (isStatic) return { html: await staticPage(title, design?.design ?? null, data), differences };
  const designs = design === null ? [] : [await exportOf(design.design, design.name)];
  const made = await bundle({ entry: "entry/trace.tsx", styles: [STYLE], designs });
  return { html: pageOf({ title, data, bundle: made }), differences };
}

const PAGE = new URL("../../page/", import.meta.url);

/** Components are of the page's own kind of source, which nothing else here is loaded as. */
async function staticPage(title: string, design: AnyDesign | null, data: TracePage): Promise<string> {
  const { tsImport } = await import("tsx/esm/api");
  const { renderTrace } = (await tsImport(new URL("entry/static.tsx", PAGE).href, {
    parentURL: import.meta.url,
    tsconfig: fileURLToPath(new URL("tsconfig.json", PAGE)),
  })) as { readonly renderTrace: RenderTrace };
  const style = readFileSync(new URL(STYLE, PAGE), "utf8");
  return staticPageOf(title, style, renderTrace(design, data));
}
