/** Trees for tests: a few files of text in a folder. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Changes, Tree } from "../../checkers/analyse/change.ts";
import { ROOT } from "../cli/gmemcheck.ts";

const made: string[] = [];

/** For the end of a file of tests. */
export function removeTrees(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

function emptyTree(): Tree {
  const root = mkdtempSync(join(tmpdir(), "gmemcheck-analyse-"));
  made.push(root);
  return { root };
}

type Files = Readonly<Record<string, string>>;

function put({ root }: Tree, files: Files): Tree {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root };
}

/** The words of the language, as far as their text goes. */
const LANGUAGE: Files = {
  "package.json": `{ "type": "module" }\n`,
  "spec/language.ts": `export * from "./language/words.ts";\n`,
  "spec/language/words.ts":
    ["call", "change", "design", "variant", "local", "record", "upTo", "goTo"]
      .map((word) => `export function ${word}(...given: any[]): any { return given; }`)
      .join("\n") +
    `\nexport const callsOf = (): any => ({ call, choice: call });` +
    `\nexport const propertiesOf = (): any => ({ always: call, sometimes: call, step: call });\n`,
};

/** The language, and files that are written in it. */
export function treeOf(files: Files): Tree {
  return put(emptyTree(), { ...LANGUAGE, ...files });
}

/** By file, texts that are replaced by others. */
export type Edits = Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>;

/** The models of this repository, with some texts replaced by others. */
export function repositoryWith(edits: Edits): Tree {
  const tree = emptyTree();
  for (const folder of ["spec", "models"])
    cpSync(join(ROOT, folder), join(tree.root, folder), { recursive: true });
  for (const folder of ["checkers", "cli"]) symlinkSync(join(ROOT, folder), join(tree.root, folder));
  for (const file of ["package.json", "package-lock.json"]) cpSync(join(ROOT, file), join(tree.root, file));
  for (const [path, replaced] of Object.entries(edits)) {
    let text = readFileSync(join(ROOT, path), "utf8");
    for (const [from, to] of replaced) {
      if (!text.includes(from)) throw new Error(`${path} does not have ${JSON.stringify(from)}`);
      text = text.replace(from, to);
    }
    put(tree, { [path]: text });
  }
  return tree;
}

/** Lines that say what was changed: `changed section lend › check at models/a.ts:3`. */
export function said(changes: Changes): string[] {
  return changes.all.map(({ did, kind, name, at }) => `${did} ${kind} ${name} at ${at.file}:${at.line}`);
}
