/** The file of a recording: its header, and a line for each program or block, which the header counts. */
import type { Header } from "../../spec/recording.ts";

export function recordingText(
  header: Header,
  set: string,
  lines: readonly object[],
  more: object = {},
): string {
  const head = { ...header, set, sequences: lines.length, ...more };
  return [head, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}
