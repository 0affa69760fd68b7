/** `gmemcheck page`: a trace as one HTML file, which runs it again where it is looked at. */
import { basename } from "node:path";
import { parseJson } from "../checkers/input.ts";
import { shellWord } from "../checkers/report/shell.ts";
import { decodeTrace } from "../checkers/trace/file.ts";
import { isItf } from "../page/entry/open.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { print, tell, writeWhole } from "./output.ts";
import { tracePage, type ShownTrace } from "./page/trace.ts";

export interface PageOptions {
  readonly out?: string;
  readonly design?: string;
  readonly static?: true;
}

export async function page(path: string, options: PageOptions): Promise<number> {
  const { html, differences } = await tracePage(await shown(path, options));
  for (const difference of differences) tell(`gmemcheck: note: ${path}: ${difference}`);
  const out = options.out ?? `${basename(path).replace(/\.json$/, "")}.html`;
  if (out === "-") print(html.trimEnd());
  else {
    writeWhole(out, html);
    const kilobytes = Math.ceil(Buffer.byteLength(html) / 1000);
    tell(`${out}: ${kilobytes} kB, with everything in it; open it in a browser`);
  }
  return EXIT.asExpected;
}

async function shown(path: string, options: PageOptions): Promise<ShownTrace> {
  const document = parseJson(readText(path), path);
  const common = { document, path, isStatic: options.static === true };
  if (isItf(document)) return { ...common, design: null, again: "" };
  const name = options.design ?? decodeTrace(document, path).design;
  const { design } = await findDesign(name);
  const on = options.design === undefined ? "" : ` --design ${shellWord(options.design)}`;
  return { ...common, design: { design, name }, again: `npx gmemcheck replay ${shellWord(path)}${on}` };
}
