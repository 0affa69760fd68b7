/** The way from a list of designs to the one of a name. */
import { ts } from "ts-morph";
import { bare, fieldName } from "./meaning.ts";
import type { Piece } from "./module.ts";
import { referencesOf } from "./references.ts";
import type { Sources } from "./sources.ts";

/**
 * Follows lists and other names for things, and nothing else: elements of a list are made by themselves, so that a design is not
 * made by what stands beside it. Whatever else comes on the way is taken whole.
 */
export class Spine {
  private readonly sources: Sources;
  private readonly name: string;
  /** The piece that says the name; null until it was met. */
  own: Piece | null = null;

  constructor(sources: Sources, name: string) {
    this.sources = sources;
    this.name = name;
  }

  /** The pieces under one that the design of the name may be made by. */
  of(piece: Piece): readonly Piece[] {
    const value = valueOf(piece.node);
    return value === null ? [piece] : this.expression(bare(value), piece);
  }

  private expression(made: ts.Expression, piece: Piece): readonly Piece[] {
    const name = designNamed(made);
    if (name === this.name) this.own ??= piece;
    if (name !== null) return name === this.name ? [piece] : [];
    if (ts.isArrayLiteralExpression(made))
      return made.elements.flatMap((element, i) => this.element(element, i, piece));
    return isName(made) ? this.named(made, piece) : [piece];
  }

  private element(element: ts.Expression, i: number, list: Piece): readonly Piece[] {
    const inner = bare(ts.isSpreadElement(element) ? element.expression : element);
    const name = list.id.slice(list.module.path.length + 1);
    return isName(inner)
      ? this.named(inner, list)
      : this.expression(inner, list.module.pieceOf(`${name}[${designNamed(inner) ?? i}]`, element));
  }

  private named(made: ts.Expression, piece: Piece): readonly Piece[] {
    return referencesOf(made).flatMap((reference) =>
      this.sources.targets(piece.module, reference).pieces.flatMap((target) => this.of(target)),
    );
  }
}

/** `a`, `a.b.c` */
function isName(node: ts.Expression): boolean {
  const inner = bare(node);
  return ts.isIdentifier(inner) || (ts.isPropertyAccessExpression(inner) && isName(inner.expression));
}

/** The expression that makes what a piece stands for. */
export function valueOf(node: ts.Node): ts.Expression | null {
  if (ts.isVariableDeclarationList(node)) return valueOf(node.declarations[0]!);
  if (ts.isVariableDeclaration(node)) return ts.isIdentifier(node.name) ? (node.initializer ?? null) : null;
  if (ts.isPropertyAssignment(node)) return node.initializer;
  if (ts.isShorthandPropertyAssignment(node)) return node.name;
  return ts.isExpression(node) ? node : null;
}

/** The name that the maker of a design is given: `variant(base, { name: "…" })`, `mutant(…).design`. */
export function designNamed(node: ts.Expression): string | null {
  const made = bare(node);
  if (ts.isPropertyAccessExpression(made))
    return made.name.text === "design" ? designNamed(made.expression) : null;
  if (!ts.isCallExpression(made)) return null;
  for (const argument of made.arguments) {
    const name = nameIn(bare(argument));
    if (name !== null) return name;
  }
  for (const argument of made.arguments) {
    const name = designNamed(argument);
    if (name !== null) return name;
  }
  return null;
}

function nameIn(node: ts.Expression): string | null {
  const name = fieldIn(node, "name");
  return name !== null && ts.isStringLiteralLike(name) && fieldIn(node, "says") !== null ? name.text : null;
}

/** What an object is given under a name. */
export function fieldIn(node: ts.Expression, name: string): ts.Expression | null {
  if (!ts.isObjectLiteralExpression(node)) return null;
  const property = node.properties.find((of) => of.name !== undefined && fieldName(of.name) === name);
  if (property === undefined) return null;
  if (ts.isPropertyAssignment(property)) return bare(property.initializer);
  return ts.isShorthandPropertyAssignment(property) ? property.name : null;
}
