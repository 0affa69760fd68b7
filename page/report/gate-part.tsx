/** A gate: whether a change may land, and everything that was found. */
import { grouped } from "./grouped.ts";
import type { JSX } from "preact";
import { oneLine, visible } from "../../checkers/report/clean.ts";
import type { GateFile, TraceFile } from "./files.ts";
import { traceHref, Here } from "./links.ts";
import { countText, manyText } from "./numbers.ts";
import { Table } from "./table.tsx";
import { useContext } from "preact/hooks";

type Finding = GateFile["findings"][number];

const SIGN: Readonly<Record<Finding["status"], string>> = {
  passed: "✓",
  failed: "✗",
  error: "!",
  expected: "✓",
  skipped: "–",
  incomplete: "…",
};

export function GatePart({ file }: { readonly file: GateFile }): JSX.Element {
  const { verdict, exitCode, complete, reason, base, head, findings, undone, stale, notes, states } = file;
  const wrong = findings.filter(({ word }) => word !== null);
  const commit = head.commit === null ? "no commit" : head.commit.slice(0, 12);
  return (
    <>
      <p class="score">
        <strong>{oneLine(verdict)}</strong> (exit code {exitCode}
        {complete ? "" : `; not complete: ${oneLine(reason ?? "")}`})
      </p>
      <p>
        {commit}
        {head.uncommitted === 0 ? "" : ` and ${manyText(head.uncommitted, "file")} not committed`}, against{" "}
        {base === null ? "no base" : `${oneLine(base.ref)} (${base.commit.slice(0, 12)})`}.{" "}
        {countText(states)} states searched.
      </p>
      <Changes file={file} />
      <h3>What is wrong</h3>
      {wrong.length === 0 ? <p>Nothing.</p> : <Wrong findings={wrong} />}
      <Stages findings={findings} />
      {undone.length > 0 && (
        <>
          <h3>Not looked at</h3>
          <ul>
            {undone.map(({ what, why, isRequired }) => (
              <li>
                {oneLine(what)}: {oneLine(why)}
                {isRequired ? "" : " (not required)"}
              </li>
            ))}
          </ul>
        </>
      )}
      {stale.map(({ kind, name, line }) => (
        <p>
          gate.allow:{line} allows what is not found: {oneLine(`${kind} ${name}`)}
        </p>
      ))}
      {notes.map((note) => (
        <p>{oneLine(note)}</p>
      ))}
    </>
  );
}

function Changes({ file: { changes, reached } }: { readonly file: GateFile }): JSX.Element {
  return (
    <details>
      <summary>
        {manyText(changes.length, "change")}, {manyText(reached.length, "design")} reached
      </summary>
      <ul>
        {changes.map(({ did, kind, name, file, line }) => (
          <li>
            {did} {oneLine(`${kind} ${name}`)} <code>{oneLine(`${file}:${line}`)}</code>
          </li>
        ))}
      </ul>
      <p>{oneLine(reached.map(({ name, did }) => `${name} (${did})`).join(", "))}</p>
    </details>
  );
}

function Wrong({ findings }: { readonly findings: readonly Finding[] }): JSX.Element {
  return (
    <Table says="What is wrong" head={["What", "Word", "Of", "Message"]}>
      {findings.map((finding) => {
        const { of, stage, word, status, message, details, decision, decided, rule, place } = finding;
        return (
          <tr>
            <th scope="row">
              <Named finding={finding} />
              <small>{oneLine(stage)}</small>
            </th>
            <td>
              <span class={`said ${decided === null ? "bad" : "open"}`}>
                <span aria-hidden="true">{SIGN[status]}</span> {word}
              </span>
              {decided !== null && <small>allowed: {oneLine(decided.reason)}</small>}
            </td>
            <td>{oneLine(of)}</td>
            <td class="message">
              <p>{oneLine(message)}</p>
              {details !== "" && (
                <details>
                  <summary>More</summary>
                  <pre>{visible(details)}</pre>
                </details>
              )}
              {rule.says !== "" && (
                <small>
                  {oneLine(rule.says)} [{oneLine(rule.source)}]
                </small>
              )}
              {place !== null && <code>{oneLine(`${place.file}:${place.line}`)}</code>}
              {decision !== null && decided === null && (
                <small>
                  gate.allow could say: <code>{oneLine(`${decision.kind} ${decision.name}`)}</code>
                </small>
              )}
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

function Named({ finding: { name, trace } }: { readonly finding: Finding }): JSX.Element {
  const href = traceHref(useContext(Here), trace as TraceFile | null);
  return href === null ? <>{oneLine(name)}</> : <a href={href}>{oneLine(name)}</a>;
}

/** How many of each stage ended how. */
function Stages({ findings }: { readonly findings: readonly Finding[] }): JSX.Element {
  const stages = grouped(findings, ({ stage }) => stage);
  const statuses = Object.keys(SIGN) as Finding["status"][];
  return (
    <>
      <h3>All stages</h3>
      <Table
        says="Findings by stage"
        head={["Stage", ...statuses.map((status) => `${SIGN[status]} ${status}`)]}
      >
        {[...stages].map(([stage, of]) => (
          <tr>
            <th scope="row">{stage}</th>
            {statuses.map((status) => (
              <td class="figure">{countText(of.filter((finding) => finding.status === status).length)}</td>
            ))}
          </tr>
        ))}
      </Table>
    </>
  );
}
