/**
 * Runs in which nothing is trusted: the state is handed to calls, properties and views behind a guard, which refuses an index outside of
 * its table and a field that a record has not, and asks the domain at every write. Fast runs see such an access only where it leaves a value outside
 * its domain in the state.
 */
import type { AnyDomain, Shape } from "../../spec/language/domain.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Bounded } from "./bounded.ts";
import { makeCodec, type Codec, type Tracking } from "./codec.ts";
import type { Havoc } from "./havoc.ts";
import { Misuse } from "./misuse.ts";
import { Program, type Context } from "./program.ts";
import { makeInstance } from "./sequential.ts";
import { indexSize, outside, show, type Sizes } from "./walk.ts";

type Plain = Record<string, unknown>;
type RecordShape = Extract<Shape, { kind: "record" }>;
type PerShape = Extract<Shape, { kind: "per" }>;

/** The same run with everything checked. */
export function paranoid(subject: Bounded): Bounded {
  const programs = new Map<Program, Program>();
  const instances = subject.instances.map(({ name, call, params, program }) => {
    const guarded = programs.get(program) ?? new GuardedProgram(name, call, subject.sizes);
    programs.set(program, guarded);
    return makeInstance(name, call, params, subject.sizes, guarded);
  });
  return { ...subject, instances, isParanoid: true };
}

/** The codec of a run; its draft is guarded where everything is checked. */
export function codecFor(subject: Bounded, tracking: Tracking, havoc: Havoc): Codec {
  const { design, sizes, isParanoid } = subject;
  const codec = makeCodec(design.state, sizes, tracking, havoc, design.place);
  return isParanoid ? guarded(codec, subject, havoc) : codec;
}

function guarded(codec: Codec, { design, sizes }: Bounded, havoc: Havoc): Codec {
  const guard = new Guard(sizes);
  const draft = guard.of(design.state, codec.draft, new Way("")) as object;
  const again = new Int32Array(codec.words);
  return {
    ...codec,
    draft,
    pack(state, out, offset) {
      if (state !== draft) return codec.pack(state, out, offset);
      // To look at a cell that is not tracked is to choose its value.
      const bad =
        havoc.isEmpty && guard.wrote
          ? named("a rule of dead fields", () => outside(design.state, sizes, draft, ""))
          : null;
      if (bad !== null)
        throw new ModelError(
          `${bad.path === "" ? "the state" : bad.path} was set to ${bad.found}; allowed: ${bad.allowed}`,
          design.place,
          "an object that was written to behind the state's back, after it became part of it",
        );
      codec.pack(codec.draft, out, offset);
    },
    unpack(from, offset) {
      codec.unpack(from, offset);
      guard.wrote = false;
      havoc.forget();
      codec.pack(codec.draft, again, 0);
      if (again.every((word, i) => word === from[offset + i])) return;
      throw new ModelError(
        "a state that is packed, unpacked and packed again is another one",
        design.place,
        "a field that is dead by another field, which is dead itself; or by something outside of the record",
      );
    },
  };
}

function named<T>(who: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw error instanceof Misuse ? error.by(who) : error;
  }
}

/** What stands behind a guard, and what it was guarded as. */
const BEHIND = new WeakMap<object, { readonly value: object; readonly shape: Shape }>();
/** Everything that has a guard. */
const GUARDED = new WeakSet<object>();

class Guard {
  /** Something was written. */
  wrote = false;
  private readonly sizes: Sizes;
  private readonly guards = new WeakMap<object, { readonly proxy: object; readonly way: Way }>();

  constructor(sizes: Sizes) {
    this.sizes = sizes;
  }

  /** A value of a domain, behind its guard where it has parts. */
  of(domain: AnyDomain, value: unknown, way: Way): unknown {
    if (typeof value !== "object" || value === null || BEHIND.has(value)) return value;
    const known = this.guards.get(value);
    if (known !== undefined) {
      known.way.follow(way);
      return known.proxy;
    }
    const shape = bare(domain.shape);
    if (shape.kind !== "record" && shape.kind !== "per") return value;
    const proxy = new Proxy(
      value,
      shape.kind === "record" ? this.ofRecord(shape, way) : this.ofTable(shape, way),
    );
    this.guards.set(value, { proxy, way });
    BEHIND.set(proxy, { value, shape });
    GUARDED.add(value);
    return proxy;
  }

  /** The value itself, and its parts themselves. */
  raw(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const behind = BEHIND.get(value);
    if (behind !== undefined) return behind.value;
    // What was guarded before has no guards inside.
    if (GUARDED.has(value)) return value;
    for (const [key, part] of Object.entries(value)) {
      const raw = this.raw(part);
      if (raw !== part) (value as Plain)[key] = raw;
    }
    return value;
  }

  /** The value to write, without its guards; refused where it is not of the domain. */
  written(domain: AnyDomain, value: unknown, way: Way): unknown {
    const bad = outside(domain, this.sizes, value, "", (part, as) => BEHIND.get(part)?.shape === as);
    if (bad !== null)
      throw new Misuse(
        `sets ${way.to(bad.path === "" || bad.path.startsWith("[") ? bad.path : `.${bad.path}`)} to ${bad.found}; allowed: ${bad.allowed}`,
      );
    this.wrote = true;
    return this.raw(value);
  }

