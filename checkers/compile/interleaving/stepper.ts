/**
 * Steps of calls among others, on packed words. Compiled code runs what has run often; the interpreter takes every other step, and once
 * more each step that goes a way for the first time: then the two must agree.
 */
import { disabled } from "../../../spec/language/call.ts";
import { sameOutcome } from "../../../spec/language/outcome.ts";
import { ModelError } from "../../../spec/language/verdict.ts";
import type { Bounded } from "../../explore/bounded.ts";
import { callText } from "../../explore/instances.ts";
import type { Codec } from "../../explore/codec.ts";
import {
  isBlocked,
  withoutId,
  type Advanced,
  type Advancer,
  type Blocked,
} from "../../interleave/advance.ts";
import { Frames, type Frame } from "../../interleave/frame.ts";
import type { Translated } from "../translated.ts";
import { Codes } from "./code.ts";
import { Follower } from "./follow.ts";
import {
  BLOCKS,
  DISABLES,
  ENDED,
  Ending,
  GIVES_BACK,
  GOES_ON,
  HAS_BEGUN,
  IS_BLOCKED,
  IS_DISABLED,
  IS_GIVEN_BACK,
  PAUSED,
  Point,
  contextOf,
} from "./point.ts";
import { DISABLED, GIVEN_BACK, SectionTranslator, WAITS } from "./sections.ts";

/** What the interpreter makes of a step. */
export type Interpreted = Advanced | Blocked | typeof disabled;

export interface Compiling {
  /** Steps through a section that the interpreter takes before there is code for it. */
  readonly patience?: number;
  /** One in so many steps is taken by the interpreter too. */
  readonly checkedEvery?: number;
  /** Takes up what the translation took and left out. */
  readonly translated?: Translated;
}

const PATIENCE = 40;
const CHECKED_EVERY = 2 ** 15;
/** Local sections in one step beyond which the interpreter is asked whether they come to an end. */
const MOST_LINKS = 1000;

export class Stepper {
  readonly codes: Codes;
  readonly translator: SectionTranslator;
  /** The frames of the other calls after the last step. */
  readonly others: Int32Array;
  private readonly subject: Bounded;
  private readonly codec: Codec;
  private readonly advancer: Advancer;
  private readonly frames: Frames;
  private readonly follower: Follower;
  private readonly patience: number;
  private readonly points: (Point | undefined)[] = [];
  private readonly starts: readonly Point[];
  private readonly betweenFrames = new Frames();
  private readonly between: (Point | undefined)[] = [];
  private readonly marks = new Map<number, Map<number, number>>();
  /** All ways that steps may have from frame to frame. */
  readonly ways = new Map<number, Set<number>>();
  private readonly checked: Int32Array;
  private readonly translated: Translated | undefined;
  private readonly checkedEvery: number;
  private untilCheck: number;
  /** The step at hand goes a way that none has gone before. */
  private isNew = false;

  constructor(
    subject: Bounded,
    codec: Codec,
    advancer: Advancer,
    frames: Frames,
    merges: boolean,
    compiling: Compiling = {},
  ) {
    const { patience = PATIENCE, checkedEvery = CHECKED_EVERY } = compiling;
    this.subject = subject;
    this.codec = codec;
    this.advancer = advancer;
    this.frames = frames;
    this.patience = patience;
    this.translated = compiling.translated;
    this.checkedEvery = this.untilCheck = checkedEvery;
    this.translator = new SectionTranslator(subject, codec);
    this.codes = new Codes(this.translator);
    this.follower = new Follower(frames, merges, (frame) => this.pointBetween(frame));
    this.others = new Int32Array(subject.inFlight);
    this.checked = new Int32Array(codec.words);
    this.starts = subject.instances.map((_, k) => this.pointAtStart(k));
  }

  /** Translates something. */
  readonly timed = <T>(translate: () => T): T => {
    const { translated } = this;
    if (translated === undefined) return translate();
    const { complaints } = this.translator;
    const before = complaints.length;
    const made = translated.timed(translate);
    for (const { place, what, instead } of complaints.slice(before))
      translated.notices.add(`${place}: ${what} runs interpreted; instead: ${instead}`);
    return made;
  };

  start(k: number): Point {
    return this.starts[k]!;
  }

  at(frame: number): Point {
    return this.points[frame] ?? this.pointAt(frame);
  }

  private pointAt(id: number): Point {
    const frame = this.frames.get(id);
    return (this.points[id] = new Point(
      withoutId(frame),
      id,
      id + this.subject.instances.length,
      this.frames,
    ));
  }

