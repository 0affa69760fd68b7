/** The page without script: for mail, and for summaries of a run. The same components, at one moment, with everything in sight. */
import type { JSX } from "preact";
import { renderToString } from "preact-render-to-string";
import type { Session } from "../session/session.ts";
import { BrokenPromises } from "./broken-promises.tsx";
import { Header } from "./header.tsx";
import { Lanes } from "./lanes.tsx";
import { Legend } from "./legend.tsx";
import { placeText } from "./memory-drawing.tsx";
import { Memory } from "./memory.tsx";
import { StateTable } from "./state-table.tsx";
import { StepDone } from "./step-done.tsx";
import { AllSteps } from "./steps.tsx";

interface Options {
  /** The command that runs the trace again. */
  readonly again: string;
  /** The moment that is drawn; the last one when absent. */
  readonly index?: number;
}

/** What stands in the body of a page whose style is page.css. */
export function renderStatic(
  session: Session,
  { again, index = session.moments.length - 1 }: Options,
): string {
  return renderToString(<StaticView session={session} again={again} index={index} />);
}

const nowhere = (): void => {};

function StaticView({
  session,
  again,
  index,
}: { readonly session: Session } & Required<Options>): JSX.Element {
  const { picture } = session.moments[index]!;
  const isDrawn = picture.files.length + picture.vms.length > 0;
  return (
    <div class="page static">
      <Header session={session} again={again} isStatic />
      <main>
        <div class="left">
          <Lanes lanes={session.lanes} index={index} onGo={nowhere} broken={session.property} isStatic />
        </div>
        <div class="right">
          <StepDone session={session} index={index} />
          {isDrawn && (
            <section aria-label="Memory">
              <h2>Memory {placeText(index)}</h2>
              <Memory session={session} index={index} onGo={nowhere} isTable={false} isStatic />
            </section>
          )}
          <BrokenPromises session={session} index={index} onGo={nowhere} />
          {!isDrawn && <StateTable session={session} index={index} onGo={nowhere} isAll isStatic />}
        </div>
      </main>
      <section aria-label="All steps">
        <h2>All steps</h2>
        <AllSteps session={session} isLinked />
      </section>
      <Legend session={session} />
    </div>
  );
}
