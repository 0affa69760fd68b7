/** `gmemcheck page`: a trace as one HTML file, which runs it again where it is looked at. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseJson } from "../checkers/input.ts";
import { shellWord } from "../checkers/report/shell.ts";
import { decodeTrace } from "../checkers/trace/file.ts";
import type { RenderTrace, TracePage } from "../page/entry/data.ts";
import { isItf, open } from "../page/entry/open.ts";
import type { AnyDesign } from "../spec/language/design.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { print, tell, writeWhole } from "./output.ts";
import { bundle } from "./page/bundle.ts";
import { pageOf, staticPageOf } from "./page/document.ts";
import { exportOf } from "./page/exported.ts";

export interface PageOptions {
  readonly out?: string;
  readonly design?: string;
  /** Without script: for mail, and where none may run. */
  readonly static?: true;
}

export async function page(path: string, options: PageOptions): Promise<number> {
  const document = parseJson(readText(path), path);
  const html = await tracePage(document, path, options);
  const out = options.out ?? `${basename(path).replace(/\.json$/, "")}.html`;
  if (out === "-") print(html.trimEnd());
  else {
    writeWhole(out, html);
    tell(`${out}: ${Math.ceil(html.length / 1000)} kB, with everything in it; open it in a browser`);
  }
  return EXIT.asExpected;
}

/** The page of a trace; `document` is what its file has. */
async function tracePage(document: unknown, path: string, options: PageOptions): Promise<string> {
  const name = isItf(document) ? null : (options.design ?? decodeTrace(document, path).design);
  const design = name === null ? null : (await findDesign(name)).design;
  const trace = design === null ? document : { ...(document as object), design: design.name };
  // Opened here first, so that what is wrong is said where the page is made.
  const session = open(design, trace, path);
  for (const difference of session.differences) tell(`gmemcheck: note: ${path}: ${difference}`);
  const again = againText(path, design === null ? null : options);
  const data: TracePage = { where: basename(path), again, trace };
  const title = `${session.design.name}${session.property === null ? "" : `: ${session.property}`}`;
  if (options.static === true) return staticPage(title, design, data);
  const exported = design === null ? null : await exportOf(design, name!);
  return pageOf({ title, data, bundle: await bundle("trace.tsx", exported) });
}

function againText(path: string, options: PageOptions | null): string {
  if (options === null) return "";
  const design = options.design === undefined ? "" : ` --design ${shellWord(options.design)}`;
  return `npx gmemcheck replay ${shellWord(path)}${design}`;
}

const PAGE = new URL("../page/", import.meta.url);

/** Components are of the page's own kind of source, which nothing else here is loaded as. */
async function staticPage(title: string, design: AnyDesign | null, data: TracePage): Promise<string> {
  const { tsImport } = await import("tsx/esm/api");
  const { renderTrace } = (await tsImport(new URL("entry/static.tsx", PAGE).href, {
    parentURL: import.meta.url,
    tsconfig: fileURLToPath(new URL("tsconfig.json", PAGE)),
  })) as { readonly renderTrace: RenderTrace };
  const style = readFileSync(new URL("picture/page.css", PAGE), "utf8");
  return staticPageOf(title, style, renderTrace(design, data));
}
