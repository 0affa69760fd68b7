/** What differs between two trees: declaration by declaration in what models are made of, file by file in all else. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ts } from "ts-morph";
import type { Change, Changes, Kind, Lines, Tree } from "./change.ts";
import { differencesOf } from "./difference.ts";
import { engineFiles } from "./engine.ts";
import { kindOf } from "./kind.ts";
import { meaning, typesOf } from "./meaning.ts";
import type { Module } from "./module.ts";
import { CATALOGUE, Sources, jsonIn } from "./sources.ts";

/** Of what each is, the folders in which a file counts as a whole. */
const WHOLE_FILES: Readonly<Record<string, Kind>> = {
  counterexamples: "counterexample",
  recordings: "recording",
};

export function changesBetween(base: Tree, head: Tree): Changes {
  return { base, head, all: changesOf(new Sources(base), new Sources(head)) };
}

export function changesOf(base: Sources, head: Sources): readonly Change[] {
  const models = both(base.modelFiles, head.modelFiles).flatMap((path) => inModule(path, base, head));
  const engine = both(engineFiles(base), engineFiles(head))
    .filter((path) => !path.startsWith("spec/"))
    .flatMap((path) => inFile(path, "engine", base, head));
  const whole = Object.entries(WHOLE_FILES).flatMap(([folder, kind]) =>
    both(under(base, folder), under(head, folder)).flatMap((path) => inFile(path, kind, base, head)),
  );
  return [
    ...models,
    ...inFile("models/pins.json", "expectation", base, head, withoutLayout),
    ...engine,
    ...whole,
    ...inFile("package.json", "dependency", base, head, dependenciesIn),
    ...inFile("package-lock.json", "dependency", base, head, installedIn),
  ];
}

function both(base: readonly string[], head: readonly string[]): readonly string[] {
  return [...new Set([...base, ...head])].sort();
}

function under({ root }: Sources, folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, "/").length));
}

/** A file that is one thing. */
function inFile(
  path: string,
  kind: Kind,
  base: Sources,
  head: Sources,
  part: (text: string) => string = (text) => text,
): readonly Change[] {
  const [before, after] = [base.text(path), head.text(path)];
  if (before === after) return [];
  const [was, is] = [wholeOf(base, path), wholeOf(head, path)];
  if (before !== null && after !== null && saysOf(base, path, part) === saysOf(head, path, part)) return [];
  const did = before === null ? "added" : after === null ? "removed" : "changed";
  return [
    { kind, name: path, did, at: (is ?? was)!, was: did === "changed" ? was : null, declaration: null },
  ];
}

function saysOf(sources: Sources, path: string, part: (text: string) => string): string {
  const module = sources.module(path);
  return module === null ? part(sources.text(path)!) : meaning(module.source);
}

function wholeOf(sources: Sources, path: string): Lines | null {
  const text = sources.text(path);
  return text === null ? null : { file: path, line: 1, endLine: text.trimEnd().split("\n").length };
}

/** What is needed to run. */
function dependenciesIn(text: string): string {
  const { dependencies, engines } = jsonIn(text) as Record<string, unknown>;
  return JSON.stringify([dependencies, engines]);
}

/** The packages that are installed to run. */
function installedIn(text: string): string {
  const { packages = {} } = jsonIn(text) as {
    packages?: Record<string, { dev?: true; version: string }>;
  };
  const installed = Object.entries(packages).filter(([name, { dev }]) => name !== "" && dev === undefined);
  return JSON.stringify(installed.map(([name, { version }]) => [name, version]));
}

const withoutLayout = (text: string): string => JSON.stringify(jsonIn(text));

/** What two modules at one path say otherwise. */
function inModule(path: string, base: Sources, head: Sources): readonly Change[] {
  if (base.text(path) === head.text(path)) return [];
  const [was, is] = [base.module(path), head.module(path)];
  const before = was === null ? new Map<string, Top>() : topsOf(was);
  const after = is === null ? new Map<string, Top>() : topsOf(is);
  const found = both([...before.keys()], [...after.keys()]).flatMap((id) =>
    inTop(before.get(id) ?? null, after.get(id) ?? null, path),
  );
  return found.toSorted((a, b) => a.at.line - b.at.line || a.at.endLine - b.at.endLine);
}

/** What stands at the top of a module. */
interface Top {
  readonly name: string;
  readonly kind: Kind | null;
  readonly node: ts.Node;
  readonly says: string;
}

function topsOf(module: Module): ReadonlyMap<string, Top> {
  const tops = new Map<string, Top>();
  for (const { name, node } of module.declarations.values())
    tops.set(`declaration ${name}`, { name, kind: null, node, says: meaning(node) });
  for (const [name, { from, name: imported, node }] of module.imports)
    tops.set(`import ${name}`, { name: `import ${name}`, kind: "other", node, says: `${from} ${imported}` });
  module.statements.forEach((node, i) =>
    tops.set(`statement ${i}`, { name: "statement", kind: "other", node, says: meaning(node) }),
  );
  for (const node of module.source.statements)
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
      tops.set(`type ${node.name.text}`, { name: node.name.text, kind: "type", node, says: typesOf(node) });
  return tops;
}

function inTop(base: Top | null, head: Top | null, path: string): readonly Change[] {
  if (base?.says === head?.says) return [];
  const { name, kind: known } = (head ?? base)!;
  const isDeclared = known === null;
  const parts =
    base !== null && head !== null && isDeclared
      ? differencesOf(base.node, head.node)
      : [{ path: [], base: base?.node ?? null, head: head?.node ?? null }];
  return parts.map(({ path: labels, base: was, head: is }) => {
    const ofCatalogue: Kind | null = path === CATALOGUE && known !== "type" ? "expectation" : known;
    const named =
      ofCatalogue === null
        ? kindOf(name, (is === null ? base : head)!.node, labels)
        : { kind: ofCatalogue, name };
    const did = was === null ? "added" : is === null ? "removed" : "changed";
    return {
      ...named,
      did,
      at: linesOf((is ?? was)!, path),
      was: did === "changed" ? linesOf(was!, path) : null,
      declaration: isDeclared ? name : null,
    } as const;
  });
}

function linesOf(node: ts.Node, file: string): Lines {
  const source = node.getSourceFile();
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  return { file, line: lineAt(node.getStart(source)), endLine: lineAt(node.getEnd()) };
}
