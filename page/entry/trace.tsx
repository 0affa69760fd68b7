/** What the page of a trace does when it is opened: it runs the trace that it carries, on the design that it carries. */
import { render } from "preact";
import { parseJson } from "../../checkers/input.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { Problem } from "../picture/problem.tsx";
import { TraceView } from "../picture/trace-view.tsx";
import type { TracePage } from "./data.ts";
import { Guard, messageOf } from "./guard.tsx";
import { open } from "./open.ts";

/** There is no design in the page of a trace of another tool, which can be looked at and not be run. */
export function start(design: AnyDesign | null = null): void {
  const root = document.getElementById("page")!;
  root.textContent = "";
  try {
    const { where, again, trace } = JSON.parse(document.getElementById("data")!.textContent) as TracePage;
    const bring = (text: string, name: string) => open(design, parseJson(text, name), name);
    const session = open(design, trace, where);
    render(
      <Guard>
        <TraceView session={session} again={again} open={bring} />
      </Guard>,
      root,
    );
  } catch (error) {
    render(<Problem text={messageOf(error)} />, root);
  }
}
