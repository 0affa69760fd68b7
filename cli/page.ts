/** `gmemcheck page`: a trace as one HTML file, which runs it again where it is looked at; and reports, with all their traces. */
import { basename } from "node:path";
import { parseJson } from "../checkers/input.ts";
import { shellWord } from "../checkers/report/shell.ts";
import { decodeTrace } from "../checkers/trace/file.ts";
import { UsageError } from "../checkers/usage-error.ts";
import type { NamedFile } from "../page/entry/data.ts";
import { isItf } from "../page/entry/open.ts";
import { kindOf } from "../page/entry/reports.ts";
import { findDesign } from "./designs.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { print, tell, writeWhole } from "./output.ts";
import { reportPage, type ShownReports } from "./page/report.ts";
import { tracePage, type ShownTrace } from "./page/trace.ts";

export interface PageOptions {
  readonly out?: string;
  readonly design?: string;
  readonly static?: true;
  /** Reports of before. */
  readonly against?: readonly string[];
}

/** A file as it is read. */
interface Read {
  readonly path: string;
  readonly document: unknown;
}

export async function page(paths: readonly string[], options: PageOptions): Promise<number> {
  const { html, notes } = await made(paths.map(read), options);
  for (const note of notes) tell(`gmemcheck: note: ${note}`);
  const out = options.out ?? `${basename(paths[0]!).replace(/\.json$/, "")}.html`;
  if (out === "-") print(html.trimEnd());
  else {
    writeWhole(out, html);
    const kilobytes = Math.ceil(Buffer.byteLength(html) / 1000);
    tell(`${out}: ${kilobytes} kB, with everything in it; open it in a browser`);
  }
  return EXIT.asExpected;
}

const read = (path: string): Read => ({ path, document: parseJson(readText(path), path) });

interface Made {
  readonly html: string;
  readonly notes: readonly string[];
}

async function made(files: readonly Read[], options: PageOptions): Promise<Made> {
  const [first, ...more] = files;
  const trace = files.find(({ document }) => kindOf(document) === null);
  if (trace === undefined) return reportPage(reports(files, options));
  if (more.length > 0)
    throw new UsageError(
      `page: ${trace.path} is no report; a trace has a page of its own, without other files`,
    );
  if (options.against !== undefined)
    throw new UsageError(
      `--against: ${trace.path} is no report, which a report of before could be compared with`,
    );
  const { html, differences } = await tracePage(await shown(first!, options));
  return { html, notes: differences.map((difference) => `${trace.path}: ${difference}`) };
}

async function shown({ path, document }: Read, options: PageOptions): Promise<ShownTrace> {
  const common = { document, path, isStatic: options.static === true };
  if (isItf(document)) return { ...common, design: null, again: "" };
  const name = options.design ?? decodeTrace(document, path).design;
  const { design } = await findDesign(name);
  const on = options.design === undefined ? "" : ` --design ${shellWord(options.design)}`;
  return { ...common, design: { design, name }, again: `npx gmemcheck replay ${shellWord(path)}${on}` };
}

function reports(files: readonly Read[], options: PageOptions): ShownReports {
  const { against = [], design: own } = options;
  return {
    reports: files.map(named),
    against: against.map(read).map(named),
    isStatic: options.static === true,
    find: async (name) => {
      const mine = own === undefined ? null : (await findDesign(own)).design;
      return mine?.name === name
        ? { design: mine, name: own! }
        : { design: (await findDesign(name)).design, name };
    },
  };
}

const named = ({ path, document }: Read): NamedFile => ({ where: path, document });
