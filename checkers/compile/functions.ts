/** Expressions, statements and calls of a design's functions, evaluated as far as they are known; the rest becomes generated code. */
import type { BlockStatement, Expression, Function as FunctionNode, Pattern, Statement } from "acorn";
import type { Target } from "./core.ts";
import { Env } from "./env.ts";
import { Objects } from "./objects.ts";
import { sourceOf, type AnyFunction } from "./source.ts";
import {
  FALSE,
  NULL,
  TRUE,
  UNDEFINED,
  Unsupported,
  fixed,
  isStatic,
  type Alt,
  type Fn,
  type Scope,
  type Value,
} from "./value.ts";

/** What a statement can leave for. */
interface Frame {
  readonly env: Env;
  readonly returns: Target;
  readonly loops: readonly Loop[];
}
interface Loop {
  readonly name: string | null;
  readonly breaks: Target;
  readonly continues: Target | null;
}

/** Calls inside calls beyond this are taken for a recursion that does not end. */
const DEEPEST = 60;
/** Rounds of a loop whose end depends on the state. */
const MOST_ROUNDS = 64;

/** What they change would be changed for every way through the call, and for every other call. */
const MUTATING: ReadonlySet<unknown> = new Set(
  (["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill", "copyWithin"] as const).map(
    (name) => Array.prototype[name],
  ),
);

const assignedNames = new WeakMap<object, Set<string>>();

export abstract class Functions extends Objects {
  private depth = 0;

  /** What is written is outside of the subset: the author is told where, and what to write instead. */
  protected abstract complain(error: Unsupported, place: string): void;

  invoke(callee: Value, args: readonly Value[], self: Value | null): Value {
    const fn = this.refined(callee);
    if (fn.k === "alt") return this.split(fn, (one) => this.invoke(one, args, self));
    if (fn.k === "fn") return this.inline(fn.node, fn.env, args, null);
    if (!isStatic(fn) || typeof fn.v !== "function") return this.giveBack();
    const known = args.every((arg) => isStatic(arg)) && (self === null || isStatic(self));
    const native = this.builtin(fn.v as AnyFunction, args) ?? this.matching(fn.v, args, self);
    if (native !== null) return native;
    if (known) {
      if (self !== null && MUTATING.has(fn.v) && Array.isArray((self as { v: unknown }).v))
        throw new Unsupported(
          `${(fn.v as AnyFunction).name}() of a list that was not made here`,
          "a list that the call makes itself",
        );
      const values = args.map((arg) => (arg as { v: unknown }).v);
      const receiver = self === null ? undefined : (self as { v: unknown }).v;
      return this.natively(() => Reflect.apply(fn.v as AnyFunction, receiver, values));
    }
    const source = sourceOf(fn.v as AnyFunction);
    if (source === null)
      throw new Unsupported(
        `${(fn.v as AnyFunction).name}() of what depends on the state`,
        "a loop, comparisons, or arithmetic",
      );
    return this.inline(source.node, new Env(source, null, self), args, self);
  }

  private inline(node: FunctionNode, outer: Scope, args: readonly Value[], self: Value | null): Value {
    if (node.generator === true || node.async === true)
      throw new Unsupported("a generator or an async function", "a plain function");
    if (++this.depth > DEEPEST) {
      this.depth--;
      throw new Unsupported("calls inside calls without an end", "a loop");
    }
    try {
      const env = new Env(outer.source, outer, self);
      node.params.forEach((param, i) => this.bindParam(param, args, i, env, node));
      if (node.body.type !== "BlockStatement") return this.refined(this.evaluate(node.body, env));
      const returns = this.target("R");
      const frame: Frame = { env, returns, loops: [] };
      return this.refined(this.landing(returns, () => this.body((node.body as BlockStatement).body, frame)));
    } finally {
      this.depth--;
    }
  }

  private bindParam(param: Pattern, args: readonly Value[], i: number, env: Env, node: object): void {
    if (param.type === "RestElement") return this.bind(param.argument, this.listOf(args.slice(i)), env, node);
    this.bind(param, args[i] ?? UNDEFINED, env, node);
  }

