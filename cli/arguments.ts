/** Arguments of the command line, decoded; each refusal says what was possible. */
import { availableParallelism, totalmem } from "node:os";
import { UsageError } from "../checkers/usage-error.ts";
import type { Budget } from "../checkers/explore/search.ts";
import type { AnyDesign, Bounds, Vector } from "../spec/language/design.ts";
import { PROFILES, type Profile } from "../spec/language/design.ts";
import { FAILED_CALL } from "../spec/language/property.ts";

/** `vms=2,files=1,types=any` */
export function boundsFrom(text: string): Bounds {
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [name, value, ...rest] = part.split("=");
      if (name === undefined || name === "" || value === undefined || value === "" || rest.length > 0) {
        throw new UsageError(
          `--bounds: "${part}" is not a bound; expected NAME=VALUE, as in vms=2,files=1,pages=2`,
        );
      }
      return [name.trim(), /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value];
    }),
  );
}

export function profileFrom(text: string): Profile {
  const profile = PROFILES.find((known) => known === text);
  if (profile === undefined) throw new UsageError(`--track: "${text}" is not one of ${PROFILES.join(", ")}`);
  return profile;
}

/** A positive number with an optional unit: 1000, 5e6, 2G. */
export function amount(option: string): (text: string) => number {
  return (text) => {
    const found = /^(\d+(?:\.\d+)?(?:e\d+)?)([kMG]?)$/i.exec(text);
    const unit = { "": 1, k: 1e3, m: 1e6, g: 1e9 }[found?.[2]?.toLowerCase() ?? ""] ?? NaN;
    const value = found === null ? NaN : Number(found[1]) * unit;
    if (!Number.isFinite(value) || value <= 0) {
      throw new UsageError(
        `${option}: "${text}" is not a positive number; expected for example 1000, 5e6, 2G`,
      );
    }
    return value;
  };
}

export interface VectorOptions {
  readonly bounds?: Bounds;
  readonly scenario?: string;
  readonly track?: Profile;
  readonly quick?: boolean;
}

/** The runs to make: those asked for, or the design's own. */
export function vectorsFor(design: AnyDesign, options: VectorOptions): readonly Vector[] {
  const { bounds, scenario, track, quick } = options;
  if (bounds !== undefined || scenario !== undefined || track !== undefined) {
    return [
      {
        bounds: bounds ?? {},
        ...(scenario === undefined ? {} : { scenario }),
        ...(track === undefined ? {} : { track }),
      },
    ];
  }
  const vectors = quick === true ? design.vectors.filter((vector) => vector.quick) : design.vectors;
  if (vectors.length > 0) return vectors;
  const what = quick === true ? "vector marked quick" : "vectors";
  throw new UsageError(
    `${design.name} has no ${what}\n  name --bounds or a --scenario, or give the design one: vectors: [{ bounds: {}, quick: true }]`,
  );
}

export interface BudgetOptions {
  readonly maxStates?: number;
  readonly maxSeconds?: number;
  readonly maxBytes?: number;
  readonly workers?: number;
}

/** Half of the machine's memory, shared by the threads: a table is copied when it grows. */
function defaultBytes(workers: number): number {
  return Math.floor(totalmem() / 2 / workers);
}

export function workersFrom(text: string): number {
  const workers = Number(text);
  if (Number.isInteger(workers) && workers >= 1 && workers <= 256) return workers;
  throw new UsageError(`--workers: "${text}" is not a whole number from 1 to 256`);
}

export function budgetFrom({ maxStates, maxSeconds, maxBytes, workers }: BudgetOptions): Budget {
  return {
    states: maxStates ?? Infinity,
    seconds: maxSeconds ?? Infinity,
    bytes: maxBytes ?? defaultBytes(workers ?? availableParallelism()),
  };
}

export function propertiesOf(design: AnyDesign): string[] {
  return [...design.promises, ...(design.statements ?? [])].map(({ name }) => name).concat(FAILED_CALL.name);
}

/** Refuses a property that one of the designs has not; of a whole registry, one that none has. */
export function checkProperties(
  names: readonly string[],
  designs: readonly AnyDesign[],
  registry: boolean,
): void {
  for (const name of names) {
    const without = designs.filter((design) => !propertiesOf(design).includes(name));
    if (without.length === 0 || (registry && without.length < designs.length)) continue;
    const [{ name: design }] = without as [AnyDesign, ...AnyDesign[]];
    const who = registry ? "there is" : `${design} has`;
    const known = new Set((registry ? designs : without.slice(0, 1)).flatMap(propertiesOf));
    throw new UsageError(`--property: ${who} no property "${name}"\n  there are: ${[...known].join(", ")}`);
  }
}

export function oneOf<const T extends string>(option: string, values: readonly T[]): (text: string) => T {
  return (text) => {
    const value = values.find((known) => known === text);
    if (value === undefined) throw new UsageError(`${option}: "${text}" is not one of ${values.join(", ")}`);
    return value;
  };
}
