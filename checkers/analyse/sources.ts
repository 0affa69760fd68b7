/** The modules of a tree: read when they are asked for, and resolved by their text alone. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ts } from "ts-morph";
import type { Tree } from "./change.ts";
import { fieldName, fingerprint } from "./meaning.ts";
import { Module, fileNamed, type Piece } from "./module.ts";
import { UNKNOWN_MODULE, type Reference } from "./references.ts";

/** The list of designs. How recordings are played and written says nothing about what a search finds. */
export const CATALOGUE = "models/catalogue.ts";

const isOfRecordings = (node: ts.Node): boolean =>
  ts.isPropertyAssignment(node) && ["player", "scribe"].includes(fieldName(node.name) ?? "");

/** Folders at the top that are no models, whatever is in them. */
const NO_MODELS: ReadonlySet<string> = new Set([
  "bench",
  "bin",
  "build",
  "checkers",
  "cli",
  "counterexamples",
  "disagreements",
  "node_modules",
  "page",
  "recordings",
  "schemas",
  "test",
  "tools",
]);

/** What is read as source; models are TypeScript, and may come to what is not. */
const SOURCE = /\.[cm]?[jt]s$/;

/** What is not followed: a package, with its version; data; a module that is not there. */
export interface Leaf {
  readonly id: string;
  readonly fingerprint: string;
}

/** What a reference leads to. */
export interface Targets {
  readonly pieces: readonly Piece[];
  readonly leaves: readonly Leaf[];
}
const NOTHING: Targets = { pieces: [], leaves: [] };

/** Modules of equal text at the same path are one, in whatever tree. */
const parsed = new Map<string, Module>();

export class Sources {
  readonly root: string;
  private readonly texts = new Map<string, string | null>();
  private readonly modules = new Map<string, Module | null>();
  private versions: Readonly<Record<string, string>> | undefined;

  constructor({ root }: Tree) {
    this.root = root;
  }

  /** The files from which designs are made: spec/, models/, and folders of whoever uses this. */
  get modelFiles(): readonly string[] {
    return this.folders.flatMap((folder) => this.filesIn(folder));
  }

  /** The folders at the top that have them. */
  get folders(): readonly string[] {
    return readdirSync(this.root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !NO_MODELS.has(entry.name))
      .map(({ name }) => name)
      .sort();
  }

  /** The sources of a folder, relative to the root, in order. */
  filesIn(folder: string): readonly string[] {
    const path = join(this.root, folder);
    if (!existsSync(path)) return [];
    return readdirSync(path, { recursive: true, encoding: "utf8" })
      .filter((file) => SOURCE.test(file) && !/(^|\/)(node_modules|\.[^/]+)\//.test(file))
      .map((file) => `${folder}/${file}`)
      .sort();
  }

  /** Null: there is no such file. */
  text(path: string): string | null {
    const known = this.texts.get(path);
    if (known !== undefined) return known;
    const file = join(this.root, path);
    const text = existsSync(file) ? readFileSync(file, "utf8") : null;
    this.texts.set(path, text);
    return text;
  }

  module(path: string): Module | null {
    const known = this.modules.get(path);
    if (known !== undefined) return known;
    const text = this.text(path);
    const module = text === null || !SOURCE.test(path) ? null : moduleOf(path, text);
    this.modules.set(path, module);
    return module;
  }

  /** What a reference of a module leads to; nothing where it names what the language itself has. */
  targets(module: Module, { from, name, field }: Reference): Targets {
    return from === null ? this.named(module, name, field) : this.imported(module.path, from, name, field);
  }

  /** What a name at the top of a module stands for. */
  named(module: Module, name: string, field: string | null): Targets {
    const declaration = module.declarations.get(name);
    if (declaration !== undefined) return { pieces: [module.piece(declaration, field)], leaves: [] };
    const origin = module.imports.get(name);
    if (origin === undefined) return NOTHING;
    if (origin.name !== "*") return this.imported(module.path, origin.from, origin.name, field);
    return this.imported(module.path, origin.from, field ?? "*", null);
  }

  private imported(importer: string, from: string, name: string, field: string | null): Targets {
    if (from === UNKNOWN_MODULE) return this.everything();
    const file = fileNamed(from, importer);
    if (file === null) return { pieces: [], leaves: [this.packageNamed(from)] };
    const module = this.module(file);
    if (module === null) return { pieces: [], leaves: [this.data(file)] };
    return this.exported(module, name, field);
  }

  /** What a module exports under a name; all of it for `*`. */
  exported(module: Module, name: string, field: string | null, seen: readonly Module[] = []): Targets {
    if (seen.includes(module)) return NOTHING;
    const inner = [...seen, module];
    const names = name === "*" ? [...module.exports.keys()] : [name];
    const found = names.flatMap((one) => {
      const origin = module.exports.get(one);
      if (origin === undefined) return [];
      if (typeof origin === "string") return [this.named(module, origin, field)];
      return [this.imported(module.path, origin.from, origin.name, field)];
    });
    if (name !== "*" && found.length > 0) return found[0]!;
    for (const from of module.allOf) {
      const file = fileNamed(from, module.path);
      const other = file === null ? null : this.module(file);
      if (other !== null) found.push(this.exported(other, name, field, inner));
    }
    return {
      pieces: found.flatMap(({ pieces }) => pieces),
      leaves: found.flatMap(({ leaves }) => leaves),
    };
  }

  /** The modules that are loaded with one, itself among them. */
  loadedWith(path: string, seen = new Set<string>()): ReadonlySet<string> {
    if (seen.has(path)) return seen;
    seen.add(path);
    for (const from of this.module(path)?.loads ?? []) {
      const file = fileNamed(from, path);
      if (file !== null) this.loadedWith(file, seen);
    }
    return seen;
  }

  private everything(): Targets {
    const modules = this.modelFiles.flatMap((path) => this.module(path) ?? []);
    return {
      pieces: modules.flatMap((module) =>
        [...module.declarations.values()].map((declaration) => module.piece(declaration)),
      ),
      leaves: [],
    };
  }

  private packageNamed(specifier: string): Leaf {
    const name = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
    this.versions ??= versionsIn(this.text("package.json"));
    return { id: specifier, fingerprint: this.versions[name] ?? "" };
  }

  private data(path: string): Leaf {
    const text = this.text(path);
    return { id: path, fingerprint: text === null ? "missing" : fingerprint(dataIn(path, text)) };
  }
}

/** JSON without its layout. */
function dataIn(path: string, text: string): string {
  return path.endsWith(".json") ? JSON.stringify(jsonIn(text)) : text;
}

/** What is no JSON stays the text that it is. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function versionsIn(text: string | null): Readonly<Record<string, string>> {
  const { dependencies, devDependencies } = (text === null ? {} : jsonIn(text)) as Record<
    string,
    Record<string, string> | undefined
  >;
  return { ...devDependencies, ...dependencies };
}

function moduleOf(path: string, text: string): Module {
  const key = `${path}\0${text}`;
  const known = parsed.get(key) ?? new Module(path, text, path === CATALOGUE ? isOfRecordings : () => false);
  parsed.set(key, known);
  return known;
}
