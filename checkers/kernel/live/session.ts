/** A kernel that is asked through an executor: over its pipes, a socket or a serial port. Restarts it after a failure. */
import type { Readable, Writable } from "node:stream";
import type { Header, RaceProgram, RecordedResult, RecordedStep } from "../../../spec/recording.ts";
import type { Observed } from "../recording.ts";
import { headerOf } from "./header.ts";
import { KernelFailure, NotHere, type Failing, type Kernel, type Raced } from "./kernel.ts";
import { PROTOCOL, raceRequest, readReply, runRequest, type Hang, type Reply } from "./protocol.ts";

/** Why an executor can be asked no longer, told by what runs it. */
export interface Trouble {
  readonly kind: Failing;
  readonly message: string;
}

/** A running executor, and what is known of it besides its answers. */
export interface Link {
  readonly input: Writable;
  readonly output: Readable;
  /** Resolves when it is over: the process has ended, the kernel has stopped or complained. Never rejects. */
  readonly trouble: Promise<Trouble>;
  /** What was written on the console, or on the standard error, since the link was opened. */
  console(): readonly string[];
  /** Asked when a program is through: what the kernel complained of meanwhile, or null. */
  complaint?(): Promise<Trouble | null>;
  /** Called when a call hangs, before the console is read: time to ask for the stacks of blocked tasks. */
  hung?(): Promise<void>;
  /** Ends it. Resolves when nothing is left running, or nothing can be done about it. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** For messages: "this machine". */
  readonly where: string;
  /** Starts an executor. Throws `NotHere`. */
  readonly open: () => Promise<Link>;
  /** An executor that says nothing for so long, in ms, hangs; longer than twice its own limit for a call. */
  readonly silence: number;
}

/** What came back for one request, until it was done or over. */
interface Exchange {
  readonly replies: readonly Reply[];
  readonly trouble: Trouble | null;
}

/** Starts an executor and asks what it runs on. Throws `NotHere`, or `KernelFailure` if it makes no sense from the beginning. */
export async function openSession(options: SessionOptions): Promise<Kernel> {
  const wire = await Wire.open(options);
  try {
    const { replies, trouble } = await wire.ask("probe\n");
    const header = trouble === null ? headerOf(replies) : null;
    if (header === null) throw failure(trouble ?? NONSENSE, [], wire);
    return new Session(options, wire, header);
  } catch (error) {
    await wire.close();
    throw error;
  }
}

const NONSENSE: Trouble = { kind: "garbage", message: "the executor did not say what it runs on" };

function failure({ kind, message }: Trouble, answered: readonly RecordedResult[], wire: Wire): KernelFailure {
  return new KernelFailure(kind, message, answered, wire.console());
}

class Session implements Kernel {
  readonly header: Header;
  readonly where: string;
  private readonly options: SessionOptions;
  private wire: Wire | null;
  /** One request at a time: the next begins when this is settled. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions, wire: Wire, header: Header) {
    this.options = options;
    this.where = options.where;
    this.wire = wire;
    this.header = header;
  }

  run(steps: readonly RecordedStep[]): Promise<readonly RecordedResult[]> {
    return this.inTurn(async () => {
      const { replies, trouble } = await this.ask(runRequest(steps));
      const answers = answersIn(replies);
      if (trouble === null && answers.length === steps.length) return answers;
      throw await this.over(trouble ?? shortOf(answers.length, steps.length), answers);
    });
  }

  race(program: RaceProgram, iterations: number, seed: number): Promise<Raced> {
    return this.inTurn(async () => {
      const { replies, trouble } = await this.ask(raceRequest(program, iterations, seed));
      const told = replies.filter(({ is }) => is === "answer" || is === "outcome");
      const setup = answersIn(told.slice(0, program.setup.length));
      const observed = observedIn(told.slice(program.setup.length), program);
      if (trouble !== null) throw await this.over(trouble, setup);
      if (observed !== null && setup.length === program.setup.length) return { setup, observed };
      throw await this.over(shortOf(setup.length, program.setup.length), setup);
    });
  }

  close(): Promise<void> {
    return this.inTurn(() => this.drop());
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  private async ask(request: string): Promise<Exchange> {
    this.wire ??= await Wire.open(this.options);
    return this.wire.ask(request);
  }

  /** After a failure the executor is not trusted with another program. */
  private async over(trouble: Trouble, answered: readonly RecordedResult[]): Promise<KernelFailure> {
    if (trouble.kind === "hang") await this.wire!.hung();
    const error = failure(trouble, answered, this.wire!);
    await this.drop();
    return error;
  }

  private async drop(): Promise<void> {
    const wire = this.wire;
    this.wire = null;
    await wire?.close();
  }
}

function answersIn(replies: readonly Reply[]): RecordedResult[] {
  return replies.flatMap((reply) => (reply.is === "answer" ? [reply.result] : []));
}

/** An outcome has an answer for each step of each thread, and for each step at the end; null if one has not. */
function observedIn(replies: readonly Reply[], { threads, final }: RaceProgram): Observed[] | null {
  const lengths = [...threads.map((steps) => steps.length), final.length];
  const steps = lengths.reduce((sum, length) => sum + length, 0);
  const observed: Observed[] = [];
  for (let i = 0; i < replies.length; i += 1 + steps) {
    const reply = replies[i]!;
    const answers = answersIn(replies.slice(i + 1, i + 1 + steps));
    if (reply.is !== "outcome" || answers.length !== steps) return null;
    const parts = lengths.map((length) => answers.splice(0, length));
    observed.push({ results: parts.slice(0, -1), final: parts.at(-1)!, count: reply.count });
  }
  return observed;
}

