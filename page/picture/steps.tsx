/** The list of steps: what of a long one is in sight, and what is searched for. */
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { oneLine } from "../../checkers/report/clean.ts";
import { changeText } from "../../checkers/report/change.ts";
import type { Moment, Session } from "../session/session.ts";
import { reveal, useSight } from "./window.ts";

/** Height of a row in px: the list is drawn by it, and page.css says the same. */
const ROW = 46;

interface Props {
  readonly session: Session;
  readonly index: number;
  readonly query: string;
  readonly onGo: (index: number) => void;
}

/** Indices of the moments that have every word of the query in their step, its result, its sections or the cells that it changes. */
export function found(moments: readonly Moment[], query: string): number[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return moments.flatMap((moment, i) => {
    const text = words.length === 0 ? "" : searched(moment);
    return words.every((word) => text.includes(word)) ? [i] : [];
  });
}

function searched({ label, result, changes, step, index }: Moment): string {
  const sections = step !== null && "sections" in step ? [...step.sections, ...step.holds] : [];
  const cells = changes.map(({ cell }) => cell);
  return [`step ${index}`, label, result ?? "", ...sections, ...cells].join(" ").toLowerCase();
}

export function Steps({ session, index, query, onGo }: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const sight = useSight(scroller, false);
  const { moments } = session;
  const hits = useMemo(() => found(moments, query), [moments, query]);
  const at = hits.indexOf(index);
  useLayoutEffect(() => {
    if (scroller.current !== null && at >= 0) reveal(scroller.current, at * ROW, (at + 1) * ROW);
  }, [at, hits]);
  const from = Math.max(0, Math.floor(sight.top / ROW));
  const to = Math.min(hits.length, Math.ceil(sight.bottom / ROW));
  return (
    <div class="scroller list" ref={scroller}>
      {hits.length === 0 && <p class="dim">No step has all of these words.</p>}
      <ol style={{ height: `${hits.length * ROW}px` }}>
        {hits.slice(from, to).map((hit, i) => (
          <Row
            key={hit}
            moment={moments[hit]!}
            top={(from + i) * ROW}
            place={{ at: from + i + 1, of: hits.length }}
            isHere={hit === index}
            isLast={hit === moments.length - 1}
            broken={hit === moments.length - 1 ? session.property : null}
            onGo={onGo}
          />
        ))}
      </ol>
    </div>
  );
}

interface RowProps {
  readonly moment: Moment;
  readonly top: number;
  readonly place: { readonly at: number; readonly of: number };
  readonly isHere: boolean;
  readonly isLast: boolean;
  readonly broken: string | null;
  readonly onGo: (index: number) => void;
}

function Row({ moment, top, place, isHere, broken, onGo }: RowProps): JSX.Element {
  const { index, changes } = moment;
  const go = (event: Event): void => {
    event.preventDefault();
    onGo(index);
  };
  return (
    <li style={{ top: `${top}px` }} aria-setsize={place.of} aria-posinset={place.at}>
      <a
        href={`#step=${index}`}
        onClick={go}
        tabIndex={isHere ? 0 : -1}
        aria-current={isHere ? "step" : undefined}
      >
        <span class="number">{index}</span>
        <span class="says">{stepText(moment)}</span>
        <span class="tags">
          {broken !== null && <span class="tag broken">✗ breaks {oneLine(broken)}</span>}
          {changes.length > 0 && <span class="tag">Δ{changes.length}</span>}
        </span>
      </a>
    </li>
  );
}

/** "task 0: fallocate(…): find the file = 0": what is done, and what it ends with. */
export function stepText({ index, label, result }: Moment): string {
  return index === 0 ? "the start" : oneLine(`${label}${result === null ? "" : ` = ${result}`}`);
}

/** All steps with what each changed, for what cannot be stepped through: paper, mail. */
export function AllSteps({
  session,
  isLinked,
}: {
  readonly session: Session;
  readonly isLinked: boolean;
}): JSX.Element {
  const { moments, property } = session;
  return (
    <ol class="all-steps">
      {moments.slice(1).map((moment) => (
        // Where there is no script, the address of a step leads here.
        <li key={moment.index} id={isLinked ? `step=${moment.index}` : undefined}>
          <span class="says">{stepText(moment)}</span>
          {moment.changes.map((change) => (
            <code class="change">{oneLine(changeText(change))}</code>
          ))}
          {property !== null && moment.index === moments.length - 1 && (
            <strong class="broken">✗ here {oneLine(property)} is broken</strong>
          )}
        </li>
      ))}
    </ol>
  );
}
