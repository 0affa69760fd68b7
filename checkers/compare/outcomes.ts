/** Outcomes of calls in both designs, as numbers: equal where user space cannot tell them apart. */
import { CALLS_END, NO_USE_AFTER_FREE, NO_WARNING } from "../../spec/language/kernel-bug.ts";
import { isFailure, outcomeText, type Outcome } from "../../spec/language/outcome.ts";

/** `well`: the call did what it was asked, or exited to user space. `refused`: an errno or a signal. `nothing`: it cannot be made, or never answers. */
export type Sort = "well" | "refused" | "nothing";

/** What user space meets of a bug of the kernel, by the promise that it breaks. */
const OF_BUGS: ReadonlyMap<string, string> = new Map([
  [CALLS_END.name, "never ends"],
  [NO_USE_AFTER_FREE.name, "uses freed memory"],
  [NO_WARNING.name, "WARN"],
]);

interface Known {
  readonly text: string;
  readonly sort: Sort;
  /** What the call gave; undefined where it gave nothing, null for contents that may be anything. */
  readonly value: number | null | undefined;
}

export class Outcomes {
  /** The call cannot be made here. */
  readonly notMade: number;
  private readonly numbers = new Map<string, number>();
  private readonly known: Known[] = [];

  constructor() {
    this.notMade = this.number("cannot be made", "nothing");
  }

  of(outcome: Outcome): number {
    const known = typeof outcome === "object" ? undefined : this.numbers.get(String(outcome));
    if (known !== undefined) return known;
    const value = typeof outcome === "object" ? outcome.value : undefined;
    return this.number(outcomeText(outcome), isFailure(outcome) ? "refused" : "well", value);
  }

  /** The call runs into a bug of the kernel, by the promise that this breaks. */
  ofBug(promise: string): number {
    return this.number(OF_BUGS.get(promise) ?? `breaks ${promise}`, "nothing");
  }

  private number(text: string, sort: Sort, value?: number | null): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.known.length);
    return this.known.push({ text, sort, value }) - 1;
  }

  text(number: number): string {
    return this.known[number]!.text;
  }

  sort(number: number): Sort {
    return this.known[number]!.sort;
  }

  valueOf(number: number): number | null | undefined {
    return this.known[number]!.value;
  }
}
