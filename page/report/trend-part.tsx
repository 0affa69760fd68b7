/** What is otherwise than in the report of before. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import { countText, manyText } from "./numbers.ts";
import type { Report } from "./read.ts";
import { Table } from "./table.tsx";
import { trendOf, type Turn } from "./trend.ts";

const SIGN: Readonly<Record<Turn["turn"], string>> = {
  better: "▲ better",
  worse: "▼ worse",
  other: "◆ other",
};
const TONE: Readonly<Record<Turn["turn"], string>> = { better: "good", worse: "bad", other: "open" };
/** More rows than these are folded up. */
const MANY = 40;

export function TrendPart({ now, then }: { readonly now: Report; readonly then: Report }): JSX.Element {
  const turns = trendOf(now, then);
  const count = (of: Turn["turn"]): number => turns.filter(({ turn }) => turn === of).length;
  const rows = (
    <Table says={`Since ${oneLine(then.where)}`} head={["What", "Turn", "Was", "Is"]}>
      {turns.map(({ what, was, is, turn }) => (
        <tr>
          <th scope="row">{oneLine(what)}</th>
          <td>
            <span class={`said ${TONE[turn]}`}>{SIGN[turn]}</span>
          </td>
          <td>{oneLine(was)}</td>
          <td>{oneLine(is)}</td>
        </tr>
      ))}
    </Table>
  );
  return (
    <section aria-label="Trend">
      <h2>Since {oneLine(then.where)}</h2>
      {turns.length === 0 ? (
        <p>Both say the same.</p>
      ) : (
        <>
          <p>
            {manyText(turns.length, "difference")}: {countText(count("better"))} better,{" "}
            {countText(count("worse"))} worse, {countText(count("other"))} that are neither.
          </p>
          {turns.length <= MANY ? (
            rows
          ) : (
            <details>
              <summary>All of them</summary>
              {rows}
            </details>
          )}
        </>
      )}
    </section>
  );
}
