/** The comparison of two designs as JSON, and the published JSON Schema of it. */
import * as Schema from "effect/Schema";
import { DIFFERENCE_KINDS, type Comparison } from "../compare/comparison.ts";
import { MODES, PROFILES } from "../../spec/language/design.ts";
import { jsonSchema } from "../json-schema.ts";
import { traceJson } from "../trace/text.ts";
import type { AskedDiff } from "./diff.ts";

const DIFF_SCHEMA_VERSION = 1;
const TITLE = "gmemcheck-diff/1";

const Bounds = Schema.Record(Schema.String, Schema.Union([Schema.Int, Schema.String]));
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));
const Compatibility = Schema.Literals(["compatible", "extends", "breaks"]);
/** As gmemcheck-trace/1 says. */
const Trace = Schema.NullOr(Schema.Record(Schema.String, Schema.Json));

const DiffFile = Schema.Struct({
  schemaVersion: Schema.Literal(DIFF_SCHEMA_VERSION),
  a: Schema.String,
  b: Schema.String,
  compatibility: Compatibility,
  complete: Schema.Boolean,
  reason: Schema.NullOr(Schema.String),
  runs: Schema.Array(
    Schema.Struct({
      bounds: Bounds,
      scenario: Schema.String,
      tracked: Schema.Literals(PROFILES),
      mode: Schema.Literals(MODES),
      overlap: Count,
      complete: Schema.Boolean,
      reason: Schema.NullOr(Schema.String),
      pairs: Count,
      transitions: Count,
      depth: Count,
      unfollowed: Count,
      seconds: Schema.Number,
    }),
  ),
  notCompared: Schema.Array(Schema.Struct({ scenario: Schema.String, bounds: Bounds, why: Schema.String })),
  differences: Schema.Array(
    Schema.Struct({
      kind: Schema.Literals(DIFFERENCE_KINDS),
      subject: Schema.String,
      from: Schema.String,
      to: Schema.String,
      compatibility: Compatibility,
      run: Count,
      traces: Schema.Struct({ a: Trace, b: Trace }),
      files: Schema.Array(Schema.String),
    }),
  ),
});

export type DiffFile = typeof DiffFile.Type;

export function diffSchema(): unknown {
  return jsonSchema(TITLE, DiffFile);
}

export function diffJson(comparison: Comparison, { leftOut, files }: AskedDiff): unknown {
  const { differences, runs, ...rest } = comparison;
  return {
    schemaVersion: DIFF_SCHEMA_VERSION,
    ...rest,
    runs: runs.map((run) => ({ ...run, seconds: Math.round(run.seconds * 1000) / 1000 })),
    notCompared: leftOut.map(({ vector: { scenario = "everything", bounds }, why }) => ({
      scenario,
      bounds,
      why,
    })),
    differences: differences.map((difference) => {
      const { traces, ...said } = difference;
      const [a, b] = [traces.a, traces.b].map((trace) => (trace === null ? null : traceJson(trace)));
      return { ...said, traces: { a, b }, files: files.get(difference) ?? [] };
    }),
  };
}
