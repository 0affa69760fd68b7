/**
 * Verdicts. "holds" is said only of a space that was exhausted; each other case says what is missing.
 */
export type Verdict = "invalid" | "violated" | "incomplete" | "vacuous" | "holds";

/** Worst first: the verdict of several is the first of these that occurs. */
export const WORST_FIRST: readonly Verdict[] = ["invalid", "violated", "incomplete", "vacuous", "holds"];

export function worst(verdicts: Iterable<Verdict>): Verdict {
  const seen = new Set(verdicts);
  return WORST_FIRST.find((verdict) => seen.has(verdict)) ?? "holds";
}

/**
 * An error of the model, not a breach of a promise: a predicate that throws, a value outside its domain, a step that is not
 * deterministic, a lock taken twice. Its verdict is `invalid`.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly place: string;
  constructor(what: string, place: string, usualCause: string) {
    super(`${what}\n  at ${place}\n  usual cause: ${usualCause}`);
    this.place = place;
  }

  /** One whose message was put together before: in another thread or process, or for a run's report. */
  static told(message: string, place: string): ModelError {
    const error = new ModelError("", place, "");
    error.message = message;
    return error;
  }

  /** Also one of another checkout's copy of this file. */
  static override [Symbol.hasInstance](error: unknown): boolean {
    if (this !== ModelError) return Function.prototype[Symbol.hasInstance].call(this, error);
    return error instanceof Error && error.name === "ModelError";
  }
}
