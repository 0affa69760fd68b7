/** A trace as a mermaid sequence diagram: who calls the kernel when, what runs in between, and what then is broken. */
import type { Trace } from "../../spec/language/trace.ts";
import { cut, oneLine } from "./clean.ts";
import { beatsOf, type Beat } from "./story.ts";

/** Steps from the end that are drawn, and the length of a line: mermaid refuses more than 50,000 characters. */
const STEPS = 60;
const LINE = 160;

export function mermaid(trace: Trace): string {
  const all = beatsOf(trace);
  const beats = all.slice(-STEPS);
  const actors = [...new Set(beats.map(({ actor }) => actor))];
  const left = all.length - beats.length;
  const loop = trace.mode === "sequential" || trace.loop === undefined ? null : trace.loop - left;
  const lines = beats.flatMap((beat, i) => [
    ...(i === loop ? ["loop for ever"] : []),
    ...stepLines(beat, left + i + 1, `a${actors.indexOf(beat.actor)}`),
  ]);
  return [
    "sequenceDiagram",
    ...actors.map((actor, i) => `  participant a${i} as ${label(actor)}`),
    "  participant k as kernel",
    ...(left === 0 ? [] : [`  Note over k: ${left} earlier steps are left out`]),
    ...(loop !== null && loop < 0 ? ["  Note over k: these steps go round for ever"] : []),
    ...lines.map((line) => `  ${line}`),
    ...(loop !== null && loop >= 0 ? ["  end"] : []),
    ...breachLines(trace, actors.length),
    "",
  ].join("\n");
}

function stepLines({ does, ends }: Beat, number: number, actor: string): string[] {
  return [
    `${actor}->>k: ${number}. ${label(does)}`,
    ...(ends === null ? [] : [`k-->>${actor}: ${label(ends)}`]),
  ];
}

function breachLines({ breach }: Trace, actors: number): string[] {
  if (breach === null) return [];
  const over = actors === 0 ? "k" : "a0,k";
  const why = breach.why === "" ? "" : ` — ${breach.why}`;
  return [`  Note over ${over}: ✗ ${label(`${breach.property} is broken${why}`)}`];
}

/** Anything as one line of text: what could be syntax, of the diagram or of the Markdown around it, becomes a numbered entity. */
function label(text: string): string {
  const line = cut(oneLine(text), LINE);
  return line.replace(/[^\w .=,→—·✗()…-]/gu, (char) => `#${char.codePointAt(0)};`) || "unnamed";
}
