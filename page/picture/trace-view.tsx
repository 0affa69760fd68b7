/** The page of a trace: what is promised, who did what when, the memory at each moment, and what else could have been done. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { oneLine } from "../../checkers/report/clean.ts";
import { shellWord } from "../../checkers/report/shell.ts";
import type { Session } from "../session/session.ts";
import { Choices, Trail } from "./choices.tsx";
import { Controls } from "./controls.tsx";
import { Downloads } from "./downloads.tsx";
import { BrokenPromises } from "./broken-promises.tsx";
import { Header } from "./header.tsx";
import { moved } from "./keys.ts";
import { Lanes } from "./lanes.tsx";
import { Legend } from "./legend.tsx";
import { Memory } from "./memory.tsx";
import { hashOf, placeOf } from "./permalink.ts";
import { Problem } from "./problem.tsx";
import { Reader } from "./reader.ts";
import { StateTable } from "./state-table.tsx";
import { StepDone } from "./step-done.tsx";
import { AllSteps, Steps, stepText } from "./steps.tsx";

interface Props {
  readonly session: Session;
  /** The command that runs the trace again. */
  readonly again: string;
  /** Opens a file that the reader brings; throws an error whose message is for him. */
  readonly open: (text: string, name: string) => Session;
  /** What the address says before the place in the trace, where the trace is one of several: "trace=3&". */
  readonly address?: string;
}

export function TraceView({ session, again, open, address = "" }: Props): JSX.Element {
  const reader = useMemo(() => new Reader(session, again), [session, again]);
  useKeys(reader);
  useAddress(reader, address);
  const bring = (file: File): void => void brought(reader, file, open);
  useDrop(bring);
  const shown = reader.session.value;
  const index = reader.index.value;
  const { go } = reader;
  const problem = reader.problem.value;
  const original = reader.original.value;
  return (
    <div class="page">
      <a class="skip" href="#memory" onClick={skip}>
        To the memory
      </a>
      {problem !== null && <Problem text={problem} onClose={() => (reader.problem.value = null)} />}
      <Header session={original} again={reader.again.value} />
      <Trail trail={reader.trail.value} onBack={reader.back} />
      <Controls
        session={shown}
        index={index}
        query={reader.query.value}
        onGo={go}
        onSearch={(query) => (reader.query.value = query)}
      />
      <main>
        <div class="left">
          <Lanes lanes={shown.lanes} index={index} onGo={go} broken={shown.property} />
          <section class="steps" aria-label="List of steps">
            <h2>Steps</h2>
            <Steps session={shown} index={index} query={reader.query.value} onGo={go} />
          </section>
          {shown.isRun && <Choices session={shown} index={index} onTake={reader.take} />}
        </div>
        <div class="right">
          <StepDone session={shown} index={index} />
          <MemorySection reader={reader} />
          <BrokenPromises session={shown} index={index} onGo={go} />
          <StateTable
            key={original.trace}
            session={shown}
            index={index}
            onGo={go}
            isAll={isOfStateAlone(shown)}
          />
        </div>
      </main>
      <Downloads session={shown} index={index} onFile={bring} />
      <Print session={shown} />
      <Legend session={original} />
      <Live session={shown} index={index} />
    </div>
  );
}

/** The address of the page is the place in the trace, which the browser would scroll to the top for. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("memory")?.focus();
}

function isOfStateAlone({ moments }: Session): boolean {
  const { files, vms } = moments.at(-1)!.picture;
  return files.length + vms.length === 0;
}

function MemorySection({ reader }: { readonly reader: Reader }): JSX.Element | null {
  const session = reader.session.value;
  const index = reader.index.value;
  const isTable = reader.isTable.value;
  if (isOfStateAlone(session)) return null;
  return (
    <section class="memory-section" id="memory" tabIndex={-1} aria-label={`Memory at step ${index}`}>
      <div class="bar">
        <h2>Memory</h2>
        <button type="button" aria-pressed={isTable} onClick={() => (reader.isTable.value = !isTable)}>
          As tables
        </button>
      </div>
      <Memory session={session} index={index} onGo={reader.go} isTable={isTable} />
    </section>
  );
}

/** More steps than this are no drawing on paper. */
const ON_PAPER = 100;

/** What paper shows in place of what can be stepped through: the last picture, why it is broken, and all steps. */
function Print({ session }: { readonly session: Session }): JSX.Element {
  return useMemo(() => {
    const last = session.moments.length - 1;
    const { trace, lanes, property } = session;
    return (
      <section class="print-only" aria-hidden="true">
        <h2>Memory at the end</h2>
        <Memory session={session} index={last} onGo={nowhere} isTable={false} isStatic />
        <BrokenPromises session={session} index={last} onGo={nowhere} />
        {trace.mode !== "sequential" && last <= ON_PAPER && (
          <Lanes lanes={lanes} index={last} onGo={nowhere} broken={property} isStatic />
        )}
        <h2>All steps</h2>
        <AllSteps session={session} isLinked={false} />
      </section>
    );
  }, [session]);
}

const nowhere = (): void => {};

/** Tells who cannot see it where the page is. */
function Live({ session, index }: { readonly session: Session; readonly index: number }): JSX.Element {
  const moment = session.moments[index]!;
  const { changes, breaches } = moment;
  const says = [
    index === 0 ? "The start." : `Step ${index} of ${session.moments.length - 1}: ${stepText(moment)}.`,
    ...(changes.length === 0
      ? []
      : [`${changes.length} ${changes.length === 1 ? "cell" : "cells"} changed.`]),
    ...breaches.map(({ property, why }) => `${oneLine(property)} is broken: ${oneLine(why)}.`),
  ];
  return (
    <p class="unseen" aria-live="polite" role="status">
      {says.join(" ")}
    </p>
  );
}

/** As soon as the page is drawn, and not some time later: a key that is pressed meanwhile would be lost. */
function useKeys(reader: Reader): void {
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const to = moved(event, reader.index.value, reader.session.value.moments.length - 1);
      if (to === null) return;
      event.preventDefault();
      reader.go(to);
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [reader]);
}

/** Browsers refuse an address that is written with every press of a key that is held. */
const PATIENCE = 150;

/** The address says where the reader is, and leads there. */
function useAddress(reader: Reader, before: string): void {
  const isRead = useRef(false);
  const hash = `#${before}${hashOf(reader.place.value).slice(1)}`;
  useEffect(() => {
    const read = (): void => {
      const place = placeOf(location.hash);
      if (place !== null) reader.visit(place);
    };
    if (!isRead.current) read();
    isRead.current = true;
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, [reader]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (location.hash !== hash) history.replaceState(history.state, "", hash);
    }, PATIENCE);
    return () => clearTimeout(timer);
  }, [hash]);
}

async function brought(reader: Reader, file: File, open: Props["open"]): Promise<void> {
  try {
    const session = open(await file.text(), file.name);
    reader.open(session, session.isRun ? `npx gmemcheck replay ${shellWord(file.name)}` : "");
  } catch (error) {
    reader.problem.value = error instanceof Error ? error.message : String(error);
  }
}

function useDrop(bring: (file: File) => void): void {
  const latest = useRef(bring);
  latest.current = bring;
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault();
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) latest.current(file);
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, []);
}
