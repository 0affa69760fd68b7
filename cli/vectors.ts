/** Which runs to make of a design, and which properties they ask. */
import { namesAsked } from "../checkers/explore/asked.ts";
import { resolveBounds, scenarioOf } from "../checkers/explore/bounded.ts";
import { vectorKey } from "../checkers/explore/pin.ts";
import { UsageError } from "../checkers/usage-error.ts";
import {
  MODES,
  type AnyDesign,
  type Bounds,
  type Mode,
  type Profile,
  type Vector,
} from "../spec/language/design.ts";

export interface VectorOptions {
  readonly bounds?: Bounds;
  readonly scenario?: string;
  readonly track?: Profile;
  readonly mode?: Mode;
  readonly overlap?: number;
  readonly quick?: boolean;
}

/** The mode that was asked for, by its name or by --overlap; undefined where none was. */
function modeFor({ mode, overlap }: VectorOptions): Mode | undefined {
  if (overlap === undefined) return mode;
  if (mode === undefined || mode === "overlap") return "overlap";
  const why = mode === "full" ? "as many calls overlap as there are actors" : "no calls overlap";
  throw new UsageError(`--overlap ${overlap}: with --mode ${mode}, ${why}`);
}

/** The runs to make: those asked for, or the design's own; none where it has none of that kind. */
export function vectorsFor(design: AnyDesign, options: VectorOptions): readonly Vector[] {
  const { bounds, scenario, track, overlap, quick } = options;
  const mode = modeFor(options);
  if (bounds !== undefined || scenario !== undefined || track !== undefined) {
    return [
      {
        bounds: bounds ?? {},
        ...(scenario === undefined ? {} : { scenario }),
        ...(track === undefined ? {} : { track }),
        ...(mode === undefined ? {} : { mode }),
        ...(overlap === undefined ? {} : { overlap }),
      },
    ];
  }
  const own = design.vectors.filter(
    (vector) =>
      (quick !== true || vector.quick === true) &&
      (mode === undefined || (vector.mode ?? "sequential") === mode),
  );
  // As many in flight as was asked for; vectors that differ in that alone are one then.
  if (overlap === undefined) return own;
  const asked = own.map((vector) => ({ ...vector, overlap }));
  return [...new Map(asked.map((vector) => [vectorKey(vector), vector])).values()];
}

/** Refuses bounds that cannot be and scenarios that are none, before anything runs. */
export function checkVectors(design: AnyDesign, vectors: readonly Vector[]): void {
  for (const { bounds, scenario } of vectors) {
    resolveBounds(design, bounds);
    scenarioOf(design, scenario);
  }
}

export function noVectors({ name }: AnyDesign, options: VectorOptions): UsageError {
  const mode = modeFor(options);
  const of = mode === undefined ? "" : ` of mode ${mode}`;
  const what = options.quick === true ? `vector${of} marked quick` : `vectors${of}`;
  return new UsageError(
    `${name} has no ${what}\n  name --bounds or a --scenario, or give the design one: vectors: [{ bounds: {}, quick: true }]`,
  );
}

/** What runs of a design ask. */
export interface Asking {
  readonly design: AnyDesign;
  readonly vectors: readonly Vector[];
}

/** The properties that a run of a vector asks. */
export function propertiesOf(design: AnyDesign, vector: Vector): string[] {
  return namesAsked(design, vector.mode ?? "sequential");
}

/** Refuses a property that one of the designs is not asked for; of a whole registry, one that none is. */
export function checkProperties(
  names: readonly string[],
  asking: readonly Asking[],
  registry: boolean,
): void {
  const asked = ({ design, vectors }: Asking): string[] =>
    vectors.flatMap((vector) => propertiesOf(design, vector));
  for (const name of names) {
    const without = asking.filter((one) => !asked(one).includes(name));
    if (without.length === 0 || (registry && without.length < asking.length)) continue;
    const [{ design }] = without as [Asking, ...Asking[]];
    const other = MODES.find((mode) => namesAsked(design, mode).includes(name));
    if (other !== undefined)
      throw new UsageError(`--property: ${name} is asked in runs of --mode ${other}, and this is none`);
    const who = registry ? "there is" : `${design.name} has`;
    const known = new Set((registry ? asking : without.slice(0, 1)).flatMap(asked));
    throw new UsageError(`--property: ${who} no property "${name}"\n  there are: ${[...known].join(", ")}`);
  }
}
