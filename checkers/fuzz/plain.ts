/**
 * Plain states at bounds that no packed form is made for: functions generated for a domain, with loops where it has tables. A copy is canonical
 * and checked against the domain; a comparison says which kinds of cells differ: cells whose paths are the same but for indices.
 */
import type { AnyDomain, Shape, TrackGroup } from "../../spec/language/domain.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { cardinality, firstValue, indexSize, outside, type Sizes } from "../explore/walk.ts";

export interface Plain {
  /** A copy in which dead fields have their first values; throws where a value is not of its domain. */
  readonly copy: (state: object) => object;
  /** Whether two canonical states differ; the kinds of the cells that do are set in `marks`. */
  readonly differ: (a: object, b: object, marks: Uint8Array) => boolean;
  /** How many cells of a canonical state have another than their first value: how much there is in it. */
  readonly weight: (state: object) => number;
  /** By their number, the path of each kind: `vms[].slots[][].base`. */
  readonly kinds: readonly string[];
}

/** Cells of the groups that are left out are copied, and compare as equal. */
export function plainOf(
  domain: AnyDomain,
  sizes: Sizes,
  place: string,
  leftOut: readonly TrackGroup[] = [],
): Plain {
  const writer = new Writer(sizes, leftOut);
  const root = writer.node(domain, "");
  const wrong = (state: object): ModelError => {
    const bad = outside(domain, sizes, state, "");
    return new ModelError(
      bad === null
        ? "a value outside its domain"
        : `${bad.path === "" ? "the state" : bad.path} was set to ${bad.found}; allowed: ${bad.allowed}`,
      place,
      "an index computed past the end, a record built with a missing field, or a name that is not in oneOf(…)",
    );
  };
  const body = `"use strict"; const bad = () => { throw Wrong; }; let marks;
    ${writer.functions.join("\n")}
    return {
      copy(s) { try { return ${root.copy("s")}; } catch (error) { throw error === Wrong ? wrong(s) : error; } },
      differ(a, b, into) { marks = into; return ${root.differ("a", "b")}; },
      weight(s) { return ${root.weight("s")}; },
    };`;
  const make = new Function("K", "wrong", "Wrong", body) as (
    constants: readonly unknown[],
    wrong: (state: object) => ModelError,
    Wrong: symbol,
  ) => Pick<Plain, "copy" | "differ" | "weight">;
  return { ...make(writer.constants, wrong, Symbol("outside")), kinds: writer.kinds };
}

/** Expressions for a value: of its copy, of whether two of them differ, and of its weight. */
interface Node {
  readonly copy: (value: string) => string;
  readonly differ: (a: string, b: string) => string;
  readonly weight: (value: string) => string;
}

type Of<K extends Shape["kind"]> = Extract<Shape, { kind: K }>;

class Writer {
  readonly functions: string[] = [];
  readonly constants: unknown[] = [];
  readonly kinds: string[] = [];
  private readonly sizes: Sizes;
  private readonly leftOut: readonly TrackGroup[];
  private names = 0;

  constructor(sizes: Sizes, leftOut: readonly TrackGroup[]) {
    this.sizes = sizes;
    this.leftOut = leftOut;
  }

  node(domain: AnyDomain, path: string): Node {
    const { shape } = domain;
    if (shape.kind === "tracked" && this.leftOut.includes(shape.group))
      return { ...this.node(shape.of, path), differ: () => "false" };
    if (shape.kind === "tracked" || shape.kind === "location" || shape.kind === "pointing")
      return this.node(shape.of, path);
    if (cardinality(domain, this.sizes) !== null) return this.leaf(domain, path);
    if (shape.kind === "record") return this.record(shape, path);
    if (shape.kind === "per") return this.table(shape, path);
    if (shape.kind === "maybe") return this.optional(shape, path);
    throw new TypeError(`no plain form for ${shape.kind}`);
  }

  private leaf(domain: AnyDomain, path: string): Node {
    const check = this.called(["x"], `return ${this.isOf(domain, "x")} ? x : bad();`);
    const first = this.constant(firstValue(domain, this.sizes));
    return {
      copy: (value) => `${check}(${value})`,
      differ: this.noticing(path),
      weight: (value) => `(${value} === ${first} ? 0 : 1)`,
    };
  }

