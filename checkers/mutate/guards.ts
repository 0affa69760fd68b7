/** Operators on conditions: what is asked, and of which range. */
import { Node, SyntaxKind, type BinaryExpression, type Expression } from "ts-morph";
import type { Sketch } from "./mutant.ts";

const RELATIONS: ReadonlyMap<SyntaxKind, string> = new Map([
  [SyntaxKind.LessThanToken, "<="],
  [SyntaxKind.LessThanEqualsToken, "<"],
  [SyntaxKind.GreaterThanToken, ">="],
  [SyntaxKind.GreaterThanEqualsToken, ">"],
]);
const EQUALITIES: ReadonlyMap<SyntaxKind, string> = new Map([
  [SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [SyntaxKind.ExclamationEqualsEqualsToken, "==="],
]);
const LOGIC: ReadonlySet<SyntaxKind> = new Set([SyntaxKind.AmpersandAmpersandToken, SyntaxKind.BarBarToken]);
const SUMS: ReadonlySet<SyntaxKind> = new Set([SyntaxKind.PlusToken, SyntaxKind.MinusToken]);

const replace = (node: Node, text: string) => [{ start: node.getStart(), end: node.getEnd(), text }];
const expression = (operator: Sketch["operator"], node: Node, text: string): Sketch => ({
  operator,
  edits: replace(node, text),
  unit: "expression",
  sections: [],
});

/** The mutants of one node. */
export function guardMutants(node: Node): Sketch[] {
  if (Node.isIfStatement(node)) {
    const condition = node.getExpression();
    return [dropCheck(node), ...negated(condition)];
  }
  if (Node.isConditionalExpression(node)) return negated(node.getCondition());
  if (Node.isBinaryExpression(node)) return ofBinary(node);
  if (Node.isForStatement(node)) return ofLoop(node);
  if (Node.isCallExpression(node)) return ofExtreme(node);
  if (Node.isArrowFunction(node)) {
    const body = node.getBody();
    return Node.isExpression(body) && isQuestion(body) ? negated(body) : [];
  }
  if (Node.isReturnStatement(node)) {
    const answer = node.getExpression();
    return answer !== undefined && isQuestion(answer) ? negated(answer) : [];
  }
  return [];
}

/** An `if` without `else` goes; one with it is never true. */
function dropCheck(node: Node): Sketch {
  const statement = node.asKindOrThrow(SyntaxKind.IfStatement);
  if (statement.getElseStatement() === undefined && !isElse(statement))
    return { operator: "drop-check", edits: replace(statement, "{}"), unit: "statement", sections: [] };
  return expression("drop-check", statement.getExpression(), "false");
}

function isElse(node: Node): boolean {
  const parent = node.getParent();
  return Node.isIfStatement(parent) && parent.getElseStatement() === node;
}

function isQuestion(node: Node): boolean {
  if (Node.isParenthesizedExpression(node)) return isQuestion(node.getExpression());
  if (Node.isPrefixUnaryExpression(node)) return node.getOperatorToken() === SyntaxKind.ExclamationToken;
  if (!Node.isBinaryExpression(node)) return false;
  const kind = node.getOperatorToken().getKind();
  return RELATIONS.has(kind) || EQUALITIES.has(kind) || kind === SyntaxKind.AmpersandAmpersandToken;
}

function negated(condition: Expression): Sketch[] {
  const text = condition.getText();
  // The other relation is shown; both say the same.
  if (Node.isPrefixUnaryExpression(condition) && condition.getOperatorToken() === SyntaxKind.ExclamationToken)
    return [expression("negate-guard", condition, condition.getOperand().getText())];
  if (Node.isBinaryExpression(condition)) {
    const other = EQUALITIES.get(condition.getOperatorToken().getKind());
    if (other !== undefined) return [expression("negate-guard", condition, withOperator(condition, other))];
  }
  return [expression("negate-guard", condition, `!(${text})`)];
}

function withOperator(node: BinaryExpression, operator: string): string {
  return `${node.getLeft().getText()} ${operator} ${node.getRight().getText()}`;
}

function ofBinary(node: BinaryExpression): Sketch[] {
  const kind = node.getOperatorToken().getKind();
  const relation = RELATIONS.get(kind);
  if (relation !== undefined) return [expression("off-by-one", node, withOperator(node, relation))];
  const equality = EQUALITIES.get(kind);
  // Alone, it is negated as a whole.
  if (equality !== undefined)
    return isOperand(node) ? [expression("negate-guard", node, withOperator(node, equality))] : [];
  if (LOGIC.has(kind))
    return [
      expression("weaken-guard", node, node.getRight().getText()),
      expression("weaken-guard", node, node.getLeft().getText()),
    ];
  if (SUMS.has(kind) && !isText(node)) return [expression("drop-term", node, node.getLeft().getText())];
  return [];
}

function isOperand(node: Node): boolean {
  const parent = node.getParent();
  if (Node.isParenthesizedExpression(parent)) return isOperand(parent);
  return Node.isBinaryExpression(parent) && LOGIC.has(parent.getOperatorToken().getKind());
}

function isText(node: BinaryExpression): boolean {
  return [node.getLeft(), node.getRight()].some(
    (side) => Node.isStringLiteral(side) || Node.isTemplateExpression(side),
  );
}

/** The first round of a loop is left out; its end is a relation. */
function ofLoop(node: Node): Sketch[] {
  const initializer = node.asKindOrThrow(SyntaxKind.ForStatement).getInitializer();
  if (!Node.isVariableDeclarationList(initializer)) return [];
  return initializer.getDeclarations().flatMap((declaration) => {
    const from = declaration.getInitializer();
    if (from === undefined) return [];
    return [
      expression(
        "off-by-one",
        from,
        Node.isNumericLiteral(from) ? String(Number(from.getText()) + 1) : `${from.getText()} + 1`,
      ),
    ];
  });
}

const OTHER_EXTREME: ReadonlyMap<string, string> = new Map([
  ["Math.min", "Math.max"],
  ["Math.max", "Math.min"],
]);

function ofExtreme(node: Node): Sketch[] {
  const callee = node.asKindOrThrow(SyntaxKind.CallExpression).getExpression();
  const other = OTHER_EXTREME.get(callee.getText());
  return other === undefined ? [] : [expression("off-by-one", callee, other)];
}
