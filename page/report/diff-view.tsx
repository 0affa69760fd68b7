/** Two designs side by side on the same calls, both pictures in step. */
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useState } from "preact/hooks";
import { oneLine } from "../../checkers/report/clean.ts";
import { BrokenPromises } from "../picture/broken-promises.tsx";
import { Controls } from "../picture/controls.tsx";
import { moved } from "../picture/keys.ts";
import { Memory } from "../picture/memory.tsx";
import { placeOf } from "../picture/permalink.ts";
import { StepDone } from "../picture/step-done.tsx";
import type { Session } from "../session/session.ts";
import { COMPATIBLE } from "./diff-part.tsx";
import { memoryApart } from "./divergence.ts";
import { differenceHref } from "./links.ts";
import { opened, type Designs, type Opened } from "./sessions.ts";
import type { ShownDifference } from "./shown.ts";
import { BothSteps } from "./steps-text.tsx";

interface Props {
  readonly of: ShownDifference;
  readonly number: number;
  readonly designs: Designs;
}

export function DiffView({ of, number, designs }: Props): JSX.Element {
  const a = useMemo(() => openedSide(of, "a", designs), [of, designs]);
  const b = useMemo(() => openedSide(of, "b", designs), [of, designs]);
  const longer = longerOf(a.session, b.session);
  const [index, go] = useIndex(number, (longer?.moments.length ?? 1) - 1);
  const [query, search] = useState("");
  const hrefOf = (step: number): string => `${differenceHref(number)}&step=${step}`;
  return (
    <>
      <DiffHeader of={of} />
      {longer !== null && (
        <Controls session={longer} index={index} query={query} onGo={go} onSearch={search} />
      )}
      <main class="reports">
        {a.session !== null && b.session !== null && (
          <MemoryApart a={a.session} b={b.session} hrefOf={hrefOf} onGo={go} />
        )}
        <section aria-label="The steps of both">
          <h2>Steps</h2>
          <BothSteps of={of} index={index} hrefOf={hrefOf} onGo={go} />
        </section>
        <div class="sides">
          <Side name={of.of.a} of={a} index={index} onGo={go} />
          <Side name={of.of.b} of={b} index={index} onGo={go} />
        </div>
      </main>
    </>
  );
}

function openedSide(of: ShownDifference, side: "a" | "b", designs: Designs): Opened {
  const shown = of[side];
  if (shown !== null) return opened(shown, designs);
  const says = side === "a" ? of.difference.from : of.difference.to;
  return { session: null, problem: `There is no run to show: ${says}.` };
}

function longerOf(a: Session | null, b: Session | null): Session | null {
  if (a === null || b === null) return a ?? b;
  return a.moments.length >= b.moments.length ? a : b;
}

export function DiffHeader({ of: { of: file, difference } }: { readonly of: ShownDifference }): JSX.Element {
  const { kind, subject, from, to, compatibility } = difference;
  return (
    <header>
      <p class="kind">
        <span class="brand">gmemcheck</span> {oneLine(file.a)} and {oneLine(file.b)}
      </p>
      <h1>
        {oneLine(subject)} <span class="verdict">{kind}</span>
      </h1>
      <dl class="facts">
        <dt>{oneLine(file.a)}</dt>
        <dd>{oneLine(from)}</dd>
        <dt>{oneLine(file.b)}</dt>
        <dd>{oneLine(to)}</dd>
        <dt>Means</dt>
        <dd>{COMPATIBLE[compatibility]}</dd>
      </dl>
    </header>
  );
}

interface SideProps {
  readonly name: string;
  readonly of: Opened;
  readonly index: number;
  readonly onGo: (index: number) => void;
}

function Side({ name, of: { session, problem }, index, onGo }: SideProps): JSX.Element {
  if (session === null) {
    return (
      <section class="side" aria-label={oneLine(name)}>
        <h2>{oneLine(name)}</h2>
        <p class="dim">{oneLine(problem)}</p>
      </section>
    );
  }
  const last = session.moments.length - 1;
  const at = Math.min(index, last);
  return (
    <section class="side" aria-label={oneLine(name)}>
      <h2>{oneLine(name)}</h2>
      {index > last && <p class="dim">This run has ended.</p>}
      <StepDone session={session} index={at} of={name} />
      <Memory session={session} index={at} onGo={onGo} isTable={false} />
      <BrokenPromises session={session} index={at} onGo={onGo} />
    </section>
  );
}

interface ApartProps {
  readonly a: Session;
  readonly b: Session;
  readonly hrefOf: (index: number) => string;
  readonly onGo: (index: number) => void;
}

/** What user space does not see yet may be different before it answers differently. */
function MemoryApart({ a, b, hrefOf, onGo }: ApartProps): JSX.Element | null {
  const apart = useMemo(() => memoryApart(a, b), [a, b]);
  if (apart === null) return <p class="dim">The memory is drawn alike all the way.</p>;
  const go = (event: Event): void => {
    event.preventDefault();
    onGo(apart);
  };
  return (
    <p>
      The memory is drawn differently from{" "}
      <a href={hrefOf(apart)} onClick={go}>
        {apart === 0 ? "the start" : `step ${apart}`}
      </a>{" "}
      on.
    </p>
  );
}

/** The moment that both are at: the address names it, and keys move it. It begins at the end, where they part. */
function useIndex(number: number, last: number): [number, (index: number) => void] {
  const fromAddress = (): number => Math.min(last, placeOf(location.hash)?.step ?? last);
  const [index, setIndex] = useState(fromAddress);
  const go = (to: number): void => {
    const next = Math.max(0, Math.min(last, to));
    setIndex(next);
    history.replaceState(history.state, "", `${differenceHref(number)}&step=${next}`);
  };
  // As soon as it is drawn: a key that is pressed meanwhile would be lost, or counted from the step before.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const to = moved(event, index, last);
      if (to === null) return;
      event.preventDefault();
      go(to);
    };
    const read = (): void => setIndex(fromAddress());
    document.addEventListener("keydown", press);
    addEventListener("hashchange", read);
    return () => {
      document.removeEventListener("keydown", press);
      removeEventListener("hashchange", read);
    };
  });
  return [index, go];
}
