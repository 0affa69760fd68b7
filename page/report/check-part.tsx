/** A check: designs × promises, the runs, how states grow, and what no run came by. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import { boundsText } from "../../checkers/report/explain.ts";
import type { CheckFile } from "./files.ts";
import { CoverageTables } from "./coverage-part.tsx";
import { coverageOfCheck } from "./coverage.ts";
import { growthOfCheck } from "./growth.ts";
import { matrixOf, type Cell, type Column, type Matrix } from "./matrix.ts";
import { countText, manyText } from "./numbers.ts";
import { Bars, Levels } from "./plots.tsx";
import { Signs, Verdict } from "./said.tsx";
import { Table } from "./table.tsx";

/** From so many designs on a cell is a sign alone. */
const WIDE = 5;

export function CheckPart({ file }: { readonly file: CheckFile }): JSX.Element {
  const matrix = matrixOf(file);
  return (
    <>
      <section aria-label="Designs and promises">
        <h2>Designs × promises</h2>
        <Promises matrix={matrix} />
      </section>
      {file.designs.map(({ design, vacuous = [] }) =>
        vacuous.length === 0 ? null : (
          <p>
            <strong>{oneLine(design)}</strong> is vacuous: {oneLine(vacuous.join("; "))}
          </p>
        ),
      )}
      <Runs file={file} />
      <section aria-label="Growth over bounds">
        <h2>States over bounds</h2>
        <Growths file={file} />
      </section>
      <CoverageTables
        of={coverageOfCheck(file)}
        without="This report was made before checks counted results."
      />
    </>
  );
}

function Promises({ matrix: { columns, rows } }: { readonly matrix: Matrix }): JSX.Element {
  const isShort = columns.length > WIDE;
  const words = [
    ...columns.map(({ word }) => word),
    ...rows.flatMap(({ cells }) => cells.flatMap((cell) => cell?.word ?? [])),
  ];
  return (
    <>
      <Table
        says="Verdicts of designs and promises"
        head={["Promise", ...columns.map((column) => <Head of={column} />)]}
        isUpright={isShort}
      >
        {rows.map(({ promise, cells }) => (
          <tr>
            <th scope="row">{oneLine(promise)}</th>
            {cells.map((cell) => (
              <td>
                {cell === null ? <span class="dim">·</span> : <PromiseCell of={cell} isShort={isShort} />}
              </td>
            ))}
          </tr>
        ))}
      </Table>
      <Signs words={words} />
      <p class="dim">
        Nothing is said beyond the bounds of the runs below. · stands where a design does not make the
        promise.
      </p>
    </>
  );
}

function Head({ of: { design, word, runs, complete, depth } }: { readonly of: Column }): JSX.Element {
  const how = complete === runs ? "exhausted" : `${countText(complete)} of them exhausted`;
  return (
    <>
      {oneLine(design)} <Verdict word={word} />{" "}
      <small>
        {manyText(runs, "run")}, {how}, depth {countText(depth)}
      </small>
    </>
  );
}

function PromiseCell({ of, isShort }: { readonly of: Cell; readonly isShort: boolean }): JSX.Element {
  const { word, runs, complete, steps, trace, known } = of;
  const isLed = word === "violated" || word === "reached";
  const after = isLed && steps !== null ? `after ${manyText(steps, "step")}` : "";
  const of_ =
    complete === runs
      ? manyText(runs, "run")
      : `${countText(complete)} of ${manyText(runs, "run")} exhausted`;
  return (
    <>
      <Verdict word={word} more={after} trace={trace} isShort={isShort} />
      {!isShort && runs > 0 && word !== "reached" && <small> {of_}</small>}
      {known !== null && <small title={oneLine(known)}> known</small>}
    </>
  );
}

function Runs({ file: { results } }: { readonly file: CheckFile }): JSX.Element {
  return (
    <section aria-label="Runs">
      <h2>Runs, and states per level</h2>
      <Table
        says="Runs"
        head={[
          "Design and bounds",
          "Verdict",
          "States",
          "Transitions",
          "Depth",
          "Seconds",
          "States per level",
        ]}
      >
        {results.map((run) => {
          const { design, verdict, complete, reason, states, transitions, depth, seconds, levels } = run;
          return (
            <tr>
              <th scope="row">
                {oneLine(design)} <small>{oneLine(boundsText(run))}</small>
              </th>
              <td>
                <Verdict word={verdict} />{" "}
                <small>{complete ? "exhausted" : `not exhausted: ${oneLine(reason ?? "")}`}</small>
              </td>
              <td class="figure">{countText(states)}</td>
              <td class="figure">{countText(transitions)}</td>
              <td class="figure">{countText(depth)}</td>
              <td class="figure">{seconds.toFixed(1)}</td>
              <td>
                <Levels levels={levels} complete={complete} />
              </td>
            </tr>
          );
        })}
      </Table>
    </section>
  );
}

function Growths({ file }: { readonly file: CheckFile }): JSX.Element {
  const groups = growthOfCheck(file);
  if (groups.length === 0)
    return <p class="dim">No two runs differ in bounds alone: there is no growth to be seen.</p>;
  return (
    <>
      {groups.map((growth) => (
        <Bars growth={growth} />
      ))}
    </>
  );
}
