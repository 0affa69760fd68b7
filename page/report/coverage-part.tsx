/** Which results of calls were seen, as a table of calls × results, and which of their sections ran. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Coverage, SectionCoverage } from "./coverage.ts";
import { countText } from "./numbers.ts";
import { Table } from "./table.tsx";

interface Props {
  readonly of: readonly Coverage[];
  /** What is said where a report has no coverage. */
  readonly without: string;
}

export function CoverageTables({ of, without }: Props): JSX.Element {
  return (
    <section aria-label="Coverage">
      <h2>
        Coverage: calls ×{" "}
        {of.some(({ sections }) => sections !== null) ? "results, calls × sections" : "results"}
      </h2>
      {of.length === 0 && <p class="dim">{without}</p>}
      {of.map((coverage) =>
        of.length === 1 ? (
          <CoverageTable of={coverage} />
        ) : (
          <details>
            <summary>
              {oneLine(coverage.design)}: {reachedText(coverage)}
              {coverage.sections === null ? "" : `, ${ranText(coverage.sections)}`}
            </summary>
            <CoverageTable of={coverage} />
          </details>
        ),
      )}
    </section>
  );
}

function reachedText({ never, declared }: Coverage): string {
  return `${countText(declared - never.length)} of ${countText(declared)} declared results were seen`;
}

function ranText({ never, written }: SectionCoverage): string {
  return `${countText(written - never.length)} of ${countText(written)} sections ran`;
}

function CoverageTable({ of }: { readonly of: Coverage }): JSX.Element {
  const { design, results, calls, never, sections, unsaid } = of;
  return (
    <>
      <p>
        {oneLine(design)}: {reachedText(of)}.
      </p>
      <Table says={`Coverage of ${oneLine(design)}`} head={["Call", ...results.map(oneLine)]} isUpright>
        {calls.map(({ call, times }) => (
          <tr>
            <th scope="row">{oneLine(call)}</th>
            {times.map((n) => (
              <td class="figure">
                <Times n={n} />
              </td>
            ))}
          </tr>
        ))}
      </Table>
      {never.length === 0 ? (
        <p>No declared result was never seen.</p>
      ) : (
        <Never says="Never seen" of={never} />
      )}
      {sections !== null && <SectionTable design={design} of={sections} />}
      {unsaid.map((text) => (
        <p class="dim">{oneLine(text)}</p>
      ))}
    </>
  );
}

function Never({ says, of }: { readonly says: string; readonly of: readonly string[] }): JSX.Element {
  return (
    <>
      <h3>{says}</h3>
      <ul class="never">
        {of.map((goal) => (
          <li>
            <code>{oneLine(goal)}</code>
          </li>
        ))}
      </ul>
    </>
  );
}

function SectionTable({
  design,
  of,
}: {
  readonly design: string;
  readonly of: SectionCoverage;
}): JSX.Element {
  const rows = of.calls.flatMap(({ call, sections }) =>
    sections.map(({ section, times }, i) => (
      <tr>
        {i === 0 && (
          <th scope="row" rowSpan={sections.length}>
            {oneLine(call)}
          </th>
        )}
        <td>{oneLine(section)}</td>
        <td class="figure">
          <Times n={times} />
        </td>
      </tr>
    )),
  );
  return (
    <>
      <p>
        {oneLine(design)}: {ranText(of)}. Of all steps of its runs it is counted how often each ran.
      </p>
      <Table says={`Sections of ${oneLine(design)}`} head={["Call", "Section", "Ran"]}>
        {rows}
      </Table>
      {of.never.length === 0 ? <p>No section never ran.</p> : <Never says="Never ran" of={of.never} />}
    </>
  );
}

function Times({ n }: { readonly n: number | null }): JSX.Element {
  if (n === null) return <span class="unseen">not declared</span>;
  if (n > 0) return <>{countText(n)}</>;
  return (
    <span class="said open">
      <span aria-hidden="true">∅</span> never
    </span>
  );
}
