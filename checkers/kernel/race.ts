/**
 * The outcomes that a design allows for a block of racing threads: every interleaving of their steps, section by section. Each thread
 * makes its steps one after the other; nothing else bounds what overlaps.
 *
 * A node is the state, the call in flight of each thread, and what the steps before have answered; each is followed once.
 */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug, NO_DEADLOCK } from "../../spec/language/kernel-bug.ts";
import { TRACK_ALL, makeCodec, type Codec } from "../explore/codec.ts";
import { Havoc } from "../explore/havoc.ts";
import { callText } from "../explore/instances.ts";
import type { Ended as End, Instance } from "../explore/sequential.ts";
import { Store } from "../explore/store.ts";
import { canonical } from "../explore/walk.ts";
import { Advancer, isBlocked } from "../interleave/advance.ts";
import { Frames, type Frame } from "../interleave/frame.ts";
import { Histories, type History, type Ready } from "./history.ts";
import { NO_SUCH_CALL, instanceOf, playOn, type Stage } from "./play.ts";
import { outcomeKeyOf, type JointOutcome } from "./recording.ts";

export interface Outcomes {
  readonly allowed: readonly JointOutcome[];
  /** What interleavings run into that come to no outcome: bugs of the kernel, each with the promise that it breaks. */
  readonly bugs: readonly string[];
}

/** Nodes after which the search tells how far it is. */
const TOLD_EVERY = 4096;

export function outcomesOf(ready: Ready, stage: Stage, told: (nodes: number) => void): Outcomes {
  return new Race(ready, stage).run(told);
}

/** The call that a thread is about to make. */
interface Call {
  readonly instance: Instance;
  readonly k: number;
  readonly actor: string;
}

/** What a thread's step did: the call in flight, or how it ended; and the calls of the others, where the step marked them. */
interface Taken {
  readonly frame: Frame | null;
  readonly end: End | undefined;
  readonly others: readonly Frame[];
}

class Race {
  private readonly ready: Ready;
  private readonly stage: Stage;
  private readonly codec: Codec;
  private readonly store: Store;
  private readonly histories: Histories;
  private readonly frames = new Frames();
  private readonly advancer: Advancer;
  /** By history and thread; null where the design has no such call. */
  private readonly next = new Map<string, Call | null>();
  /** By what is called: a call is the same whatever the threads have answered before it. */
  private readonly calls = new Map<string, Call>();
  private readonly current: Int32Array;
  private readonly following: Int32Array;
  private readonly allowed = new Map<string, JointOutcome>();
  private readonly bugs = new Set<string>();

  constructor(ready: Ready, stage: Stage) {
    const { design, m, sizes } = stage;
    this.ready = ready;
    this.stage = stage;
    this.codec = makeCodec(design.state, sizes, TRACK_ALL, new Havoc(), design.place);
    this.histories = new Histories(ready);
    this.advancer = new Advancer([], m, this.frames, true);
    // Behind the state stand the history, and each thread's frame, or 0 between two steps.
    const words = this.codec.words + 1 + ready.block.threads.length;
    this.store = new Store(words);
    this.current = new Int32Array(words);
    this.following = new Int32Array(words);
  }

  run(told: (nodes: number) => void): Outcomes {
    const { store, ready } = this;
    this.insert(
      ready.setup.state,
      this.histories.get(0),
      ready.block.threads.map(() => null),
    );
    for (let index = 0; index < store.count; index++) {
      this.expand(index);
      if (index % TOLD_EVERY === TOLD_EVERY - 1) told(store.count);
    }
    return { allowed: [...this.allowed.values()], bugs: [...this.bugs] };
  }

  private insert(state: object, history: History, inFlight: readonly (Frame | null)[]): void {
    const { codec, following, store } = this;
    codec.pack(state, following, 0);
    following[codec.words] = history.id;
    for (const [t, frame] of inFlight.entries()) following[codec.words + 1 + t] = frame?.id ?? 0;
    store.insert(following, 0, 0);
  }

