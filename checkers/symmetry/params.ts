/**
 * What a permutation does to calls. A parameter of an `id(…)` domain names its bound; of a number in a `choice(…)` the author says
 * nothing, and `licence.ts` finds out what it stands for by trying.
 */
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDomain } from "../../spec/language/domain.ts";
import type { Scenario } from "../../spec/language/design.ts";
import type { Bounded } from "../explore/bounded.ts";
import { identity } from "../explore/instances.ts";
import { makeInstance, type Instance } from "../explore/sequential.ts";
import { image, permutationOf, generators, type Group, type Permutation } from "./group.ts";

/** The bound that a number in a choice stands for: by call, by path in the parameters (`slot`, `userspace_addr.area`). */
export type Meanings = ReadonlyMap<string, ReadonlyMap<string, string>>;

type Params = Readonly<Record<string, unknown>>;

/** A number among the parameters of a call that names an index. */
interface Named {
  readonly path: string;
  readonly bound: string;
  readonly value: number;
}

/** The parameters of a call with their indices permuted. */
export function permuteParams(
  call: AnyCall,
  params: Params,
  meanings: ReadonlyMap<string, string> | undefined,
  by: Permutation,
): Params {
  const named = namedIn(call, params, meanings);
  const owners = ownersIn(named);
  let moved = params;
  for (const { path, bound, value } of named) {
    const to = image(by, bound, value, owners);
    if (to !== value) moved = withValue(moved, path.split("."), to);
  }
  return moved;
}

/** The indices that a call is about, by bound; the first where it names several. */
export function ownersOf(
  call: AnyCall,
  params: Params,
  meanings: ReadonlyMap<string, string> | undefined,
): Readonly<Record<string, number>> {
  return ownersIn(namedIn(call, params, meanings));
}

function ownersIn(named: readonly Named[]): Record<string, number> {
  const owners: Record<string, number> = {};
  for (const { bound, value } of named) owners[bound] ??= value;
  return owners;
}

function namedIn(call: AnyCall, params: Params, meanings: ReadonlyMap<string, string> | undefined): Named[] {
  const found: Named[] = [];
  for (const [key, param] of Object.entries(call.takes)) {
    if ("shape" in param) inDomain(param as AnyDomain, params[key], key, found);
    else
      for (const [path, value] of numbersIn(params[key], key)) {
        const bound = meanings?.get(path);
        if (bound !== undefined) found.push({ path, bound, value });
      }
  }
  return found;
}

function inDomain({ shape }: AnyDomain, value: unknown, path: string, found: Named[]): void {
  if (value === null || value === undefined) return;
  if (shape.kind === "index" && !shape.ordered)
    found.push({ path, bound: shape.bound, value: value as number });
  else if (shape.kind === "record")
    for (const [name, field] of Object.entries(shape.fields))
      inDomain(field, (value as Record<string, unknown>)[name], `${path}.${name}`, found);
  else if ("of" in shape && shape.kind !== "per") inDomain(shape.of, value, path, found);
}

/** The numbers in a parameter, by path. */
export function numbersIn(value: unknown, path: string): [string, number][] {
  if (typeof value === "number") return [[path, value]];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => numbersIn(inner, `${path}.${name}`));
}

function withValue(params: Params, [first, ...rest]: readonly string[], value: number): Params {
  const inner = rest.length === 0 ? value : withValue(params[first!] as Params, rest, value);
  return { ...params, [first!]: inner };
}

/** Instances by call and parameters; makes those that are not there. */
export class Instances {
  readonly list: Instance[];
  private readonly subject: Bounded;
  private readonly known = new Map<string, number>();

  constructor(subject: Bounded) {
    this.subject = subject;
    this.list = [...subject.instances];
    this.list.forEach((instance, k) => this.known.set(keyOf(instance.name, instance.params), k));
  }

  /** The number of the instance with these parameters, which is made where the run has none. */
  numberOf({ name, call, program }: Instance, params: Params): number {
    const key = keyOf(name, params);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.known.set(key, this.list.length);
    return this.list.push(makeInstance(name, call, params, this.subject.sizes, program)) - 1;
  }

  /** The number of the image of an instance. */
  image(k: number, meanings: Meanings, by: Permutation): number {
    const instance = this.list[k]!;
    const { name, call, params } = instance;
    return this.numberOf(instance, permuteParams(call, params, meanings.get(name), by));
  }
}

function keyOf(name: string, params: Params): string {
  return `${name} ${identity(params)}`;
}

/** A run with the images of its calls: the odd values of a parameter are tried beside first values only, of which others are images. */
export function closed(subject: Bounded, group: Group, meanings: Meanings): Bounded {
  const instances = new Instances(subject);
  const steps = generators(group, subject.sizes).map((of) => permutationOf(of, subject.sizes));
  for (let k = 0; k < instances.list.length; k++)
    for (const step of steps) instances.image(k, meanings, step);
  return { ...subject, instances: instances.list };
}

/** Whether a scenario lets a call in; one that it names and leaves out must not come back as an image. */
export function lets({ only }: Scenario, { name }: Instance, params: Params): boolean {
  return Object.entries(only?.[name] ?? {}).every(([key, keep]) => keep(params[key] as never, params));
}
