/** Files that the page makes itself: nothing is sent anywhere. */
import { render, type VNode } from "preact";
import { itf } from "../../checkers/report/itf.ts";
import { mermaid } from "../../checkers/report/mermaid.ts";
import { fileName } from "../../checkers/trace/text.ts";
import type { Trace } from "../../spec/language/trace.ts";
import type { Session } from "../session/session.ts";

interface File {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** What `gmemcheck replay` accepts. */
export function traceFile(session: Session): File {
  return {
    name: `${nameOf(session)}.json`,
    type: "application/json",
    text: `${JSON.stringify(session.toTrace(), null, 2)}\n`,
  };
}

export function itfFile(session: Session): File {
  const { design, moments } = session;
  const states = moments.map(({ state }) => state as object);
  return {
    name: `${nameOf(session)}.itf.json`,
    type: "application/json",
    text: `${JSON.stringify(itf(runOf(session), states, design, new Date()), null, 2)}\n`,
  };
}

export function mermaidFile(session: Session): File {
  return { name: `${nameOf(session)}.mmd`, type: "text/vnd.mermaid", text: mermaid(runOf(session)) };
}

/** A drawing as a file of its own, with the styles of the page. */
export function svgFile(session: Session, what: string, drawing: VNode): File {
  const div = document.createElement("div");
  render(drawing, div);
  const svg = div.querySelector("svg")!;
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules].map((rule) => rule.cssText))
    .join("\n");
  svg.prepend(style);
  const text = new XMLSerializer().serializeToString(svg);
  render(null, div);
  return { name: `${nameOf(session)}-${what}.svg`, type: "image/svg+xml", text };
}

export function save({ name, type, text }: File): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The run as it is looked at: of a branch, its own steps and what then is broken. */
function runOf({ trace, moments, branchedAt }: Session): Trace {
  const steps = moments.flatMap(({ step }) => step ?? []);
  if (branchedAt === null) return { ...trace, steps } as Trace;
  const [breach = null] = moments.at(-1)!.breaches;
  const { design, bounds, scenario, tracked, format } = trace;
  const mode =
    trace.mode === "sequential" ? { mode: trace.mode } : { mode: trace.mode, overlap: trace.overlap };
  return { format, design, bounds, scenario, tracked, ...mode, breach, steps } as Trace;
}

function nameOf({ design, property, branchedAt }: Session): string {
  const what = branchedAt === null ? (property ?? "run") : `branch-at-${branchedAt}`;
  return fileName(`${design.name}-${what}`);
}
