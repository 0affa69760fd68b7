/**
 * Loads changed copies of a design: files that change, and those that import them, are written to a folder of their own and imported from
 * there; all others stay the ones that are loaded already.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyDesign } from "../../spec/language/design.ts";
import { applied, type Edit } from "./mutant.ts";
import type { Imported, Source } from "./source.ts";

/** What of a design's files a copy needs. */
export interface Copied {
  readonly sources: readonly Source[];
  /** By path: files that import it, directly or not, and the file itself. */
  readonly importers: ReadonlyMap<string, ReadonlySet<string>>;
  /** The file that declares the design, and the design's name. */
  readonly entry: string;
  readonly name: string;
}

export class Workshop {
  private readonly copied: Copied;
  private readonly folder: string;
  private loads = 0;

  constructor(copied: Copied, folder: string) {
    this.copied = copied;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  }

  /** The design with other texts; `changed` by path. The edits of a file are of its text. */
  async load(changed: ReadonlyMap<string, readonly Edit[]>): Promise<AnyDesign> {
    const { sources, importers, entry, name } = this.copied;
    const written = new Set([...changed.keys()].flatMap((path) => [...importers.get(path)!]));
    const to = join(this.folder, String(this.loads++));
    const place = ({ path, isOwn }: Imported): string =>
      isOwn && written.has(path) ? copyOf(to, path) : path;
    for (const source of sources) {
      if (!written.has(source.path)) continue;
      const copy = copyOf(to, source.path);
      mkdirSync(dirname(copy), { recursive: true });
      writeFileSync(
        copy,
        applied(source.text, [...(changed.get(source.path) ?? []), ...relinked(source, place)]),
      );
    }
    try {
      const at = written.has(entry) ? copyOf(to, entry) : entry;
      const exported = (await import(pathToFileURL(at).href)) as Record<string, unknown>;
      const design = designIn(exported, name);
      if (design === undefined) throw new Error(`the file exports no design ${name} any more`);
      return design;
    } finally {
      rmSync(to, { recursive: true, force: true });
    }
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const copyOf = (folder: string, path: string): string => join(folder, path);

function relinked(source: Source, place: (one: Imported) => string): Edit[] {
  return source.imports.map((one) => ({
    start: one.start,
    end: one.end,
    text: JSON.stringify(pathToFileURL(place(one)).href),
  }));
}

/** A design among what a file exports, as it is, in a list, or as the design of a mutant. */
export function designIn(exported: Record<string, unknown>, name: string): AnyDesign | undefined {
  const values = Object.values(exported).flatMap((value): unknown[] =>
    Array.isArray(value) ? (value as unknown[]) : [value],
  );
  return values
    .map((value) => (isObject(value) && isObject(value["design"]) ? value["design"] : value))
    .find((value) => isObject(value) && value["name"] === name && "calls" in value) as AnyDesign | undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