  private pointAtStart(k: number): Point {
    const instance = this.subject.instances[k]!;
    const { program, params } = instance;
    const kept = program.kept.map(([, first]) => first);
    const none = {
      k,
      instance,
      actor: this.advancer.actor(k),
      kept,
      held: [],
      result: undefined,
      synchronizing: false,
    };
    const context = contextOf({ ...none, at: 0 });
    let at = 0;
    while (at < program.parts.length && program.parts[at]!.when?.(context) === false) at++;
    return new Point({ ...none, at, instance: { ...instance, params } }, 0, k, this.frames);
  }

  private pointBetween(frame: Point["frame"]): Point {
    const { id } = this.betweenFrames.intern(frame);
    return (this.between[id] ??= new Point(frame, -id, -1, this.frames));
  }

  /**
   * The next step of a call, on the words at from[offset …], with `n` others in flight: the words behind it are at out[at …], and the
   * frames of the others, as it leaves them, in `others`.
   */
  step(
    point: Point,
    from: Int32Array,
    offset: number,
    others: Int32Array,
    n: number,
    out: Int32Array,
    at: number,
  ): Ending {
    const ending = this.taken(point, from, offset, others, n, out, at);
    if (this.subject.isParanoid && ending.kind > GOES_ON && ending.kind !== IS_GIVEN_BACK)
      this.checkStill(point, from, offset, others, n, ending);
    return ending;
  }

  private taken(
    point: Point,
    from: Int32Array,
    offset: number,
    others: Int32Array,
    n: number,
    out: Int32Array,
    at: number,
  ): Ending {
    const { frames } = this;
    if (point.isLeft) return GIVES_BACK;
    if (point.wanted !== null) {
      for (let i = 0; i < n; i++) if (point.isBlockedBy(others[i]!, frames)) return BLOCKS;
    } else if (point.awaits >= 0) {
      for (let i = 0; i < n; i++) {
        if (!point.isBlockedBy(others[i]!, frames)) continue;
        return point.frame.synchronizing ? BLOCKS : this.begin(point, from, offset, others, n, out, at);
      }
    }
    const ending = this.run(point, from, offset, out, at);
    if (ending.kind <= ENDED && (this.isNew || --this.untilCheck === 0))
      this.check(point, from, offset, others, n, out, at, ending);
    return ending;
  }

  private run(first: Point, from: Int32Array, offset: number, out: Int32Array, at: number): Ending {
    let point = first;
    let source = from;
    let start = offset;
    for (let links = 0; links < MOST_LINKS; links++) {
      const code = point.code ?? this.codeFor(point);
      if (code === null) return GIVES_BACK;
      const answer = code.run(source, start, out, at);
      if (answer < 0) {
        if (answer === WAITS) return BLOCKS;
        if (answer === GIVEN_BACK || first.id !== 0) return GIVES_BACK;
        const wroteNothing = (answer === DISABLED && links === 0) || this.isUnchanged(from, offset, out, at);
        return wroteNothing ? DISABLES : GIVES_BACK;
      }
      const ending = point.endings[answer] ?? this.ending(point, answer);
      if (ending.kind !== GOES_ON) return ending;
      point = ending.next!;
      source = out;
      start = at;
    }
    return GIVES_BACK;
  }

  private isUnchanged(from: Int32Array, offset: number, out: Int32Array, at: number): boolean {
    for (let i = 0; i < this.codec.words; i++) if (from[offset + i] !== out[at + i]) return false;
    return true;
  }

  /** Null where the interpreter is to run the section, for now or for good. */
  private codeFor(point: Point): Point["code"] {
    const { part, frame } = point;
    if (point.isLeft || part === undefined) return null;
    const { codes } = this;
    if (point.steps++ > 0 && !codes.isWorthMaking(part, point.steps, this.patience)) return null;
    const context = contextOf(frame);
    let code = codes.known(part, context);
    if (code === undefined && codes.isWorthMaking(part, point.steps, this.patience)) {
      const keeps = new Set(frame.instance.program.kept.map(([name]) => name));
      code = this.timed(() => codes.make(part, context, keeps));
    }
    if (code === null) point.isLeft = true;
    return (point.code = code ?? null);
  }

  private ending(point: Point, answer: number): Ending {
    this.isNew = true;
    const ending = this.follower.after(point, point.code!, answer);
    point.endings[answer] = ending;
    const next = ending.kind === GOES_ON ? ending.next!.id : ending.frame;
    if (next !== 0) this.addWay(point.id, next);
    return ending;
  }

