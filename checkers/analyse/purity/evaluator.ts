/**
 * Runs functions on what their parameters may be, to see what they write into. Names stand for everything that they are given
 * anywhere, both ways of a condition are gone, and calls are followed into helpers; a callee that is not known writes nothing.
 */
import { ts } from "ts-morph";
import { bare, fieldName } from "../meaning.ts";
import type { Piece } from "../module.ts";
import type { Sources } from "../sources.ts";
import { COPY, MAP, PICK, PLAIN, SELF, WRITE, WRITE_FIRST } from "./lists.ts";
import {
  NOBODYS,
  Scope,
  closureKey,
  join,
  joinAll,
  keyOf,
  listOf,
  through,
  type Closure,
  type Layer,
  type Root,
  type Value,
} from "./value.ts";

export interface Write {
  readonly root: Root;
  readonly node: ts.Node;
  /** The functions that were called on the way, outermost first. */
  readonly through: readonly string[];
}

/** What a run of a function came to. */
interface Ran {
  returns: Value;
  readonly writes: Write[];
}

/** Calls inside calls beyond this are not followed. */
const DEEPEST = 30;
/** Rounds until all names stand for what they may. */
const ROUNDS = 4;
const LANGUAGE = "spec/language/";

export class Evaluator {
  private readonly sources: Sources;
  private readonly modules = new Map<string, Scope>();
  private readonly bindings = new Map<string, Value>();
  private readonly ran = new Map<string, Ran>();
  private current: Ran = { returns: NOBODYS, writes: [] };
  private depth = 0;

  constructor(sources: Sources) {
    this.sources = sources;
  }

  /** What a function writes into when it is called with these. */
  writesOf(closure: Closure, inputs: readonly Value[]): readonly Write[] {
    return this.run(closure, inputs).writes;
  }

  /** What a piece at the top of a module writes into when the module is loaded. */
  writesOnLoad({ module, node }: Piece): readonly Write[] {
    return this.collect(() => this.walk(node, this.scopeOf(module))).writes;
  }

  /** What an expression at the top of a module stands for. */
  valueAt(node: ts.Expression, { module }: Piece): Value {
    let value = NOBODYS;
    this.collect(() => (value = this.evaluate(node, this.scopeOf(module))));
    return value;
  }

  /** The word of the language that is called at the top of a module, or in a function there; null: none. */
  wordAt(callee: ts.Expression, { module }: Piece): string | null {
    return this.languageWord(bare(callee), this.scopeOf(module));
  }

  /** The fields of an object, by name, as far as they are written down. */
  fieldsOf(value: Value): ReadonlyMap<string, Value> {
    const fields = new Map<string, Value>();
    for (const name of value.layers.flatMap((layer) => this.namesIn(layer)))
      fields.set(name, this.member({ ...value, roots: [], items: null }, name));
    return fields;
  }

  member(value: Value, field: string | null): Value {
    const own: Value = { ...NOBODYS, roots: value.roots.map((root) => through(root, field ?? "")) };
    const found = value.layers.map((layer) => this.fieldOf(layer, field));
    // The calls of a variant are also those that it adds.
    if (field === "calls") found.push(...value.layers.map((layer) => this.fieldOf(layer, "adds")));
    return joinAll([own, value.items ?? NOBODYS, ...found]);
  }

  private scopeOf(module: Piece["module"]): Scope {
    const known = this.modules.get(module.path) ?? new Scope(module, null);
    this.modules.set(module.path, known);
    return known;
  }

  /** Writes that happen meanwhile are of what is asked for, and not of whoever asks. */
  private collect(evaluation: () => void): Ran {
    const outer = this.current;
    const own: Ran = { returns: NOBODYS, writes: [] };
    this.current = own;
    try {
      evaluation();
    } finally {
      this.current = outer;
    }
    return own;
  }

  private run(closure: Closure, inputs: readonly Value[]): Ran {
    const key = `${closureKey(closure)}(${inputs.map(keyOf).join("|")})`;
    const known = this.ran.get(key);
    if (known !== undefined) return known;
    const blank: Ran = { returns: NOBODYS, writes: [] };
    if (this.depth >= DEEPEST) return blank;
    // A function that calls itself does what its first call does.
    this.ran.set(key, blank);
    this.depth++;
    const own = this.collect(() => this.body(closure, inputs));
    this.depth--;
    this.ran.set(key, own);
    return own;
  }

