/** The published JSON Schema of what `check --format json` prints and `--out` writes. */
import * as Schema from "effect/Schema";
import { MODES, PROFILES } from "../../spec/language/design.ts";
import { WORST_FIRST } from "../../spec/language/verdict.ts";
import { jsonSchema } from "../json-schema.ts";
import { CHECK_SCHEMA_VERSION } from "./json.ts";

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));
const Verdict = Schema.Literals(WORST_FIRST);

const PropertyResult = Schema.Struct({
  name: Schema.String,
  kind: Schema.Literals(["always", "sometimes", "step"]),
  verdict: Schema.Literals([...WORST_FIRST, "undecided", "not applicable"]),
  steps: Schema.optionalKey(Count),
  known: Schema.optionalKey(
    Schema.Struct({ property: Schema.String, says: Schema.String, source: Schema.String }),
  ),
  /** As gmemcheck-trace-1.json says. */
  trace: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  traceFile: Schema.optionalKey(Schema.String),
});

const Run = Schema.Struct({
  design: Schema.String,
  bounds: Schema.Record(Schema.String, Schema.Union([Schema.Int, Schema.String])),
  scenario: Schema.String,
  tracked: Schema.Literals(PROFILES),
  mode: Schema.Literals(MODES),
  overlap: Schema.optionalKey(Count),
  verdict: Verdict,
  complete: Schema.Boolean,
  reason: Schema.optionalKey(Schema.String),
  states: Count,
  transitions: Count,
  depth: Count,
  levels: Schema.Array(Count),
  bytes: Count,
  seconds: Schema.Number,
  times: Schema.Struct({
    translateSeconds: Schema.Number,
    searchSeconds: Schema.Number,
    searchCpuSeconds: Schema.Number,
  }),
  missProbability: Schema.optionalKey(Schema.Number),
  symmetry: Schema.optionalKey(
    Schema.Struct({
      group: Schema.Array(Schema.String),
      refused: Schema.Array(Schema.Struct({ bound: Schema.String, why: Schema.String })),
    }),
  ),
  notTranslated: Schema.optionalKey(Schema.Array(Schema.String)),
  profile: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  properties: Schema.Array(PropertyResult),
});

const CheckReport = Schema.Struct({
  schemaVersion: Schema.Literal(CHECK_SCHEMA_VERSION),
  results: Schema.Array(Run),
  designs: Schema.Array(
    Schema.Struct({
      design: Schema.String,
      verdict: Verdict,
      vacuous: Schema.optionalKey(Schema.Array(Schema.String)),
      untried: Schema.Array(Schema.String),
      /** Of the calls that were made or could have been: how often each declared result was seen, over all runs; 0: never. */
      coverage: Schema.optionalKey(Schema.Record(Schema.String, Schema.Record(Schema.String, Count))),
      /** With --sections: how often each section of these calls ran in the steps of all runs; 0: never. */
      sections: Schema.optionalKey(Schema.Record(Schema.String, Schema.Record(Schema.String, Count))),
    }),
  ),
});

export type CheckFile = typeof CheckReport.Type;

export function checkSchema(): unknown {
  return jsonSchema(`gmemcheck-check/${CHECK_SCHEMA_VERSION}`, CheckReport);
}
