/**
 * One text with all mutants of a file in it, each of which can be switched on while the design runs: `x < y` becomes
 * `(on(7) ? (x <= y) : (x < y))`. Whoever asks whether a mutant is on tells that its place was reached.
 */
import { applied, type Edit, type Mutant } from "./mutant.ts";

/** What woven texts call: whether a mutant is on, and that a property of a list of sections has a value. */
export const ON = "__gmemcheckOn";
export const PART = "__gmemcheckPart";

interface Range {
  readonly start: number;
  readonly end: number;
}

interface Spot extends Range {
  readonly mutants: { readonly number: number; readonly mutant: Mutant }[];
  readonly inner: Spot[];
}

/** `parts`: values of properties that are sections, by their number. */
export interface Part extends Range {
  readonly number: number;
}

/** Edits that weave the mutants of a file, with the numbers under which they are switched on, and its parts into its text. */
export function woven(
  mutants: readonly { readonly number: number; readonly mutant: Mutant }[],
  parts: readonly Part[],
  text: string,
): Edit[] {
  const switched = mutants.filter(({ mutant }) => mutant.unit !== null);
  const spots = nested(
    switched.map(({ number, mutant }) => ({ ...rangeOf(mutant), mutants: [{ number, mutant }] })),
  );
  return marked(text, spots, parts);
}

const rangeOf = ({ edits: [edit] }: Mutant): Range => edit!;

/** Spots inside others, as the syntax has them; mutants of one place together. */
function nested(flat: readonly (Range & Pick<Spot, "mutants">)[]): Spot[] {
  const top: Spot[] = [];
  const open: Spot[] = [];
  const sorted = [...flat].sort((a, b) => a.start - b.start || b.end - a.end || rank(a) - rank(b));
  for (const one of sorted) {
    while (open.length > 0 && open.at(-1)!.end <= one.start) open.pop();
    const around = open.at(-1);
    if (
      around !== undefined &&
      around.start === one.start &&
      around.end === one.end &&
      rank(around) === rank(one)
    ) {
      around.mutants.push(...one.mutants);
      continue;
    }
    const spot = { ...one, mutants: [...one.mutants], inner: [] };
    (around?.inner ?? top).push(spot);
    open.push(spot);
  }
  return top;
}

/** A statement is around the expression that has its text. */
const rank = ({ mutants }: Pick<Spot, "mutants">): number =>
  mutants[0]!.mutant.unit === "statement" ? 0 : 1;

function switchOf(text: string, spot: Spot): string {
  const { start, end, inner, mutants } = spot;
  const shifted = inner.map((one) => ({
    start: one.start - start,
    end: one.end - start,
    text: switchOf(text, one),
  }));
  const original = applied(text.slice(start, end), shifted);
  if (mutants[0]!.mutant.unit === "statement")
    return mutants.reduceRight((rest, { number }) => `if (${ON}(${number})) {} else ${rest}`, original);
  const ways = mutants.map(({ number, mutant }) => `${ON}(${number}) ? (${mutant.edits[0]!.text}) : `);
  return `(${ways.join("")}(${original}))`;
}

/** The edits of the spots, and parts with their numbers around them. */
function marked(text: string, spots: readonly Spot[], parts: readonly Part[]): Edit[] {
  // A part has spots inside, and no spot has a part.
  const edits = spots.map((spot) => ({ start: spot.start, end: spot.end, text: switchOf(text, spot) }));
  const around = parts.map(({ start, end, number }): Edit => {
    const within = edits.filter((edit) => edit.start >= start && edit.end <= end);
    const shifted = within.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
    return { start, end, text: `${PART}(${number}, ${applied(text.slice(start, end), shifted)})` };
  });
  const free = edits.filter(
    (edit) => !parts.some(({ start, end }) => edit.start >= start && edit.end <= end),
  );
  return [...around, ...free];
}