  /** Gives names to the parts of a value. */
  private bind(pattern: Pattern, value: Value, env: Env, within: object): void {
    switch (pattern.type) {
      case "Identifier":
        return this.declare(pattern.name, value, env, within);
      case "AssignmentPattern":
        return this.bind(pattern.left, this.orDefault(value, pattern.right, env), env, within);
      case "ObjectPattern": {
        const taken: string[] = [];
        for (const property of pattern.properties) {
          if (property.type === "RestElement") {
            const rest = this.fieldNames(this.refined(value)).filter((name) => !taken.includes(name));
            this.bind(
              property.argument,
              this.makeObject(rest.map((name) => [name, this.member(value, name)] as const)),
              env,
              within,
            );
            continue;
          }
          const name = this.propertyName(property, env);
          taken.push(name);
          this.bind(property.value, this.member(value, name), env, within);
        }
        return;
      }
      case "ArrayPattern":
        pattern.elements.forEach((element, i) => {
          if (element?.type === "RestElement")
            this.bind(element.argument, { k: "list", items: this.items(value).slice(i) }, env, within);
          else if (element !== null) this.bind(element, this.member(value, String(i)), env, within);
        });
        return;
      default:
        throw new Unsupported(`the pattern ${pattern.type}`, "names");
    }
  }

  private orDefault(value: Value, otherwise: Expression, env: Env): Value {
    return this.conditional(
      this.equal(value, UNDEFINED),
      () => this.evaluate(otherwise, env),
      () => this.refined(value),
    );
  }

  private declare(name: string, value: Value, env: Env, within: object): void {
    if (!assigned(within).has(name)) return env.bind(name, { value });
    const slot = this.fresh("v");
    this.flow.heap.set(slot, value);
    env.bind(name, { slot });
  }

  private propertyName(property: { readonly computed: boolean; readonly key: any }, env: Env): string {
    if (!property.computed)
      return property.key.type === "Identifier" ? property.key.name : String(property.key.value);
    const name = this.refined(this.evaluate(property.key, env));
    if (!isStatic(name)) throw new Unsupported("a field whose name depends on the state", "a fixed name");
    return String(name.v);
  }

  /** Statements one after the other. */
  private body(statements: readonly any[], frame: Frame): Value {
    for (const statement of statements) {
      if (statement.type === "FunctionDeclaration")
        frame.env.bind(statement.id.name, {
          value: { k: "fn", node: statement, env: frame.env } satisfies Fn,
        });
    }
    for (const statement of statements) this.statementOrBack(statement, frame);
    return UNDEFINED;
  }

  private statementOrBack(statement: Statement, frame: Frame): void {
    try {
      this.statement(statement, frame);
    } catch (error) {
      if (!(error instanceof Unsupported) || error.constructor !== Unsupported) throw error;
      this.complain(error, frame.env.source.place(statement));
      this.giveBack();
    }
  }

  private statement(statement: Statement, frame: Frame): void {
    const { env } = frame;
    switch (statement.type) {
      case "ExpressionStatement":
        this.evaluate(statement.expression, env);
        return;
      case "VariableDeclaration":
        for (const { id, init } of statement.declarations)
          this.bind(
            id,
            init === null || init === undefined ? UNDEFINED : this.evaluate(init, env),
            env,
            rootOf(env),
          );
        return;
      case "ReturnStatement":
        return this.leave(
          frame.returns,
          statement.argument ? this.refined(this.evaluate(statement.argument, env)) : UNDEFINED,
        );
      case "IfStatement": {
        const test = this.truth(this.evaluate(statement.test, env));
        const otherwise = statement.alternate;
        this.conditional(
          test,
          () => this.nested(statement.consequent, frame),
          () => (otherwise ? this.nested(otherwise, frame) : UNDEFINED),
        );
        return;
      }
      case "BlockStatement":
        this.body(statement.body, { ...frame, env: this.scope(env) });
        return;
      case "ForOfStatement":
        return this.forOf(statement, frame);
      case "ForStatement":
        return this.forLoop(statement, frame);
      case "WhileStatement":
        return this.rounds(statement.test, null, statement.body, frame);
      case "BreakStatement":
      case "ContinueStatement":
        return this.jump(statement, frame);
      case "LabeledStatement":
        this.labelled = statement.label.name;
        return this.statement(statement.body, frame);
      case "SwitchStatement":
        return this.switchOf(statement, frame);
      case "ThrowStatement":
        return this.giveBack();
      case "EmptyStatement":
      case "FunctionDeclaration":
        return;
      default:
        throw new Unsupported(`the statement ${statement.type}`, "if, for, while, switch, return");
    }
  }

