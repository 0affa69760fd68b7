/** Breaks a line at spaces; what follows the first line stands two further in. */
const WIDTH = 100;

export function wrap(text: string, indent: string, width = WIDTH): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}  `;
    }
    line += line.endsWith(" ") || line.length === indent.length ? word : ` ${word}`;
  }
  return [...lines, line];
}
