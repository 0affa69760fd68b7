/** The files that a design is made of: the one that declares it, and what that imports, but for the language and the promises. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { Project, type SourceFile } from "ts-morph";
import { UsageError } from "../usage-error.ts";
import { failuresAnsweredIn } from "./effects.ts";
import type { Mutant } from "./mutant.ts";
import { mutantsOf } from "./operators.ts";
import type { Imported, Source } from "./source.ts";

export interface Material {
  /** In the order in which they are met. */
  readonly sources: readonly Source[];
  readonly mutants: readonly Mutant[];
  /** By path: files that import it, directly or not, and the file itself. */
  readonly importers: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Reads a design from the file that declares it. What is in one of `shared`, folders, is no part of it. */
export function materialOf(entry: string, root: string, shared: readonly string[]): Material {
  const project = new Project({ useInMemoryFileSystem: true, skipFileDependencyResolution: true });
  const parsed = new Map<string, SourceFile>();
  const sources: Source[] = [];
  const isOwn = (path: string): boolean => !shared.some((folder) => path.startsWith(`${folder}/`));
  const visit = (path: string): void => {
    if (parsed.has(path)) return;
    if (!existsSync(path))
      throw new UsageError(`there is no file ${path}, which a file of the design imports`);
    const source = project.createSourceFile(path, readFileSync(path, "utf8"));
    parsed.set(path, source);
    const imports = importsOf(source, path, isOwn);
    sources.push({ file: relative(root, path), path, text: source.getFullText(), imports });
    for (const one of imports) if (one.isOwn) visit(one.path);
  };
  visit(resolve(entry));
  const failures = [...new Set(sources.flatMap(({ path }) => failuresAnsweredIn(parsed.get(path)!)))];
  const mutants = sources.flatMap(({ file, path }) => mutantsOf(parsed.get(path)!, file, failures));
  return { sources, mutants, importers: importersOf(sources) };
}

function importsOf(source: SourceFile, path: string, isOwn: (path: string) => boolean): Imported[] {
  const specifiers = [...source.getImportStringLiterals()];
  return specifiers
    .filter((literal) => literal.getLiteralValue().startsWith("."))
    .map((literal) => {
      const to = resolve(dirname(path), literal.getLiteralValue());
      const start = literal.getStart();
      return { start, end: literal.getEnd(), path: to, isOwn: isOwn(to) && to.endsWith(".ts") };
    });
}

function importersOf(sources: readonly Source[]): Map<string, Set<string>> {
  const importers = new Map(sources.map(({ path }) => [path, new Set([path])]));
  for (let grew = true; grew;) {
    grew = false;
    for (const { path, imports } of sources) {
      for (const one of imports) {
        const of = importers.get(one.path);
        if (!one.isOwn || of === undefined) continue;
        const before = of.size;
        for (const importer of importers.get(path)!) of.add(importer);
        grew ||= of.size > before;
      }
    }
  }
  return importers;
}
