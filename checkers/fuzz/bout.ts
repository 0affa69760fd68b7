/**
 * Random runs of calls that overlap. A run is made of calls that are alone, which build up a state, and of bouts: a few calls that begin one
 * after the other and meet, section by section, until none of them is in flight.
 */
import { disabled } from "../../spec/language/call.ts";
import type { GivenCall } from "../../spec/language/design.ts";
import { CALLS_END, KernelBug } from "../../spec/language/kernel-bug.ts";
import { isFailure, outcomeName } from "../../spec/language/outcome.ts";
import type { Breach } from "../../spec/language/trace.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Instance } from "../explore/sequential.ts";
import { isDeclared, undeclared } from "../explore/stepper.ts";
import { Advancer, isBlocked, type Advanced, type Blocked } from "../interleave/advance.ts";
import { actorOf, Frames, isFree, type Frame } from "../interleave/frame.ts";
import { LockOrder } from "../interleave/lock-order.ts";
import { go } from "../interleave/schedule.ts";
import { deadlockOf } from "../interleave/stuck.ts";
import type { Ground } from "./ground.ts";
import type { Ended } from "./pairs.ts";
import { Random } from "./random.ts";
import { Rounds } from "./rounds.ts";
import { Steering, type Course } from "./steering.ts";
import type { Strategy } from "./strategy.ts";

const TRIES = 24;
const PATIENCE = 3;
/** Of steps between bouts so many are calls that are alone, in one run or another: races are met where a state has been built up, or as long as it stands. */
const ALONE = [0, 0.2, 0.4, 0.6, 0.8];
/** How often a call joins a bout that is under way. */
const JOINS = [0, 0, 0.1, 0.2];
/** Calls of a bout. */
const MOST = 5;
/** The most steps of a call in one turn, where calls are let go on in turn. */
const TURN = 3;
/** How often calls of which one has started over are let go on in turn, with no new ones begun. */
const DRAINS = 0.4;
/** Rounds after which calls that are let go on in turn, and do not end, are given up. */
const MOST_ROUNDS = 40;

/** A call of the bout under way. */
export interface Thread {
  /** In the order in which it came up. */
  readonly number: number;
  readonly instance: Instance;
  readonly actor: string;
  /** Its place among the calls of the run; null before it has begun. */
  readonly place: number | null;
  /** Null before it has begun. */
  readonly frame: Frame | null;
}

export class Bout {
  /** In the order in which they began. */
  readonly calls: GivenCall[] = [];
  /** Who took each step (interleave/schedule.ts). */
  readonly schedule: number[] = [];
  breach: Breach | null = null;
  /** Steps at the end that go round for ever. */
  loop: number | null = null;
  private readonly ground: Ground;
  private readonly steering: Steering;
  private readonly strategy: Strategy;
  private readonly mostInFlight: number;
  private readonly frames = new Frames();
  private readonly advancer: Advancer;
  private readonly order: LockOrder;
  private threads: Thread[] = [];
  private came = 0;
  private idle = 0;
  /** The run cannot go on. */
  private over = false;
  private from: object = {};
  /** By their place. */
  private ended = new Map<number, Ended>();
  private began = 0;
  private overlapped = false;
  /** How often calls of the bout have started over. */
  private retries = 0;
  /** The kinds of cells that the calls of the bout have changed. */
  private readonly changed: Uint8Array;
  private readonly isAlone: number;
  private readonly joins: number;

  constructor(ground: Ground, course: Course, strategy: Strategy, mostInFlight: number) {
    this.ground = ground;
    this.steering = new Steering(ground, course);
    this.strategy = strategy;
    this.mostInFlight = mostInFlight;
    this.advancer = new Advancer([], ground.scene.m, this.frames, true);
    this.order = new LockOrder(this.frames);
    this.changed = new Uint8Array(ground.board.marks.length);
    const random = new Random(~course.seed);
    this.isAlone = random.of(ALONE);
    this.joins = random.of(JOINS);
    ground.board.reset();
  }

  get isOver(): boolean {
    return this.over || this.breach !== null || this.idle >= PATIENCE;
  }

  /** One step: of a call that is alone all of it, of calls that overlap a section. False where none could be made. */
  async step(seed: number): Promise<boolean> {
    const random = new Random(seed);
    const isMade = this.threads.length > 0 ? await this.decide(random) : this.open(random);
    this.idle = isMade ? 0 : this.idle + 1;
    return isMade;
  }

