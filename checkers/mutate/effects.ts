/** Operators on what a call does: its stores, the calls it makes of others, what it answers, and of which object. */
import { Node, SyntaxKind, type CallExpression, type ElementAccessExpression } from "ts-morph";
import type { Sketch } from "./mutant.ts";

const FAILURE = /^(E[A-Z0-9]{2,}|SIG[A-Z]+)( .*)?$/;
const ZAPS = /zap|flush|unmap|invalidat|notify|truncate/i;
/** Names of what ends or begins a range. */
const IN_RANGES: ReadonlySet<string> = new Set([
  "first",
  "end",
  "from",
  "to",
  "page",
  "gfn",
  "at",
  "base",
  "last",
  "start",
  "offset",
  "len",
  "size",
  "npages",
]);
/** An assertion is no part of what the kernel does for its callers. */
const ASSERTS: ReadonlySet<string> = new Set(["warnOn"]);

const statement = (operator: Sketch["operator"], node: Node): Sketch => ({
  operator,
  edits: [{ start: node.getStart(), end: node.getEnd(), text: "{}" }],
  unit: "statement",
  sections: [],
});
const expression = (operator: Sketch["operator"], node: Node, text: string): Sketch => ({
  operator,
  edits: [{ start: node.getStart(), end: node.getEnd(), text }],
  unit: "expression",
  sections: [],
});

/** The mutants of one node; `failures` are what calls of the design answer, those of its file first. */
export function effectMutants(node: Node, failures: readonly string[]): Sketch[] {
  if (Node.isExpressionStatement(node)) return ofStatement(node);
  if (Node.isStringLiteral(node)) return ofFailure(node.getLiteralValue(), node, failures);
  if (Node.isElementAccessExpression(node)) return ofIndex(node);
  if (Node.isCallExpression(node)) return ofArguments(node);
  return [];
}

function ofStatement(node: Node): Sketch[] {
  const inner = node.asKindOrThrow(SyntaxKind.ExpressionStatement).getExpression();
  if (Node.isCallExpression(inner)) {
    const callee = inner.getExpression().getText();
    if (ASSERTS.has(callee)) return [];
    return [statement(ZAPS.test(callee) ? "drop-zap" : "drop-call", node)];
  }
  const isStore =
    (Node.isBinaryExpression(inner) && inner.getOperatorToken().getText().endsWith("=")) ||
    Node.isPostfixUnaryExpression(inner) ||
    Node.isPrefixUnaryExpression(inner);
  return isStore ? [statement("drop-store", node)] : [];
}

/** Where a failure is an answer, and not what one is compared with. */
function ofFailure(failure: string, node: Node, failures: readonly string[]): Sketch[] {
  if (!FAILURE.test(failure) || !isAnswer(node)) return [];
  const other = [...declaredAround(node), ...failures].find((name) => name !== failure);
  return other === undefined ? [] : [expression("other-errno", node, JSON.stringify(other))];
}

function isAnswer(node: Node): boolean {
  const parent = node.getParent();
  if (Node.isAsExpression(parent) || Node.isParenthesizedExpression(parent)) return isAnswer(parent);
  if (Node.isConditionalExpression(parent)) return parent.getCondition() !== node && isAnswer(parent);
  if (Node.isCallExpression(parent)) return parent.getExpression() !== node;
  return Node.isReturnStatement(parent) || Node.isArrowFunction(parent);
}

const simple = (node: Node | undefined): Node | null => {
  const plain = Node.isNonNullExpression(node) ? node.getExpression() : node;
  return Node.isIdentifier(plain) || Node.isPropertyAccessExpression(plain) ? plain : null;
};

/** The other index of the same table that its function uses: another VM, file, page. */
function ofIndex(node: ElementAccessExpression): Sketch[] {
  const index = node.getArgumentExpression();
  const table = tableOf(node);
  if (simple(index) === null || table === null) return [];
  const text = simple(index)!.getText();
  const others = node
    .getFirstAncestor(isFunction)!
    .getDescendantsOfKind(SyntaxKind.ElementAccessExpression)
    .filter((one) => tableOf(one) === table)
    .map((one) => simple(one.getArgumentExpression())?.getText() ?? text)
    .filter((one) => one !== text);
  return others.length === 0 ? [] : [expression("swap-index", index!, `${others[0]!}!`)];
}

export function isFunction(node: Node): boolean {
  return (
    Node.isArrowFunction(node) ||
    Node.isFunctionDeclaration(node) ||
    Node.isFunctionExpression(node) ||
    Node.isMethodDeclaration(node)
  );
}

/** "vms" of `s.vms[…]`. */
function tableOf(node: ElementAccessExpression): string | null {
  const of = simple(node.getExpression());
  return of === null ? null : of.getText().split(".").at(-1)!;
}

const COMMUTE = new Set(["Math.min", "Math.max"]);

/** Two ends of a range, or a page and a frame, change places. */
function ofArguments(node: CallExpression): Sketch[] {
  if (COMMUTE.has(node.getExpression().getText())) return [];
  const given = node.getArguments();
  return given.slice(1).flatMap((second, i) => {
    const first = given[i]!;
    if (!isInRange(first) || !isInRange(second) || first.getText() === second.getText()) return [];
    const edits = [
      { start: first.getStart(), end: second.getEnd(), text: `${second.getText()}, ${first.getText()}` },
    ];
    // Arguments are no expression of their own: the whole call changes.
    const [{ start, end, text }] = edits as [(typeof edits)[0]];
    const whole = node.getText();
    const at = node.getStart();
    const swapped = whole.slice(0, start - at) + text + whole.slice(end - at);
    return [{ ...expression("swap-range", node, swapped), shows: edits[0]! }];
  });
}

function isInRange(node: Node): boolean {
  const name = simple(node);
  return name !== null && IN_RANGES.has(name.getText().split(".").at(-1)!);
}

/** What the call declares that a node is part of. */
function declaredAround(node: Node): string[] {
  for (const around of node.getAncestors()) {
    const returns = Node.isObjectLiteralExpression(around) ? around.getProperty("returns") : undefined;
    if (returns !== undefined) return failuresIn(returns).filter((name) => !name.startsWith("SIG"));
  }
  return [];
}

function failuresIn(node: Node): string[] {
  return node
    .getDescendantsOfKind(SyntaxKind.StringLiteral)
    .map((literal) => literal.getLiteralValue())
    .filter((text) => FAILURE.test(text));
}

/** The failures that functions of a file answer, in its order. */
export function failuresAnsweredIn(file: Node): string[] {
  return file
    .getDescendantsOfKind(SyntaxKind.StringLiteral)
    .filter((literal) => FAILURE.test(literal.getLiteralValue()) && isAnswer(literal))
    .map((literal) => literal.getLiteralValue());
}
