/** What stands in for an executor: it speaks the protocol, answers as it is told, and misbehaves on order. */
import { PassThrough } from "node:stream";
import type { Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { ARGUMENTS, type Argument } from "../../../checkers/kernel/live/protocol.ts";
import { openSession, type Link, type Trouble } from "../../../checkers/kernel/live/session.ts";
import { answersOf } from "../../../checkers/kernel/play.ts";
import type { AnyDesign } from "../../../spec/language/design.ts";
import type { Header, Player, RecordedResult, RecordedStep } from "../../../spec/recording.ts";

/** Answers a program. Of a race, its parts one after the other: setup, threads, final. */
export type Answerer = (steps: readonly RecordedStep[]) => readonly RecordedResult[];

/** What it does instead of answering a step; `lines` are said. The silent ones stay as they are. */
export type Misdeed =
  "hang" | "stuck" | "silence" | "garbage" | "cut line" | "death" | { readonly lines: string };

export interface StandIn {
  readonly answer: Answerer;
  readonly header: Header;
  /** By number of the program or race, from 0, and of the step at which it happens. */
  readonly misdeeds?: Readonly<Record<number, { readonly step: number; readonly misdeed: Misdeed }>>;
  /** In ms, until a silent one is given up. */
  readonly silence?: number;
}

/** What is left running and how often it was started, for tests. */
export interface Standing {
  readonly kernel: Kernel;
  readonly started: () => number;
  readonly running: () => number;
}

/** A kernel that answers as a design does. */
export function designAnswers(design: AnyDesign, player: Player, header: Header): Answerer {
  return (steps) => answersOf(header, { id: "asked", steps }, design, player, "asked");
}

export async function standIn(options: StandIn): Promise<Standing> {
  let started = 0;
  let running = 0;
  let asked = 0;
  const open = async (): Promise<Link> => {
    started++;
    running++;
    return serve(
      options,
      () => asked++,
      () => void running--,
    );
  };
  const kernel = await openSession({ where: "a stand-in", open, silence: options.silence ?? 5000 });
  return { kernel, started: () => started, running: () => running };
}

function serve(options: StandIn, number: () => number, closed: () => void): Link {
  const input = new PassThrough();
  const output = new PassThrough();
  let die!: (trouble: Trouble) => void;
  const trouble = new Promise<Trouble>((resolve) => (die = resolve));
  const lines: string[] = [];
  let rest = "";
  input.setEncoding("latin1").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
    for (let request = whole(lines); request !== null; request = whole(lines)) serveOne(request);
  });
  const serveOne = (request: Request): void => {
    const { text, dies = false } = replyTo(request, options, number);
    if (!dies) return void output.write(text);
    // What it said last may come when it is known to be dead.
    die({ kind: "death", message: "the executor died (SIGKILL)" });
    setTimeout(() => output.end(text), 5);
  };
  const close = async (): Promise<void> => {
    closed();
    output.destroy();
  };
  return { input, output, trouble, console: () => ["standing in"], close };
}

interface Request {
  readonly line: string;
  readonly steps: readonly string[];
}

/** Takes a request with all its steps, if it is there whole. */
function whole(lines: string[]): Request | null {
  const [line] = lines;
  if (line === undefined) return null;
  const [what, ...numbers] = line.split(" ");
  const counts = what === "run" ? numbers : what === "race" ? numbers.slice(2) : [];
  const steps = counts.reduce((sum, text) => sum + Number(text), 0);
  if (lines.length < 1 + steps) return null;
  return { line: lines.shift()!, steps: lines.splice(0, steps) };
}

interface Said {
  readonly text: string;
  readonly dies?: boolean;
}