  private labelled: string | null = null;

  private nested(statement: Statement, frame: Frame): Value {
    this.statementOrBack(statement, { ...frame, env: this.scope(frame.env) });
    return UNDEFINED;
  }

  private scope(env: Env): Env {
    return new Env(env.source, env);
  }

  /** A loop; `run` makes its rounds, each in the frame that `inside` gives it. */
  private loop(frame: Frame, run: (inside: (continues: Target) => Frame, breaks: Target) => void): void {
    const breaks = this.target("L");
    const name = this.labelled;
    this.labelled = null;
    const inside = (continues: Target): Frame => ({
      ...frame,
      env: this.scope(frame.env),
      loops: [{ name, breaks, continues }, ...frame.loops],
    });
    this.landing(breaks, () => {
      run(inside, breaks);
      return UNDEFINED;
    });
  }

  private round(body: Statement, inside: (continues: Target) => Frame, prepare?: (env: Env) => void): void {
    const continues = this.target("C");
    this.landing(continues, () => {
      const frame = inside(continues);
      prepare?.(frame.env);
      this.statementOrBack(body, frame);
      return UNDEFINED;
    });
  }

  private rounds(
    test: Expression | null | undefined,
    update: Expression | null | undefined,
    body: Statement,
    frame: Frame,
  ): void {
    this.loop(frame, (inside, breaks) => {
      for (let n = 0; this.anotherRound(test, frame.env, breaks, n); n++) {
        this.round(body, inside);
        if (update) this.evaluate(update, frame.env);
      }
    });
  }

  private anotherRound(test: Expression | null | undefined, env: Env, breaks: Target, n: number): boolean {
    if (n > MOST_ROUNDS * 16) throw new Unsupported("a loop of very many rounds", "a bound");
    if (!test) return true;
    const goesOn = this.truth(this.evaluate(test, env));
    const known = this.settled(goesOn);
    if (known !== null) return known;
    if (n > MOST_ROUNDS)
      throw new Unsupported("a loop whose end depends on the state", "a loop over a table or a range");
    this.either(
      goesOn,
      () => UNDEFINED,
      () => this.leave(breaks, UNDEFINED),
    );
    return true;
  }

  private forOf(statement: any, frame: Frame): void {
    const labelled = this.labelled;
    const lists = this.refined(this.evaluate(statement.right, frame.env));
    const together = lists.k === "alt" ? this.itemsOfSome(lists) : null;
    if (together !== null) return this.forEachOf(statement, together, frame);
    this.split(lists, (list) => {
      this.labelled = labelled;
      this.forEachOf(statement, this.items(list), frame);
      return UNDEFINED;
    });
  }

  private forEachOf(statement: any, items: ReturnType<Functions["items"]>, frame: Frame): void {
    const { left } = statement;
    if (left.type !== "VariableDeclaration")
      throw new Unsupported("a loop that assigns", "for (const … of …)");
    const pattern = left.declarations[0].id;
    this.loop(frame, (inside) => {
      for (const { value, when } of items) {
        this.under(when, () => {
          this.round(statement.body, inside, (env) => {
            this.lookAt(value);
            this.bind(pattern, this.refined(value), env, rootOf(env));
          });
          return UNDEFINED;
        });
      }
    });
  }

  private forLoop(statement: any, outer: Frame): void {
    const frame = { ...outer, env: this.scope(outer.env) };
    const counted = this.countsUp(statement);
    if (counted !== null) {
      const start = this.number(this.evaluate(counted.init, frame.env));
      if (start !== null && start.lo !== start.hi)
        return this.countedLoop(statement, counted.name, start, frame);
    }
    if (statement.init?.type === "VariableDeclaration") this.statement(statement.init, frame);
    else if (statement.init) this.evaluate(statement.init, frame.env);
    this.rounds(statement.test, statement.update, statement.body, frame);
  }

