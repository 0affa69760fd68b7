/** The design's own state, cell by cell: what the drawing leaves out, and all that there is of a design that is not of its vocabulary. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Session } from "../session/session.ts";
import { StepLink } from "./step-link.tsx";

interface Props {
  readonly session: Session;
  readonly index: number;
  readonly onGo: (index: number) => void;
  /** It is the only picture of this design. */
  readonly isAll: boolean;
  readonly isStatic?: boolean;
}

export function StateTable({ session, index, onGo, isAll, isStatic = false }: Props): JSX.Element {
  const [isOpen, setOpen] = useState(isAll || isStatic);
  return (
    <details class="state" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>State of the design, cell by cell</h2>
      </summary>
      {isOpen && <Cells session={session} index={index} onGo={onGo} isStatic={isStatic} />}
    </details>
  );
}

type CellsProps = Omit<Props, "isAll">;

function Cells({ session, index, onGo, isStatic = false }: CellsProps): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const { cells } = session.moments[index]!.picture;
  const shown = isWhole ? cells : cells.filter(({ since, marked }) => since > 0 || marked !== null);
  return (
    <>
      {!isStatic && (
        <label>
          <input
            type="checkbox"
            checked={isWhole}
            onChange={(event) => setWhole(event.currentTarget.checked)}
          />{" "}
          also the {cells.length - cells.filter(({ since, marked }) => since > 0 || marked !== null).length}{" "}
          cells that are as they were at the start
        </label>
      )}
      {shown.length === 0 ? (
        <p class="dim">Every cell is as it was at the start.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">cell</th>
              <th scope="col">value</th>
              <th scope="col">written by</th>
              <th scope="col">mark</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ path, value, before, since, changed, marked }) => (
              <tr key={path} class={`${changed ? "changed" : ""}${marked === null ? "" : " marked"}`}>
                <th scope="row">
                  <code>{oneLine(path)}</code>
                </th>
                <td>
                  <code>{oneLine(before === null ? value : `${before} → ${value}`)}</code>
                </td>
                <td>{since > 0 && <StepLink index={since} onGo={onGo} />}</td>
                <td>
                  {changed && "Δ "}
                  {marked !== null && <span title={oneLine(marked)}>✗</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