function replyTo({ line, steps }: Request, options: StandIn, number: () => number): Said {
  if (line === "hello") return { text: "executor 1\n" };
  if (line === "probe") return { text: `${probeLines(options.header).join("\n")}\ndone\n` };
  const { answer, misdeeds = {} } = options;
  const now = misdeeds[number()];
  const counts = line.startsWith("race") ? line.split(" ").slice(3).map(Number) : null;
  const parts = counts === null ? [steps] : inOrder(steps, counts);
  const answers = answer(parts.flat().map(readStep)).map(answerLine);
  if (now !== undefined) {
    const before = answers
      .slice(0, now.step)
      .map((text) => `${text}\n`)
      .join("");
    return misdone(now.misdeed, before, now.step);
  }
  if (counts === null) return { text: [...answers, "done", ""].join("\n") };
  const [setup] = counts;
  const [, iterations] = line.split(" ");
  const told = ["progress 1", ...answers.slice(0, setup), `outcome ${iterations}`, ...answers.slice(setup)];
  return { text: [...told, "done", ""].join("\n") };
}

/** Of a race: setup, threads, final. They come with `final` in the second place. */
function inOrder(steps: readonly string[], counts: readonly number[]): string[][] {
  let at = 0;
  const parts = counts.map((count) => steps.slice(at, (at += count)));
  return [parts[0]!, ...parts.slice(2), parts[1]!];
}

function misdone(misdeed: Misdeed, before: string, step: number): Said {
  if (typeof misdeed === "object") return { text: `${before}${misdeed.lines}` };
  switch (misdeed) {
    case "hang":
      return { text: `${before}hang steps ${step} 0\ndone\n` };
    case "stuck":
      return { text: `${before}stuck thread1 ${step} 57\nlost\n` };
    case "silence":
      return { text: before };
    case "garbage":
      return { text: `${before}Segmentation fault\n` };
    case "cut line":
      return { text: `${before}answer re`, dies: true };
    case "death":
      return { text: before, dies: true };
  }
}

function probeLines(header: Header): string[] {
  const of = (field: string, values: Readonly<Record<string, number>>): string[] =>
    Object.entries(values).map(([type, value]) => `${field} ${type} ${value}`);
  return [
    `kernel ${header.kernel}-standing-in`,
    "machine x86_64, paging of some kind",
    `page_size ${header.page_size}`,
    `max_slot_id ${header.max_slot_id}`,
    `pre_fault_memory ${Number(header.pre_fault_memory)}`,
    ...header.vm_types.map((type) => `vm_type ${type}`),
    ...header.bindable_vm_types.map((type) => `bindable_vm_type ${type}`),
    ...of("address_spaces", header.address_spaces),
    ...of("guest_memfd_flags", header.guest_memfd_flags),
    ...of("memory_attributes", { 1: header.memory_attributes }),
    ...(header.memory_attributes_ioctl === undefined
      ? []
      : [`memory_attributes_ioctl ${Number(header.memory_attributes_ioctl)}`]),
    `second_binding_errno ${header.second_binding_errno}`,
    `offset_overflow_accepted ${Number(header.offset_overflow_accepted)}`,
  ];
}

/** A line as the executor reads it; names are what the line calls them. */
export function readStep(line: string): RecordedStep {
  const [op, ...words] = line.split(" ");
  const takes = ARGUMENTS[op!]!;
  return Object.assign(
    { op: op! },
    ...takes.map((argument, i) => readArgument(argument, words[i]!)),
  ) as RecordedStep;
}

function readArgument(argument: Argument, word: string): object {
  const { as, field } = argument;
  const place = /^(m\d+)\+(.+)$/.exec(word);
  if (as === "place") return { map: place![1], offset: readNumber(place![2]!) };
  if (as === "address")
    return { [field]: place === null ? readNumber(word) : { map: place[1], offset: readNumber(place[2]!) } };
  if (as === "share") return { [field]: word === "1" ? "shared" : "private" };
  if (as === "descriptor")
    return { [field]: word.startsWith("f") ? word : word === "-1" ? null : readNumber(word) };
  if (as === "number") return { [field]: readNumber(word) };
  return { [field]: word === "-" ? null : word };
}

const readNumber = (word: string): number | string => (/x/.test(word) ? word : Number(word));

/** An answer as the executor writes it. */
export function answerLine(result: RecordedResult): string {
  return `answer ${Object.entries(result)
    .map(([field, value]) => `${field}=${value}`)
    .join(" ")}`;
}
