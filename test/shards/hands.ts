/** Machines of a search, all in this process, as unreliable as a seed makes them. */
import type { Bounded } from "../../checkers/explore/bounded.ts";
import type { Blobs } from "../../checkers/shards/blobs.ts";
import { ShardHand, type HandOptions } from "../../checkers/shards/hand.ts";
import type { AnswerTo, Doer, ShardTask } from "../../checkers/shards/tasks.ts";

/** Numbers below n, always the same for a seed. */
export function numbers(seed: number): (n: number) => number {
  let state = seed | 1;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % n;
  };
}

/** Tasks in any order, by any hand; some are done twice, and hands are replaced by new ones that know nothing. */
export class Unreliable implements Doer {
  readonly done = { tasks: 0, repeated: 0, replaced: 0 };
  private readonly hands: ShardHand[];
  private readonly make: () => ShardHand;
  private readonly below: (n: number) => number;

  constructor(subject: Bounded, blobs: Blobs, options: HandOptions, count: number, seed: number) {
    this.make = () => new ShardHand(subject, blobs, options);
    this.hands = Array.from({ length: count }, this.make);
    this.below = numbers(seed);
  }

  async all<T extends ShardTask>(tasks: readonly T[], onAnswer?: (done: number) => void) {
    const answers = new Array<AnswerTo<T>>(tasks.length);
    const left = [...tasks.keys()];
    while (left.length > 0) {
      const [i] = left.splice(this.below(left.length), 1) as [number];
      const hand = this.hand();
      answers[i] = await hand.do(tasks[i]!);
      this.done.tasks++;
      if (this.below(3) === 0) {
        // By who has just done it, too.
        answers[i] = await (this.below(2) === 0 ? hand : this.hand()).do(tasks[i]!);
        this.done.repeated++;
      }
      onAnswer?.(tasks.length - left.length);
    }
    return answers;
  }

  private hand(): ShardHand {
    const at = this.below(this.hands.length);
    if (this.below(6) === 0) {
      this.hands[at] = this.make();
      this.done.replaced++;
    }
    return this.hands[at]!;
  }
}
