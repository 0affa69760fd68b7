/**
 * Whether what a view answers can be: promises that are asked of a view that contradicts itself say nothing. Looked at behind a search, in
 * states that it has visited: the first ones, and of the others one in so many; in all of them where nothing is trusted.
 */
import { contradiction, isGuestMemory } from "../../spec/contradictions.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Bounded } from "./bounded.ts";
import { TRACK_ALL, type Codec } from "./codec.ts";
import { codecFor } from "./guard.ts";
import { Havoc } from "./havoc.ts";
import { Misuse } from "./misuse.ts";
import type { Store } from "./store.ts";
import { changes } from "./walk.ts";

const FIRST = 200;
const EVERY = 97;
/** In a long run, of those behind the first ones. */
const MOST = 2_000;
/** Cells of a state that are named. */
const NAMED = 8;

/** Words of a visited state behind those of the design's state are the calls in flight. */
export function askConsistency(subject: Bounded, store: Store): void {
  const ask = consistencyOf(subject);
  if (ask === null) return;
  const every = everyOf(store.count, subject.isParanoid);
  for (let i = 0; i < store.count; i = i + 1 < FIRST ? i + 1 : (Math.floor(i / every) + 1) * every) {
    const at = store.locate(i);
    ask(store.located, at);
  }
}

/** The same of `count` states out of a search, the first of which has the number `first`; `known` are those known by then. */
export function askConsistencyOf(
  subject: Bounded,
  words: Int32Array,
  { first, count, known }: { readonly first: number; readonly count: number; readonly known: number },
): void {
  const ask = consistencyOf(subject);
  if (ask === null) return;
  const every = everyOf(known, subject.isParanoid);
  const width = words.length / count;
  for (let i = 0; i < count; i++) if (first + i < FIRST || (first + i) % every === 0) ask(words, i * width);
}

const everyOf = (count: number, isParanoid: boolean): number =>
  isParanoid ? 1 : Math.max(EVERY, Math.ceil(count / MOST));

/** Asks about one packed state; null where there is nothing to ask. */
function consistencyOf(subject: Bounded): ((words: Int32Array, offset: number) => void) | null {
  const { design, m, sizes } = subject;
  // Of plain states it is known already whether there is anything to ask.
  const speaksVocabulary = isGuestMemory(design.view(subject.start, m));
  if (!speaksVocabulary && design.contradiction === undefined) return null;
  const codec = codecFor(subject, TRACK_ALL, new Havoc());
  const view: unknown = design.view(codec.draft, m);
  return (words, offset) => {
    codec.unpack(words, offset);
    const found = asked(
      subject,
      () =>
        (isGuestMemory(view) ? contradiction(view, sizes) : null) ??
        design.contradiction?.(view, sizes) ??
        null,
    );
    if (found !== null) throw contradicts(subject, codec, found);
  };
}

function asked({ design }: Bounded, question: () => string | null): string | null {
  try {
    return question();
  } catch (error) {
    if (error instanceof Misuse) throw error.by("the view");
    throw new ModelError(
      `the view threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
      design.place,
      "a question about what does not exist in this state: the answer is null or false, and never an error",
    );
  }
}

function contradicts({ design, start }: Bounded, { draft }: Codec, found: string): ModelError {
  const changed = changes(design.state, start, draft);
  const cells = changed.slice(0, NAMED).map(({ cell, to }) => `${cell} = ${to}`);
  const more = changed.length > NAMED ? ` and ${changed.length - NAMED} cells more` : "";
  const where = changed.length === 0 ? "in the first state" : `where ${cells.join(", ")}${more}`;
  return new ModelError(
    `the view contradicts itself: ${found}; ${where}`,
    design.place,
    "an answer that is read from a field without asking whether what it is of exists, or from an index of another kind",
  );
}
