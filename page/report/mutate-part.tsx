/** Mutants: the score, what became of each kind, and those that nothing noticed. */
import type { JSX } from "preact";
import { oneLine, visible } from "../../checkers/report/clean.ts";
import type { Fate, MutateFile } from "./files.ts";
import { countText, manyText, percentText } from "./numbers.ts";
import { Table } from "./table.tsx";

type Mutant = MutateFile["mutants"][number];

/** In the order of the report. */
const FATES: Readonly<Record<Fate, string>> = {
  promise: "break a promise or a statement",
  language: "are no valid model",
  recording: "are noticed by recordings of real kernels alone",
  survived: "survived: they behave otherwise, and nothing notices",
  "too big": "were not decided within the budget",
  explained: "are not noticed, and are explained",
  equivalent: "are equivalent at these bounds",
  "not reached": "are not reached at these bounds",
  "not judged": "were not judged",
};
const NAMES = Object.keys(FATES) as Fate[];

export function MutatePart({ file }: { readonly file: MutateFile }): JSX.Element {
  const { design, complete, reason, score, counts, operators, vectors, leftOut, mutants } = file;
  const open = mutants.filter(
    ({ fate: { kind }, explained }) => explained === undefined && (kind === "survived" || kind === "too big"),
  );
  return (
    <>
      <p class="score">
        <strong>{percentText(score.killed, score.of)}</strong>{" "}
        {score.of === 0
          ? "can be told from the design"
          : `of ${manyText(score.of, "mutant")} of ${oneLine(design)} killed`}
      </p>
      {!complete && <p class="warning">Not all were judged: {oneLine(reason ?? "")}</p>}
      <ul>
        {NAMES.filter((name) => counts[name] > 0).map((name) => (
          <li>
            {countText(counts[name])} {FATES[name]}
          </li>
        ))}
      </ul>
      <p class="dim">
        Judged at {manyText(vectors.length, "vector")}
        {leftOut.length === 0
          ? ""
          : `; not at ${countText(leftOut.length)} larger ones: ${oneLine(leftOut.join("; "))}`}
        .
      </p>
      <Table says="Mutants by operator" head={["Operator", ...NAMES]} isUpright>
        {Object.entries(operators).map(([operator, of]) => (
          <tr>
            <th scope="row">{oneLine(operator)}</th>
            {NAMES.map((name) => (
              <td class="figure">{of[name] === 0 ? <span class="dim">·</span> : countText(of[name])}</td>
            ))}
          </tr>
        ))}
      </Table>
      <Idle file={file} />
      {open.length > 0 && <h3>What nothing noticed</h3>}
      {open.map((mutant) => (
        <Open mutant={mutant} />
      ))}
    </>
  );
}

function Idle({ file: { kills, silent } }: { readonly file: MutateFile }): JSX.Element {
  const idle = Object.keys(kills).filter((name) => kills[name] === 0);
  return (
    <>
      {idle.length > 0 && (
        <p>
          {countText(idle.length)} of {manyText(Object.keys(kills).length, "promise")} kill nothing:{" "}
          {oneLine(idle.join(", "))}.
        </p>
      )}
      {silent.length > 0 && <p>Never asked at these vectors: {oneLine(silent.join(", "))}.</p>}
    </>
  );
}

function Open({
  mutant: { id, operator, file, line, before, after, fate },
}: {
  readonly mutant: Mutant;
}): JSX.Element {
  const { kind, at, why, difference = null } = fate;
  return (
    <details>
      <summary>
        {kind === "survived" ? "Survived" : "Too big"}: {oneLine(operator)} {oneLine(file)}:{line}
      </summary>
      <pre class="hunk">
        - {visible(before)}
        {"\n"}+ {visible(after)}
      </pre>
      <p>
        at {oneLine([at ?? []].flat().join(", "))}
        {why === undefined ? "" : `: ${oneLine(why)}`}
        {difference === null
          ? ""
          : `: ${oneLine(difference.subject)} answers ${oneLine(difference.from)}, and the mutant ${oneLine(difference.to)}`}
      </p>
      <p class="dim">
        <code>{oneLine(id)}</code>
      </p>
    </details>
  );
}
