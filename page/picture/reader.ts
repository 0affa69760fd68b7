/** Where a reader of a trace is: the run that is looked at, the moment, and the branches that led there. */
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Choice, Session } from "../session/session.ts";
import { hashOf, type Pick, type Place } from "./permalink.ts";

/** A run, and the choices by which it came from the trace. */
interface Run {
  readonly session: Session;
  readonly picks: readonly Pick[];
  /** The moment at which it leaves the run before it in the trail. */
  readonly leaves: number;
}

export class Reader {
  readonly query: Signal<string> = signal("");
  readonly isTable: Signal<boolean> = signal(false);
  /** What went wrong with what the reader asked for; null: nothing. */
  readonly problem: Signal<string | null> = signal(null);
  /** The trace, and behind it the branches. */
  private readonly runs: Signal<readonly Run[]>;
  private readonly at: Signal<number>;

  /** The command that runs the trace again; "" where there is none. */
  readonly again: Signal<string>;

  /** Begins at the end, where the promise is broken. */
  constructor(session: Session, again: string) {
    this.runs = signal([{ session, picks: [], leaves: 0 }]);
    this.at = signal(session.moments.length - 1);
    this.again = signal(again);
  }

  readonly original: ReadonlySignal<Session> = computed(() => this.runs.value[0]!.session);
  readonly session: ReadonlySignal<Session> = computed(() => this.runs.value.at(-1)!.session);
  readonly index: ReadonlySignal<number> = computed(() => this.at.value);
  /** The runs from the trace to the branch that is looked at. */
  readonly trail: ReadonlySignal<readonly Session[]> = computed(() =>
    this.runs.value.map(({ session }) => session),
  );
  readonly place: ReadonlySignal<Place> = computed(() => ({
    step: this.at.value,
    picks: this.runs.value.at(-1)!.picks,
  }));

  go = (index: number): void => {
    this.at.value = clamped(this.session.value, index);
  };

  /** Takes what else could be done here; at the end of a branch it makes that branch longer. */
  take = (choice: Choice): void => {
    const { session, picks, leaves } = this.runs.value.at(-1)!;
    const at = this.at.value;
    const next = session.branch(at, choice);
    const kept = picks.filter((pick) => pick.at < at);
    const isLonger = session.branchedAt !== null && at === session.moments.length - 1;
    const run = {
      session: next,
      picks: [...kept, { at, key: choice.key }],
      leaves: isLonger ? leaves : at,
    };
    this.runs.value = [...(isLonger ? this.runs.value.slice(0, -1) : this.runs.value), run];
    this.at.value = at + 1;
  };

  /** Back to a run of the trail, at the moment at which it was left. */
  back = (to: number): void => {
    const { leaves } = this.runs.value[to + 1]!;
    this.runs.value = this.runs.value.slice(0, to + 1);
    this.go(leaves);
  };

  /** Another trace. */
  open = (session: Session, again: string): void => {
    this.again.value = again;
    this.runs.value = [{ session, picks: [], leaves: 0 }];
    this.problem.value = null;
    this.query.value = "";
    this.go(session.moments.length - 1);
  };

  /** Goes to where an address leads; its branch is made again. */
  visit = (place: Place): void => {
    if (hashOf(place) === hashOf(this.place.value)) return;
    const { session } = this.runs.value[0]!;
    this.runs.value = [{ session, picks: [], leaves: 0 }];
    for (const { at, key } of place.picks) {
      const choice = at < this.session.value.moments.length ? this.choice(at, key) : undefined;
      if (choice === undefined) {
        this.problem.value = `The address leads into a branch that takes "${key}" at step ${at}; nothing of that name can be done there.`;
        break;
      }
      this.at.value = at;
      this.take(choice);
    }
    this.go(place.step);
  };

  private choice(at: number, key: string): Choice | undefined {
    return this.session.value.choicesAt(at).find((choice) => choice.key === key);
  }
}

function clamped({ moments }: Session, index: number): number {
  return Math.max(0, Math.min(moments.length - 1, index));
}
