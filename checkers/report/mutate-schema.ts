/** The published JSON Schema of what `mutate --format json` prints and `--out` writes. */
import * as Schema from "effect/Schema";
import { DIFFERENCE_KINDS } from "../compare/comparison.ts";
import { jsonSchema } from "../json-schema.ts";
import { FATES } from "../mutate/scores.ts";
import { MUTATE_SCHEMA_VERSION } from "./mutate.ts";

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));
const Counts = Schema.Record(Schema.Literals([...FATES, "explained"]), Count);
/** As gmemcheck-trace/1 says. */
const Trace = Schema.NullOr(Schema.Record(Schema.String, Schema.Json));

/** How two designs answer differently, as gmemcheck-diff/1 says; `b` is the mutant. */
const Difference = Schema.Struct({
  kind: Schema.Literals(DIFFERENCE_KINDS),
  subject: Schema.String,
  from: Schema.String,
  to: Schema.String,
  compatibility: Schema.Literals(["compatible", "extends", "breaks"]),
  run: Count,
  traces: Schema.Struct({ a: Trace, b: Trace }),
});

const Fate = Schema.Struct({
  kind: Schema.Literals(FATES),
  by: Schema.optionalKey(Schema.Array(Schema.String)),
  steps: Schema.optionalKey(Schema.NullOr(Count)),
  /** The vector, or the vectors, that it was found at. */
  at: Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)])),
  why: Schema.optionalKey(Schema.String),
  recording: Schema.optionalKey(Schema.String),
  how: Schema.optionalKey(Schema.Literals(["same steps", "same results"])),
  open: Schema.optionalKey(Schema.Array(Schema.String)),
  difference: Schema.optionalKey(Schema.NullOr(Difference)),
});

const MutateFile = Schema.Struct({
  schemaVersion: Schema.Literal(MUTATE_SCHEMA_VERSION),
  design: Schema.String,
  complete: Schema.Boolean,
  reason: Schema.NullOr(Schema.String),
  score: Schema.Struct({ killed: Count, of: Count }),
  counts: Counts,
  operators: Schema.Record(Schema.String, Counts),
  vectors: Schema.Array(Schema.Struct({ key: Schema.String, states: Count, transitions: Count })),
  leftOut: Schema.Array(Schema.String),
  kills: Schema.Record(Schema.String, Count),
  silent: Schema.Array(Schema.String),
  mutants: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      operator: Schema.String,
      file: Schema.String,
      line: Count,
      before: Schema.String,
      after: Schema.String,
      explained: Schema.optionalKey(Schema.String),
      fate: Fate,
    }),
  ),
});
export type MutateFile = typeof MutateFile.Type;

export function mutateSchema(): unknown {
  return jsonSchema(`gmemcheck-mutate/${MUTATE_SCHEMA_VERSION}`, MutateFile);
}
