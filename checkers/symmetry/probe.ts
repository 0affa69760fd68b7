/**
 * A run as `licence.ts` looks at it: its states, what each call does in each of them, and what its promises say. Everything is tracked,
 * and runs interpreted.
 */
import { disabled } from "../../spec/language/call.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import type { Outcome } from "../../spec/language/outcome.ts";
import type { Made } from "../../spec/language/property.ts";
import type { Asked, Bounded } from "../explore/bounded.ts";
import { TRACK_ALL, makeCodec, type Codec } from "../explore/codec.ts";
import { Havoc } from "../explore/havoc.ts";
import type { Instance } from "../explore/sequential.ts";
import { Store } from "../explore/store.ts";
import type { Canonical } from "./canonical.ts";
import { leavesOf, type Leaf } from "./leaves.ts";

/** How a call went: null where it cannot be made; a bug of the kernel by its name, where it leads nowhere. */
export type Went = { readonly ended: Outcome | { readonly bug: string } } | null;

export class Probe {
  readonly subject: Bounded;
  readonly codec: Codec;
  readonly leaves: readonly Leaf[];
  /** The state in which the run begins. */
  readonly start: Int32Array;
  /** Where `step` leads. */
  readonly next: Int32Array;
  private readonly view: unknown;
  private readonly before: { readonly codec: Codec; readonly view: unknown };

  constructor(subject: Bounded) {
    this.subject = subject;
    const { design, sizes, m, start } = subject;
    const made = (): Codec => makeCodec(design.state, sizes, TRACK_ALL, new Havoc(), design.place);
    this.codec = made();
    this.leaves = leavesOf(this.codec, design.state, sizes);
    this.start = new Int32Array(this.codec.words);
    this.next = new Int32Array(this.codec.words);
    this.codec.pack(start, this.start, 0);
    this.view = design.view(this.codec.draft as never, m);
    const codec = made();
    this.before = { codec, view: design.view(codec.draft as never, m) };
  }

  /** Runs a call on a state; where it leads is in `next`. */
  step(state: Int32Array, offset: number, instance: Instance): Went {
    const { codec, next } = this;
    codec.unpack(state, offset);
    try {
      const ended = instance.run(codec.draft, this.subject.m);
      if (ended === disabled) return null;
      codec.pack(codec.draft, next, 0);
      return { ended };
    } catch (error) {
      // A model that fails here fails in the search, which says so better.
      for (let i = 0; i < next.length; i++) next[i] = state[offset + i]!;
      return {
        ended: { bug: error instanceof KernelBug ? error.breaks.name : String(error).split("\n")[0]! },
      };
    }
  }

  /** Makes a state the one that `says` asks about. */
  load(state: Int32Array, offset: number): void {
    this.codec.unpack(state, offset);
  }

  /** Makes the last step, from `state` to `next`, the one that `saysOfStep` asks about. */
  loadStep(state: Int32Array, offset: number): void {
    this.codec.unpack(this.next, 0);
    this.before.codec.unpack(state, offset);
  }

  says({ property }: Asked, over: Over): Answer {
    if (property.kind === "step") return null;
    return answer(() =>
      property.when !== undefined && !property.when(this.view, over) ? null : property.holds(this.view, over),
    );
  }

  saysOfStep({ property }: Asked, over: Over, made: Made): Answer {
    if (property.kind !== "step") return null;
    return answer(() =>
      property.when !== undefined && !property.when(this.before.view, made, over)
        ? null
        : property.holds(this.before.view, made, this.view, over),
    );
  }

  /** The states that are reached, or the first `most` of them; with a canonical form, one of each orbit. */
  reach(most: number, canonical?: Canonical): { readonly store: Store; readonly complete: boolean } {
    const { words } = this.codec;
    const store = new Store(words);
    const first = this.start.slice();
    canonical?.canonicalise(first, 0);
    store.insert(first, 0, 0);
    const state = new Int32Array(words);
    for (let index = 0; index < store.count; index++) {
      store.read(index, state);
      this.subject.instances.forEach((instance, k) => {
        if (this.step(state, 0, instance) === null) return;
        canonical?.canonicalise(this.next, 0);
        store.insert(this.next, index, k);
      });
      if (store.count > most) return { store, complete: false };
    }
    return { store, complete: true };
  }
}

export type Over = Readonly<Record<string, number>>;
/** Null where the property says nothing; an error's name where it throws. */
export type Answer = boolean | string | null;

function answer(question: () => boolean | null): Answer {
  try {
    return question();
  } catch (error) {
    return error instanceof Error ? error.name : "an error";
  }
}
