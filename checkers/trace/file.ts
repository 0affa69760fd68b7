/** Trace files: decoding with the place of what is wrong, encoding, and the published JSON Schema. */
import * as Schema from "effect/Schema";
import { TRACE_FORMAT, type Trace } from "../../spec/language/trace.ts";
import { MODES, PROFILES } from "../../spec/language/design.ts";
import { InputError, decode, parseJson } from "../input.ts";
import { jsonSchema } from "../json-schema.ts";

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

/** A name of a model as that of a file, which leads nowhere else. */
export function fileName(name: string): string {
  return name.replace(/[^\w.-]/g, "_").replace(/^\.+/, "_");
}

/** Decodes a trace; `where` names the file in messages. */
export function readTrace(text: string, where: string): Trace {
  return decodeTrace(parseJson(text, where), where);
}

/** The same of what was parsed already. */
export function decodeTrace(json: unknown, where: string): Trace {
  const format = (json as { format?: unknown } | null)?.format;
  if (typeof format === "string" && format !== TRACE_FORMAT) {
    throw new InputError(
      where,
      `format is "${format}"`,
      "a trace of another version or another tool",
      `"${TRACE_FORMAT}"`,
    );
  }
  const mode = (json as { mode?: unknown } | null)?.mode;
  if (typeof mode === "string" && !MODES.some((known) => known === mode))
    throw new InputError(where, `mode is "${mode}"`, "a trace edited by hand", MODES.join(", "));
  // One of the two, so that a message is about the trace that it means to be.
  const isOverlap = mode === "overlap" || mode === "full";
  const decoded = decode<typeof SequentialFile | typeof OverlapFile>(
    isOverlap ? OverlapFile : SequentialFile,
    json,
    where,
    "a trace cut short, or edited by hand",
  );
  return {
    ...decoded,
    steps: decoded.steps.map((step) => ({ ...step, params: numbers(step.params) })),
  } as Trace;
}

/** The trace object as JSON knows it: 64-bit numbers as "0x…". */
export function traceJson(trace: Trace): unknown {
  return JSON.parse(
    JSON.stringify(trace, (_, value: unknown) => (typeof value === "bigint" ? hexText(value) : value)),
  );
}

export function writeTrace(trace: Trace): string {
  return `${JSON.stringify(traceJson(trace), null, 2)}\n`;
}

function hexText(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function numbers(value: unknown): unknown {
  if (typeof value === "string" && /^-?0x[0-9a-f]+$/i.test(value)) {
    return value.startsWith("-") ? -BigInt(value.slice(1)) : BigInt(value);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbers(inner)]));
}
