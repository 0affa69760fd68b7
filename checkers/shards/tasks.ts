/** What a machine is asked to do for a search, and what it answers. All of it is plain data, and small: states are in blobs. */
import type { Step } from "../explore/trail.ts";
import type { TotalsNow } from "../explore/explored.ts";

/** Some states of a level, by their numbers in it. */
export interface Slice {
  /** The blob that says where its states are: rounds, as JSON. */
  readonly level: string;
  /** The number of the level's first state, among all. */
  readonly levelFirst: number;
  readonly first: number;
  readonly end: number;
}

export interface ExpandTask extends Slice {
  readonly kind: "expand";
  readonly tracking: number;
  readonly round: number;
  /** Its number in the round. */
  readonly slice: number;
  /** What is found already in levels before; found again it says nothing. */
  readonly closed: readonly string[];
  /** States known when the round began. */
  readonly known: number;
}

export interface Expanded {
  /** Candidates for each shard, in the blob of the slice one behind the other. */
  readonly sent: readonly number[];
  readonly totals: TotalsNow;
  /** Places of the design that were not translated. */
  readonly notices: readonly string[];
  readonly seconds: number;
}

export interface OwnTask {
  readonly kind: "own";
  readonly tracking: number;
  readonly round: number;
  /** The first round of the tracking, which has the initial state. */
  readonly firstRound: number;
  /** The first shard, and the one behind the last. */
  readonly shards: readonly [number, number];
  /** For each slice of the round, what it sent to each shard. */
  readonly sent: readonly (readonly number[])[];
}

export interface Owned {
  /** New states, by shard from the first one on, and by slice. */
  readonly counts: readonly (readonly number[])[];
}

export interface SeekTask extends Slice {
  readonly kind: "seek";
  readonly tracking: number;
  /** States of the next level that are looked for, each as its words. */
  readonly wanted: readonly (readonly number[])[];
}

export interface Sought {
  /** How each was come by first: the number in its level of the state it was found from, and the call. */
  readonly steps: readonly Step[];
}

export type ShardTask = ExpandTask | OwnTask | SeekTask;
export type AnswerTo<T extends ShardTask> = T extends ExpandTask
  ? Expanded
  : T extends OwnTask
    ? Owned
    : Sought;

/** Whoever has tasks done, by one machine or many. */
export interface Doer {
  /** The answers, in the order of the tasks. Throws Abandoned where one of them cannot be done. */
  all<T extends ShardTask>(tasks: readonly T[], onAnswer?: (done: number) => void): Promise<AnswerTo<T>[]>;
}

/** A task that was tried too often, or that nobody is to do any more: the search ends where it is, and is incomplete. */
export class Abandoned extends Error {
  override readonly name = "Abandoned";
  /** What is not done. */
  readonly of: ShardTask["kind"];

  constructor(of: ShardTask["kind"], message: string) {
    super(message);
    this.of = of;
  }
}
