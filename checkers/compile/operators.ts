/** Operators on values that are known only in part. */
import { bit, mapping } from "./core.ts";
import { both } from "./masks.ts";
import { Memory } from "./memory.ts";
import {
  FALSE,
  TEXT,
  TRUE,
  Unsupported,
  fixed,
  flag,
  isStatic,
  type Alt,
  type Bool,
  type Fact,
  type Num,
  type Value,
} from "./value.ts";

const YES: Bool = { k: "bool", e: "true", yes: [], no: [] };
const NO: Bool = { k: "bool", e: "false", yes: [], no: [] };

/** Ranges of numbers up to here are told apart value by value. */
export const SMALL = 30;

export abstract class Operators extends Memory {
  /** Whether a value is true in the sense of the language. */
  truth(given: Value): Bool {
    const value = this.refined(given);
    switch (value.k) {
      case "static":
        return value.v ? YES : NO;
      case "bool":
        return value;
      case "num": {
        const { lo, hi } = this.range(value);
        if (lo > 0 || hi < 0) return YES;
        return { k: "bool", e: `${value.e} !== 0`, yes: [[value.e, ~1]], no: [[value.e, 1]] };
      }
      case "alt":
        return this.which(value, (one) => this.truth(one));
      case "text":
        throw new Unsupported("a decision by a text", "a decision by what it was made from");
      default:
        return YES;
    }
  }

  asValue(condition: Bool): Value {
    if (condition === YES) return TRUE;
    if (condition === NO) return FALSE;
    return condition;
  }

  /** In which alternatives something holds. */
  private which(value: Alt, holds: (one: Value) => Bool): Bool {
    let mask = 0;
    const places: [number, string][] = [];
    const feasible = this.feasible(value);
    const wide = feasible.some((i) => i > SMALL);
    for (const i of feasible) {
      const one = holds(value.alts[i]!);
      if (one === YES) mask |= bit(i);
      else if (one !== NO) places.push([i, one.e]);
      if (wide && one === YES) places.push([i, "true"]);
    }
    if (places.length > 0) {
      const parts = places.map(([i, e]) =>
        e === "true" ? `${value.e} === ${i}` : `(${value.e} === ${i} && ${e})`,
      );
      if (!wide && mask !== 0) parts.push(this.oneOf(value, feasible, mask).e);
      return { k: "bool", e: parts.length === 1 ? parts[0]! : `(${parts.join(" || ")})`, yes: [], no: [] };
    }
    return this.oneOf(value, feasible, mask);
  }

  /** The alternative is one of a set. */
  protected oneOf({ e }: Alt, feasible: readonly number[], mask: number): Bool {
    const inside = feasible.filter((i) => (mask & bit(i)) !== 0);
    if (inside.length === 0) return NO;
    if (inside.length === feasible.length) return YES;
    const outside = feasible.length - inside.length;
    const text =
      inside.length === 1
        ? `${e} === ${inside[0]}`
        : outside === 1
          ? `${e} !== ${feasible.find((i) => (mask & bit(i)) === 0)}`
          : `((${mask} >>> ${e}) & 1) !== 0`;
    return { k: "bool", e: text, yes: [[e, mask]], no: [[e, ~mask]] };
  }

  not(condition: Bool): Bool {
    if (condition === YES) return NO;
    if (condition === NO) return YES;
    return { k: "bool", e: `!(${condition.e})`, yes: condition.no, no: condition.yes };
  }

  and(a: Bool, b: Bool): Bool {
    if (a === NO || b === YES) return a;
    if (b === NO || a === YES) return b;
    return { k: "bool", e: both(a.e, b.e), yes: [...a.yes, ...b.yes], no: [] };
  }

  or(a: Bool, b: Bool): Bool {
    if (a === YES || b === NO) return a;
    if (b === YES || a === NO) return b;
    return { k: "bool", e: `(${a.e} || ${b.e})`, yes: [], no: [...a.no, ...b.no] };
  }

  /** What a condition is known to be; null where the generated code is to ask. */
  settled(condition: Bool): boolean | null {
    return condition === YES ? true : condition === NO ? false : null;
  }