  private isOf(domain: AnyDomain, x: string): string {
    const { shape } = domain;
    switch (shape.kind) {
      case "bool":
        return `(${x} === true || ${x} === false)`;
      case "oneOf":
        return `(${shape.values.map((name) => `${x} === ${JSON.stringify(name)}`).join(" || ")})`;
      case "maybe":
        return `(${x} === null || ${this.isOf(shape.of, x)})`;
      case "tracked":
      case "location":
      case "pointing":
        return this.isOf(shape.of, x);
      default:
        return `(Number.isInteger(${x}) && ${x} >= 0 && ${x} < ${cardinality(domain, this.sizes)})`;
    }
  }

  /** A comparison of single values that marks their kind. */
  private noticing(path: string): Node["differ"] {
    const kind = this.kinds.push(path) - 1;
    return (a, b) => `(${a} !== ${b} && (marks[${kind}] = 1, true))`;
  }

  private record(shape: Of<"record">, path: string): Node {
    const fields = Object.entries(shape.fields).map(([name, field]) => {
      const key = JSON.stringify(name);
      const node = this.node(field, path === "" ? name : `${path}.${name}`);
      const dead = shape.dead[name];
      const live = node.copy(`x[${key}]`);
      if (dead === undefined) return { key, node, copy: live };
      const first = node.copy(this.constant(firstValue(field, this.sizes)));
      return { key, node, copy: `${this.constant(dead)}(x) ? ${first} : ${live}` };
    });
    const copied = fields.map(({ key, copy }) => `${key}: ${copy}`).join(", ");
    const copy = this.called(["x"], `if (x === null || typeof x !== "object") bad(); return { ${copied} };`);
    // Every field is compared, so that all kinds are marked.
    const compared = fields.map(({ key, node }) => node.differ(`a[${key}]`, `b[${key}]`));
    const differ = this.called(["a", "b"], `return ${either(compared)};`);
    const weighed = fields.map(({ key, node }) => node.weight(`x[${key}]`));
    const weight = this.called(["x"], `return ${weighed.length === 0 ? "0" : weighed.join(" + ")};`);
    return by({ copy, differ, weight });
  }

  private table(shape: Of<"per">, path: string): Node {
    const length = indexSize(shape, this.sizes);
    const node = this.node(shape.of, `${path}[]`);
    const copy = this.called(
      ["x"],
      `if (!Array.isArray(x) || x.length !== ${length}) bad();
      const all = []; for (let i = 0; i < ${length}; i++) all.push(${node.copy("x[i]")}); return all;`,
    );
    const differ = this.called(
      ["a", "b"],
      `let found = false; for (let i = 0; i < ${length}; i++) if (${node.differ("a[i]", "b[i]")}) found = true; return found;`,
    );
    const weight = this.called(
      ["x"],
      `let sum = 0; for (let i = 0; i < ${length}; i++) sum += ${node.weight("x[i]")}; return sum;`,
    );
    return by({ copy, differ, weight });
  }

  private optional(shape: Of<"maybe">, path: string): Node {
    const node = this.node(shape.of, path);
    const kind = this.kinds.push(path) - 1;
    const copy = this.called(["x"], `return x === null ? null : ${node.copy("x")};`);
    const differ = this.called(
      ["a", "b"],
      `if (a !== null && b !== null) return ${node.differ("a", "b")}; if (a === b) return false; marks[${kind}] = 1; return true;`,
    );
    const weight = this.called(["x"], `return x === null ? 0 : 1 + ${node.weight("x")};`);
    return by({ copy, differ, weight });
  }

  private called(names: readonly string[], body: string): string {
    const name = `f${this.names++}`;
    this.functions.push(`function ${name}(${names.join(", ")}) { ${body} }`);
    return name;
  }

  private constant(value: unknown): string {
    return `K[${this.constants.push(value) - 1}]`;
  }
}

/** A node by the names of its functions. */
function by({ copy, differ, weight }: Readonly<Record<keyof Node, string>>): Node {
  return {
    copy: (value) => `${copy}(${value})`,
    differ: (a, b) => `${differ}(${a}, ${b})`,
    weight: (value) => `${weight}(${value})`,
  };
}

/** Whether any is true, with all of them evaluated. */
function either(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : `(${conditions.map((one) => `+${one}`).join(" | ")}) !== 0`;
}