  private body({ node, scope: outer }: Closure, inputs: readonly Value[]): void {
    const scope = new Scope(outer.module, outer);
    const { parameters } = node;
    parameters.forEach(({ name, dotDotDotToken, initializer }, i) => {
      const given = dotDotDotToken === undefined ? (inputs[i] ?? NOBODYS) : listOf(joinAll(inputs.slice(i)));
      const otherwise = initializer === undefined ? NOBODYS : this.evaluate(initializer, scope);
      this.bind(name, join(given, otherwise), scope);
    });
    const body = (node as ts.FunctionLikeDeclaration).body;
    if (body === undefined) return;
    for (let round = 0; round < ROUNDS; round++) {
      const before = scope.version;
      if (ts.isBlock(body)) this.walk(body, scope);
      else this.current.returns = join(this.current.returns, this.evaluate(body, scope));
      if (scope.version === before) break;
    }
  }

  /** Gives names to the parts of a value. */
  private bind(name: ts.BindingName, value: Value, scope: Scope): void {
    if (ts.isIdentifier(name)) return scope.add(name.text, value);
    const taken = (name.elements as readonly ts.ArrayBindingElement[]).filter(ts.isBindingElement);
    for (const element of taken) {
      if (element.initializer !== undefined) this.evaluate(element.initializer, scope);
      if (element.dotDotDotToken !== undefined) {
        this.bind(
          element.name,
          ts.isArrayBindingPattern(name) ? listOf(this.member(value, null)) : copyOf(value, this),
          scope,
        );
        continue;
      }
      const field = ts.isArrayBindingPattern(name)
        ? null
        : fieldName(element.propertyName ?? (element.name as ts.BindingName));
      this.bind(element.name, this.member(value, field), scope);
    }
  }