  /** `for (let i = …; …; i++)` whose body leaves i alone. */
  private countsUp(statement: any): { readonly name: string; readonly init: Expression } | null {
    const { init, update, body } = statement;
    if (init?.type !== "VariableDeclaration" || init.declarations.length !== 1 || !statement.test)
      return null;
    const [{ id, init: from }] = init.declarations;
    if (id.type !== "Identifier" || update?.type !== "UpdateExpression" || update.operator !== "++")
      return null;
    if (update.argument.type !== "Identifier" || update.argument.name !== id.name) return null;
    return assigned(body).has(id.name) ? null : { name: id.name, init: from };
  }

  /** Counts through all that the start may be, so that the index of each round is known. */
  private countedLoop(statement: any, name: string, start: Value & { k: "num" }, frame: Frame): void {
    const { lo, hi } = start;
    this.loop(frame, (inside, breaks) => {
      for (let n = lo; ; n++) {
        if (n > lo + MOST_ROUNDS) throw new Unsupported("a loop of very many rounds", "a bound");
        const env = this.scope(frame.env);
        env.bind(name, { value: fixed(n) });
        const goesOn = (): Value => {
          const test = this.truth(this.evaluate(statement.test, env));
          return this.conditional(
            test,
            () => UNDEFINED,
            () => this.leave(breaks, UNDEFINED),
          );
        };
        const round = (): Value => {
          goesOn();
          this.round(statement.body, (target) => {
            const frameInside = inside(target);
            return { ...frameInside, env: this.scope(env) };
          });
          return UNDEFINED;
        };
        if (n >= hi) round();
        else this.conditional(this.truth(this.binary("<=", start, fixed(n))), round, () => UNDEFINED);
      }
    });
  }

  private jump(statement: any, { loops }: Frame): never {
    const name: string | null = statement.label?.name ?? null;
    const isBreak = statement.type === "BreakStatement";
    const loop = loops.find((one) => (name === null ? isBreak || one.continues !== null : one.name === name));
    const target = isBreak ? loop?.breaks : loop?.continues;
    if (target === undefined || target === null)
      throw new Unsupported("a jump out of nothing", "a loop around it");
    return this.leave(target, UNDEFINED);
  }

  private switchOf(statement: any, frame: Frame): void {
    const value = this.evaluate(statement.discriminant, frame.env);
    const breaks = this.target("S");
    const inside: Frame = {
      ...frame,
      env: this.scope(frame.env),
      loops: [{ name: null, breaks, continues: null }, ...frame.loops],
    };
    const cases: readonly any[] = statement.cases;
    const run = (at: number): Value => {
      for (const { consequent } of cases.slice(at)) this.body(consequent, inside);
      return UNDEFINED;
    };
    const from = (at: number): Value => {
      const one = cases[at];
      if (one === undefined) {
        const otherwise = cases.findIndex(({ test }) => test === null);
        return otherwise < 0 ? UNDEFINED : run(otherwise);
      }
      if (one.test === null) return from(at + 1);
      const is = this.equal(value, this.evaluate(one.test, inside.env));
      return this.conditional(
        is,
        () => run(at),
        () => from(at + 1),
      );
    };
    this.landing(breaks, () => from(0));
  }

