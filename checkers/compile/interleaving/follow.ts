/** What follows from the answer of a section: its locks dropped, the next section that runs, or the call's result. */
import type { LockRef } from "../../../spec/language/lock.ts";
import type { Outcome } from "../../../spec/language/outcome.ts";
import { ModelError } from "../../../spec/language/verdict.ts";
import { isGoTo, locksOf, type Context, type Program } from "../../explore/program.ts";
import { isMergeable } from "../../interleave/advance.ts";
import type { Frames, Held } from "../../interleave/frame.ts";
import type { Code } from "./code.ts";
import { ENDED, Ending, GIVES_BACK, GOES_ON, PAUSED, contextOf, type Point } from "./point.ts";
import { decode } from "./sections.ts";

/** Where a call is between two sections. */
interface Place {
  at: number;
  readonly context: Context;
  readonly held: Held[];
  result: Outcome | undefined;
}

export class Follower {
  private readonly frames: Frames;
  private readonly merges: boolean;
  private readonly between: (point: Point["frame"]) => Point;

  /** `between` gives a point to what is passed through within a step. */
  constructor(frames: Frames, merges: boolean, between: (point: Point["frame"]) => Point) {
    this.frames = frames;
    this.merges = merges;
    this.between = between;
  }

  /** What is an error of the model is given back to the interpreter, which tells it. */
  after(point: Point, code: Code, answer: number): Ending {
    try {
      return this.follow(point, code, answer);
    } catch (error) {
      if (error instanceof ModelError) return GIVES_BACK;
      throw error;
    }
  }

  private follow({ frame }: Point, { section }: Code, answer: number): Ending {
    const part = frame.instance.program.parts[frame.at]!;
    const { program } = frame.instance;
    const { step, kept } = decode(section, answer);
    const context = contextOf(frame);
    const place: Place = { at: frame.at, context, held: [...frame.held], result: frame.result };
    for (const ref of locksOf(part.takes, context)) this.acquire(place, ref);
    const during = locksOf(part.under, context);
    const names = new Set(program.kept.map(([name]) => name));
    // What is taken during the section alone is not held behind it, and conflicts with nothing that is dropped.
    if (during.some((ref) => this.holds(place, ref))) return GIVES_BACK;
    for (const [name, value] of kept) {
      if (!names.has(name)) return GIVES_BACK;
      context[name] = value;
    }
    if (typeof step !== "string" && !this.dropAll(place, locksOf(part.drops, context))) return GIVES_BACK;
    if (step === undefined) place.at++;
    else if (isGoTo(step)) {
      place.at = program.target(step);
      if (step.again === true) return this.paused(frame, place, true);
    } else if (!end(place, program, step as Outcome)) return GIVES_BACK;
    return this.onwards(frame, place);
  }

  /** On to the next section that is a step of its own, or that has code. */
  private onwards(frame: Point["frame"], place: Place): Ending {
    const { parts } = frame.instance.program;
    for (;;) {
      skip(place, frame.instance.program);
      if (place.at === parts.length) return ended(place);
      const part = parts[place.at]!;
      if (!this.merges || !isMergeable(part)) return this.paused(frame, place, false);
      if (part.run !== undefined)
        return new Ending(GOES_ON, 0, undefined, false, this.between(this.frameAt(frame, place)));
      if (!this.dropAll(place, locksOf(part.drops, place.context))) return GIVES_BACK;
      place.at++;
    }
  }

  private paused(frame: Point["frame"], place: Place, retried: boolean): Ending {
    skip(place, frame.instance.program);
    if (place.at === frame.instance.program.parts.length) return ended(place, retried);
    return new Ending(PAUSED, this.frames.intern(this.frameAt(frame, place)).id, undefined, retried);
  }

  private frameAt(
    { k, instance, actor }: Point["frame"],
    { at, context, held, result }: Place,
  ): Point["frame"] {
    const kept = instance.program.kept.map(([name]) => cloned(context[name]));
    return { k, instance, actor, at, kept, held, result, synchronizing: false };
  }

  private acquire({ held }: Place, ref: LockRef): void {
    held.push({ lock: this.frames.lockId(ref), mode: ref.mode, late: false });
  }

  private holds({ held }: Place, ref: LockRef): boolean {
    return held.some(({ lock }) => lock === this.frames.lockId(ref));
  }

  /** False where one is not held. */
  private dropAll({ held }: Place, refs: readonly LockRef[]): boolean {
    for (const ref of refs) {
      const at = held.findIndex(({ lock }) => lock === this.frames.lockId(ref));
      if (at < 0) return false;
      held.splice(at, 1);
    }
    return true;
  }
}

/** The next section that does not leave itself out. */
function skip(place: Place, { parts }: Program): void {
  while (place.at < parts.length && parts[place.at]!.when?.(place.context) === false) place.at++;
}

/** The sections end with a result, and the closing ones follow; false where locks are held still. */
function end(place: Place, { closing, parts }: Program, result: Outcome): boolean {
  if (typeof result === "string") place.held.length = 0;
  if (place.held.length > 0) return false;
  if (place.at < closing) place.result = result;
  place.at = place.at < closing ? closing : parts.length;
  return true;
}

function ended({ held, result }: Place, retried = false): Ending {
  return held.length > 0 ? GIVES_BACK : new Ending(ENDED, 0, result ?? 0, retried);
}

function cloned(value: unknown): unknown {
  return value !== null && typeof value === "object" ? structuredClone(value) : value;
}
