/** What a gate may take. */
import { UsageError } from "../../checkers/usage-error.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Seconds: `90s`, `5m`, `1.5h`. */
export function secondsFrom(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text);
  const seconds = found === null ? 0 : Number(found[1]) * UNITS[found[2]!]!;
  if (seconds > 0) return seconds;
  throw new UsageError(
    `--budget: "${text}" is no time; expected a number with its unit, as in 90s, 5m or 1h`,
  );
}

export class Deadline {
  private readonly began = performance.now();
  private readonly seconds: number;
  private readonly interrupted: () => string | null;

  constructor(seconds: number, interrupted: () => string | null) {
    this.seconds = seconds;
    this.interrupted = interrupted;
  }

  /** So far. */
  get spent(): number {
    return (performance.now() - this.began) / 1000;
  }

  get left(): number {
    return Math.max(0, this.seconds - this.spent);
  }

  /** Why to stop now, or null; `share` of what is left may be kept for what comes after. */
  readonly stop = (): string | null => {
    if (this.left === 0) return `the budget of ${text(this.seconds)} is used up`;
    return this.interrupted();
  };

  /** The same for a part of what is left. */
  within(share: number): () => string | null {
    const until = this.spent + this.left * share;
    return () =>
      this.stop() ??
      (this.spent > until ? `its part of the budget of ${text(this.seconds)} is used up` : null);
  }
}

function text(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
