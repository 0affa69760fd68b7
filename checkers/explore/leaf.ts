/** Leaves of a state in generated code: which number stands for which value, and where its bits are. */
import type { AnyDomain } from "../../spec/language/domain.ts";

/** Where a leaf has its bits. */
export interface Bits {
  readonly word: number;
  readonly shift: number;
  readonly mask: number;
}

export function extract({ word, shift, mask }: Bits): string {
  return `((w${word} >>> ${shift}) & ${mask})`;
}

/**
 * An expression for the number that stands for a value: not a whole number from 0 to count - 1 when the value is not of the domain.
 * It may use the variable `t`.
 */
export function encode(domain: AnyDomain, read: string): string {
  const { shape } = domain;
  switch (shape.kind) {
    case "bool":
      return `${read} === true ? 1 : ${read} === false ? 0 : -1`;
    case "oneOf":
      return shape.values.map((name, i) => `${read} === ${JSON.stringify(name)} ? ${i} : `).join("") + "-1";
    case "maybe":
      // One more than the number of the value; what stands for no value stays one that does not.
      return `${read} === null ? 0 : (t = (${encode(shape.of, read)}), t === (t | 0) && t >= 0 ? t + 1 : -1)`;
    case "tracked":
    case "location":
    case "pointing":
      return encode(shape.of, read);
    default:
      return read;
  }
}

/** The expression of the value that such a number stands for. */
export function decode(domain: AnyDomain, bits: string, constant: (value: unknown) => string): string {
  const { shape } = domain;
  switch (shape.kind) {
    case "bool":
      return `${bits} === 1`;
    case "oneOf":
      return `${constant(shape.values)}[${bits}]`;
    case "maybe":
      return `${bits} === 0 ? null : (${decode(shape.of, `(${bits} - 1)`, constant)})`;
    case "tracked":
    case "location":
    case "pointing":
      return decode(shape.of, bits, constant);
    default:
      return bits;
  }
}
