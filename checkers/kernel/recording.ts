/** Recording files: JSON Lines, a header, and on each line a sequence of steps or a block of racing threads. */
import * as Schema from "effect/Schema";
import {
  RECORDING_FORMAT,
  type Header,
  type Player,
  type RecordedResult,
  type RecordedStep,
  type Sequence,
} from "../../spec/recording.ts";
import { InputError, decode, parseJson } from "../input.ts";
import { resultKey } from "./play.ts";

const Written = Schema.Union([Schema.Number, Schema.String]);

const HeaderLine = Schema.Struct({
  format: Schema.Literal(RECORDING_FORMAT),
  kernel: Schema.String,
  machine: Schema.String,
  set: Schema.String,
  vm_types: Schema.Array(Schema.Number),
  memory_attributes: Schema.Number,
  memory_attributes_ioctl: Schema.optionalKey(Schema.Boolean),
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

const comments = [Schema.Record(Schema.String, Schema.Unknown)] as const;
const Result = Schema.Record(Schema.String, Schema.Union([Written, Schema.Boolean]));
const Step = Schema.StructWithRest(
  Schema.Struct({ op: Schema.String, result: Schema.optionalKey(Result) }),
  comments,
);
const SequenceLine = Schema.StructWithRest(
  Schema.Struct({ id: Schema.String, steps: Schema.Array(Step) }),
  comments,
);

const Count = Schema.Number.check(Schema.isInt(), Schema.isGreaterThan(0));
const Observed = Schema.Struct({
  results: Schema.Array(Schema.Array(Result)),
  final: Schema.Array(Result),
  count: Count,
});
const BlockLine = Schema.StructWithRest(
  Schema.Struct({
    id: Schema.String,
    title: Schema.String,
    setup: Schema.Array(Step),
    threads: Schema.Array(Schema.Array(Step)).check(Schema.isMinLength(2), Schema.isMaxLength(3)),
    final: Schema.Array(Step),
    /** 0 of a block that came to no outcome: it hung, or the kernel complained. */
    iterations: Schema.Number.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0)),
    observed: Schema.Array(Observed),
  }),
  comments,
);

/** What every step of every thread, and then each step of `final`, answered in one run. */
export interface JointOutcome {
  readonly results: readonly (readonly RecordedResult[])[];
  readonly final: readonly RecordedResult[];
}
/** One that was seen on a kernel, and in how many runs. */
export interface Observed extends JointOutcome {
  readonly count: number;
}

/** All that was answered, in the order of the steps. */
export function resultsOf({ results, final }: JointOutcome): readonly RecordedResult[] {
  return [...results.flat(), ...final];
}

/** Equal texts are equal outcomes of a block. */
export function outcomeKeyOf(outcome: JointOutcome): string {
  return JSON.stringify(resultsOf(outcome).map(resultKey));
}

/** Two or three threads that race, after a setup; `final` is what was asked when all of them were through. */
export interface Block {
  readonly id: string;
  readonly title: string;
  readonly setup: readonly RecordedStep[];
  readonly threads: readonly (readonly RecordedStep[])[];
  readonly final: readonly RecordedStep[];
  readonly observed: readonly Observed[];
}

/** Where it stands in the file: its line, from 1 on. */
export interface Line {
  readonly line: number;
}

export interface Recording {
  readonly header: Header;
  readonly sequences: readonly (Sequence & Line)[];
  readonly blocks: readonly (Block & Line)[];
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
  const sequences: (Sequence & Line)[] = [];
  const blocks: (Block & Line)[] = [];
  for (const [i, text] of rest.entries()) {
    const line = i + 2;
    const json = parseJson(text, where, line);
    if (hasThreads(json)) blocks.push({ ...readBlock(json, `${where}:${line}`, player, answers), line });
    else sequences.push({ ...readSequence(json, `${where}:${line}`, player, answers), line });
  }
  const promised = (header as { sequences?: number }).sequences;
  if (promised !== undefined && promised !== rest.length && answers === "answered") {
    throw new InputError(
      where,
      `the header promises ${promised} sequences and there are ${rest.length}`,
      CUT_SHORT,
    );
  }
  return { header, sequences, blocks };
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

/** Whether a line is a race. */
export function hasThreads(json: unknown): boolean {
  return typeof json === "object" && json !== null && "threads" in json;
}

function readSequence(json: unknown, where: string, player: Player, answers: Answers): Sequence {
  const { id, steps } = decode(SequenceLine, json, where, CUT_SHORT);
  return { id, steps: readSteps(steps as RecordedStep[], `${where}: steps`, player, answers) };
}

function readBlock(json: unknown, where: string, player: Player, answers: Answers): Block {
  if (answers === "any") {
    throw new InputError(
      where,
      "a block of racing threads",
      "a recording of a race, which has no one answer",
      "sequences, which have `steps`; conform reads races",
    );
  }
  const line = decode(BlockLine, json, where, CUT_SHORT);
  const steps = (part: readonly unknown[], at: string, answered: Answers): RecordedStep[] =>
    readSteps(part as RecordedStep[], `${where}: ${at}`, player, answered);
  const block: Block = {
    id: line.id,
    title: line.title,
    setup: steps(line.setup, "setup", answers),
    threads: line.threads.map((thread, t) => steps(thread, `threads[${t}]`, "any")),
    final: steps(line.final, "final", "any"),
    observed: line.observed,
  };
  block.observed.forEach((observed, i) => checkShape(block, observed, `${where}: observed[${i}]`));
  const runs = block.observed.reduce((sum, { count }) => sum + count, 0);
  if (runs !== line.iterations)
    throw new InputError(where, `${line.iterations} iterations, and ${runs} outcomes of them`, CUT_SHORT);
  return block;
}

/** A result for each step, of each thread and at the end. */
function checkShape({ threads, final }: Block, { results, final: last }: Observed, where: string): void {
  if (results.length !== threads.length)
    throw new InputError(where, `results of ${results.length} threads of ${threads.length}`, CUT_SHORT);
  const lists = [...results.map((of, t) => [of, threads[t]!, `results[${t}]`] as const)];
  for (const [of, steps, at] of [...lists, [last, final, "final"] as const]) {
    if (of.length === steps.length) continue;
    throw new InputError(`${where}.${at}`, `${of.length} results of ${steps.length} steps`, CUT_SHORT);
  }
}

/** Checks each step by the arguments of its operation; `where` is of their list. */
export function readSteps(
  steps: readonly RecordedStep[],
  where: string,
  player: Player,
  answers: Answers,
): RecordedStep[] {
  return steps.map((step, i) => readStep(step, `${where}[${i}]`, player, answers));
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