function shortOf(answers: number, steps: number): Trouble {
  return { kind: "garbage", message: `the executor gave ${answers} answers to ${steps} steps` };
}

/** "step 3 of thread 1 did not return, in iteration 57". */
function hangMessage({ place, step, iteration }: Hang, stuck: boolean): string {
  const thread = /^thread(\d)$/.exec(place)?.[1];
  const of =
    place === "end"
      ? "closing what the program made"
      : place === "steps"
        ? `step ${step}`
        : `step ${step} of ${thread === undefined ? place : `thread ${thread}`}, iteration ${iteration},`;
  return `${of} did not return${stuck ? ", and cannot be interrupted" : ""}`;
}

/** One executor: lines out, lines in. */
class Wire {
  private readonly link: Link;
  private readonly silence: number;
  private text = "";
  private receive: ((line: string) => void) | null = null;
  private readonly ended: Promise<void>;

  private constructor(link: Link, silence: number) {
    this.link = link;
    this.silence = silence;
    link.output.setEncoding("latin1");
    this.ended = new Promise((resolve) => {
      for (const event of ["end", "close", "error"]) link.output.once(event, () => resolve());
    });
    // What cannot be written is told by what ends it.
    link.input.on("error", () => {});
    link.output.on("error", () => {});
    link.output.on("data", (chunk: string) => this.take(chunk));
  }

  /** Throws `NotHere`, also when the executor says that it has no kernel to ask. */
  static async open({ open, silence }: SessionOptions): Promise<Wire> {
    const wire = new Wire(await open(), silence);
    const { replies, trouble } = await wire.greet();
    const absent = replies.find((reply) => reply.is === "absent");
    const greeting = replies.find((reply) => reply.is === "other" && reply.field === "executor");
    if (absent === undefined && greeting?.is === "other" && greeting.value === String(PROTOCOL)) return wire;
    const error =
      absent?.is === "absent"
        ? new NotHere(absent.text)
        : failure(
            trouble ?? { kind: "garbage", message: "this is no executor, or another version" },
            [],
            wire,
          );
    await wire.close();
    throw error;
  }

  console(): readonly string[] {
    return this.link.console();
  }

  async hung(): Promise<void> {
    await this.link.hung?.();
  }

  close(): Promise<void> {
    return this.link.close();
  }

  private greet(): Promise<Exchange> {
    return this.exchange("hello\n", ({ is }) => is === "other" || is === "absent");
  }

  /** Sends a request, and collects what comes back for it. */
  async ask(request: string): Promise<Exchange> {
    const exchange = await this.exchange(
      request,
      ({ is }) => is === "done" || is === "error" || is === "lost",
    );
    const { replies } = exchange;
    const trouble = exchange.trouble ?? troubleIn(replies) ?? (await this.link.complaint?.()) ?? null;
    return { replies, trouble };
  }

  private exchange(request: string, last: (reply: Reply) => boolean): Promise<Exchange> {
    const replies: Reply[] = [];
    return new Promise((resolve) => {
      const finish = (trouble: Trouble | null): void => {
        clearTimeout(timer);
        this.receive = null;
        resolve({ replies, trouble });
      };
      const timer = setTimeout(() => finish(this.silent()), this.silence);
      this.receive = (line) => {
        const reply = readReply(line);
        if (reply === null) return finish(garbage(line));
        timer.refresh();
        replies.push(reply);
        if (last(reply)) finish(null);
      };
      void this.link.trouble.then(async (trouble) => {
        await this.drained();
        finish(this.text === "" ? trouble : inALine(trouble, this.text));
      });
      this.link.input.write(request);
    });
  }

  private take(chunk: string): void {
    const lines = (this.text + chunk).split("\n");
    this.text = lines.pop()!;
    for (const line of lines) this.receive?.(line);
  }

  private silent(): Trouble {
    const seconds = this.silence / 1000;
    if (this.text === "") return { kind: "hang", message: `the executor said nothing for ${seconds} s` };
    return garbage(`${this.text}, and nothing more for ${seconds} s`);
  }

  /** What was said before the end is still taken in. */
  private async drained(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => void (timer = setTimeout(resolve, DRAIN_MS)));
    await Promise.race([this.ended, enough]);
    clearTimeout(timer);
  }
}

const DRAIN_MS = 500;

function garbage(line: string): Trouble {
  return {
    kind: "garbage",
    message: `the executor said what is no answer: ${JSON.stringify(line.slice(0, 200))}`,
  };
}

function inALine({ kind, message }: Trouble, text: string): Trouble {
  return { kind, message: `${message}, in the middle of a line: ${JSON.stringify(text.slice(0, 200))}` };
}

function troubleIn(replies: readonly Reply[]): Trouble | null {
  const hangs = replies.flatMap((reply) => (reply.is === "hang" || reply.is === "stuck" ? [reply] : []));
  if (hangs.length > 0) {
    const message = hangs.map((hang) => hangMessage(hang, hang.is === "stuck")).join("; ");
    return { kind: "hang", message };
  }
  for (const reply of replies) {
    if (reply.is === "error") return { kind: "garbage", message: `the executor refuses step ${reply.text}` };
    if (reply.is === "unsteady")
      return {
        kind: "garbage",
        message: `the setup was answered otherwise in a later iteration: ${reply.text}`,
      };
  }
  return null;
}
