/** A gate's report as JSON, and the published JSON Schema of it. */
import * as Schema from "effect/Schema";
import { DECISIONS } from "../gate/decision.ts";
import { STAGES, WORDS, type Finding, type GateReport, type Stage } from "../gate/finding.ts";
import { traceJson } from "../trace/text.ts";

const GATE_SCHEMA_VERSION = 1;
const TITLE = "gmemcheck-gate/1";

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));
const Line = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1));
const stages = Object.keys(STAGES) as Stage[];
const DidLiterals = Schema.Literals(["added", "removed", "changed"]);
const Place = Schema.Struct({
  file: Schema.String,
  line: Line,
  column: Schema.optionalKey(Line),
  endLine: Schema.optionalKey(Line),
  endColumn: Schema.optionalKey(Line),
});
const Decided = Schema.Struct({
  kind: Schema.Literals(DECISIONS),
  name: Schema.String,
  reason: Schema.String,
  line: Line,
});

const GateFile = Schema.Struct({
  schemaVersion: Schema.Literal(GATE_SCHEMA_VERSION),
  verdict: Schema.String,
  exitCode: Count,
  complete: Schema.Boolean,
  reason: Schema.NullOr(Schema.String),
  base: Schema.NullOr(Schema.Struct({ ref: Schema.String, commit: Schema.String })),
  head: Schema.Struct({ commit: Schema.NullOr(Schema.String), uncommitted: Count }),
  changes: Schema.Array(
    Schema.Struct({
      kind: Schema.String,
      name: Schema.String,
      did: DidLiterals,
      file: Schema.String,
      line: Line,
      endLine: Line,
    }),
  ),
  reached: Schema.Array(Schema.Struct({ name: Schema.String, file: Schema.String, did: DidLiterals })),
  findings: Schema.Array(
    Schema.Struct({
      stage: Schema.Literals(stages),
      name: Schema.String,
      of: Schema.String,
      status: Schema.Literals(["passed", "failed", "error", "expected", "skipped", "incomplete"]),
      /** What it counts as; null where nothing is wrong. */
      word: Schema.NullOr(Schema.Literals(WORDS)),
      type: Schema.String,
      message: Schema.String,
      details: Schema.String,
      rule: Schema.Struct({ id: Schema.String, says: Schema.String, source: Schema.String }),
      place: Schema.NullOr(Place),
      /** As gmemcheck-trace/1 says. */
      trace: Schema.NullOr(Schema.Record(Schema.String, Schema.Json)),
      attachments: Schema.Array(Schema.String),
      rerun: Schema.NullOr(Schema.String),
      /** What gate.allow would have to say. */
      decision: Schema.NullOr(Schema.Struct({ kind: Schema.Literals(DECISIONS), name: Schema.String })),
      decided: Schema.NullOr(Decided),
    }),
  ),
  stale: Schema.Array(Decided),
  undone: Schema.Array(
    Schema.Struct({ what: Schema.String, why: Schema.String, isRequired: Schema.Boolean }),
  ),
  notes: Schema.Array(Schema.String),
  states: Count,
  seconds: Schema.Number,
  times: Schema.Record(Schema.String, Schema.Number),
  rerun: Schema.NullOr(Schema.String),
});

export type GateFile = typeof GateFile.Type;

export function gateSchema(): unknown {
  const { dialect, schema, definitions } = Schema.toJsonSchemaDocument(GateFile) as {
    readonly dialect: string;
    readonly schema: object;
    readonly definitions?: object;
  };
  return {
    $schema: `https://json-schema.org/${dialect.replace("-", "/")}/schema`,
    title: TITLE,
    ...schema,
    ...(definitions === undefined || Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
  };
}

export function gateJson(report: GateReport): unknown {
  const { changes, reached, findings, seconds, times, base, ...rest } = report;
  const rounded = Object.entries(times).map(([stage, time]) => [stage, round(time)]);
  return {
    schemaVersion: GATE_SCHEMA_VERSION,
    ...rest,
    base: base === null ? null : { ref: base.ref, commit: base.commit },
    changes: changes.map(({ kind, name, did, at }) => ({ kind, name, did, ...at })),
    reached: reached.map(({ name, file, did }) => ({ name, file, did })),
    findings: findings.map(findingJson),
    seconds: round(seconds),
    times: Object.fromEntries(rounded) as unknown,
  };
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

function findingJson(finding: Finding): unknown {
  const { stage, name, className, status, word, type, message, details, place, rerun } = finding;
  const { rule, trace, attachments, decision, decided } = finding;
  const { id, says, source } = rule;
  return {
    ...{ stage, name, of: className, status, word, type, message, details, rule: { id, says, source } },
    ...{ place, rerun, decision, decided },
    trace: trace === undefined ? null : traceJson(trace),
    attachments: attachments ?? [],
  };
}
