/** Recording files: JSON Lines, a header and a sequence a line. */
import * as Schema from "effect/Schema";
import {
  RECORDING_FORMAT,
  type Header,
  type Player,
  type RecordedStep,
  type Sequence,
} from "../../spec/recording.ts";
import { InputError, decode, parseJson } from "../input.ts";

const Written = Schema.Union([Schema.Number, Schema.String]);

const HeaderLine = Schema.Struct({
  format: Schema.Literal(RECORDING_FORMAT),
  kernel: Schema.String,
  machine: Schema.String,
  set: Schema.String,
  vm_types: Schema.Array(Schema.Number),
  memory_attributes: Schema.Number,
  guest_memfd_flags: Schema.Record(Schema.String, Schema.Number),
  bindable_vm_types: Schema.Array(Schema.Number),
  address_spaces: Schema.Record(Schema.String, Schema.Number),
  pre_fault_memory: Schema.Boolean,
  second_binding_errno: Schema.String,
  offset_overflow_accepted: Schema.Boolean,
  page_size: Schema.Literal(4096),
  max_slot_id: Schema.Number,
  sequences: Schema.optionalKey(Schema.Number),
});

const Step = Schema.StructWithRest(
  Schema.Struct({
    op: Schema.String,
    result: Schema.optionalKey(Schema.Record(Schema.String, Schema.Union([Written, Schema.Boolean]))),
  }),
  [Schema.Record(Schema.String, Schema.Unknown)],
);
const SequenceLine = Schema.StructWithRest(Schema.Struct({ id: Schema.String, steps: Schema.Array(Step) }), [
  Schema.Record(Schema.String, Schema.Unknown),
]);

export interface Recording {
  readonly header: Header;
  readonly sequences: readonly Sequence[];
}

/** Whether every step must have the kernel's answer, as in a recording, or none need, as in a program. */
export type Answers = "answered" | "any";

const CUT_SHORT = "a recording cut short by an interrupted copy, or edited by hand";

export function readRecording(text: string, where: string, player: Player, answers: Answers): Recording {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const [first, ...rest] = lines;
  if (first === undefined)
    throw new InputError(
      where,
      "the file is empty",
      CUT_SHORT,
      `a header line with "format":"${RECORDING_FORMAT}"`,
    );
  const header = readHeader(first, where);
  const sequences = rest.map((line, i) => readSequence(line, where, i + 2, player, answers));
  const promised = (header as { sequences?: number }).sequences;
  if (promised !== undefined && promised !== sequences.length && answers === "answered") {
    throw new InputError(
      where,
      `the header promises ${promised} sequences and there are ${sequences.length}`,
      CUT_SHORT,
    );
  }
  return { header, sequences };
}

function readHeader(line: string, where: string): Header {
  const json = parseJson(line, where);
  const format = (json as { format?: unknown } | null)?.format;
  if (format !== RECORDING_FORMAT) {
    throw new InputError(
      `${where}:1`,
      format === undefined ? "there is no header" : `format is ${JSON.stringify(format)}`,
      "a file of another kind, or a recording of another version",
      `"format":"${RECORDING_FORMAT}"`,
    );
  }
  return decode(HeaderLine, json, `${where}:1`, CUT_SHORT) as Header;
}

function readSequence(text: string, file: string, line: number, player: Player, answers: Answers): Sequence {
  const json = parseJson(text, file, line);
  const where = `${file}:${line}`;
  if (Array.isArray((json as { threads?: unknown } | null)?.threads)) {
    throw new InputError(
      where,
      "a block of racing threads",
      "a recording of the set litmus",
      "sequences, which have `steps`; races need the concurrent engine",
    );
  }
  const { id, steps } = decode(SequenceLine, json, where, CUT_SHORT);
  return {
    id,
    steps: steps.map((step, i) => readStep(step as RecordedStep, `${where}: steps[${i}]`, player, answers)),
  };
}

function readStep(step: RecordedStep, where: string, player: Player, answers: Answers): RecordedStep {
  const schema = Object.hasOwn(player.operations, step.op) ? player.operations[step.op] : undefined;
  if (schema === undefined) {
    throw new InputError(
      where,
      `there is no operation "${step.op}"`,
      "a program for another interface, or a misspelt name",
      Object.keys(player.operations).join(", "),
    );
  }
  if (answers === "answered" && step.result === undefined) {
    throw new InputError(
      where,
      `${step.op} has no result`,
      "a program that was not run on a kernel yet",
      "a `result` in each step",
    );
  }
  decode(schema, step, `${where} (${step.op})`, "a misspelt or missing argument");
  return step;
}