  evaluate(node: Expression | any, env: Env): Value {
    switch (node.type) {
      case "Literal":
        return fixed(node.bigint !== undefined && node.bigint !== null ? BigInt(node.bigint) : node.value);
      case "Identifier":
        return this.variable(node.name, env);
      case "ThisExpression": {
        const self = env.receiver();
        if (self === null) throw new Unsupported("this", "a parameter");
        return self;
      }
      case "TemplateLiteral":
        return this.template(node, env);
      case "ParenthesizedExpression":
        return this.evaluate(node.expression, env);
      case "ChainExpression":
        return this.chain(node.expression, env);
      case "MemberExpression":
        return this.memberOf(node, env);
      case "CallExpression":
        return this.callOf(node, env);
      case "NewExpression":
        throw new Unsupported("new", "a plain object");
      case "UnaryExpression":
        return this.unary(node.operator, this.evaluate(node.argument, env));
      case "BinaryExpression":
        return this.binary(node.operator, this.evaluate(node.left, env), this.evaluate(node.right, env));
      case "LogicalExpression":
        return this.logicalOf(node, env);
      case "ConditionalExpression":
        return this.conditional(
          this.truth(this.evaluate(node.test, env)),
          () => this.refined(this.evaluate(node.consequent, env)),
          () => this.refined(this.evaluate(node.alternate, env)),
        );
      case "ObjectExpression":
        return this.objectOf(node, env);
      case "ArrayExpression":
        return this.arrayOf(node, env);
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        return { k: "fn", node, env };
      case "AssignmentExpression":
        return this.assignment(node, env);
      case "UpdateExpression":
        return this.update(node, env);
      case "SequenceExpression":
        return node.expressions.map((one: Expression) => this.evaluate(one, env)).at(-1)!;
      default:
        throw new Unsupported(`the expression ${node.type}`, "plain expressions");
    }
  }

  private variable(name: string, env: Env): Value {
    const binding = env.find(name);
    if (binding !== undefined) {
      if ("value" in binding) return this.refined(binding.value);
      const value = this.flow.heap.get(binding.slot);
      return value === undefined ? UNDEFINED : this.refined(value);
    }
    if (name === "undefined") return UNDEFINED;
    const captured = env.source.captured(name);
    if (captured !== undefined) return fixed(captured.value);
    if (name in globalThis) return fixed((globalThis as Record<string, unknown>)[name]);
    throw new Unsupported(`the variable ${name}`, "a parameter or a constant of the module");
  }

  private template(node: any, env: Env): Value {
    const parts: (string | Value)[] = [];
    node.quasis.forEach((quasi: any, i: number) => {
      parts.push(quasi.value.cooked);
      const inner = node.expressions[i];
      if (inner !== undefined) parts.push(this.evaluate(inner, env));
    });
    return this.text(parts);
  }

  /** `a?.b`: what follows is left out where a is null or undefined. */
  private chain(node: any, env: Env): Value {
    const out = this.target("O");
    return this.landing(out, () => this.evaluateInChain(node, env, out));
  }

  private evaluateInChain(node: any, env: Env, out: Target): Value {
    if (node.type === "MemberExpression") {
      const of = this.unlessNullish(this.evaluateInChain(node.object, env, out), node.optional, out);
      return node.computed
        ? this.entry(of, this.evaluate(node.property, env))
        : this.member(of, node.property.name);
    }
    if (node.type !== "CallExpression") return this.evaluate(node, env);
    const { callee } = node;
    if (callee.type !== "MemberExpression") {
      const fn = this.unlessNullish(this.evaluateInChain(callee, env, out), node.optional, out);
      return this.invoke(fn, this.args(node, env), null);
    }
    const of = this.unlessNullish(this.evaluateInChain(callee.object, env, out), callee.optional, out);
    const name = callee.computed ? this.evaluate(callee.property, env) : fixed(callee.property.name);
    return this.method(of, name, () => this.args(node, env), node.optional ? out : null);
  }

  private unlessNullish(value: Value, optional: boolean, out: Target): Value {
    if (!optional) return value;
    return this.conditional(
      this.nullish(value),
      () => this.leave(out, UNDEFINED),
      () => this.refined(value),
    );
  }

  private nullish(value: Value) {
    return this.or(this.equal(value, NULL), this.equal(value, UNDEFINED));
  }

  private memberOf(node: any, env: Env): Value {
    const of = this.evaluate(node.object, env);
    return node.computed
      ? this.entry(of, this.evaluate(node.property, env))
      : this.member(of, node.property.name);
  }

  private args(node: any, env: Env): Value[] {
    return node.arguments.flatMap((arg: any) => {
      if (arg.type !== "SpreadElement") return [this.refined(this.evaluate(arg, env))];
      return this.items(this.evaluate(arg.argument, env)).map(({ value, when }) => {
        if (when !== null) throw new Unsupported("arguments from a list that was filtered", "a loop");
        return value;
      });
    });
  }

