/** Random runs: what they broke, and what they never reached. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import { certificateText } from "../../checkers/report/certificate.ts";
import { boundsText } from "../../checkers/report/explain.ts";
import type { FuzzFile, TraceFile } from "./files.ts";
import { CoverageTables } from "./coverage-part.tsx";
import { coverageOfFuzz } from "./coverage.ts";
import { countText, manyText } from "./numbers.ts";
import { Verdict } from "./said.tsx";
import { Table } from "./table.tsx";

type Result = FuzzFile["results"][number];
type Finding = Result["findings"][number];

export function FuzzPart({ file }: { readonly file: FuzzFile }): JSX.Element {
  return (
    <>
      <p>Random runs are a sample: that they break nothing says of no promise that it holds.</p>
      {file.results.map((result) => (
        <ResultOf result={result} />
      ))}
      <CoverageTables of={coverageOfFuzz(file)} without="Nothing was run." />
    </>
  );
}

function ResultOf({ result }: { readonly result: Result }): JSX.Element {
  const { design, seed, runs, calls, stopped, vectors, stored, findings, unmet, classes } = result;
  const still = stored.filter(({ broken }) => broken);
  return (
    <section aria-label={`Random runs of ${oneLine(design)}`}>
      <h2>{oneLine(design)}</h2>
      <p>
        {manyText(runs, "run")}, {manyText(calls, "call")}, seed {seed}
        {stopped === undefined ? "" : `; ended early: ${oneLine(stopped)}`};{" "}
        {manyText(classes, "class", "classes")} of call, result and what it changed.
      </p>
      <details>
        <summary>{manyText(vectors.length, "set")} of bounds and scenario</summary>
        <ul>
          {vectors.map((vector) => (
            <li>{oneLine(boundsText(vector))}</li>
          ))}
        </ul>
      </details>
      {findings.length === 0 ? (
        <p>No breach was found.</p>
      ) : (
        <Table says="Breaches" head={["Promise", "Verdict", "Found", "Minimum"]}>
          {findings.map((finding) => (
            <FindingRow finding={finding} />
          ))}
        </Table>
      )}
      {stored.length > 0 && (
        <p>
          Stored counterexamples, run first: {stored.length};{" "}
          {still.length === 0
            ? "none still breaks anything"
            : `still broken: ${still.map(({ property }) => oneLine(property)).join(", ")}`}
          .
        </p>
      )}
      {unmet.length > 0 && (
        <p>
          <strong>Required and not reached:</strong> {oneLine(unmet.join(", "))}
        </p>
      )}
    </section>
  );
}

function FindingRow({ finding }: { readonly finding: Finding }): JSX.Element {
  const { property, known, path, calls, shrunkFrom, steps, certificate = null, trace } = finding;
  return (
    <tr>
      <th scope="row">{oneLine(property)}</th>
      <td>
        <Verdict
          word="violated"
          more={steps === undefined ? "" : `after ${manyText(steps, "step")}`}
          trace={(trace as TraceFile | undefined) ?? null}
        />
        {known && <small> known</small>}
      </td>
      <td>
        in run {oneLine(path)} after {manyText(calls, "call")}
        {shrunkFrom === undefined ? "" : `, shrunk from ${countText(shrunkFrom)}`}
      </td>
      <td>
        {steps === undefined
          ? "it does not show itself when its calls are made again"
          : certificate === null
            ? "shrinking ended early: it may not be minimal"
            : certificateText(certificate)}
      </td>
    </tr>
  );
}
