/** What a piece of source refers to outside of itself: names of its module, and modules that it imports when it runs. */
import { ts } from "ts-morph";
import { bare, fieldName, isErased } from "./meaning.ts";

/** A name, of this module or (`from`) of another one. */
export interface Reference {
  /** As the source writes it; null: this module. */
  readonly from: string | null;
  /** `*`: all that the module exports. */
  readonly name: string;
  /** The only field of it that is looked at; null: any. */
  readonly field: string | null;
  readonly node: ts.Node;
}

/** Names that a scope binds; a local name that stands for a whole module has its specifier. */
type Scope = ReadonlyMap<string, string | null>;

/** The references of a node, in their order. Names bound inside of it are none; nor is what `leavesOut` says. */
export function referencesOf(
  node: ts.Node,
  leavesOut: (node: ts.Node) => boolean = () => false,
): readonly Reference[] {
  const found: Reference[] = [];
  const visit = (at: ts.Node, scopes: readonly Scope[]): void => {
    if (isErased(at) || leavesOut(at)) return;
    const bound = boundBy(at);
    const inner = bound === null ? scopes : [...scopes, bound];
    const reference = referenceAt(at, inner);
    if (reference !== null) found.push(...reference);
    for (const child of evaluated(at)) visit(child, inner);
  };
  visit(node, []);
  return found;
}

/** The children that are evaluated: names of fields, and labels, are not. */
export function evaluated(node: ts.Node): readonly ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => {
    if (!isOnlyName(node, child)) children.push(child);
  });
  return children;
}

function isOnlyName(parent: ts.Node, child: ts.Node): boolean {
  if (!ts.isIdentifier(child) && !ts.isPrivateIdentifier(child)) return false;
  if (ts.isPropertyAccessExpression(parent)) return child === parent.name;
  if (ts.isBindingElement(parent)) return child === parent.propertyName || child === parent.name;
  if (ts.isShorthandPropertyAssignment(parent)) return false;
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return child === parent.label;
  if (ts.isMetaProperty(parent)) return true;
  return (parent as ts.NamedDeclaration).name === child;
}

function referenceAt(node: ts.Node, scopes: readonly Scope[]): readonly Reference[] | null {
  if (isImportCall(node)) return importedBy(node);
  if (!ts.isIdentifier(node)) return null;
  const scope = scopes.findLast((names) => names.has(node.text));
  const module = scope?.get(node.text);
  if (scope !== undefined && module === null) return null;
  const field = fieldOf(node);
  if (module === undefined || module === null) return [{ from: null, name: node.text, field, node }];
  // A field of a module is an export.
  return field === null
    ? [{ from: module, name: "*", field: null, node }]
    : [{ from: module, name: field, field: fieldOf(accessOf(node)!), node }];
}

const isImportCall = (node: ts.Node): node is ts.CallExpression =>
  ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;

/** `(await import("./x.ts")).a.b`, `const { a } = await import("./x.ts")`; what is kept under a name is seen where that is used. */
function importedBy(call: ts.CallExpression): readonly Reference[] {
  const [specifier] = call.arguments;
  if (specifier === undefined || !ts.isStringLiteralLike(specifier))
    return [{ from: UNKNOWN_MODULE, name: "*", field: null, node: call }];
  const from = specifier.text;
  const awaited = ts.isAwaitExpression(call.parent) ? outermost(call.parent) : null;
  const access = awaited === null ? null : accessOf(awaited);
  if (access !== null) return [{ from, name: accessed(access) ?? "*", field: fieldOf(access), node: call }];
  const declared = awaited?.parent;
  if (declared !== undefined && ts.isVariableDeclaration(declared)) {
    if (ts.isIdentifier(declared.name)) return [];
    const names = ts.isObjectBindingPattern(declared.name) ? fieldsTaken(declared.name) : null;
    if (names !== null) return names.map((name) => ({ from, name, field: null, node: call }));
  }
  return [{ from, name: "*", field: null, node: call }];
}

/** An import whose module is computed: it may be any. */
export const UNKNOWN_MODULE = "?";