  /** Strict equality. */
  equal(x: Value, y: Value): Bool {
    const a = this.refined(x);
    const b = this.refined(y);
    if (isStatic(a) && isStatic(b)) return a.v === b.v ? YES : NO;
    if (isStatic(a) || (b.k === "alt" && a.k !== "alt")) return this.equal(b, a);
    if (a.k === "text" || b.k === "text")
      throw new Unsupported("a comparison of texts", "a comparison of what they are made from");
    if (a.k === "bool") return this.equal(this.asFlag(a), b);
    if (b.k === "bool") return this.equal(a, this.asFlag(b));
    if (a.k === "alt")
      return b.k === "alt" ? this.equalAlts(a, b) : this.which(a, (one) => this.equal(one, b));
    if (a.k === "num") return this.equalNumber(a, b);
    if (a.k === "ref" && b.k === "ref")
      return a.cell === b.cell && a.space === b.space && a.stamp === b.stamp ? YES : NO;
    if (a.k === "obj" && b.k === "obj") return a.id === b.id ? YES : NO;
    return NO;
  }

  private equalAlts(a: Alt, b: Alt): Bool {
    const pairs: string[] = [];
    const [of, to] = [this.feasible(a), this.feasible(b)];
    let identical = a.alts.length === b.alts.length;
    let all = true;
    for (const i of of) {
      for (const j of to) {
        const one = this.equal(a.alts[i]!, b.alts[j]!);
        if (this.settled(one) !== (i === j)) identical = false;
        if (one !== YES) all = false;
        if (one === YES) pairs.push(`(${a.e} === ${i} && ${b.e} === ${j})`);
        else if (one !== NO) pairs.push(`(${a.e} === ${i} && ${b.e} === ${j} && ${one.e})`);
      }
    }
    if (all) return YES;
    if (pairs.length === 0) return NO;
    if (identical) return { k: "bool", e: `${a.e} === ${b.e}`, yes: [], no: [] };
    return { k: "bool", e: pairs.length === 1 ? pairs[0]! : `(${pairs.join(" || ")})`, yes: [], no: [] };
  }

  private equalNumber(a: Num, b: Value): Bool {
    const { lo, hi } = this.range(a);
    if (isStatic(b)) {
      if (typeof b.v !== "number" || b.v < lo || b.v > hi) return NO;
      const mask = lo >= 0 && hi <= SMALL ? bit(b.v) : -1;
      return { k: "bool", e: `${a.e} === ${b.v}`, yes: [[a.e, mask]], no: mask === -1 ? [] : [[a.e, ~mask]] };
    }
    if (b.k !== "num") return NO;
    const other = this.range(b);
    if (other.hi < lo || other.lo > hi) return NO;
    return a.e === b.e ? YES : { k: "bool", e: `${a.e} === ${b.e}`, yes: [], no: [] };
  }

  /** A value as a number of generated code; null when it is none. */
  number(given: Value): Num | null {
    const value = this.refined(given);
    if (value.k === "num") return { ...value, ...this.range(value) };
    if (isStatic(value)) {
      if (typeof value.v !== "number" || !Number.isSafeInteger(value.v)) return null;
      return { k: "num", e: value.v < 0 ? `(${value.v})` : String(value.v), lo: value.v, hi: value.v };
    }
    if (value.k !== "alt") return null;
    const places = new Map<number, number>();
    for (const i of this.feasible(value)) {
      const one = value.alts[i]!;
      if (!isStatic(one) || typeof one.v !== "number" || !Number.isSafeInteger(one.v)) return null;
      places.set(i, one.v);
    }
    const numbers = [...places.values()];
    return {
      k: "num",
      e: this.local(mapping(value.e, places)),
      lo: Math.min(...numbers),
      hi: Math.max(...numbers),
    };
  }

  protected asNumberText(value: Value): string {
    const number = this.number(value);
    if (number === null) throw new Unsupported("something that is no number where one is needed", "a number");
    return number.e;
  }

  /** Where alternatives that are no numbers are mixed in, each way on its own. */
  private orSplit(a: Value, b: Value, on: (a: Value, b: Value) => Value): Value {
    if (a.k === "alt") return this.split(a, (one) => on(one, b));
    if (b.k === "alt") return this.split(b, (one) => on(a, one));
    throw new Unsupported("arithmetic with what is no number", "numbers");
  }