  private callOf(node: any, env: Env): Value {
    const { callee } = node;
    if (callee.type === "Identifier" && callee.name === "__name")
      return this.evaluate(node.arguments[0], env);
    if (callee.type !== "MemberExpression")
      return this.invoke(this.evaluate(callee, env), this.args(node, env), null);
    const of = this.evaluate(callee.object, env);
    const name = callee.computed ? this.evaluate(callee.property, env) : fixed(callee.property.name);
    return this.method(of, name, () => this.args(node, env), null);
  }

  private method(of: Value, name: Value, args: () => Value[], out: Target | null): Value {
    const receiver = this.refined(of);
    if (!isStatic(name)) return this.invoke(this.entry(receiver, name), args(), receiver);
    if (receiver.k === "alt") return this.methodOfSome(receiver, name, args, out);
    const given = args();
    const plain = isStatic(receiver) && given.every(isStatic);
    if (!plain) {
      const found = this.listMethod(receiver, String(name.v), given);
      if (found !== null) return found;
    }
    const fn = this.member(receiver, String(name.v));
    const callee = out === null ? fn : this.unlessNullish(fn, true, out);
    return this.invoke(callee, given, receiver);
  }

  private methodOfSome(receiver: Alt, name: Value, args: () => Value[], out: Target | null): Value {
    const texts = this.feasible(receiver).every((i) => {
      const one = receiver.alts[i]!;
      return isStatic(one) && typeof one.v === "string";
    });
    const given = texts ? args() : [];
    if (!texts || !given.every(isStatic))
      return this.split(receiver, (one) => this.method(one, name, args, out));
    const values = given.map((arg) => (arg as { v: unknown }).v);
    return this.mapped(receiver, (one) =>
      this.natively(() => {
        const text = (one as { v: any }).v;
        return text[(name as { v: string }).v](...values);
      }),
    );
  }

  /** Functions of the engine that are known here by what they do. */
  private builtin(fn: AnyFunction, args: readonly Value[]): Value | null {
    if (args.every(isStatic)) return null;
    const [first, second] = args;
    if (PLAIN.has(fn) && args.length === 1) {
      const one = this.refined(first!);
      const alts = one.k === "bool" ? this.asFlag(one) : one;
      if (alts.k === "alt" && this.feasible(alts).every((i) => isStatic(alts.alts[i]!)))
        return this.mapped(alts, (alt) =>
          this.natively(() => (fn as (of: unknown) => unknown)((alt as { v: unknown }).v)),
        );
    }
    switch (fn as unknown) {
      case Math.min:
      case Math.max:
        return args.reduce((a, b) => this.extreme((fn as unknown) === Math.min, a, b));
      case Math.abs:
        return this.extreme(false, first!, this.unary("-", first!));
      case Number:
        return this.number(first!);
      case Boolean:
        return this.asValue(this.truth(first!));
      case String:
        return this.text([first!]);
      case Array.from:
        return this.arrayFrom(first!, second);
      case Array.isArray:
        return this.lengthOf(this.refined(first!)) !== null ? TRUE : FALSE;
      case structuredClone:
        return this.copied(this.refined(first!));
      case Object.keys:
        return this.listOf(this.fieldNames(this.refined(first!)).map(fixed));
      case Object.values:
        return this.listOf(this.fieldNames(this.refined(first!)).map((name) => this.member(first!, name)));
      case Object.entries:
        return this.listOf(
          this.fieldNames(this.refined(first!)).map((name) =>
            this.listOf([fixed(name), this.member(first!, name)]),
          ),
        );
      case Object.fromEntries:
        return this.makeObject(
          this.items(first!).map(
            ({ value }) =>
              [String((this.member(value, "0") as { v: unknown }).v), this.member(value, "1")] as const,
          ),
        );
      default:
        return null;
    }
  }

