/** Programs for real kernels: sequences and races as in a recording, with answers that nobody has given yet. */
import * as Schema from "effect/Schema";
import type { Player, RaceProgram, RecordedStep } from "../../spec/recording.ts";
import { InputError, decode, parseJson } from "../input.ts";
import { hasThreads, readSteps } from "./recording.ts";

/** What a program's line said besides its steps: its id, and comments, which go to the recording. */
export interface Labelled {
  readonly id: string;
  readonly label: Readonly<Record<string, unknown>>;
}

export type Program = Labelled &
  (
    | { readonly steps: readonly RecordedStep[] }
    | { readonly race: RaceProgram; readonly iterations: number | undefined }
  );

const CAUSE = "a file of another kind, or one edited by hand";
const comments = [Schema.Record(Schema.String, Schema.Unknown)] as const;
const Steps = Schema.Array(Schema.StructWithRest(Schema.Struct({ op: Schema.String }), comments));
const SequenceLine = Schema.StructWithRest(Schema.Struct({ id: Schema.String, steps: Steps }), comments);
const RaceLine = Schema.StructWithRest(
  Schema.Struct({
    id: Schema.String,
    setup: Steps,
    threads: Schema.Array(Steps).check(Schema.isMinLength(2), Schema.isMaxLength(3)),
    final: Steps,
    iterations: Schema.optionalKey(Schema.Number.check(Schema.isInt(), Schema.isGreaterThan(0))),
  }),
  comments,
);

/** A header may stand in the first line, and is passed over: the kernel says what it can do. */
export function readPrograms(text: string, where: string, player: Player): Program[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const programs = lines.flatMap((line, i): Program[] => {
    const json = parseJson(line, where, i + 1);
    if (i === 0 && isHeader(json)) return [];
    const at = `${where}:${i + 1}`;
    return [hasThreads(json) ? readRace(json, at, player) : readSequence(json, at, player)];
  });
  if (programs.length > 0) return programs;
  throw new InputError(where, "there are no programs", CAUSE, 'a line {"id":…,"steps":[…]} for each');
}

function isHeader(json: unknown): boolean {
  return typeof json === "object" && json !== null && "format" in json;
}

function readSequence(json: unknown, where: string, player: Player): Program {
  const { steps, ...label } = decode(SequenceLine, json, where, CAUSE);
  return { id: label.id, label, steps: unanswered(steps, `${where}: steps`, player) };
}

function readRace(json: unknown, where: string, player: Player): Program {
  const { setup, threads, final, iterations, observed: _, ...label } = decode(RaceLine, json, where, CAUSE);
  const race: RaceProgram = {
    setup: unanswered(setup, `${where}: setup`, player),
    threads: threads.map((steps, t) => unanswered(steps, `${where}: threads[${t}]`, player)),
    final: unanswered(final, `${where}: final`, player),
  };
  return { id: label.id, label, race, iterations };
}

/** What somebody else has answered is not of this kernel. */
function unanswered(steps: readonly unknown[], where: string, player: Player): RecordedStep[] {
  return readSteps(steps as RecordedStep[], where, player, "any").map(
    ({ result: _, ...step }) => step as RecordedStep,
  );
}