  binary(operator: string, x: Value, y: Value): Value {
    const a = this.refined(x);
    const b = this.refined(y);
    if (operator === "===") return this.asValue(this.equal(a, b));
    if (operator === "!==") return this.asValue(this.not(this.equal(a, b)));
    if (isStatic(a) && isStatic(b)) return this.natively(() => staticBinary(operator, a.v, b.v));
    if (operator === "+" && (a.k === "text" || b.k === "text" || isText(a) || isText(b))) return TEXT;
    const left = this.number(a);
    const right = this.number(b);
    if (left === null || right === null) return this.orSplit(a, b, (p, q) => this.binary(operator, p, q));
    if (operator === "<" || operator === "<=" || operator === ">" || operator === ">=")
      return this.asValue(this.compare(operator, left, right));
    return this.arithmetic(operator, left, right);
  }

  /** Runs something of the engine or the model itself; what it throws, the interpreter is to meet. */
  protected natively(run: () => unknown): Value {
    try {
      return fixed(run());
    } catch (error) {
      if (error instanceof Unsupported) throw error;
      return this.giveBack();
    }
  }

  private arithmetic(operator: string, a: Num, b: Num): Value {
    const e = `${a.e} ${operator} ${b.e}`;
    const made = (lo: number, hi: number): Value => {
      if (!Number.isSafeInteger(lo) || !Number.isSafeInteger(hi) || Math.max(-lo, hi) > 2 ** 30)
        throw new Unsupported("numbers beyond 2^30", "smaller ones");
      return lo === hi ? fixed(lo) : { k: "num", e: this.local(e), lo, hi };
    };
    if (operator === "+") return made(a.lo + b.lo, a.hi + b.hi);
    if (operator === "-") return made(a.lo - b.hi, a.hi - b.lo);
    if (operator === "*") {
      const corners = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
      return made(Math.min(...corners), Math.max(...corners));
    }
    if (a.lo >= 0 && b.lo >= 0) {
      if (operator === "%" && b.lo > 0) return made(0, Math.min(a.hi, b.hi - 1));
      if (operator === "&") return made(0, Math.min(a.hi, b.hi));
      if (operator === "|" || operator === "^")
        return made(0, 2 ** (32 - Math.clz32(Math.max(a.hi, b.hi))) - 1);
      if (operator === "<<" && b.hi < 20) return made(a.lo << b.lo, a.hi * 2 ** b.hi);
      if (operator === ">>" || operator === ">>>") return made(a.lo >> Math.min(31, b.hi), a.hi >> b.lo);
    }
    throw new Unsupported(`"${operator}" on numbers that depend on the state`, "+, -, * or a comparison");
  }

  private compare(operator: "<" | "<=" | ">" | ">=", a: Num, b: Num): Bool {
    const outcomes = [
      holds(operator, a.lo, b.hi),
      holds(operator, a.hi, b.lo),
      holds(operator, a.lo, b.lo),
      holds(operator, a.hi, b.hi),
    ];
    if (outcomes.every(Boolean)) return YES;
    if (!outcomes.some(Boolean)) return NO;
    const text = `${a.e} ${operator} ${b.e}`;
    const facts = (value: Num, side: (n: number) => boolean): readonly [Fact[], Fact[]] => {
      if (value.lo < 0 || value.hi > SMALL || value.lo === value.hi) return [[], []];
      let mask = 0;
      for (let n = value.lo; n <= value.hi; n++) if (side(n)) mask |= 1 << n;
      return [[[value.e, mask]], [[value.e, ~mask]]];
    };
    const [yes, no] =
      b.lo === b.hi
        ? facts(a, (n) => holds(operator, n, b.lo))
        : a.lo === a.hi
          ? facts(b, (n) => holds(operator, a.lo, n))
          : [[], []];
    return { k: "bool", e: text, yes: [...yes], no: [...no] };
  }

  unary(operator: string, given: Value): Value {
    const value = this.refined(given);
    if (operator === "!") return this.asValue(this.not(this.truth(value)));
    if (operator === "void") return fixed(undefined);
    if (isStatic(value)) return this.natively(() => staticUnary(operator, value.v));
    if (operator === "typeof") return this.typeOf(value);
    const number = this.number(value);
    if (number === null)
      return this.split(value, (one) => (one === value ? this.notNumber() : this.unary(operator, one)));
    if (operator === "+") return number;
    if (operator === "-") return { k: "num", e: this.local(`-${number.e}`), lo: -number.hi, hi: -number.lo };
    throw new Unsupported(`"${operator}" on a value that depends on the state`, "a comparison");
  }

