/** What the page of reports does when it is opened. */
import { render } from "preact";
import type { AnyDesign } from "../../spec/language/design.ts";
import { Problem } from "../picture/problem.tsx";
import { ReportView } from "../report/report-view.tsx";
import { shownOf } from "../report/shown.ts";
import type { ReportPage } from "./data.ts";
import { Guard, messageOf } from "./guard.tsx";

/** The designs run the traces in the reports; one may run several. */
export function start(...designs: readonly AnyDesign[]): void {
  const root = document.getElementById("page")!;
  root.textContent = "";
  try {
    const page = JSON.parse(document.getElementById("data")!.textContent) as ReportPage;
    const byKey = new Map(page.designs.map((key, i) => [key, designs[i]!]));
    const shown = shownOf(page);
    render(
      <Guard>
        <ReportView shown={shown} designs={byKey} />
      </Guard>,
      root,
    );
  } catch (error) {
    render(<Problem text={messageOf(error)} />, root);
  }
}
