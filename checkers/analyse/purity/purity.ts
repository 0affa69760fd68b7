/** Refuses models whose functions depend on more than they are given, or change what they are given to look at. */
import { ts } from "ts-morph";
import type { Impurity, Tree } from "../change.ts";
import { References } from "../closure.ts";
import { Designs } from "../designs.ts";
import { kindOf } from "../kind.ts";
import { isErased } from "../meaning.ts";
import { fileNamed, type Module, type Piece } from "../module.ts";
import { CATALOGUE, Sources } from "../sources.ts";
import { Evaluator, type Write } from "./evaluator.ts";
import { MODULE_STATE, ON_LOAD, ruleOfGlobal, ruleOfPackage, ruleOfSyntax, type Rule } from "./forbidden.ts";
import { rolesIn, type Role } from "./roles.ts";
import { writtenBy } from "./state.ts";
import { Uses } from "./uses.ts";
import { NOBODYS, type Value } from "./value.ts";

/** The language's own code is no model. */
const LANGUAGE = "spec/language/";

/**
 * What the designs of a tree, and the properties and calls in `files` (relative to its root; all designs when absent), do that they must
 * not, in the order of files and lines. Reads the text; nothing is loaded.
 */
export function impurities(tree: Tree, files?: readonly string[]): readonly Impurity[] {
  const sources = new Sources(tree);
  const scanned = piecesOf(new Designs(sources), files).filter(
    ({ module }) => !module.path.startsWith(LANGUAGE) && module.path !== CATALOGUE,
  );
  const found = new Purity(sources, scanned).find();
  const byPlace = new Map(found.map((one) => [`${one.file}:${one.line}:${one.column}`, one] as const));
  return [...byPlace.values()].sort((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column,
  );
}

/** What a search of the designs comes to; of some files, what of them it comes to, and what that comes to. */
function piecesOf(designs: Designs, files: readonly string[] | undefined): readonly Piece[] {
  const all = designs.closure().pieces;
  if (files === undefined) return [...all.values()];
  const ofFiles = files.flatMap((path) => {
    const module = designs.sources.module(path);
    // The catalogue comes to everything, and makes nothing of it.
    if (module === null || path === CATALOGUE) return [];
    // A property or a call that no design has yet.
    const ready = [...module.declarations.values()]
      .map((declaration) => module.piece(declaration))
      .filter(({ id, node }) => !["helper", "domain"].includes(kindOf(id, node, []).kind));
    return [...[...all.values()].filter((piece) => piece.module === module), ...ready];
  });
  return [...new References(designs.sources).closure(ofFiles).pieces.values()];
}

class Purity {
  private readonly sources: Sources;
  private readonly pieces: readonly Piece[];
  private readonly evaluator: Evaluator;
  private readonly uses: Uses;

  constructor(sources: Sources, pieces: readonly Piece[]) {
    this.sources = sources;
    this.pieces = pieces;
    this.evaluator = new Evaluator(sources);
    this.uses = new Uses(sources, pieces);
  }

  find(): readonly Impurity[] {
    const modules = new Set(this.pieces.map(({ module }) => module));
    const state = new Set([...modules].flatMap((module) => writtenBy(module, this.sources)));
    return [
      ...this.writesOnLoad(modules),
      ...this.pieces.flatMap((piece) => this.writes(piece)),
      ...this.pieces.flatMap((piece) => this.looks(piece, state)),
    ];
  }

  /** What a piece looks at. */
  private looks(piece: Piece, state: ReadonlySet<string>): readonly Impurity[] {
    const found: Impurity[] = [];
    const refuse = (node: ts.Node, rule: Rule): void => {
      found.push({ ...placeOf(node), ...this.uses.of(piece, node), ...rule });
    };
    for (const reference of piece.references) {
      const { pieces } = this.sources.targets(piece.module, reference);
      const rule = pieces.some(({ id }) => state.has(id)) ? MODULE_STATE : this.ruleOf(piece, reference);
      if (rule !== null) refuse(reference.node, rule);
    }
    const visit = (node: ts.Node): void => {
      if (isErased(node)) return;
      const rule = ruleOfSyntax(node);
      if (rule !== null) refuse(node, rule);
      ts.forEachChild(node, visit);
    };
    visit(piece.node);
    return found;
  }

  /** Of a name that stands for nothing in the tree. */
  private ruleOf({ module }: Piece, { from, name, field }: Piece["references"][number]): Rule | null {
    if (from !== null) return null;
    const origin = module.imports.get(name);
    if (origin !== undefined)
      return fileNamed(origin.from, module.path) === null ? ruleOfPackage(origin.from) : null;
    return module.declarations.has(name) ? null : ruleOfGlobal(name, field);
  }

  /** Declarations that change what others stand for: of these, the text would not say what they are. */
  private writesOnLoad(modules: ReadonlySet<Module>): readonly Impurity[] {
    const paths = new Set([...modules].flatMap(({ path }) => [...this.sources.loadedWith(path)]));
    return [...paths].flatMap((path) => {
      const module = path.startsWith(LANGUAGE) ? null : this.sources.module(path);
      if (module === null) return [];
      const declared = [...module.declarations.values()].map((declaration) => module.piece(declaration));
      return [
        ...declared.flatMap((piece) => this.writesOf(piece, ({ id }) => id === piece.id)),
        ...module
          .effects()
          .flatMap((piece) => this.writesOf(piece, ({ id }) => id.startsWith(`${module.path}#`))),
      ];
    });
  }

  private writesOf(piece: Piece, isOwn: (root: { readonly id: string }) => boolean): readonly Impurity[] {
    return this.evaluator
      .writesOnLoad(piece)
      .filter(({ root }) => root.kind === "binding" && !isOwn(root))
      .map(({ node, through }) => ({
        ...placeOf(node),
        ...this.uses.of(piece, piece.node),
        through,
        ...ON_LOAD,
      }));
  }

  /** What the functions in a piece write into. */
  private writes(piece: Piece): readonly Impurity[] {
    return rolesIn(piece, this.evaluator).flatMap((role) =>
      this.evaluator.writesOf(role.closure, INPUTS).flatMap((write) => refusalOf(write, role) ?? []),
    );
  }
}

const INPUTS: readonly Value[] = [0, 1, 2, 3].map((param) => ({
  ...NOBODYS,
  roots: [{ kind: "input", param, field: null }],
}));

function refusalOf({ root, node, through }: Write, { says, forbids }: Role): Impurity | null {
  const place = placeOf(node);
  if (root.kind === "binding")
    return root.id.startsWith(LANGUAGE) ? null : { ...place, role: says, through, ...MODULE_STATE };
  const forbidden = forbids(root);
  return forbidden === null ? null : { ...place, role: says, through, ...forbidden };
}

function placeOf(node: ts.Node): Pick<Impurity, "file" | "line" | "column" | "construct"> {
  const source = node.getSourceFile();
  const whole = accessOf(node);
  const { line, character } = source.getLineAndCharacterOfPosition(node.getStart(source));
  const [first] = whole.getText(source).split("\n");
  return { file: source.fileName, line: line + 1, column: character + 1, construct: first!.slice(0, 100) };
}

/** `Date.now()` of `Date`. */
function accessOf(node: ts.Node): ts.Node {
  const { parent } = node;
  const isOwner =
    (ts.isPropertyAccessExpression(parent) || ts.isCallExpression(parent) || ts.isNewExpression(parent)) &&
    parent.expression === node;
  return isOwner ? accessOf(parent) : node;
}
