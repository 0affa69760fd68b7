/**
 * What a piece of source says when it runs: its syntax without comments, layout and types. Two texts with the same meaning do the same;
 * types are erased before anything runs (`erasableSyntaxOnly` in tsconfig.json), and are the compiler's affair.
 */
import { createHash } from "node:crypto";
import { ts } from "ts-morph";

/** Modifiers that say nothing when the code runs; whether something is exported is read elsewhere. */
const SILENT: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AbstractKeyword,
  ts.SyntaxKind.DeclareKeyword,
  ts.SyntaxKind.DefaultKeyword,
  ts.SyntaxKind.EmptyStatement,
  ts.SyntaxKind.ExclamationToken,
  ts.SyntaxKind.ExportKeyword,
  ts.SyntaxKind.InterfaceDeclaration,
  ts.SyntaxKind.OverrideKeyword,
  ts.SyntaxKind.PrivateKeyword,
  ts.SyntaxKind.ProtectedKeyword,
  ts.SyntaxKind.PublicKeyword,
  ts.SyntaxKind.QuestionToken,
  ts.SyntaxKind.ReadonlyKeyword,
  ts.SyntaxKind.TypeAliasDeclaration,
  ts.SyntaxKind.TypeParameter,
]);

/** Whether nothing of a node is left when types are gone. */
export function isErased(node: ts.Node): boolean {
  if (SILENT.has(node.kind)) return true;
  switch (node.kind) {
    // What most nodes are, and no type is.
    case ts.SyntaxKind.Identifier:
    case ts.SyntaxKind.PropertyAccessExpression:
    case ts.SyntaxKind.CallExpression:
    case ts.SyntaxKind.StringLiteral:
    case ts.SyntaxKind.PropertyAssignment:
    case ts.SyntaxKind.ExpressionWithTypeArguments:
      return false;
    case ts.SyntaxKind.HeritageClause:
      return (node as ts.HeritageClause).token === ts.SyntaxKind.ImplementsKeyword;
    case ts.SyntaxKind.Parameter: {
      const { name } = node as ts.ParameterDeclaration;
      return ts.isIdentifier(name) && name.text === "this";
    }
    case ts.SyntaxKind.ImportDeclaration:
      return (node as ts.ImportDeclaration).importClause?.isTypeOnly === true;
    case ts.SyntaxKind.ImportSpecifier:
    case ts.SyntaxKind.ExportSpecifier:
    case ts.SyntaxKind.ExportDeclaration:
      return (node as ts.ImportOrExportSpecifier | ts.ExportDeclaration).isTypeOnly;
    // An overload.
    case ts.SyntaxKind.FunctionDeclaration:
    case ts.SyntaxKind.MethodDeclaration:
    case ts.SyntaxKind.Constructor:
      return (node as ts.FunctionLikeDeclaration).body === undefined;
    case ts.SyntaxKind.VariableStatement:
    case ts.SyntaxKind.ClassDeclaration:
    case ts.SyntaxKind.ModuleDeclaration:
    case ts.SyntaxKind.PropertyDeclaration:
      return ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(isDeclare) === true;
    default:
      return ts.isTypeNode(node);
  }
}

const isDeclare = ({ kind }: ts.Node): boolean => kind === ts.SyntaxKind.DeclareKeyword;

/** What is inside of parentheses and of words to the compiler. */
export function bare(node: ts.Expression): ts.Expression;
export function bare(node: ts.Node): ts.Node;
export function bare(node: ts.Node): ts.Node {
  let inner = node;
  while (
    ts.isParenthesizedExpression(inner) ||
    ts.isAsExpression(inner) ||
    ts.isSatisfiesExpression(inner) ||
    ts.isTypeAssertionExpression(inner) ||
    ts.isNonNullExpression(inner)
  )
    inner = inner.expression;
  return inner;
}

/** The name of a field where it is fixed: `a`, `"a"` and `["a"]` are one. */
export function fieldName(name: ts.PropertyName | ts.BindingName): string | null {
  if (ts.isComputedPropertyName(name)) {
    const inner = bare(name.expression);
    return ts.isStringLiteralLike(inner) ? inner.text : null;
  }
  return ts.isIdentifier(name) || ts.isStringLiteralLike(name) || ts.isNumericLiteral(name)
    ? name.text
    : null;
}

/** The meaning as a text: equal where the two say the same. */
export function meaning(node: ts.Node, leavesOut: (node: ts.Node) => boolean = () => false): string {
  const parts: string[] = [];
  write(node, parts, (at) => isErased(at) || leavesOut(at));
  return parts.join(" ");
}

/** The same of a type, which means nothing when it runs. */
export function typesOf(node: ts.Node): string {
  const parts: string[] = [];
  write(node, parts, () => false);
  return parts.join(" ");
}

/** A short name of a meaning. */
export function fingerprint(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function write(node: ts.Node, parts: string[], isLeftOut: (node: ts.Node) => boolean): void {
  if (isLeftOut(node)) return;
  const inner = bare(node);
  // (a?.b).c ends the chain, which a?.b.c does not.
  if (inner !== node && ts.isParenthesizedExpression(node) && ts.isOptionalChain(inner)) parts.push("()");
  parts.push(`${inner.kind}${flagsOf(inner)}(`);
  if (hasText(inner)) parts.push(JSON.stringify(inner.text));
  // What String.raw sees.
  if (ts.isTemplateLiteralToken(inner)) parts.push(JSON.stringify(inner.rawText ?? ""));
  if (ts.isRegularExpressionLiteral(inner)) parts.push(inner.text);
  ts.forEachChild(inner, (child) => {
    const name = isKey(inner, child) ? fieldName(child) : null;
    if (name === null) write(child, parts, isLeftOut);
    else parts.push(JSON.stringify(name));
  });
  parts.push(")");
}

function hasText(node: ts.Node): node is ts.Node & { readonly text: string } {
  return (
    ts.isIdentifier(node) ||
    ts.isPrivateIdentifier(node) ||
    ts.isLiteralExpression(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddle(node) ||
    ts.isTemplateTail(node)
  );
}

/** Prettier takes the quotes of a field where it needs none. */
function isKey(parent: ts.Node, child: ts.Node): child is ts.PropertyName {
  return (
    (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) &&
    child === parent.name
  );
}

/** What a node says beside its children. */
function flagsOf(node: ts.Node): string {
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return `:${node.operator}`;
  if (ts.isVariableDeclarationList(node)) return `:${node.flags & ts.NodeFlags.BlockScoped}`;
  if (ts.isMetaProperty(node)) return `:${node.keywordToken}`;
  return "";
}