  /** Whether a text, one of several, matches a pattern. */
  private matching(fn: unknown, args: readonly Value[], self: Value | null): Value | null {
    const text = args[0] === undefined ? null : this.refined(args[0]);
    if (fn !== RegExp.prototype.test || self === null || !isStatic(self) || text?.k !== "alt") return null;
    return this.mapped(text, (one) => (isStatic(one) ? fixed((self.v as RegExp).test(String(one.v))) : one));
  }

  private extreme(least: boolean, a: Value, b: Value): Value {
    const [x, y] = [this.number(a), this.number(b)];
    if (x === null || y === null)
      throw new Unsupported("the smallest or largest of what are no numbers", "numbers");
    const pick = least ? Math.min : Math.max;
    const [lo, hi] = [pick(x.lo, y.lo), pick(x.hi, y.hi)];
    if (lo === hi) return fixed(lo);
    if (x.hi <= y.lo) return least ? this.asNumber(x) : this.asNumber(y);
    if (y.hi <= x.lo) return least ? this.asNumber(y) : this.asNumber(x);
    return { k: "num", e: this.local(`${x.e} ${least ? "<" : ">"} ${y.e} ? ${x.e} : ${y.e}`), lo, hi };
  }

  private asNumber(value: Value & { k: "num" }): Value {
    return value.lo === value.hi ? fixed(value.lo) : value;
  }

  private arrayFrom(from: Value, fn: Value | undefined): Value {
    const source = this.refined(from);
    const isList =
      this.lengthOf(source) !== null ||
      source.k === "list" ||
      (isStatic(source) && Symbol.iterator in Object(source.v));
    const items = isList ? this.items(source) : this.counted(source);
    const on = (value: Value, i: number): Value =>
      fn === undefined ? value : this.invoke(fn, [value, fixed(i)], null);
    if (items.some(({ when }) => when !== null))
      return { k: "list", items: items.map(({ value, when }, i) => ({ value: on(value, i), when })) };
    return this.newArray(items.map(({ value }, i) => on(value, i)));
  }

  private counted(source: Value): { readonly value: Value; readonly when: null }[] {
    const length = this.member(source, "length");
    if (!isStatic(length)) throw new Unsupported("an array whose length depends on the state", "a loop");
    return Array.from({ length: Number(length.v) }, () => ({ value: UNDEFINED, when: null }));
  }

  private copied(value: Value): Value {
    if (value.k === "obj" || value.k === "ref") {
      const isArray = this.lengthOf(value) !== null;
      if (value.k === "obj" && value.isArray && !isArray)
        throw new Unsupported("a copy of a list whose length depends on the state", "map() of the list");
      return this.makeObject(
        this.fieldNames(value).map((name) => [name, this.copied(this.member(value, name))] as const),
        isArray,
      );
    }
    return value;
  }

  private objectOf(node: any, env: Env): Value {
    const fields: [string, Value][] = [];
    for (const property of node.properties) {
      if (property.type === "SpreadElement") {
        const from = this.refined(this.evaluate(property.argument, env));
        if (from.k === "alt") return this.split(from, (one) => this.objectSpread(node, env, property, one));
        for (const name of this.fieldNames(from)) fields.push([name, this.member(from, name)]);
      } else if (property.kind !== "init")
        throw new Unsupported("a getter or a setter", "a field or a function");
      else fields.push([this.propertyName(property, env), this.refined(this.evaluate(property.value, env))]);
    }
    return this.makeObject(new Map(fields));
  }

  /** The same object literal, with what is spread in one place given. */
  private objectSpread(node: any, env: Env, at: any, given: Value): Value {
    const scope = this.scope(env);
    scope.bind("…", { value: given });
    const properties = node.properties.map((property: any) =>
      property === at ? { ...property, argument: { type: "Identifier", name: "…" } } : property,
    );
    return this.objectOf({ ...node, properties }, scope);
  }

