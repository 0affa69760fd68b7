/** What the current step did: who, which call or sections, with which locks, and which cells it changed. */
import type { JSX } from "preact";
import { changeText } from "../../checkers/report/change.ts";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Moment, Session } from "../session/session.ts";
import { stepText } from "./steps.tsx";

interface Props {
  readonly session: Session;
  readonly index: number;
  /** Whose step, where there are several. */
  readonly of?: string;
}

export function StepDone({ session, index, of }: Props): JSX.Element {
  const moment = session.moments[index]!;
  const last = session.moments.length - 1;
  return (
    <section
      class="step-done"
      aria-label={of === undefined ? "What this step did" : `What this step did: ${oneLine(of)}`}
    >
      <h2>
        {index === 0 ? `The start, before ${last} steps` : `Step ${index} of ${last}${inFlightText(moment)}`}
      </h2>
      <p class="did">
        <code>{stepText(moment)}</code>
      </p>
      {moment.step !== null && <Changes moment={moment} />}
      <Verdict session={session} index={index} />
    </section>
  );
}

/** What the step broke, and what was broken before it. */
function Verdict({ session: { moments }, index }: Props): JSX.Element {
  const before = (moments[index - 1]?.breaches ?? []).map(({ property }) => property);
  const now = moments[index]!.breaches.map(({ property }) => property);
  const still = now.filter((property) => before.includes(property));
  return (
    <>
      {now
        .filter((property) => !before.includes(property))
        .map((property) => (
          <p class="broken">
            <span aria-hidden="true">✗</span> breaks {oneLine(property)}
          </p>
        ))}
      {still.length > 0 && <p class="dim">still broken: {oneLine(still.join(", "))}</p>}
    </>
  );
}

/** How many calls are under way, where calls may overlap. */
function inFlightText({ step, inFlight }: Moment): string {
  if (step === null || !("sections" in step)) return "";
  return `, ${inFlight === 0 ? "no call" : inFlight === 1 ? "1 call" : `${inFlight} calls`} in flight`;
}

function Changes({ moment: { changes } }: { readonly moment: Moment }): JSX.Element {
  return (
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
  );
}