  private expand(index: number): void {
    const { codec, current, store, ready } = this;
    for (let i = 0; i < store.words; i++) current[i] = store.log[index * store.words + i]!;
    codec.unpack(current, 0);
    const history = this.histories.get(current[codec.words]!);
    const inFlight = ready.block.threads.map((_, t) => {
      const id = current[codec.words + 1 + t]!;
      return id === 0 ? null : this.frames.get(id);
    });
    const busy = ready.block.threads.flatMap((steps, t) =>
      inFlight[t] === null && history.threads[t]!.length === steps.length ? [] : [t],
    );
    if (busy.length === 0) return this.finish(history);
    const moved = busy.map((t) => this.move(history, inFlight, t));
    if (!moved.includes(true)) this.bugs.add(`${NO_DEADLOCK.name}: the threads wait for each other`);
  }

  /** Lets a thread take its next step; false where it has to wait. */
  private move(history: History, inFlight: readonly (Frame | null)[], t: number): boolean {
    const { codec, current } = this;
    const others = inFlight.filter((frame, o): frame is Frame => frame !== null && o !== t);
    const frame = inFlight[t]!;
    const step = this.orBug(() =>
      frame === null ? this.begin(history, t, others) : this.goOn(frame, others),
    );
    if (step === null) return false;
    if (step !== "bug") {
      const marked = [...step.others];
      const after = inFlight.map((one, o) => (o === t ? step.frame : one === null ? null : marked.shift()!));
      const then = step.frame === null ? this.histories.then(history, t, step.end!) : history;
      this.insert(codec.draft, then, after);
    }
    codec.unpack(current, 0);
    return true;
  }

  private orBug<T>(run: () => T): T | "bug" {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      this.bugs.add(`${error.breaks.name}: ${error.message}`);
      return "bug";
    }
  }

  private begin(history: History, t: number, others: readonly Frame[]): Taken | null {
    const call = this.callOf(history, t);
    if (call === null) return { frame: null, end: NO_SUCH_CALL, others };
    // vcpu->mutex: a vCPU makes one call at a time.
    if (call.actor !== "task" && others.some(({ actor }) => actor === call.actor)) return null;
    const step = this.advancer.start(this.codec.draft, call.instance, call.k, others);
    if (step === disabled) return { frame: null, end: disabled, others };
    return isBlocked(step) ? null : { frame: step.frame, end: step.outcome, others: step.others };
  }

  private goOn(frame: Frame, others: readonly Frame[]): Taken | null {
    const step = this.advancer.advance(this.codec.draft, frame, others);
    if (step === disabled) throw new Error("a call in flight is never disabled");
    return isBlocked(step) ? null : { frame: step.frame, end: step.outcome, others: step.others };
  }

  private callOf(history: History, t: number): Call | null {
    const key = `${history.id} ${t}`;
    const known = this.next.get(key);
    if (known !== undefined) return known;
    const i = history.threads[t]!.length;
    const step = this.ready.block.threads[t]![i]!;
    const where = `${this.ready.where}: threads[${t}][${i}]`;
    const instance = instanceOf(this.stage, history.playing, step, where);
    const call = instance === null ? null : this.numbered(instance);
    this.next.set(key, call);
    return call;
  }

  private numbered(instance: Instance): Call {
    const text = callText(instance.name, instance.params);
    const known = this.calls.get(text);
    if (known !== undefined) return known;
    const k = this.advancer.add(instance);
    const call = { instance, k, actor: this.advancer.actor(k) };
    this.calls.set(text, call);
    return call;
  }

  /** All threads are through: the steps that follow, one after the other. */
  private finish({ threads }: History): void {
    const { codec, stage, ready, histories } = this;
    const state = canonical(stage.design.state, stage.sizes, codec.draft) as object;
    const playing = histories.playingAfter(threads);
    const played = this.orBug(() =>
      playOn(stage, state, playing, ready.block.final, `${ready.where}: final`),
    );
    if (played === "bug") return;
    const outcome = {
      results: threads.map((steps) => steps.map(({ answer }) => answer)),
      final: played.ended.map(({ answer }) => answer),
    };
    this.allowed.set(outcomeKeyOf(outcome), outcome);
  }
}
