/** Trace files: decoding with the place of what is wrong, encoding, and the published JSON Schema. */
import * as Schema from "effect/Schema";
import { TRACE_FORMAT, type Trace } from "../../spec/language/trace.ts";
import { PROFILES } from "../../spec/language/design.ts";
import { decode, parseJson } from "../input.ts";
import { jsonSchema } from "../json-schema.ts";
import { checkKind, isOverlap, withNumbers } from "./text.ts";

/** A parameter: numbers are indices and small values, "0x…" is a 64-bit number, null is what is not open. */
const Scalar = Schema.Union([Schema.Int, Schema.String, Schema.Boolean, Schema.Null]);
const Param = Schema.Union([Scalar, Schema.Record(Schema.String, Scalar)]);
const Outcome = Schema.Union([
  Schema.Literal(0),
  Schema.String,
  Schema.Struct({ value: Schema.NullOr(Schema.Int) }),
]);

/** How many. */
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

const head = { format: Schema.Literal(TRACE_FORMAT), design: Schema.String };
const where = {
  bounds: Schema.Record(Schema.String, Schema.Union([Schema.Int, Schema.String])),
  scenario: Schema.String,
  tracked: Schema.Literals(PROFILES),
  breach: Schema.NullOr(
    Schema.Struct({
      property: Schema.String,
      instance: Schema.Record(Schema.String, Schema.Int),
      why: Schema.String,
    }),
  ),
  certificate: Schema.optionalKey(
    Schema.Struct({ deletions: Count, arguments: Count, actors: Count, bounds: Count }),
  ),
};
const anyStep = {
  call: Schema.String,
  by: Schema.Literals(["task", "vcpu", "kernel"]),
  params: Schema.Record(Schema.String, Param),
  result: Schema.NullOr(Outcome),
  changes: Schema.Array(Schema.Struct({ cell: Schema.String, from: Scalar, to: Scalar })),
};

const SequentialFile = Schema.Struct({
  ...head,
  mode: Schema.Literal("sequential"),
  ...where,
  steps: Schema.Array(Schema.Struct(anyStep)),
});
const OverlapFile = Schema.Struct({
  ...head,
  mode: Schema.Literals(["overlap", "full"]),
  overlap: Schema.Int,
  unmerged: Schema.optionalKey(Schema.Literal(true)),
  ...where,
  steps: Schema.Array(
    Schema.Struct({
      ...anyStep,
      thread: Schema.Int,
      actor: Schema.String,
      sections: Schema.Array(Schema.String),
      begins: Schema.Boolean,
      ends: Schema.Boolean,
      holds: Schema.Array(Schema.String),
      waits: Schema.optionalKey(Schema.String),
    }),
  ),
  loop: Schema.optionalKey(Schema.Int),
  blocked: Schema.optionalKey(Schema.Array(Schema.Struct({ thread: Schema.Int, for: Schema.String }))),
});

/** The JSON Schema of the format, as published in schemas/. */
export function traceSchema(): unknown {
  return jsonSchema(TRACE_FORMAT, Schema.Union([SequentialFile, OverlapFile]));
}

/** Decodes a trace; `where` names the file in messages. */
export function readTrace(text: string, where: string): Trace {
  return decodeTrace(parseJson(text, where), where);
}

/** The same of what was parsed already. */
export function decodeTrace(json: unknown, where: string): Trace {
  checkKind(json, where);
  const decoded = decode<typeof SequentialFile | typeof OverlapFile>(
    isOverlap(json) ? OverlapFile : SequentialFile,
    json,
    where,
    "a trace cut short, or edited by hand",
  );
  return withNumbers(decoded as Trace);
}
