/** State of modules: what stands at the top of one, and is written into by functions. */
import { ts } from "ts-morph";
import { bare } from "../meaning.ts";
import type { Module } from "../module.ts";
import { referencesOf } from "../references.ts";
import type { Sources } from "../sources.ts";
import { WRITE } from "./lists.ts";

/** The ids of what functions of a module write into, as far as they call it by its name. */
export function writtenBy(module: Module, sources: Sources): readonly string[] {
  const ids: string[] = [];
  const visit = (node: ts.Node, inFunction: boolean): void => {
    const target = inFunction ? targetOf(node) : null;
    if (target !== null) ids.push(...idsOf(target, module, sources));
    const inside = inFunction || ts.isFunctionLike(node);
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(module.source, false);
  return ids;
}

/** The name whose thing is written into: `x` of `x.a[0] = 1`, of `x++`, of `x.list.push(1)`. */
function targetOf(node: ts.Node): ts.Identifier | null {
  if (ts.isBinaryExpression(node) && isAssignment(node)) return nameIn(node.left);
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const { PlusPlusToken, MinusMinusToken } = ts.SyntaxKind;
    return node.operator === PlusPlusToken || node.operator === MinusMinusToken ? nameIn(node.operand) : null;
  }
  if (ts.isDeleteExpression(node)) return nameIn(node.expression);
  if (!ts.isCallExpression(node)) return null;
  const callee = bare(node.expression);
  if (!ts.isPropertyAccessExpression(callee) || !WRITE.has(callee.name.text)) return null;
  return nameIn(callee.expression);
}

function isAssignment({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function nameIn(place: ts.Node): ts.Identifier | null {
  const inner = bare(place);
  if (ts.isPropertyAccessExpression(inner) || ts.isElementAccessExpression(inner))
    return nameIn(inner.expression);
  return ts.isIdentifier(inner) ? inner : null;
}

/** A name that a function binds is none of a module. */
function idsOf(target: ts.Identifier, module: Module, sources: Sources): readonly string[] {
  for (let at: ts.Node = target.parent; at !== module.source; at = at.parent) {
    if (at.parent !== module.source) continue;
    const isFree = referencesOf(at).some(({ node }) => node === target);
    return isFree ? sources.named(module, target.text, null).pieces.map(({ id }) => id) : [];
  }
  return [];
}