  /** Statements, and all expressions in them. */
  private walk(node: ts.Node, scope: Scope): void {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isFunctionDeclaration(node)) {
      if (scope.module.source !== node.parent && node.name !== undefined)
        scope.add(node.name.text, { ...NOBODYS, functions: [{ node, scope }] });
      return;
    }
    if (ts.isVariableDeclaration(node)) return this.declare(node, scope);
    if (ts.isReturnStatement(node)) {
      if (node.expression !== undefined)
        this.current.returns = join(this.current.returns, this.evaluate(node.expression, scope));
      return;
    }
    if (ts.isForOfStatement(node)) return this.forOf(node, scope);
    if (ts.isExpression(node)) {
      this.evaluate(node, scope);
      return;
    }
    ts.forEachChild(node, (child) => this.walk(child, scope));
  }

  private declare({ name, initializer }: ts.VariableDeclaration, scope: Scope): void {
    const value = initializer === undefined ? NOBODYS : this.evaluate(initializer, scope);
    // The names of a module are looked up where they are declared.
    if (this.modules.get(scope.module.path) !== scope) this.bind(name, value, scope);
  }

  private forOf({ initializer, expression, statement }: ts.ForOfStatement, scope: Scope): void {
    const item = this.member(this.evaluate(expression, scope), null);
    if (ts.isVariableDeclarationList(initializer))
      for (const { name } of initializer.declarations) this.bind(name, item, scope);
    else this.assign(initializer, item, scope);
    this.walk(statement, scope);
  }

  private evaluate(expression: ts.Expression, scope: Scope): Value {
    const node = bare(expression);
    if (ts.isIdentifier(node)) return this.named(node.text, scope);
    if (ts.isArrowFunction(node) || ts.isFunctionExpression(node))
      return { ...NOBODYS, functions: [{ node, scope }] };
    if (ts.isPropertyAccessExpression(node))
      return this.exportOf(node, scope) ?? this.member(this.evaluate(node.expression, scope), node.name.text);
    if (ts.isElementAccessExpression(node)) {
      const index = bare(node.argumentExpression);
      this.evaluate(index, scope);
      const field = ts.isStringLiteralLike(index) ? index.text : null;
      return this.member(this.evaluate(node.expression, scope), field);
    }
    if (ts.isCallExpression(node)) return this.call(node, scope);
    if (ts.isNewExpression(node))
      return listOf(joinAll((node.arguments ?? []).map((given) => this.held(given, scope))));
    if (ts.isBinaryExpression(node)) return this.binary(node, scope);
    if (ts.isConditionalExpression(node)) {
      this.evaluate(node.condition, scope);
      return join(this.evaluate(node.whenTrue, scope), this.evaluate(node.whenFalse, scope));
    }
    if (ts.isObjectLiteralExpression(node)) return this.object(node, scope);
    if (ts.isArrayLiteralExpression(node))
      return listOf(joinAll(node.elements.map((element) => this.element(element, scope))));
    if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return this.unary(node, scope);
    if (ts.isDeleteExpression(node)) {
      this.write(bare(node.expression), scope, node);
      return NOBODYS;
    }
    if (ts.isAwaitExpression(node)) return this.evaluate(node.expression, scope);
    ts.forEachChild(node, (child) => {
      if (ts.isExpression(child)) this.evaluate(child, scope);
      else if (ts.isTemplateSpan(child)) this.evaluate(child.expression, scope);
    });
    return NOBODYS;
  }

  private element(element: ts.Expression, scope: Scope): Value {
    return ts.isSpreadElement(element)
      ? this.member(this.evaluate(element.expression, scope), null)
      : this.evaluate(element, scope);
  }

  /** What a list made of another one holds. */
  private held(given: ts.Expression, scope: Scope): Value {
    return this.member(this.evaluate(ts.isSpreadElement(given) ? given.expression : given, scope), null);
  }

  private object(node: ts.ObjectLiteralExpression, scope: Scope): Value {
    for (const property of node.properties) {
      if (ts.isPropertyAssignment(property)) this.evaluate(property.initializer, scope);
      else if (ts.isSpreadAssignment(property)) this.evaluate(property.expression, scope);
    }
    return { ...NOBODYS, layers: [{ node, scope }] };
  }

  private binary(node: ts.BinaryExpression, scope: Scope): Value {
    const { kind } = node.operatorToken;
    const right = this.evaluate(node.right, scope);
    if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) {
      this.assign(node.left, right, scope);
      return right;
    }
    const left = this.evaluate(node.left, scope);
    const isEither = EITHER.has(kind);
    return isEither ? join(left, right) : kind === ts.SyntaxKind.CommaToken ? right : NOBODYS;
  }

  private unary(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression, scope: Scope): Value {
    const writes =
      node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken;
    if (writes) this.assign(node.operand, NOBODYS, scope);
    else this.evaluate(node.operand, scope);
    return NOBODYS;
  }

  private assign(to: ts.Node, value: Value, scope: Scope): void {
    const target = bare(to);
    if (ts.isIdentifier(target)) {
      const holder = scope.holder(target.text);
      if (holder !== null) return holder.add(target.text, value);
      for (const id of this.idsOf(target.text, scope)) this.note({ kind: "binding", id }, target);
      return;
    }
    if (ts.isArrayLiteralExpression(target)) {
      for (const element of target.elements) this.assign(element, this.member(value, null), scope);
      return;
    }
    this.write(target, scope, target);
  }

  /** Into what a place is of: `x` of `x.a` and `x[i]`. */
  private write(place: ts.Node, scope: Scope, node: ts.Node): void {
    if (!ts.isPropertyAccessExpression(place) && !ts.isElementAccessExpression(place)) return;
    const owner = this.evaluate(place.expression, scope);
    let field: string | null = null;
    if (ts.isPropertyAccessExpression(place)) field = place.name.text;
    else {
      const index = bare(place.argumentExpression);
      this.evaluate(index, scope);
      if (ts.isStringLiteralLike(index)) field = index.text;
    }
    for (const root of owner.roots) this.note(through(root, field), node);
  }

  private note(root: Root, node: ts.Node): void {
    this.current.writes.push({ root, node, through: [] });
  }

  private call(node: ts.CallExpression, scope: Scope): Value {
    const callee = bare(node.expression);
    const given = node.arguments.map((argument) => this.element(argument, scope));
    const word = this.languageWord(callee, scope);
    if (word !== null) return spoken(word, given);
    if (ts.isPropertyAccessExpression(callee)) return this.method(node, callee, given, scope);
    const { functions } = this.evaluate(callee, scope);
    return joinAll(functions.map((closure) => this.invoke(closure, given)));
  }

  /** A call of a function whose text is known; what it writes, the caller writes. */
  private invoke(closure: Closure, given: readonly Value[]): Value {
    const { returns, writes } = this.run(closure, given);
    const name = nameOf(closure);
    for (const write of writes)
      this.current.writes.push(name === null ? write : { ...write, through: [name, ...write.through] });
    return returns;
  }

  private method(
    node: ts.CallExpression,
    callee: ts.PropertyAccessExpression,
    given: readonly Value[],
    scope: Scope,
  ): Value {
    const name = callee.name.text;
    const full = callee.getText().replaceAll(/\s/g, "");
    if (this.isGlobal(callee.expression, scope)) {
      if (WRITE_FIRST.has(full)) for (const root of given[0]?.roots ?? []) this.note(root, node);
      if (full === "Array.from" || full.startsWith("Object.")) return this.made(full, given);
      return NOBODYS;
    }
    const owner = this.evaluate(callee.expression, scope);
    const { functions } =
      this.exportOf(callee, scope) ?? this.member({ ...owner, roots: [], items: null }, name);
    if (functions.length > 0) return joinAll(functions.map((closure) => this.invoke(closure, given)));
    if (WRITE.has(name)) {
      for (const root of owner.roots) this.note(root, node);
      this.store(callee.expression, joinAll(given), scope);
    }
    return this.ofList(name, owner, given);
  }

  /** What is put into a list stands under its name from then on. */
  private store(into: ts.Expression, value: Value, scope: Scope): void {
    const list = bare(into);
    if (ts.isIdentifier(list)) scope.holder(list.text)?.add(list.text, listOf(value));
  }

  private ofList(name: string, owner: Value, given: readonly Value[]): Value {
    const item = this.member(owner, null);
    if (name === "reduce" || name === "reduceRight") {
      const from = given[1] ?? item;
      return join(from, this.callBack(given[0], [from, item]));
    }
    const made = this.callBack(given[0], [item, NOBODYS, owner]);
    if (MAP.has(name)) return listOf(name === "flatMap" ? this.member(made, null) : made);
    if (COPY.has(name)) return listOf(join(item, joinAll(given)));
    if (PLAIN.has(name)) return NOBODYS;
    if (PICK.has(name)) return item;
    if (SELF.has(name)) return owner;
    // A question to an object that is not known is answered with a part of it.
    return { ...NOBODYS, roots: owner.roots.map((root) => through(root, name)) };
  }

  private callBack(given: Value | undefined, inputs: readonly Value[]): Value {
    return joinAll((given?.functions ?? []).map((closure) => this.invoke(closure, inputs)));
  }

  private made(full: string, given: readonly Value[]): Value {
    const [first = NOBODYS, mapping] = given;
    const item = this.member(first, null);
    if (full === "Array.from")
      return mapping === undefined ? listOf(item) : listOf(this.callBack(mapping, [item]));
    if (full === "Object.assign" || full === "Object.freeze") return joinAll(given);
    if (full === "Object.entries") return listOf(listOf(item));
    return listOf(item);
  }

  private isGlobal(node: ts.Expression, scope: Scope): boolean {
    const owner = bare(node);
    return (
      ts.isIdentifier(owner) &&
      scope.find(owner.text) === undefined &&
      this.idsOf(owner.text, scope).length === 0
    );
  }

  private idsOf(name: string, scope: Scope): readonly string[] {
    return this.sources.named(scope.module, name, null).pieces.map(({ id }) => id);
  }

  /** The name of what the language offers, where that is what is called. */
  private languageWord(callee: ts.Expression, scope: Scope): string | null {
    if (!ts.isIdentifier(callee) || scope.find(callee.text) !== undefined) return null;
    const [piece] = this.sources.named(scope.module, callee.text, null).pieces;
    if (piece === undefined) return null;
    if (piece.module.path.startsWith(LANGUAGE)) return piece.id.slice(piece.id.indexOf("#") + 1);
    // `const { call, choice } = callsOf(design)`
    const taken = piece.module.declarations.get(piece.id.slice(piece.module.path.length + 1))?.taken;
    return taken !== undefined && taken !== null && /^(callsOf|propertiesOf)\b/.test(taken.of.getText())
      ? taken.field
      : null;
  }

  private named(name: string, scope: Scope): Value {
    const local = scope.find(name);
    if (local !== undefined) return local;
    return joinAll(this.sources.named(scope.module, name, null).pieces.map((piece) => this.binding(piece)));
  }

  /** What a name at the top of a module stands for. */
  private binding(piece: Piece): Value {
    const known = this.bindings.get(piece.id);
    if (known !== undefined) return known;
    this.bindings.set(piece.id, NOBODYS);
    const scope = this.scopeOf(piece.module);
    const declaration = piece.module.declarations.get(piece.id.slice(piece.module.path.length + 1));
    const own: Value = { ...NOBODYS, roots: [{ kind: "binding", id: piece.id }] };
    let value = own;
    const { node } = piece;
    if (ts.isFunctionDeclaration(node)) value = { ...NOBODYS, functions: [{ node, scope }] };
    else if (declaration?.value)
      this.collect(() => (value = join(own, this.evaluate(declaration.value!, scope))));
    else if (declaration?.taken) {
      const { of, field } = declaration.taken;
      this.collect(() => (value = join(own, this.member(this.evaluate(of, scope), field))));
    }
    this.bindings.set(piece.id, value);
    return value;
  }

  /** `far.a`, where `far` is a module; null: it is none. */
  private exportOf({ expression, name }: ts.PropertyAccessExpression, scope: Scope): Value | null {
    const owner = bare(expression);
    if (!ts.isIdentifier(owner) || scope.find(owner.text) !== undefined) return null;
    if (scope.module.imports.get(owner.text)?.name !== "*") return null;
    const { pieces } = this.sources.named(scope.module, owner.text, name.text);
    return joinAll(pieces.map((piece) => this.binding(piece)));
  }

  private namesIn({ node, scope }: Layer): readonly string[] {
    return node.properties.flatMap((property) => {
      if (ts.isSpreadAssignment(property))
        return [...this.fieldsOf(this.evaluate(property.expression, scope)).keys()];
      return fieldName(property.name) ?? [];
    });
  }

  /** All fields for null. */
  private fieldOf({ node, scope }: Layer, field: string | null): Value {
    const found = node.properties.map((property) => {
      if (ts.isSpreadAssignment(property))
        return this.member(this.evaluate(property.expression, scope), field);
      const name = fieldName(property.name);
      if (field !== null && name !== null && name !== field) return NOBODYS;
      if (ts.isPropertyAssignment(property)) return this.evaluate(property.initializer, scope);
      if (ts.isShorthandPropertyAssignment(property)) return this.named(property.name.text, scope);
      return { ...NOBODYS, functions: [{ node: property, scope }] };
    });
    return joinAll(found);
  }
}

const EITHER: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

/** What the words of the language make of what they are given. */
function spoken(word: string, given: readonly Value[]): Value {
  const [first = NOBODYS, second = NOBODYS] = given;
  if (word === "call" || word === "design" || word === "withState") return first;
  if (word === "local") return { ...first, items: null };
  // What the delta has comes first.
  if (word === "change" || word === "variant") return join(second, first);
  return NOBODYS;
}

/** `{ ...value }`: another object with the same fields. */
function copyOf(value: Value, evaluator: Evaluator): Value {
  return { ...value, roots: [], items: evaluator.member({ ...value, layers: [] }, null) };
}

/** The name under which a function was declared; null: it has none. */
function nameOf({ node }: Closure): string | null {
  if (ts.isFunctionDeclaration(node) && node.name !== undefined) return node.name.text;
  const { parent } = node;
  return ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name) ? parent.name.text : null;
}