  private notNumber(): never {
    throw new Unsupported("arithmetic with what is no number", "numbers");
  }

  private typeOf(value: Value): Value {
    switch (value.k) {
      case "num":
        return fixed("number");
      case "bool":
        return fixed("boolean");
      case "fn":
        return fixed("function");
      case "text":
        return fixed("string");
      case "alt":
        return this.mapped(value, (one) => (isStatic(one) ? fixed(typeof one.v) : this.typeOf(one)));
      default:
        return fixed("object");
    }
  }

  /** The same alternatives, each turned into something known without code. */
  mapped({ e, alts }: Alt, to: (one: Value) => Value): Value {
    const value: Alt = { k: "alt", e, alts: alts.map((one, i) => (this.flow.allows(e, i) ? to(one) : one)) };
    const feasible = this.feasible(value);
    const [first] = feasible;
    const alike = feasible.every((i) => {
      const [a, b] = [value.alts[first!]!, value.alts[i]!];
      return isStatic(a) && isStatic(b) && Object.is(a.v, b.v);
    });
    return alike ? value.alts[first!]! : value;
  }

  /** A text of parts: one of several, where each part is one of several. */
  text(parts: readonly (string | Value)[]): Value {
    let combined: Value = fixed("");
    for (const part of parts) {
      const value = typeof part === "string" ? fixed(part) : this.refined(part);
      combined = this.joined(combined, value.k === "bool" ? this.asFlag(value) : value);
      if (combined.k === "text") return TEXT;
    }
    return combined;
  }

  private joined(a: Value, b: Value): Value {
    const [left, right] = [this.texts(a), this.texts(b)];
    if (left === null || right === null || left.length * right.length > SMALL) return TEXT;
    const all = left.flatMap((p) => right.map((q) => fixed(p + q)));
    if (all.length === 1) return all[0]!;
    const place = (value: Value, texts: readonly string[]): string =>
      value.k !== "alt"
        ? "0"
        : mapping(value.e, new Map(this.feasible(value).map((i, at) => [i, texts.length === 1 ? 0 : at])));
    const [p, q] = [place(a, left), place(b, right)];
    return {
      k: "alt",
      e: this.local(right.length === 1 ? p : left.length === 1 ? q : `${p} * ${right.length} + ${q}`),
      alts: all,
    };
  }

  private texts(value: Value): string[] | null {
    if (isStatic(value)) return typeof value.v === "symbol" ? null : [String(value.v)];
    if (value.k !== "alt") return null;
    const texts: string[] = [];
    for (const i of this.feasible(value)) {
      const one = value.alts[i]!;
      if (!isStatic(one)) return null;
      texts.push(String(one.v));
    }
    return texts;
  }

  /** A condition that can be asked again, as a value. */
  flagged(condition: Bool): Value {
    if (condition === YES) return TRUE;
    if (condition === NO) return FALSE;
    return flag(this.local(`(${condition.e}) ? 1 : 0`));
  }
}

function isText(value: Value): boolean {
  return isStatic(value) && typeof value.v === "string";
}

function holds(operator: "<" | "<=" | ">" | ">=", a: number, b: number): boolean {
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

function staticUnary(operator: string, v: any): unknown {
  switch (operator) {
    case "-":
      return -v;
    case "+":
      return +v;
    case "~":
      return ~v;
    case "typeof":
      return typeof v;
    default:
      throw new Unsupported(`the operator ${operator}`, "another one");
  }
}

function staticBinary(operator: string, a: any, b: any): unknown {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "**":
      return a ** b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "<<":
      return a << b;
    case ">>":
      return a >> b;
    case ">>>":
      return a >>> b;
    case "==":
      return a == b;
    case "!=":
      return a != b;
    case "in":
      return a in b;
    case "instanceof":
      return a instanceof b;
    default:
      throw new Unsupported(`the operator ${operator}`, "another one");
  }
}