  private ofRecord({ fields }: RecordShape, way: Way): ProxyHandler<object> {
    return this.handler(way, OF_OBJECTS, (name) => {
      if (Object.hasOwn(fields, name)) return fields[name]!;
      return `there is no such field, the record has ${Object.keys(fields).join(", ")}`;
    });
  }

  private ofTable(shape: PerShape, way: Way): ProxyHandler<object> {
    const length = indexSize(shape, this.sizes);
    const entries = new Set(Array.from({ length }, (_, i) => String(i)));
    return this.handler(way, OF_ARRAYS, (name) =>
      entries.has(name) ? shape.of : `the table has ${length} entries, from 0 on`,
    );
  }

  /** `domainOf` says why there is no such part where there is none. */
  private handler(
    way: Way,
    builtIn: ReadonlySet<string>,
    domainOf: (name: string) => AnyDomain | string,
  ): ProxyHandler<object> {
    const refuse = (does: string, name: string | symbol, why: string): never => {
      throw new Misuse(`${does} ${way.to(part(builtIn, String(name)))}; ${why}`);
    };
    return {
      get: (target, name) => {
        if (typeof name === "symbol") return Reflect.get(target, name);
        const domain = domainOf(name);
        if (typeof domain === "string")
          return builtIn.has(name) ? Reflect.get(target, name) : refuse("reads", name, domain);
        const value = (target as Plain)[name];
        // A part of what is frozen can have no guard of its own.
        return Object.isFrozen(target) ? value : this.of(domain, value, new Way(part(builtIn, name), way));
      },
      set: (target, name, value) => {
        const domain = typeof name === "symbol" ? "it is no name" : domainOf(name);
        if (typeof domain === "string" || typeof name === "symbol")
          return refuse("sets", name, String(domain));
        (target as Plain)[name] = this.written(domain, value, new Way(part(builtIn, name), way));
        return true;
      },
      deleteProperty: (_, name) => refuse("deletes", name, "parts of a state stay"),
      defineProperty: (_, name) => refuse("defines", name, "parts of a state are set"),
    };
  }
}

/** How something was last reached: its path is made when it is asked for. */
class Way {
  private part: string;
  private from: Way | null;

  constructor(part: string, from: Way | null = null) {
    this.part = part;
    this.from = from;
  }

  follow({ part, from }: Way): void {
    this.part = part;
    this.from = from;
  }

  to(part: string): string {
    const path = `${this.from?.to("") ?? ""}${this.part}${part}`;
    return path.startsWith(".") ? path.slice(1) : path;
  }
}
/** What every object has, and what JSON asks for. */
const OF_OBJECTS: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), "toJSON"]);
const OF_ARRAYS: ReadonlySet<string> = new Set([
  ...OF_OBJECTS,
  ...Object.getOwnPropertyNames(Array.prototype),
]);

function bare(shape: Shape): Shape {
  if (
    shape.kind === "maybe" ||
    shape.kind === "tracked" ||
    shape.kind === "location" ||
    shape.kind === "pointing"
  )
    return bare(shape.of.shape);
  return shape;
}

const part = (builtIn: ReadonlySet<string>, name: string): string =>
  builtIn === OF_ARRAYS ? `[${name}]` : `.${name}`;

/** A program whose context is guarded: parameters are read, and what the call keeps is of its domain. */
class GuardedProgram extends Program {
  private readonly guard: Guard;
  private readonly names: ReadonlySet<string>;

  constructor(name: string, call: Program["call"], sizes: Sizes) {
    super(name, call, sizes);
    this.guard = new Guard(sizes);
    this.names = new Set([...Object.keys(call.takes), ...Object.keys(call.keeps)]);
  }

  override context(params: Context): Context {
    const { keeps } = this.call;
    return new Proxy(super.context(params), {
      get: (target, name) => {
        if (typeof name === "symbol" || (OF_OBJECTS.has(name) && !Object.hasOwn(target, name)))
          return Reflect.get(target, name);
        if (!this.names.has(name))
          throw new Misuse(`reads c.${name}; the call takes and keeps ${[...this.names].join(", ")}`);
        const domain = keeps[name];
        return domain === undefined
          ? target[name]
          : this.guard.of(domain, target[name], new Way(`c.${name}`));
      },
      set: (target, name, value) => {
        const domain = typeof name === "string" && Object.hasOwn(keeps, name) ? keeps[name] : undefined;
        if (domain === undefined)
          throw new Misuse(
            `sets c.${String(name)} to ${show(value)}; the call keeps ${Object.keys(keeps).join(", ") || "nothing"}`,
          );
        target[name as string] = this.guard.written(domain, value, new Way(`c.${String(name)}`));
        return true;
      },
    });
  }

  override keptIn(context: Context): unknown[] {
    return this.kept.map(([key]) => structuredClone(this.guard.raw(context[key])));
  }
}
