/** The promises that do not hold at a moment: for whom, why, and who wrote what they looked at. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import type { StateCell } from "../session/picture.ts";
import type { Broken, Session } from "../session/session.ts";
import { evidenceOf } from "./evidence.ts";
import { StepLink } from "./step-link.tsx";

interface Props {
  readonly session: Session;
  readonly index: number;
  readonly onGo: (index: number) => void;
}

export function BrokenPromises({ session, index, onGo }: Props): JSX.Element | null {
  const [first, ...more] = session.moments[index]!.breaches;
  if (first === undefined) return null;
  return (
    <section class="broken-promises" aria-label="Broken promises">
      <h2>Why it is broken</h2>
      <BrokenPromise session={session} index={index} broken={first} onGo={onGo} />
      {more.map((broken) => (
        <details key={broken.property}>
          <summary>
            <span class="cross" aria-hidden="true">
              ✗
            </span>{" "}
            also {brokenText(broken)}
          </summary>
          <BrokenPromise session={session} index={index} broken={broken} onGo={onGo} />
        </details>
      ))}
    </section>
  );
}

/** "guest-maps-no-poison: frame 0 of VM 0 maps page 2, which is poisoned" */
export function brokenText({ property, why }: Broken): string {
  return oneLine(why === "" ? property : `${property}: ${why}`);
}

interface BrokenProps extends Props {
  readonly broken: Broken;
}

function BrokenPromise({ session, index, broken, onGo }: BrokenProps): JSX.Element {
  const { property, says, why, instances, by } = broken;
  const where = whereText(broken);
  return (
    <div class="breach">
      <h3>
        <span aria-hidden="true">✗</span> {oneLine(property)} is broken{where === "" ? "" : ` for ${where}`}
      </h3>
      {why !== "" && <p class="why">{oneLine(why)}</p>}
      <p class="dim">
        The promise: {oneLine(says)}.{" "}
        {instances > 1 && `It does not hold for ${instances} instances; this is the first. `}
        {by === "trace" && "So says the trace; one run cannot show it alone."}
      </p>
      <Evidence cells={evidenceOf(session, index, broken)} onGo={onGo} />
    </div>
  );
}

function whereText({ instance }: Broken): string {
  return oneLine(
    Object.entries(instance)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  );
}

/** More cells than this are not what people look at. */
const MOST = 16;

function Evidence({
  cells,
  onGo,
}: {
  readonly cells: readonly StateCell[] | null;
  readonly onGo: (index: number) => void;
}): JSX.Element | null {
  if (cells === null || cells.length === 0) return null;
  return (
    <table class="evidence">
      <caption>What the promise looked at, and who wrote it</caption>
      <thead>
        <tr>
          <th scope="col">cell</th>
          <th scope="col">value</th>
          <th scope="col">written by</th>
        </tr>
      </thead>
      <tbody>
        {cells.slice(0, MOST).map(({ path, value, since }) => (
          <tr>
            <th scope="row">
              <code>{oneLine(path)}</code>
            </th>
            <td>
              <code>{oneLine(value)}</code>
            </td>
            <td>
              <StepLink index={since} onGo={onGo} />
            </td>
          </tr>
        ))}
      </tbody>
      {cells.length > MOST && (
        <tfoot>
          <tr>
            <td colSpan={3}>and {cells.length - MOST} more, written earlier</td>
          </tr>
        </tfoot>
      )}
    </table>
  );
}
