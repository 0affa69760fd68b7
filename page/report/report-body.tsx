/** All reports of a page, one after the other. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import { CheckPart } from "./check-part.tsx";
import { DiffPart } from "./diff-part.tsx";
import { FuzzPart } from "./fuzz-part.tsx";
import { GatePart } from "./gate-part.tsx";
import { growthOfFile } from "./growth.ts";
import { MutatePart } from "./mutate-part.tsx";
import { Bars } from "./plots.tsx";
import type { Report } from "./read.ts";
import { beforeOf, type Shown } from "./shown.ts";
import { TrendPart } from "./trend-part.tsx";

export function ReportBody({ shown }: { readonly shown: Shown }): JSX.Element {
  const { reports, against, notes } = shown;
  const without = against.filter((then) => !reports.some((now) => beforeOf(shown, now) === then));
  return (
    <>
      <header>
        <p class="kind">
          <span class="brand">gmemcheck</span> {oneLine(reports.map(({ where }) => where).join(", "))}
        </p>
      </header>
      {notes.length > 0 && (
        <ul class="warning" aria-label="Notes">
          {notes.map((note) => (
            <li>{oneLine(note)}</li>
          ))}
        </ul>
      )}
      <main class="reports">
        {reports.map((report) => (
          <Part report={report} shown={shown} />
        ))}
        {without.map(({ where, kind }) => (
          <p class="warning">
            {oneLine(where)} is compared with nothing: there is no other report of {kind} of the same here.
          </p>
        ))}
      </main>
    </>
  );
}

function Part({ report, shown }: { readonly report: Report; readonly shown: Shown }): JSX.Element {
  const before = beforeOf(shown, report);
  return (
    <article aria-label={titleOf(report)}>
      <h1>{titleOf(report)}</h1>
      {before !== null && <TrendPart now={report} then={before} />}
      <Said report={report} />
    </article>
  );
}

export function titleOf(report: Report): string {
  switch (report.kind) {
    case "check":
      return `Check of ${namesText(report.file.designs.map(({ design }) => design))}`;
    case "fuzz":
      return `Random runs of ${namesText(report.file.results.map(({ design }) => design))}`;
    case "mutate":
      return `Mutants of ${oneLine(report.file.design)}`;
    case "gate":
      return `Gate: ${oneLine(report.file.verdict)}`;
    case "diff":
      return `${oneLine(report.file.a)} → ${oneLine(report.file.b)}`;
    case "growth":
      return `States over bounds, scenario ${oneLine(report.file.scenario)}`;
  }
}

/** More designs than these are counted. */
const NAMED = 3;

function namesText(names: readonly string[]): string {
  return names.length > NAMED ? `${names.length} designs` : names.map(oneLine).join(", ");
}

function Said({ report }: { readonly report: Report }): JSX.Element {
  switch (report.kind) {
    case "check":
      return <CheckPart file={report.file} />;
    case "fuzz":
      return <FuzzPart file={report.file} />;
    case "mutate":
      return <MutatePart file={report.file} />;
    case "gate":
      return <GatePart file={report.file} />;
    case "diff":
      return <DiffPart file={report.file} />;
    case "growth":
      return (
        <>
          {growthOfFile(report.file).map((growth) => (
            <Bars growth={growth} />
          ))}
        </>
      );
  }
}
