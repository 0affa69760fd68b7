/** The page of reports without script: the same components, and behind them each trace as text. */
import type { JSX } from "preact";
import { renderToString } from "preact-render-to-string";
import { oneLine } from "../../checkers/report/clean.ts";
import { DiffHeader } from "./diff-view.tsx";
import { Here } from "./links.ts";
import { ReportBody } from "./report-body.tsx";
import type { Shown } from "./shown.ts";
import { BothSteps, StepsText } from "./steps-text.tsx";

/** What stands in the body of a page. */
export function renderStaticReport(shown: Shown): string {
  return renderToString(<StaticReports shown={shown} />);
}

function StaticReports({ shown }: { readonly shown: Shown }): JSX.Element {
  const { traces, differences } = shown;
  return (
    <Here.Provider value={shown}>
      <div class="page static">
        <ReportBody shown={shown} />
        {traces.map((trace, number) => (
          // Where there is no script, the address of a trace leads here.
          <section id={`trace=${number}`} aria-label={oneLine(trace.where)}>
            <h2>
              {oneLine(trace.design)}: {oneLine(trace.what)}
            </h2>
            <StepsText of={trace} />
          </section>
        ))}
        {differences.map((difference, number) => (
          <section id={`difference=${number}`}>
            <DiffHeader of={difference} />
            <BothSteps of={difference} />
          </section>
        ))}
      </div>
    </Here.Provider>
  );
}
