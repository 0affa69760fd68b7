/** The innermost loops of a hand, generated for the arrays that they work on, as those of a search in one thread are (explore/inserter.ts). */
import { differenceText, RECENT_BITS } from "../explore/inserter.ts";
import { copyText, hashText, sameText, times } from "../explore/probe.ts";
import type { Outbox } from "./shared.ts";

/** Sends n successors to their owners, but for those seen lately; the first one has the place `place` among those of its chunk. */
export type Scatter = (n: number, place: number) => void;

export function scatterOn(
  width: number,
  words: Int32Array,
  recent: Int32Array,
  fill: Int32Array,
  outboxes: readonly Outbox[],
): Scatter {
  const send = outboxes.map(
    (_, to) => `if (owner === ${to}) {
      const at = fill[${to}];
      { const p = ${times("at", width)}; ${copyText(width, `out${to}`)} }
      places${to}[at] = (place + i) | 0;
      fill[${to}] = (at + 1) | 0;
    }`,
  );
  const given: Record<string, Int32Array> = { words, recent, fill };
  outboxes.forEach((outbox, to) => {
    given[`out${to}`] = outbox.words;
    given[`places${to}`] = outbox.places;
  });
  const text = `"use strict";
    return (n, place) => {
      for (let i = 0, offset = 0; i < n; i = (i + 1) | 0, offset = (offset + ${width}) | 0) {
        const from = words;
        ${hashText(width)}
        const at = ${times(`(h >>> ${32 - RECENT_BITS})`, width)};
        ${differenceText(width)}
        if (differs === 0) continue;
        const owner = ${ownerText(outboxes.length)};
        ${send.join(" else ")}
      }
    };`;
  return new Function(...Object.keys(given), text)(...Object.values(given)) as Scatter;
}

/** The bits that choose an owner depend on all bits of the hash: those that choose a slot remain even in each part. */
function ownerText(hands: number): string {
  return `((Math.imul(h, 0x9e3779b1) >>> 16) * ${hands}) >>> 16`;
}

/** Who owns a state, by its hash. */
export function ownerOn(hands: number): (h: number) => number {
  return new Function("h", `"use strict"; return ${ownerText(hands)};`) as (h: number) => number;
}

/** What a hand keeps of the new states of a round. */
export interface Found {
  readonly words: Int32Array;
  readonly slots: Int32Array;
  readonly places: Int32Array;
}

/**
 * Looks up the successors of an outbox from `first` to before `end`, and enters those that are new, `made` of which there were before; gives how many there
 * are then. A state that is new in this round has no number yet: in the table it has that of the `known` ones, and of those found before it in this part.
 */
export type Enter = (
  mask: number,
  numbers: number,
  known: number,
  made: number,
  first: number,
  end: number,
) => number;

/** Successors whose places in the table are touched before the first of them is looked up. */
const TOUCHED = 256;

export function enterOn(
  width: number,
  table: Int32Array,
  log: Int32Array,
  outbox: Outbox,
  found: Found,
): Enter {
  const hashes = new Int32Array(TOUCHED + 1);
  const { words, places } = outbox;
  const given = { table, log, words, sent: places, hashes, ...prefixed(found) };
  const text = `"use strict";
    return (mask, numbers, known, made, first, end) => {
      const tag = ~numbers;
      for (let block = first; block < end; block = (block + ${TOUCHED}) | 0) {
        const stop = Math.min(end, block + ${TOUCHED}) | 0;
        let touched = 0;
        for (let i = block, offset = ${times("block", width)}; i < stop; i = (i + 1) | 0, offset = (offset + ${width}) | 0) {
          const from = words;
          ${hashText(width)}
          hashes[(i - block) | 0] = h;
          touched ^= table[h & mask];
        }
        hashes[${TOUCHED}] = touched;
        next: for (let i = block, offset = ${times("block", width)}; i < stop; i = (i + 1) | 0, offset = (offset + ${width}) | 0) {
          const h = hashes[(i - block) | 0];
          let at = h & mask;
          for (let e = table[at]; e !== 0; e = table[at]) {
            if (((e ^ h) & tag) === 0) {
              const index = ((e & numbers) - 1) | 0;
              if (index < known) {
                const p = ${times("index", width)};
                ${sameText(width, "continue next;")}
              } else {
                const p = ${times("((index - known) | 0)", width)};
                ${sameText(width, "continue next;", "foundWords")}
              }
            }
            at = (at + 1) & mask;
          }
          const p = ${times("made", width)};
          ${copyText(width, "foundWords")}
          foundSlots[made] = at;
          foundPlaces[made] = sent[i];
          made = (made + 1) | 0;
          table[at] = (h & tag) | (known + made);
        }
      }
      return made;
    };`;
  return new Function(...Object.keys(given), text)(...Object.values(given)) as Enter;
}

/** Writes the states that were found to the log, and their numbers to the table. */
export type Write = (numbers: number, made: number) => void;

export function writeOn(
  width: number,
  table: Int32Array,
  log: Int32Array,
  found: Found,
  indices: Int32Array,
): Write {
  const given = { table, log, words: found.words, slots: found.slots, indices };
  const text = `"use strict";
    return (numbers, made) => {
      for (let i = 0, offset = 0; i < made; i = (i + 1) | 0, offset = (offset + ${width}) | 0) {
        const index = indices[i];
        const p = ${times("index", width)};
        ${copyText(width)}
        const slot = slots[i];
        table[slot] = (table[slot] & ~numbers) | (index + 1);
      }
    };`;
  return new Function(...Object.keys(given), text)(...Object.values(given)) as Write;
}

function prefixed({ words, slots, places }: Found): Record<string, Int32Array> {
  return { foundWords: words, foundSlots: slots, foundPlaces: places };
}
