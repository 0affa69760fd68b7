/** What racing threads have answered so far, and what the names of the program stand for then. */
import type { Header, Player, Playing, RecordedResult } from "../../spec/recording.ts";
import { disabled } from "../../spec/language/call.ts";
import type { Ended as End } from "../explore/sequential.ts";
import { outcomeKey } from "../interleave/frame.ts";
import { answerOf, orUnplayable, type Ended, type Played } from "./play.ts";
import type { Block } from "./recording.ts";

/** A block whose setup has been made. */
export interface Ready {
  readonly header: Header;
  readonly block: Block;
  readonly player: Player;
  readonly setup: Played;
  /** The block's line. */
  readonly where: string;
}

export interface History {
  readonly id: number;
  /** The steps of each thread that have ended. */
  readonly threads: readonly (readonly Ended[])[];
  readonly playing: Playing;
}

/** Interned: equal histories are one, so that a node names its own by a number. */
export class Histories {
  private readonly ready: Ready;
  private readonly histories: History[] = [];
  private readonly ids = new Map<string, number>();
  /** By history, thread and how its step ended. */
  private readonly after = new Map<string, History>();

  constructor(ready: Ready) {
    this.ready = ready;
    this.intern(ready.block.threads.map(() => []));
  }

  get(id: number): History {
    return this.histories[id]!;
  }

  /** The history in which the thread's step has ended, too. */
  then(history: History, thread: number, end: End): History {
    const key = `${history.id} ${thread} ${end === disabled ? "impossible" : outcomeKey(end)}`;
    let after = this.after.get(key);
    if (after === undefined) this.after.set(key, (after = this.extend(history, thread, end)));
    return after;
  }

  private extend({ threads }: History, thread: number, end: End): History {
    const before = threads[thread]!;
    const step = this.ready.block.threads[thread]![before.length]!;
    const answer = answerOf(this.playingAfter(threads), step, end);
    return this.intern(threads.with(thread, [...before, { step, end, answer }]));
  }

  private intern(threads: History["threads"]): History {
    const key = historyKey(threads);
    const known = this.ids.get(key);
    if (known !== undefined) return this.histories[known]!;
    const made = { id: this.histories.length, threads, playing: this.playingAfter(threads) };
    this.histories.push(made);
    this.ids.set(key, made.id);
    return made;
  }

  /**
   * What the names stand for is learnt anew from all that ended, thread by thread: which thread ended first makes no difference to names,
   * as each stands for one thing only.
   */
  playingAfter(threads: History["threads"]): Playing {
    const { header, block, player, setup, where } = this.ready;
    const playing = playingOf(header, block, player, where);
    for (const { step, end } of [...setup.ended, ...threads.flat()]) answerOf(playing, step, end);
    return playing;
  }
}

/** A block laid out as one program: whichever thread comes first, the same pages are told apart. */
export function playingOf(header: Header, block: Block, player: Player, where: string): Playing {
  const steps = [...block.setup, ...block.threads.flat(), ...block.final];
  return orUnplayable(where, () => player.play(header, steps));
}

function historyKey(threads: History["threads"]): string {
  return JSON.stringify(
    threads.map((ended) =>
      ended.map(({ end, answer }): [string, RecordedResult] => [
        end === disabled ? "impossible" : outcomeKey(end),
        answer,
      ]),
    ),
  );
}
