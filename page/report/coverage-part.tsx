/** Which results of calls were seen, as a table of calls × results. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Coverage } from "./coverage.ts";
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
      <h2>Coverage: calls × results</h2>
      {of.length === 0 && <p class="dim">{without}</p>}
      {of.map((coverage) =>
        of.length === 1 ? (
          <CoverageTable of={coverage} />
        ) : (
          <details>
            <summary>
              {oneLine(coverage.design)}: {reachedText(coverage)}
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

function CoverageTable({ of }: { readonly of: Coverage }): JSX.Element {
  const { design, results, calls, never, unsaid } = of;
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
        <>
          <h3>Never seen</h3>
          <ul class="never">
            {never.map((goal) => (
              <li>
                <code>{oneLine(goal)}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {unsaid.map((text) => (
        <p class="dim">{oneLine(text)}</p>
      ))}
    </>
  );
}

function Times({ n }: { readonly n: number | null }): JSX.Element {
  if (n === null) return <span class="dim" aria-label="not declared" />;
  if (n > 0) return <>{countText(n)}</>;
  return (
    <span class="said open">
      <span aria-hidden="true">∅</span> never
    </span>
  );
}