  private arrayOf(node: any, env: Env): Value {
    const [only] = node.elements;
    if (node.elements.length === 1 && only?.type === "SpreadElement") {
      // One of several tables: an array of each.
      const from = this.refined(this.evaluate(only.argument, env));
      return this.split(from, (one) =>
        this.newArray(this.items(one).map(({ value, when }) => unconditional(value, when))),
      );
    }
    const values: Value[] = [];
    for (const element of node.elements) {
      if (element === null) values.push(UNDEFINED);
      else if (element.type !== "SpreadElement") values.push(this.refined(this.evaluate(element, env)));
      else {
        for (const { value, when } of this.items(this.evaluate(element.argument, env)))
          values.push(unconditional(value, when));
      }
    }
    // Never one of the values at hand: what is pushed to it may depend on the way here.
    return this.newArray(values);
  }

  private logicalOf(node: any, env: Env): Value {
    const left = this.refined(this.evaluate(node.left, env));
    const right = (): Value => this.refined(this.evaluate(node.right, env));
    if (node.operator !== "??") return this.logical(node.operator, left, right);
    return this.conditional(this.nullish(left), right, () => this.refined(left));
  }

  private assignment(node: any, env: Env): Value {
    const { left, operator } = node;
    if (left.type === "ObjectPattern" || left.type === "ArrayPattern")
      throw new Unsupported("an assignment to a pattern", "one assignment after the other");
    const place = this.placeOf(left, env);
    if (operator === "=") {
      const value = this.refined(this.evaluate(node.right, env));
      place.set(value);
      return value;
    }
    const binary = operator.slice(0, -1);
    if (binary === "&&" || binary === "||") {
      const value = this.logical(binary, this.refined(place.get()), () =>
        this.refined(this.evaluate(node.right, env)),
      );
      place.set(value);
      return value;
    }
    if (binary === "??") {
      const old = place.get();
      const value = this.conditional(
        this.nullish(old),
        () => this.refined(this.evaluate(node.right, env)),
        () => this.refined(old),
      );
      place.set(value);
      return value;
    }
    const value = this.binary(binary, place.get(), this.evaluate(node.right, env));
    place.set(value);
    return value;
  }

  private update(node: any, env: Env): Value {
    const place = this.placeOf(node.argument, env);
    const old = this.refined(place.get());
    const value = this.binary(node.operator === "++" ? "+" : "-", old, fixed(1));
    place.set(value);
    return node.prefix ? value : old;
  }

  private placeOf(node: any, env: Env): { get(): Value; set(value: Value): void } {
    if (node.type === "Identifier") {
      const binding = env.find(node.name);
      if (binding === undefined || "value" in binding)
        throw new Unsupported(
          `writing to ${node.name}, a variable outside of the call`,
          "a cell of the state, or what the call keeps",
        );
      return {
        get: () => this.variable(node.name, env),
        set: (value) => void this.flow.heap.set(binding.slot, value),
      };
    }
    if (node.type !== "MemberExpression")
      throw new Unsupported(`an assignment to ${node.type}`, "a variable or a field");
    const of = this.evaluate(node.object, env);
    const name = node.computed ? this.evaluate(node.property, env) : fixed(node.property.name);
    return { get: () => this.entry(of, name), set: (value) => this.setMember(of, name, value) };
  }
}

function unconditional(value: Value, when: object | null): Value {
  if (when !== null) throw new Unsupported("a list that was filtered, spread out", "a loop");
  return value;
}

/** Functions of the engine whose result depends on their one argument alone. */
const PLAIN = new Set<unknown>([Number, String, Boolean, BigInt, Math.abs]);

/** Names that something inside assigns to. */
function assigned(node: object): Set<string> {
  const known = assignedNames.get(node);
  if (known !== undefined) return known;
  const names = new Set<string>();
  const visit = (one: any): void => {
    if (one === null || typeof one !== "object") return;
    if (Array.isArray(one)) return one.forEach(visit);
    if (one.type === "AssignmentExpression" && one.left.type === "Identifier") names.add(one.left.name);
    if (one.type === "UpdateExpression" && one.argument.type === "Identifier") names.add(one.argument.name);
    for (const [key, value] of Object.entries(one))
      if (key !== "type" && typeof value === "object") visit(value);
  };
  visit(node);
  assignedNames.set(node, names);
  return names;
}

/** The whole function: a variable may be assigned to by what is written inside of it. */
function rootOf(env: Env): object {
  return env.source.node;
}
