/** The text of generated functions, put together from pieces. */
import type { Piece } from "./translator.ts";

/** Source of one generated function beyond which another one is begun: V8 optimises functions of this size best. */
const CHUNK = 6_000;

/** `w0`, `w1`, …: as many as there are words. */
export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

/** Pieces in their order, as many together as make a function of that size. */
export function chunked(pieces: readonly Piece[]): Piece[][] {
  const chunks: Piece[][] = [[]];
  let size = 0;
  for (const piece of pieces) {
    const length = piece.lines.reduce((sum, line) => sum + line.length, 0);
    if (size > 0 && size + length > CHUNK) {
      chunks.push([]);
      size = 0;
    }
    chunks.at(-1)!.push(piece);
    size += length;
  }
  return chunks;
}

function hoisted(pieces: readonly Piece[]): string {
  const used = new Set(
    pieces.flatMap(({ lines }) => lines.flatMap((line) => line.match(/\bc\d+_\d+_\d+\b/g) ?? [])),
  );
  const all = new Map(pieces.flatMap(({ hoists }) => [...hoists].filter(([name]) => used.has(name))));
  return [...all].map(([name, expression]) => `const ${name} = ${expression};\n`).join("");
}

/** All parameters are 32-bit numbers, which V8 is told: what it does not know of a number costs more than what is done with it. */
export function functionText(name: string, params: string, pieces: readonly Piece[], end: string): string {
  const whole = params.split(", ").map((param) => `${param} = ${param} | 0;`);
  return `function ${name}(${params}) {\n${whole.join(" ")}\n${hoisted(pieces)}${pieces.map(({ lines }) => lines.join("\n")).join("\n")}\n${end}\n}`;
}
