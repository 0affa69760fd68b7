/**
 * Translates one section of a call, with what the call knows when it runs: its parameters, and what it keeps. Where it goes on from there,
 * with which locks, is not in the code: the code answers with a number, which stands for what the section returned and what the call
 * keeps by now, and whoever runs it looks up what follows.
 */
import { disabled } from "../../../spec/language/call.ts";
import type { Context, Part } from "../../explore/program.ts";
import { NOW, Translator, type Piece } from "../translator.ts";
import { UNDEFINED, Unsupported, fixed, isStatic, type Obj, type Value } from "../value.ts";

/** The section's condition does not hold: the call waits. */
export const WAITS = -1;
/** The interpreter is to take this step. */
export const GIVEN_BACK = -2;
export const DISABLED = -3;
/** The same, where it has written something before. */
export const DISABLED_AFTER = -4;

/** How a value follows from the digits of the number that the code answers with. */
export type Recipe =
  | { readonly kind: "constant"; readonly value: unknown }
  | { readonly kind: "number"; readonly digit: number; readonly from: number }
  | { readonly kind: "choice"; readonly digit: number; readonly values: readonly unknown[] }
  | {
      readonly kind: "object";
      readonly isArray: boolean;
      readonly fields: readonly (readonly [string, Recipe])[];
    };

/** One place where the code ends: numbers from `first` on are its own. */
export interface Exit {
  readonly first: number;
  /** How many values each digit has, the lowest one first. */
  readonly radices: readonly number[];
  /** What the section returned. */
  readonly step: Recipe;
  /** What the call keeps, where the section may have changed it. */
  readonly kept: readonly (readonly [string, Recipe])[];
}

export interface Section {
  readonly source: string;
  readonly exits: readonly Exit[];
  /** Fields of the context that the code was made for. */
  readonly reads: readonly string[];
}

/** What the call knew before, whatever that was: the code is the same for all that it may be. */
export class Unread {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Numbers of answers beyond which a section is left to the interpreter. */
const MOST_ANSWERS = 2 ** 20;

export class SectionTranslator extends Translator {
  private context: Obj | null = null;
  private readonly looked = new Set<string>();
  /** What the fields of the context are, until they are written to. */
  private readonly known = new Map<string, Value>();
  private exits: Exit[] = [];
  private answers = 0;

  /** Null where it is left to the interpreter. `keeps` names what of the context is no parameter. */
  translate(part: Part, given: Context, keeps: ReadonlySet<string>): Section | null {
    // Rather a section for one value alone than one that is given back.
    return this.attempt(part, given, keeps, true) ?? this.attempt(part, given, keeps, false);
  }

  private attempt(part: Part, given: Context, keeps: ReadonlySet<string>, isOpen: boolean): Section | null {
    this.looked.clear();
    this.known.clear();
    this.exits = [];
    this.answers = 0;
    const complaints = this.complaints.length;
    try {
      const piece = this.piece([`return ${GIVEN_BACK};`], () => this.runSection(part, given, keeps, isOpen));
      if (isOpen && this.complaints.length > complaints) {
        this.complaints.length = complaints;
        return null;
      }
      return { source: this.functionOf(piece), exits: this.exits, reads: [...this.looked] };
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      if (isOpen) this.complaints.length = complaints;
      else this.complain(error, `section "${part.label}"`);
      return null;
    } finally {
      this.context = null;
    }
  }

  private functionOf({ lines, hoists }: Piece): string {
    const text = lines.join("\n");
    const used = new Set(text.match(/\bc\d+_\d+_\d+\b/g));
    const constants = [...hoists]
      .filter(([name]) => used.has(name))
      .map(([name, e]) => `const ${name} = ${e};`);
    const loads = this.words("w").map((name, i) => `const ${name} = from[offset + ${i}];`);
    const starts = this.words("n").map((name, i) => `var ${name} = w${i};`);
    return [...loads, ...constants, ...starts, text].join("\n");
  }

  private runSection(part: Part, given: Context, keeps: ReadonlySet<string>, isOpen: boolean): void {
    const context = this.makeObject(
      Object.entries(given).map(([name, value]) => {
        if (keeps.has(name) && value !== null && typeof value === "object")
          return [name, this.thawed(value)] as const;
        this.known.set(name, fixed(value));
        if (!isOpen) this.looked.add(name);
        return [name, isOpen ? fixed(new Unread(name)) : this.known.get(name)!] as const;
      }),
    );
    this.context = context;
    const s = this.root(NOW);
    const m = fixed(this.subject.m);
    if (part.until !== undefined) {
      this.conditional(
        this.truth(this.invoke(fixed(part.until), [s, context, m], null)),
        () => UNDEFINED,
        () => {
          this.act(`return ${WAITS};`);
          return this.end();
        },
      );
    }
    const step = part.run === undefined ? UNDEFINED : this.invoke(fixed(part.run), [s, context, m], null);
    this.answer(step);
  }

  /** Ends the code: the words of the state as it is now, and the number of what the section returned and keeps. */
  private answer(given: Value): void {
    const step = this.refined(given);
    if (step.k === "alt" && this.feasible(step).some((i) => isDisabled(step.alts[i]!))) {
      this.split(step, (one) => (this.answer(one), UNDEFINED));
      return;
    }
    if (isDisabled(step)) {
      // Where it has written something, that must be undone by now.
      if (!this.isUntouched) this.putWords();
      this.act(`return ${this.isUntouched ? DISABLED : DISABLED_AFTER};`);
      return this.end();
    }
    this.settleDead(this.codec.layout);
    this.answerWith(step);
  }

