/** Text of a trace in C: names and reasons are a proposal's own, and must not end the comment or the string that they are put in. */
import { wrap } from "../report/wrap.ts";

/** Lines of a text that goes on without indent. */
export const paragraph = (text: string): string[] => wrap(text, "").map((line) => line.trimStart());

/** Printable ASCII in one line, without what has a meaning to the preprocessor. */
function plain(text: string): string {
  return text
    .replace(/\s/g, " ")
    .replace(/[^ -~]/g, "?")
    .replace(/\\/g, "/")
    .replace(/\?(?=\?)/g, "? ");
}

/** Inside a block comment. */
export function commentText(text: string): string {
  return plain(text)
    .replace(/\*(?=\/)/g, "* ")
    .replace(/\/(?=\*)/g, "/ ");
}

/** A string literal. */
export function stringLiteral(text: string): string {
  return `"${plain(text).replace(/"/g, '\\"')}"`;
}

/** A string literal that is told in a line of KTAP, where "#" begins a directive. */
export function told(text: string): string {
  return stringLiteral(text.replace(/#/g, "+"));
}

/** A name as an identifier. */
export function identifier(name: string): string {
  return name.replace(/\W/g, "_").replace(/^(?=\d)/, "_");
}

/** Numbers as they are read: small ones, and what is no address, in decimal. */
export function numberText(value: bigint): string {
  const size = value < 0n ? -value : value;
  const digits = size < 4096n ? String(size) : `0x${size.toString(16)}`;
  const suffix = size >= 1n << 63n ? "ull" : size >= 1n << 31n ? "ll" : "";
  return `${value < 0n ? "-" : ""}${digits}${suffix}`;
}

/** "A | B | 0x80": the names of the bits that have one. */
export function flagsText(value: bigint, names: Readonly<Record<string, bigint>>): string {
  const known = Object.entries(names).filter(([, bit]) => (value & bit) !== 0n);
  const rest = known.reduce((left, [, bit]) => left & ~bit, value);
  const all = [...known.map(([name]) => name), ...(rest === 0n ? [] : [numberText(rest)])];
  return all.length === 0 ? "0" : all.join(" | ");
}

/** The name of a number, or the number. */
export function nameText(value: bigint, names: Readonly<Record<string, bigint>>): string {
  return Object.keys(names).find((name) => names[name] === value) ?? numberText(value);
}

/** As an operand of "&". */
export const inBrackets = (expression: string): string =>
  expression.includes(" ") ? `(${expression})` : expression;
