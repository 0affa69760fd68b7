/**
 * The promises that two designs keep, over all runs: one is lost where the first design kept it in every run, and the second one breaks it in some.
 * Statements are left out: they are claims on one version, and what they say of behaviour shows in the lockstep.
 */
import type { Vector } from "../../spec/language/design.ts";
import { checkVector, invalidModel, type PropertyReport, type RunReport } from "../explore/check.ts";
import { namesAsked } from "../explore/asked.ts";
import type { Bounded } from "../explore/bounded.ts";
import type { SearchOptions } from "../explore/sweep.ts";
import type { Difference } from "./comparison.ts";
import type { Shared } from "./shared.ts";

interface Broken {
  readonly report: PropertyReport;
  readonly run: number;
}

/** What one design does to each promise, over the runs so far. */
class Kept {
  readonly broken = new Map<string, Broken>();
  readonly held = new Set<string>();

  add(report: RunReport, run: number): void {
    for (const property of report.properties) {
      if (property.verdict === "holds" && property.kind !== "sometimes") this.held.add(property.name);
      if (property.verdict !== "violated") continue;
      const known = this.broken.get(property.name);
      if (known === undefined || property.steps! < known.report.steps!)
        this.broken.set(property.name, { report: property, run });
    }
  }
}

export class Promises {
  private readonly a = new Kept();
  private readonly b = new Kept();

  /** Asks both designs; why that is not complete, or null. */
  async add(shared: Shared, vector: Vector, run: number, options: SearchOptions): Promise<string | null> {
    const only = promisesOfBoth(shared);
    const { budget, stop, interpreted, onProgress } = options;
    const search: SearchOptions = {
      budget,
      only,
      ...(stop === undefined ? {} : { stop }),
      ...(interpreted === undefined ? {} : { interpreted }),
      ...(onProgress === undefined ? {} : { onProgress }),
    };
    for (const [kept, { design, bounds }] of [
      [this.a, shared.a],
      [this.b, shared.b],
    ] as const) {
      const report = await checkVector(design, { ...vector, bounds }, search);
      if (report.verdict === "invalid") throw invalidModel(report, design);
      kept.add(report, run);
      if (!report.complete) return `the promises of ${design.name}: ${report.reason}`;
    }
    return null;
  }

  differences(): Difference[] {
    const { a, b } = this;
    const lost = [...b.broken].filter(([name]) => !a.broken.has(name) && a.held.has(name));
    const gained = [...a.broken].filter(([name]) => !b.broken.has(name) && b.held.has(name));
    return [
      ...lost.map(([subject, { report, run }]): Difference => {
        const traces = { a: null, b: report.trace ?? null };
        const how = { from: "holds", to: "violated", compatibility: "breaks" } as const;
        return { kind: "promise lost", subject, ...how, traces, run };
      }),
      ...gained.map(([subject, { report, run }]): Difference => {
        const traces = { a: report.trace ?? null, b: null };
        const how = { from: "violated", to: "holds", compatibility: "compatible" } as const;
        return { kind: "promise gained", subject, ...how, traces, run };
      }),
    ];
  }
}

/** What both designs promise, and what the language holds every call to. */
function promisesOfBoth({ a, b }: Shared): Set<string> {
  const own = ({ design }: Bounded): Set<string> =>
    new Set((design.statements ?? []).map(({ name }) => name));
  const [ofA, ofB] = [own(a), own(b)];
  const inB = new Set(namesAsked(b.design, b.mode));
  return new Set(
    namesAsked(a.design, a.mode).filter((name) => inB.has(name) && !ofA.has(name) && !ofB.has(name)),
  );
}