  private answerWith(step: Value): void {
    const made = new Answer(this);
    let split: Value | null = null;
    const stepRecipe = made.recipe(step);
    const kept: (readonly [string, Recipe])[] = [];
    for (const name of this.flow.shapes.get(this.context!.id)!) {
      const value = this.flow.heap.get(`o${this.context!.id}.${name}`)!;
      if (value === this.known.get(name) || (isStatic(value) && value.v instanceof Unread)) continue;
      if (value.k === "obj") this.looked.add(name);
      kept.push([name, made.recipe(this.refined(value))]);
    }
    split = made.splitAt;
    if (split !== null) {
      this.split(split, () => (this.answerWith(this.refined(step)), UNDEFINED));
      return;
    }
    const count = made.radices.reduce((product, radix) => product * radix, 1);
    if (this.answers + count > MOST_ANSWERS)
      throw new Unsupported("a section with very many answers", "smaller domains");
    this.exits.push({ first: this.answers, radices: made.radices, step: stepRecipe, kept });
    this.putWords();
    this.act(`return ${made.text(this.answers)};`);
    this.answers += count;
    this.end();
  }

  private putWords(): void {
    this.words("n").forEach((name, i) => this.act(`out[at${i === 0 ? "" : ` + ${i}`}] = ${name};`));
  }

  /** What is read is known from then on. */
  override fieldOfObject(object: Obj, name: string): Value | undefined {
    const value = super.fieldOfObject(object, name);
    if (object.id !== this.context?.id || value === undefined) return value;
    if (!this.known.has(name)) this.looked.add(name);
    const isUnread = (one: Value): boolean => isStatic(one) && one.v instanceof Unread;
    if (!isUnread(value) && (value.k !== "alt" || !value.alts.some(isUnread))) return value;
    this.looked.add(name);
    const known = this.known.get(name)!;
    return value.k === "alt"
      ? this.refined({ ...value, alts: value.alts.map((one) => (isUnread(one) ? known : one)) })
      : known;
  }

  protected override missing(object: Obj, name: string): Value {
    if (object.id === this.context?.id) this.looked.add(name);
    return super.missing(object, name);
  }
}

function isDisabled(value: Value): boolean {
  return isStatic(value) && value.v === disabled;
}

/** The number that an exit answers with, digit by digit. */
class Answer {
  readonly radices: number[] = [];
  /** A value with alternatives that are not known each by itself: the flow is to be split there. */
  splitAt: Value | null = null;
  private readonly digits: string[] = [];
  private readonly translator: SectionTranslator;

  constructor(translator: SectionTranslator) {
    this.translator = translator;
  }

  recipe(value: Value): Recipe {
    switch (value.k) {
      case "static":
        return { kind: "constant", value: value.v };
      case "num": {
        const { lo, hi } = this.translator.range(value);
        return {
          kind: "number",
          digit: this.digit(lo === 0 ? value.e : `(${value.e} - ${lo})`, hi - lo + 1),
          from: lo,
        };
      }
      case "bool":
        return { kind: "choice", digit: this.digit(`((${value.e}) ? 1 : 0)`, 2), values: [false, true] };
      case "alt": {
        const feasible = this.translator.feasible(value);
        if (!feasible.every((i) => isStatic(value.alts[i]!))) {
          this.splitAt ??= value;
          return { kind: "constant", value: undefined };
        }
        const values = value.alts.map((one) => (isStatic(one) ? one.v : undefined));
        return { kind: "choice", digit: this.digit(value.e, values.length), values };
      }
      case "ref":
      case "obj": {
        const isArray = value.k === "obj" ? value.isArray : value.cell.kind === "table";
        const names = this.translator.fieldNames(value);
        const fields = names.map((name) => [name, this.recipe(this.translator.member(value, name))] as const);
        return { kind: "object", isArray, fields };
      }
      default:
        throw new Unsupported(
          `a call that keeps or returns a ${value.k}`,
          "numbers, names and records of them",
        );
    }
  }

  private digit(e: string, radix: number): number {
    this.digits.push(e);
    return this.radices.push(radix) - 1;
  }

  /** The number, from its digits. */
  text(first: number): string {
    let scale = 1;
    const terms = first === 0 && this.digits.length > 0 ? [] : [String(first)];
    this.digits.forEach((e, i) => {
      terms.push(scale === 1 ? e : `${e} * ${scale}`);
      scale *= this.radices[i]!;
    });
    return terms.join(" + ");
  }
}

/** What an answer says: what the section returned, and the fields of the context that it has changed. */
export function decode(
  { exits }: Section,
  answer: number,
): { readonly step: unknown; readonly kept: readonly (readonly [string, unknown])[] } {
  let exit = exits[0]!;
  for (const one of exits) if (one.first <= answer) exit = one;
  let rest = answer - exit.first;
  const digits = exit.radices.map((radix) => {
    const digit = rest % radix;
    rest = (rest - digit) / radix;
    return digit;
  });
  const kept = exit.kept.map(([name, recipe]) => [name, follow(recipe, digits)] as const);
  return { step: follow(exit.step, digits), kept: kept.filter(([, value]) => !(value instanceof Unread)) };
}

function follow(recipe: Recipe, digits: readonly number[]): unknown {
  switch (recipe.kind) {
    case "constant":
      return copy(recipe.value);
    case "number":
      return digits[recipe.digit]! + recipe.from;
    case "choice":
      return copy(recipe.values[digits[recipe.digit]!]);
    case "object": {
      const fields = recipe.fields.map(([name, one]) => [name, follow(one, digits)] as const);
      return recipe.isArray ? fields.map(([, value]) => value) : Object.fromEntries(fields);
    }
  }
}

/** A goTo, and the like, is what it is; what a call keeps is its own. */
function copy(value: unknown): unknown {
  return value !== null && typeof value === "object" && !(value instanceof Unread)
    ? structuredClone(value)
    : value;
}
