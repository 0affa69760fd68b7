/** The designs of a tree, and the pieces of source that each is made from: read from the text, without loading any. */
import { ts } from "ts-morph";
import { References, type Closure } from "./closure.ts";
import { bare } from "./meaning.ts";
import type { Module, Piece } from "./module.ts";
import { CATALOGUE, Sources } from "./sources.ts";
import { Spine, designNamed, fieldIn } from "./spine.ts";

/** A design as the text declares it. */
export class Declared {
  readonly name: string;
  readonly listed: boolean;
  readonly file: string;
  readonly declaration: string;
  /** Where its source begins. */
  readonly starts: readonly Piece[];
  /** Of these, nothing is followed. */
  readonly alone: readonly Piece[];
  private readonly references: References;
  private reach: Closure | undefined;

  constructor(
    name: string,
    own: Piece,
    references: References,
    { starts, load }: { readonly starts: readonly Piece[]; readonly load: Piece | null },
  ) {
    this.name = name;
    this.listed = load !== null;
    this.file = own.module.path;
    // `models/a.ts#list[3]` is of `list`.
    this.declaration = own.id.slice(own.module.path.length + 1).split(/[.[]/)[0]!;
    this.starts = starts;
    this.alone = load === null ? [] : [load];
    this.references = references;
  }

  /** What it is made from, and what that refers to. */
  get closure(): Closure {
    return (this.reach ??= this.references.closure(this.starts, this.alone));
  }
}

/** Designs that the catalogue loads together. */
interface Part {
  readonly names: readonly string[];
  readonly load: Piece;
}

export class Designs {
  readonly sources: Sources;
  private readonly references: References;
  private readonly found: ReadonlyMap<string, () => Declared>;
  private readonly known = new Map<string, Declared>();

  constructor(sources: Sources) {
    this.sources = sources;
    this.references = new References(sources);
    const listed = new Map(this.listed());
    this.found = new Map([...listed, ...this.unlisted().filter(([name]) => !listed.has(name))]);
  }

  /** In the order of the catalogue; those that it does not list behind it, file by file. */
  get names(): readonly string[] {
    return [...this.found.keys()];
  }

  /** Null: the tree has no such design. */
  design(name: string): Declared | null {
    const design = this.known.get(name) ?? this.found.get(name)?.() ?? null;
    if (design !== null) this.known.set(name, design);
    return design;
  }

  /** What all of them are made from. */
  closure(): Closure {
    const all = this.names.map((name) => this.design(name)!);
    return this.references.closure(
      all.flatMap(({ starts }) => starts),
      all.flatMap(({ alone }) => alone),
    );
  }

  private listed(): readonly (readonly [string, () => Declared])[] {
    const catalogue = this.sources.module(CATALOGUE);
    if (catalogue === null) return [];
    return partsOf(catalogue).flatMap((part) =>
      part.names.map((name) => [name, () => this.listedAs(name, part.load)] as const),
    );
  }

  private listedAs(name: string, load: Piece): Declared {
    const targets = (isLoaded: boolean): Piece[] =>
      load.references
        .filter(({ from }) => (from !== null) === isLoaded)
        .flatMap((reference) => this.sources.targets(load.module, reference).pieces);
    const loaded = targets(true);
    const spine = new Spine(this.sources, name);
    const made = loaded.flatMap((piece) => spine.of(piece));
    const own = spine.own ?? loaded[0] ?? load;
    // A name that nobody says is made by something: then all that is loaded is of it.
    const starts = [...targets(false), ...(spine.own === null ? loaded : made)];
    return new Declared(name, own, this.references, { starts, load });
  }

  /** Designs that files export: proposals that nobody has listed yet. */
  private unlisted(): readonly (readonly [string, () => Declared])[] {
    return this.sources.modelFiles
      .filter((path) => path !== CATALOGUE && /\bname:/.test(this.sources.text(path)!))
      .flatMap((path) => exportedBy(this.sources.module(path)!))
      .map(([name, piece]) => [
        name,
        () => new Declared(name, piece, this.references, { starts: [piece], load: null }),
      ]);
  }
}

function exportedBy(module: Module): readonly (readonly [string, Piece])[] {
  return [...module.exports].flatMap(([exported, local]) => {
    const declaration = typeof local === "string" ? module.declarations.get(local) : undefined;
    if (declaration?.value === undefined || declaration.value === null) return [];
    if (!isDesign(declaration.value)) return [];
    return [[designNamed(declaration.value) ?? exported, module.piece(declaration)] as const];
  });
}

/** Made by the language's own words, or given what designs are given; a mutant is more than its design. */
function isDesign(value: ts.Expression): boolean {
  const made = bare(value);
  if (ts.isPropertyAccessExpression(made)) return designNamed(made) !== null;
  if (!ts.isCallExpression(made)) return false;
  const maker = made.expression.getText();
  if (maker === "mutant") return false;
  const isOfProperty = made.arguments.some((argument) => fieldIn(bare(argument), "over") !== null);
  return !isOfProperty && (/^(design|variant|withState)$/.test(maker) || designNamed(made) !== null);
}

/** `{ names: ["…"], load: async () => … }`, wherever it stands. */
function partsOf(catalogue: Module): readonly Part[] {
  const parts: Part[] = [];
  const visit = (node: ts.Node): void => {
    const part = ts.isObjectLiteralExpression(node) ? partIn(node, catalogue) : null;
    if (part === null) ts.forEachChild(node, visit);
    else parts.push(part);
  };
  visit(catalogue.source);
  return parts;
}

function partIn(node: ts.ObjectLiteralExpression, catalogue: Module): Part | null {
  const names = fieldIn(node, "names");
  const load = fieldIn(node, "load");
  if (names === null || load === null || !ts.isArrayLiteralExpression(names)) return null;
  const literals = names.elements.filter(ts.isStringLiteralLike).map(({ text }) => text);
  return { names: literals, load: catalogue.pieceOf(`load of ${literals[0] ?? ""}`, load) };
}