/** The fields that a pattern takes; null: any. */
export function fieldsTaken(pattern: ts.ObjectBindingPattern): readonly string[] | null {
  const names = pattern.elements.map(({ dotDotDotToken, propertyName, name }) =>
    dotDotDotToken === undefined ? fieldName(propertyName ?? (name as ts.BindingName)) : null,
  );
  return names.every((name) => name !== null) ? names : null;
}

/** The expression with the parentheses and the words to the compiler around it. */
export function outermost(node: ts.Node): ts.Node {
  let outer = node;
  while (ts.isExpression(outer.parent) && bare(outer.parent) === bare(node)) outer = outer.parent;
  return outer;
}

/** The access of a field of what a node stands for: `x.a` of x. */
function accessOf(node: ts.Node): ts.Node | null {
  const { parent } = outermost(node);
  const isOfNode =
    parent !== undefined &&
    (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent)) &&
    bare(parent.expression) === bare(node);
  return isOfNode ? parent : null;
}

function accessed(access: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(access)) return access.name.text;
  if (!ts.isElementAccessExpression(access)) return null;
  const index = bare(access.argumentExpression);
  return ts.isStringLiteralLike(index) ? index.text : null;
}

/** The only field that is looked at where a node stands: `x.a`, `const { a } = x`. */
function fieldOf(node: ts.Node): string | null {
  const access = accessOf(node);
  return access === null ? null : accessed(access);
}

/** The names that a node binds for what is inside of it; null: it is no scope. */
function boundBy(node: ts.Node): Scope | null {
  const names = new Map<string, string | null>();
  switch (node.kind) {
    case ts.SyntaxKind.Identifier:
    case ts.SyntaxKind.PropertyAccessExpression:
    case ts.SyntaxKind.CallExpression:
      return null;
    case ts.SyntaxKind.Block:
    case ts.SyntaxKind.ModuleBlock:
      addStatements((node as ts.Block | ts.ModuleBlock).statements, names);
      break;
    case ts.SyntaxKind.CaseBlock:
      for (const { statements } of (node as ts.CaseBlock).clauses) addStatements(statements, names);
      break;
    case ts.SyntaxKind.ForStatement:
    case ts.SyntaxKind.ForOfStatement:
    case ts.SyntaxKind.ForInStatement: {
      const { initializer } = node as ts.ForStatement | ts.ForInOrOfStatement;
      if (initializer !== undefined && ts.isVariableDeclarationList(initializer))
        addVariables(initializer, names);
      break;
    }
    case ts.SyntaxKind.CatchClause: {
      const { variableDeclaration } = node as ts.CatchClause;
      if (variableDeclaration !== undefined) addPattern(variableDeclaration.name, names);
      break;
    }
    default:
      if (ts.isFunctionLike(node)) for (const { name } of node.parameters) addPattern(name, names);
      if ((ts.isFunctionExpression(node) || ts.isClassExpression(node)) && node.name !== undefined)
        names.set(node.name.text, null);
  }
  return names.size === 0 ? null : names;
}

function addStatements(statements: readonly ts.Statement[], names: Map<string, string | null>): void {
  for (const statement of statements) {
    if (ts.isVariableStatement(statement)) addVariables(statement.declarationList, names);
    else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
      if (statement.name !== undefined) names.set(statement.name.text, null);
  }
}

function addVariables({ declarations }: ts.VariableDeclarationList, names: Map<string, string | null>): void {
  for (const { name, initializer } of declarations) {
    addPattern(name, names);
    if (ts.isIdentifier(name) && initializer !== undefined) names.set(name.text, moduleNamed(initializer));
  }
}

/** `await import("./x.ts")` */
function moduleNamed(initializer: ts.Expression): string | null {
  const inner = bare(initializer);
  if (!ts.isAwaitExpression(inner)) return null;
  const call = bare(inner.expression);
  const specifier = isImportCall(call) ? call.arguments[0] : undefined;
  return specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : null;
}

function addPattern(name: ts.BindingName, names: Map<string, string | null>): void {
  for (const bound of namesBound(name)) names.set(bound.text, null);
}

/** The names in a pattern. */
export function namesBound(name: ts.BindingName): readonly ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesBound(element.name) : []));
}
