/** A comparison of two designs: what it comes to, each difference, and what was compared. */
import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import { oneLine } from "../../checkers/report/clean.ts";
import type { DiffFile, Difference } from "./files.ts";
import { boundsText } from "../../checkers/report/explain.ts";
import { differenceHref, Here } from "./links.ts";
import { countText } from "./numbers.ts";
import { Table } from "./table.tsx";

export const COMPATIBLE: Readonly<Record<Difference["compatibility"], string>> = {
  compatible: "✓ compatible",
  extends: "+ extends",
  breaks: "✗ breaks",
};

export function DiffPart({ file }: { readonly file: DiffFile }): JSX.Element {
  const { a, b, compatibility, complete, reason, differences, notCompared } = file;
  return (
    <>
      <p class="score">
        <strong>{COMPATIBLE[compatibility]}</strong> what relies on {oneLine(a)}
        {complete ? "" : `, as far as it was compared: ${oneLine(reason ?? "")}`}
      </p>
      {differences.length === 0 ? (
        <p>No difference was found{complete ? "" : ", and not everything was compared"}.</p>
      ) : (
        <Differences of={file} />
      )}
      <Runs file={file} />
      {notCompared.length > 0 && (
        <details>
          <summary>{countText(notCompared.length)} not compared</summary>
          <ul>
            {notCompared.map(({ scenario, why }) => (
              <li>
                {oneLine(scenario)}: {oneLine(why)}
              </li>
            ))}
          </ul>
        </details>
      )}
      <p class="dim">
        {oneLine(b)} is what user space would get; user space that relies on {oneLine(a)} is the judge.
      </p>
    </>
  );
}

function Differences({ of: { a, b, differences } }: { readonly of: DiffFile }): JSX.Element {
  const { differences: shown } = useContext(Here);
  return (
    <Table says="Differences" head={["Difference", "Means", oneLine(a), oneLine(b), "Both runs"]}>
      {differences.map((difference) => {
        const { kind, subject, from, to, compatibility, traces } = difference;
        const number = shown.findIndex((one) => one.difference === difference);
        return (
          <tr>
            <th scope="row">
              {oneLine(subject)} <small>{kind}</small>
            </th>
            <td>
              <span class={`said ${TONE[compatibility]}`}>{COMPATIBLE[compatibility]}</span>
            </td>
            <td>{oneLine(from)}</td>
            <td>{oneLine(to)}</td>
            <td>
              {traces.a === null && traces.b === null ? (
                <span class="dim">there is no run to show</span>
              ) : (
                <a href={differenceHref(number)}>side by side</a>
              )}
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

const TONE: Readonly<Record<Difference["compatibility"], string>> = {
  compatible: "good",
  extends: "open",
  breaks: "bad",
};

function Runs({ file: { runs } }: { readonly file: DiffFile }): JSX.Element {
  return (
    <>
      <h2>What was compared</h2>
      <Table
        says="What was compared"
        head={["Bounds", "Pairs of states", "Calls in both", "Depth", "Complete"]}
      >
        {runs.map((run) => (
          <tr>
            <th scope="row">
              <small>{oneLine(boundsText(run))}</small>
            </th>
            <td class="figure">{countText(run.pairs)}</td>
            <td class="figure">{countText(run.transitions)}</td>
            <td class="figure">{countText(run.depth)}</td>
            <td>{run.complete ? "✓ yes" : `… no: ${oneLine(run.reason ?? "")}`}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}
