/** Tests of fields that stand in one word of a state, asked together: one test of the word is one jump for the processor to guess. */

/** Holds where (word & mask) === value. */
interface Masked {
  readonly word: string;
  readonly mask: number;
  readonly value: number;
}

const FIELD = String.raw`c(\d+)_(\d+)_(\d+) === (\d+)`;
const NOT_FIELD = String.raw`!\(c(\d+)_(\d+)_1 === ([01])\)`;
const WORD = String.raw`\((w\d+) & (-?\d+)\) === (-?\d+)`;
const [IS_FIELD, IS_NOT_FIELD, IS_WORD] = [FIELD, NOT_FIELD, WORD].map((text) => new RegExp(`^${text}$`));
/** A conjunction that ends in such a test. */
const ENDS = new RegExp(String.raw`^\((.*) && (${FIELD}|${NOT_FIELD}|${WORD})\)$`, "s");

/** The conjunction of two conditions. */
export function both(a: string, b: string): string {
  const right = maskedIn(b);
  if (right === null) return `(${a} && ${b})`;
  const alone = maskedIn(a);
  if (alone !== null) return together(alone, right) ?? `(${a} && ${b})`;
  const [, before, last] = ENDS.exec(a) ?? [];
  const merged = last === undefined ? null : together(maskedIn(last), right);
  return merged === null ? `(${a} && ${b})` : `(${before} && ${merged})`;
}

function maskedIn(condition: string): Masked | null {
  const word = IS_WORD!.exec(condition);
  if (word !== null) return { word: word[1]!, mask: Number(word[2]), value: Number(word[3]) };
  const field = IS_FIELD!.exec(condition);
  if (field !== null) return ofField(...(field.slice(1).map(Number) as [number, number, number, number]));
  const not = IS_NOT_FIELD!.exec(condition);
  return not === null ? null : ofField(Number(not[1]), Number(not[2]), 1, 1 - Number(not[3]));
}

function ofField(word: number, shift: number, width: number, value: number): Masked | null {
  const all = 2 ** width - 1;
  return value > all ? null : { word: `w${word}`, mask: all << shift, value: value << shift };
}

function together(a: Masked | null, b: Masked): string | null {
  if (a === null || a.word !== b.word || (a.mask & b.mask & (a.value ^ b.value)) !== 0) return null;
  return `(${a.word} & ${a.mask | b.mask}) === ${a.value | b.value}`;
}
