/** Arguments of the command line, decoded; each refusal says what was possible. */
import { availableParallelism, totalmem } from "node:os";
import { UsageError } from "../checkers/usage-error.ts";
import type { Budget } from "../checkers/explore/sweep.ts";
import { PROFILES, type Bounds, type Profile } from "../spec/language/design.ts";

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

export function overlapFrom(text: string): number {
  const overlap = Number(text);
  if (/^\d+$/.test(text) && overlap >= 1 && overlap <= 64) return overlap;
  throw new UsageError(
    `--overlap: "${text}" is not a whole number from 1 to 64; it is the most calls that are in flight at once`,
  );
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

export interface BudgetOptions {
  readonly maxStates?: number;
  readonly maxSeconds?: number;
  readonly maxBytes?: number;
  readonly workers?: number;
}

/** Half of the machine's memory, shared by the runs that go on at the same time: a table is copied when it grows. */
function defaultBytes(runs: number): number {
  return Math.floor(totalmem() / 2 / runs);
}

export const workersFrom = countFrom("--workers", 256);

export function countFrom(option: string, most: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (Number.isInteger(n) && n >= 1 && n <= most) return n;
    throw new UsageError(`${option}: "${text}" is not a whole number from 1 to ${most}`);
  };
}

/** Of each of some runs. */
export function budgetFrom(
  { maxStates, maxSeconds, maxBytes, workers = availableParallelism() }: BudgetOptions,
  runs: number,
): Budget {
  return {
    states: maxStates ?? Infinity,
    seconds: maxSeconds ?? Infinity,
    bytes: maxBytes ?? defaultBytes(Math.min(workers, runs)),
  };
}

export function seedFrom(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed < 2 ** 31) return seed;
  throw new UsageError(`--seed: "${text}" is not a whole number from 0 to ${2 ** 31 - 1}`);
}

export function oneOf<const T extends string>(option: string, values: readonly T[]): (text: string) => T {
  return (text) => {
    const value = values.find((known) => known === text);
    if (value === undefined) throw new UsageError(`${option}: "${text}" is not one of ${values.join(", ")}`);
    return value;
  };
}