  /** Lets the calls in flight end, with no new ones begun. */
  finish(seed: number): void {
    this.threads = this.threads.filter(({ frame }) => frame !== null);
    if (!this.over && this.breach === null && this.threads.length > 0) this.drain(new Random(seed));
  }

  private get inFlight(): readonly Thread[] {
    return this.threads.filter(({ frame }) => frame !== null);
  }

  /** With no call in flight: a call alone, or the calls of a bout. */
  private open(random: Random): boolean {
    this.steering.atNewState();
    this.from = this.ground.board.snapshot();
    this.ended.clear();
    this.began = 0;
    this.overlapped = false;
    this.retries = 0;
    const wanted = random.chance(this.isAlone)
      ? 1
      : 2 + random.below(Math.max(1, Math.min(3, this.mostInFlight) - 1));
    for (let tries = 0; tries < TRIES && this.threads.length < wanted; tries++) this.join(random, wanted > 1);
    if (wanted > 1) return this.threads.length > 0;
    return this.threads.length > 0 && this.alone(random);
  }

  /** A further call comes up. Those of a bout may be ones that do nothing alone. */
  private join(random: Random, isBout: boolean): void {
    const instance = this.steering.draw(random);
    if (instance === null || !this.isWorthwhile(instance, isBout, random)) return;
    const { name, call, params } = instance;
    const actor = actorOf(call.by, name, params);
    this.threads.push({ number: this.came++, instance, actor, place: null, frame: null });
    this.steering.made(instance);
  }

  /** What the call would do alone. */
  private isWorthwhile(instance: Instance, isBout: boolean, random: Random): boolean {
    const { board, scene } = this.ground;
    this.ground.calls++;
    try {
      const ended = instance.run(board.draft, scene.m);
      if (ended === disabled) return false;
      if (board.isChanged()) return isBout || !this.steering.isSpared(board.lossOfDraft(), random);
      return isBout && random.chance(isFailure(ended) ? 0.1 : 0.5);
    } catch (error) {
      // With others in flight it may find what it is written to wait for.
      if (error instanceof KernelBug || error instanceof ModelError) return true;
      throw error;
    } finally {
      board.undo();
    }
  }

  /** The one call of the bout, from its begin to its end. */
  private alone(random: Random): boolean {
    const [thread] = this.threads as [Thread];
    if (this.take(thread) !== true) {
      this.threads = [];
      return false;
    }
    this.drain(random);
    return true;
  }

  private async decide(random: Random): Promise<boolean> {
    if (this.retries > 0 && this.inFlight.length > 0 && random.chance(DRAINS)) {
      this.threads = [...this.inFlight];
      this.drain(random);
      return true;
    }
    if (this.threads.length < MOST && this.inFlight.length > 0 && random.chance(this.joins)) {
      this.steering.atNewState();
      this.join(random, true);
    }
    let candidates = this.threads.filter((thread) => thread.frame !== null || this.mayBegin(thread));
    const blocked: { readonly thread: Thread; readonly by: Blocked }[] = [];
    while (candidates.length > 0) {
      const thread = await this.strategy.next(candidates, random);
      const step = this.take(thread);
      if (step === true) return true;
      if (step === false) this.threads = this.threads.filter((other) => other !== thread);
      else if (thread.frame !== null) blocked.push({ thread, by: step });
      candidates = candidates.filter((other) => other !== thread);
    }
    this.stuck(blocked);
    return this.breach !== null;
  }

  private mayBegin({ actor }: Thread): boolean {
    const { inFlight } = this;
    if (inFlight.length >= this.mostInFlight) return false;
    const acting = inFlight.map((other) => other.actor);
    return isFree(actor, acting, this.ground.scene.bounds);
  }

  /** True when the step was taken, false for a call that cannot be made. */
  private take(thread: Thread): boolean | Blocked {
    const { board, asking } = this.ground;
    const others = this.inFlight.filter((other) => other !== thread);
    const frames = others.map(({ frame }) => frame!);
    let step: Advanced | Blocked | typeof disabled;
    try {
      step =
        thread.frame === null
          ? this.advancer.start(board.draft, thread.instance, this.advancer.add(thread.instance), frames)
          : this.advancer.advance(board.draft, thread.frame, frames);
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      this.note(thread, others.length);
      this.breach = asking.ofBug(error);
      this.over = true;
      return true;
    }
    if (step === disabled) {
      board.undo();
      return false;
    }
    if (isBlocked(step)) return step;
    const place = this.note(thread, others.length);
    if (step.retried) this.retries++;
    this.follow({ ...thread, place }, others, step);
    if (step.acquired === null || this.breach !== null) return true;
    const inversion = this.order.add(step.acquired, thread.instance.name, step.ran[0] ?? "");
    if (inversion !== null) this.breach = asking.ofBug(inversion);
    return true;
  }

