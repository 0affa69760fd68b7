/** A toy whose calls overlap: a counter, an object that can be freed, two mutexes, and a flag that somebody waits for. */
import { expect } from "vitest";
import {
  bool,
  callsOf,
  design,
  mutex,
  propertiesOf,
  record,
  rwlock,
  srcu,
  upTo,
} from "../../spec/language.ts";
import type { Bounds, ValueOf } from "../../spec/language.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import type { Property } from "../../spec/language/property.ts";
import type { OverlapTrace } from "../../spec/language/trace.ts";
import { checkVector, type PropertyReport, type RunReport } from "../../checkers/explore/check.ts";
import { NO_LIMIT, type SearchOptions } from "../../checkers/explore/sweep.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { writeTrace } from "../../checkers/trace/text.ts";
import { replay, type Replayed } from "../../checkers/trace/replay.ts";

const state = record({ count: upTo("most"), alive: bool, busy: bool, waiters: upTo("most") });
export type State = ValueOf<typeof state>;
type Machine = { readonly most: number };
export const { call } = callsOf<State, Machine>();
export const { always, sometimes, step } = propertiesOf<State>();

export const a = mutex("lock_a", "a toy");
export const b = mutex("lock_b", "a toy");
export const outer = mutex("outer", "a toy");
export const readers = srcu("srcu", "a toy");
export const table = rwlock("table", "a toy");
export const spec = { kernel: "a toy", by: "task", takes: {}, returns: [] } as const;

export function counter(
  calls: Readonly<Record<string, AnyCall<State, Machine>>>,
  promises: readonly Property<State>[] = [],
  more: Partial<AnyDesign> = {},
): AnyDesign {
  return {
    ...design({
      name: "counter",
      says: "a toy",
      source: "test/interleave/counter.ts",
      bounds: {
        tasks: { says: "tasks", default: 2, most: 4 },
        most: { says: "the most that the counter holds", default: 2, most: 9 },
      },
      machine: (bounds: Bounds): Machine => ({ most: Number(bounds["most"]) }),
      sizes: ({ most }) => ({ most }),
      state,
      init: (s) => void (s.alive = true),
      calls,
      view: (s) => s,
      promises,
      scenarios: {},
      vectors: [],
    }),
    ...more,
  };
}

export function overlap(
  of: AnyDesign,
  vector: Partial<Vector> = {},
  options: Partial<SearchOptions> = {},
): Promise<RunReport> {
  return checkVector(of, { bounds: {}, mode: "overlap", ...vector }, { budget: NO_LIMIT, ...options });
}

export function reportOf(run: RunReport, property: string): PropertyReport {
  const report = run.properties.find(({ name }) => name === property);
  if (report === undefined) throw new Error(`${property} was not asked: ${run.reason ?? ""}`);
  return report;
}

/** The trace of a breach, written, read and replayed, which shows what it says. */
export function shown(
  of: AnyDesign,
  run: RunReport,
  property: string,
): { trace: OverlapTrace; replayed: Replayed } {
  const { verdict, trace } = reportOf(run, property);
  expect([run.reason, verdict]).toEqual([null, "violated"]);
  const read = readTrace(writeTrace(trace!), "trace.json") as OverlapTrace;
  const replayed = replay(of, read, "trace.json");
  expect(replayed).toMatchObject({ differences: [], broken: true });
  expect(replayed.trace).toEqual(read);
  return { trace: read, replayed };
}
