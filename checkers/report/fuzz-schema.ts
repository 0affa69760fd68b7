/** The published JSON Schema of what `fuzz --format json` prints. */
import * as Schema from "effect/Schema";
import { MODES, PROFILES } from "../../spec/language/design.ts";
import { jsonSchema } from "../json-schema.ts";
import { FUZZ_SCHEMA_VERSION } from "./fuzz.ts";

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

const Certificate = Schema.Struct({
  deletions: Count,
  arguments: Count,
  actors: Count,
  bounds: Count,
});

const Finding = Schema.Struct({
  property: Schema.String,
  known: Schema.Boolean,
  path: Schema.String,
  replayPath: Schema.String,
  calls: Count,
  shrunkFrom: Schema.optionalKey(Count),
  steps: Schema.optionalKey(Count),
  /** Null where shrinking ended early. */
  certificate: Schema.optionalKey(Schema.NullOr(Certificate)),
  searched: Schema.optionalKey(
    Schema.NullOr(
      Schema.Struct({
        calls: Schema.Literals(["all", "those of the trace"]),
        steps: Schema.NullOr(Count),
        isExhaustive: Schema.Boolean,
      }),
    ),
  ),
  /** As gmemcheck-trace-1.json says. */
  trace: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  traceFile: Schema.optionalKey(Schema.String),
});

const FuzzFile = Schema.Struct({
  schemaVersion: Schema.Literal(FUZZ_SCHEMA_VERSION),
  /** Random runs are never all of them. */
  complete: Schema.Literal(false),
  results: Schema.Array(
    Schema.Struct({
      design: Schema.String,
      seed: Schema.Int,
      vectors: Schema.Array(
        Schema.Struct({
          bounds: Schema.Record(Schema.String, Schema.Union([Schema.Int, Schema.String])),
          scenario: Schema.String,
          mode: Schema.Literals(MODES),
          overlap: Count,
          tracked: Schema.Literals(PROFILES),
        }),
      ),
      runs: Count,
      calls: Count,
      stopped: Schema.optionalKey(Schema.String),
      stored: Schema.Array(
        Schema.Struct({ file: Schema.String, property: Schema.String, broken: Schema.Boolean }),
      ),
      findings: Schema.Array(Finding),
      reached: Schema.Array(Schema.Struct({ goal: Schema.String, times: Count })),
      neverReached: Schema.Array(Schema.String),
      unmet: Schema.Array(Schema.String),
      classes: Count,
    }),
  ),
});
export type FuzzFile = typeof FuzzFile.Type;

export function fuzzSchema(): unknown {
  return jsonSchema(`gmemcheck-fuzz/${FUZZ_SCHEMA_VERSION}`, FuzzFile);
}
