/** What the current step did, and what of the promises then does not hold: for whom, why, and who wrote what they looked at. */
import type { JSX } from "preact";
import { changeText } from "../../checkers/report/change.ts";
import { oneLine } from "../../checkers/report/clean.ts";
import type { StateCell } from "../session/picture.ts";
import type { Broken, Moment, Session } from "../session/session.ts";
import { evidenceOf } from "./evidence.ts";
import { StepLink } from "./step-link.tsx";
import { stepText } from "./steps.tsx";

interface Props {
  readonly session: Session;
  readonly index: number;
  readonly onGo: (index: number) => void;
}

export function Explanation({ session, index, onGo }: Props): JSX.Element {
  const moment = session.moments[index]!;
  return (
    <section class="explanation" aria-label="What this step did">
      <h2>{index === 0 ? "The start" : `Step ${index} of ${session.moments.length - 1}`}</h2>
      <Done moment={moment} />
      {moment.breaches.map((broken) => (
        <BrokenPromise session={session} index={index} broken={broken} onGo={onGo} />
      ))}
    </section>
  );
}

function Done({ moment }: { readonly moment: Moment }): JSX.Element {
  const { step, changes, inFlight } = moment;
  const overlaps = step !== null && "sections" in step;
  return (
    <>
      <p class="did">
        <code>{stepText(moment)}</code>
      </p>
      {overlaps && (
        <p class="dim">
          {step.sections.length > 0 && `ran: ${oneLine(step.sections.join(" · "))}. `}
          {step.holds.length > 0 ? `Holds ${oneLine(step.holds.join(", "))}. ` : "Holds no lock. "}
          {step.waits !== undefined && `Waits for ${oneLine(step.waits)}. `}
          {`${inFlight} ${inFlight === 1 ? "call" : "calls"} in flight.`}
        </p>
      )}
      {step !== null && (
        <ul class="changes" aria-label="Changed cells">
          {changes.length === 0 && <li class="dim">nothing changed</li>}
          {changes.map((change) => (
            <li>
              <span class="delta" aria-hidden="true">
                Δ
              </span>{" "}
              <code>{oneLine(changeText(change))}</code>
            </li>
          ))}
        </ul>
      )}
    </>
  );
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