  /** Writes the step down: the place of its call. */
  private note({ instance, place }: Thread, others: number): number {
    if (place !== null) {
      this.schedule.push(go(place));
      return place;
    }
    this.began++;
    if (others > 0) this.overlapped = true;
    this.schedule.push(this.calls.length);
    return this.calls.push({ call: instance.name, params: instance.params }) - 1;
  }

  private follow(thread: Thread, others: readonly Thread[], step: Advanced): void {
    const { board, asking, coverage } = this.ground;
    const changed = board.settle();
    if (changed) board.marks.forEach((mark, kind) => mark === 1 && (this.changed[kind] = 1));
    const after = new Map(others.map((other, i) => [other.number, { ...other, frame: step.others[i]! }]));
    this.threads = this.threads.flatMap((other) =>
      other.number === thread.number
        ? step.frame === null
          ? []
          : [{ ...thread, frame: step.frame }]
        : [after.get(other.number) ?? other],
    );
    if (step.outcome !== undefined) {
      const { instance } = thread;
      if (!isDeclared(instance, step.outcome)) throw undeclared(instance, outcomeName(step.outcome));
      coverage.note(instance.name, outcomeName(step.outcome), this.changed);
      this.ended.set(thread.place!, { instance, outcome: step.outcome });
    }
    const inFlight = this.inFlight.length > 0;
    if (!inFlight) this.changed.fill(0);
    this.breach = changed || !inFlight ? asking.ofState(board.now.view, inFlight) : null;
    if (!inFlight && this.threads.length === 0) this.compare();
  }

  /** Of two calls that overlapped, and no others: whether they ended as in one of their orders. */
  private compare(): void {
    if (this.breach !== null || !this.overlapped || this.began !== 2) return;
    const { pairs, board, asking } = this.ground;
    const [[, a], [, b]] = [...this.ended].sort(([x], [y]) => x - y) as [[number, Ended], [number, Ended]];
    const bug = pairs.breachOf(this.from, [a, b], board.now.state);
    if (bug !== null) this.breach = asking.ofBug(bug);
  }

  private stuck(blocked: readonly { readonly thread: Thread; readonly by: Blocked }[]): void {
    if (blocked.length === 0 || blocked.length < this.inFlight.length) return;
    this.over = true;
    const waiting = blocked.map(({ thread, by }) => ({ frame: thread.frame!, by }));
    this.breach = this.ground.asking.ofBug(deadlockOf(this.frames, waiting));
  }

  /** Everybody in flight goes on in turn, until all have ended or come round to where they were. */
  private drain(random: Random): void {
    const rounds = new Rounds();
    // The same turns in each round, of one step or a few: so that calls which give way to each other come round.
    const turns = shuffled(this.inFlight, random).flatMap((thread) =>
      Array.from({ length: 1 + random.below(TURN) }, () => thread),
    );
    for (let n = 0; n < MOST_ROUNDS && this.threads.length > 0 && !this.over && this.breach === null; n++) {
      const blocked: { readonly thread: Thread; readonly by: Blocked }[] = [];
      let moves = 0;
      for (const { number } of turns) {
        const thread = this.threads.find((one) => one.number === number);
        if (thread === undefined || this.over || this.breach !== null) continue;
        const step = this.take(thread);
        if (step === true) moves++;
        else if (step !== false && !blocked.some((one) => one.thread.number === number))
          blocked.push({ thread, by: step });
      }
      if (moves === 0) {
        this.stuck(blocked);
        return;
      }
      if (this.retries === 0) continue;
      const loop = rounds.after(this.frameIds(), this.ground.board.now.state, this.schedule.length);
      if (loop !== null) this.goesRound(loop);
    }
    if (this.threads.length > 0) this.over = true;
  }

  private frameIds(): string {
    return this.threads.map(({ number, frame }) => `${number}:${frame?.id ?? 0}`).join(" ");
  }

  private goesRound(loop: number): void {
    const names = [...new Set(this.inFlight.map(({ instance }) => instance.name))].join(", ");
    this.loop = loop;
    this.breach = this.ground.asking.ofBug(new KernelBug(CALLS_END, `${names} can go round for ever`));
    this.over = true;
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}