  /** A step may lead from one frame to another; what is passed through in between has a negative number. */
  addWay(from: number, to: number): void {
    if (from === 0) return;
    const known = this.ways.get(from);
    if (known === undefined) this.ways.set(from, new Set([to]));
    else known.add(to);
  }

  /** All that the step does is to begin to wait for readers. */
  private begin(
    point: Point,
    from: Int32Array,
    offset: number,
    others: Int32Array,
    n: number,
    out: Int32Array,
    at: number,
  ): Ending {
    const { frames } = this;
    for (let i = 0; i < n; i++)
      this.others[i] = point.isBlockedBy(others[i]!, frames)
        ? this.marked(others[i]!, point.awaits)
        : others[i]!;
    for (let i = 0; i < this.codec.words; i++) out[at + i] = from[offset + i]!;
    if (point.waiting === null) {
      const { id } = frames.intern({ ...point.frame, synchronizing: true });
      point.waiting = new Ending(HAS_BEGUN, id);
      this.addWay(point.id, id);
    }
    return point.waiting;
  }

  private marked(other: number, lock: number): number {
    const known = this.marks.get(other)?.get(lock);
    if (known !== undefined) return known;
    const frame = this.frames.get(other);
    const held = frame.held.map((one) => (one.lock === lock ? { ...one, late: true } : one));
    const { id } = this.frames.intern({ ...withoutId(frame), held });
    const ofOther = this.marks.get(other) ?? new Map<number, number>();
    this.marks.set(other, ofOther.set(lock, id));
    this.addWay(other, id);
    return id;
  }

  /** The step as the interpreter takes it, on the draft; throws where it runs into a bug of the kernel. */
  interpret(point: Point, from: Int32Array, offset: number, others: readonly Frame[]): Interpreted {
    const { codec, advancer, subject, frames } = this;
    codec.unpack(from, offset);
    if (point.id > 0) return advancer.advance(codec.draft, frames.get(point.id), others);
    return advancer.start(codec.draft, subject.instances[point.frame.k]!, point.frame.k, others);
  }

  framesOf(ids: Int32Array, n: number): Frame[] {
    return Array.from(ids.subarray(0, n), (id) => this.frames.get(id));
  }

  private check(
    point: Point,
    from: Int32Array,
    offset: number,
    others: Int32Array,
    n: number,
    out: Int32Array,
    at: number,
    ending: Ending,
  ): void {
    this.isNew = false;
    this.untilCheck = this.checkedEvery;
    const step = this.orThrown(() => this.interpret(point, from, offset, this.framesOf(others, n)));
    if (step instanceof ModelError && this.subject.isParanoid) throw step;
    this.codec.pack(this.codec.draft, this.checked, 0);
    const agrees =
      !(step instanceof Error) &&
      step !== disabled &&
      !isBlocked(step) &&
      (step.frame?.id ?? 0) === ending.frame &&
      step.retried === ending.retried &&
      (ending.kind === PAUSED || sameOutcome(step.outcome!, ending.outcome!)) &&
      this.checked.every((word, i) => word === out[at + i]);
    if (!agrees) throw leadsElsewhere(point);
  }

  /** A step that changes nothing of the state does so as it is written too. */
  private checkStill(
    point: Point,
    from: Int32Array,
    offset: number,
    others: Int32Array,
    n: number,
    { kind, frame }: Ending,
  ): void {
    const marked = kind === HAS_BEGUN ? this.others.slice(0, n) : others.slice(0, n);
    const step = this.interpret(point, from, offset, this.framesOf(others, n));
    const agrees =
      step === disabled || isBlocked(step)
        ? kind === (step === disabled ? IS_DISABLED : IS_BLOCKED)
        : kind === HAS_BEGUN &&
          step.waits !== null &&
          step.frame?.id === frame &&
          step.others.every(({ id }, i) => id === marked[i]);
    if (!agrees) throw leadsElsewhere(point);
  }

  private orThrown(run: () => Interpreted): Interpreted | Error {
    try {
      return run();
    } catch (error) {
      if (error instanceof Error) return error;
      throw error;
    }
  }
}

function leadsElsewhere({ frame: { instance }, part }: Point): Error {
  return new Error(
    `the translation of ${callText(instance.name, instance.params)}, section "${part?.label}", leads elsewhere than the call does: an error of gmemcheck, or a section that reads what changes outside of the state; --interpreted runs without translation`,
  );
}
