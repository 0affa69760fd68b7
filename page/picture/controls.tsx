/** Stepping and searching. */
import type { JSX } from "preact";
import type { Session } from "../session/session.ts";
import { stepText, found } from "./steps.tsx";

interface Props {
  readonly session: Session;
  readonly index: number;
  readonly query: string;
  readonly onGo: (index: number) => void;
  readonly onSearch: (query: string) => void;
}

export function Controls({ session, index, query, onGo, onSearch }: Props): JSX.Element {
  const last = session.moments.length - 1;
  return (
    <nav class="controls" aria-label="Steps">
      <div class="stepper">
        <Button says="To the start" sign="⇤" key_="Home" isOff={index === 0} onClick={() => onGo(0)} />
        <Button says="A step back" sign="←" key_="←" isOff={index === 0} onClick={() => onGo(index - 1)} />
        <output class="count" aria-hidden="true">
          {index} / {last}
        </output>
        <Button says="A step on" sign="→" key_="→" isOff={index === last} onClick={() => onGo(index + 1)} />
        <Button says="To the end" sign="⇥" key_="End" isOff={index === last} onClick={() => onGo(last)} />
      </div>
      <input
        class="slider"
        type="range"
        min={0}
        max={last}
        value={index}
        aria-label="Step"
        aria-valuetext={`step ${index} of ${last}: ${stepText(session.moments[index]!)}`}
        onInput={(event) => onGo(Number(event.currentTarget.value))}
      />
      <Search session={session} index={index} query={query} onGo={onGo} onSearch={onSearch} />
    </nav>
  );
}

interface ButtonProps {
  readonly says: string;
  readonly sign: string;
  readonly key_: string;
  readonly isOff: boolean;
  readonly onClick: () => void;
}

/** Stays where it is when it leads nowhere, so that who steps by it does not lose it. */
function Button({ says, sign, key_, isOff, onClick }: ButtonProps): JSX.Element {
  return (
    <button
      type="button"
      aria-label={says}
      title={`${says} (${key_})`}
      aria-disabled={isOff}
      onClick={onClick}
    >
      {sign}
    </button>
  );
}

function Search({ session, index, query, onGo, onSearch }: Props): JSX.Element {
  const hits = query.trim() === "" ? [] : found(session.moments, query);
  const next = (event: Event): void => {
    event.preventDefault();
    const hit = hits.find((at) => at > index) ?? hits[0];
    if (hit !== undefined) onGo(hit);
  };
  return (
    <form class="search" role="search" onSubmit={next}>
      <input
        type="search"
        value={query}
        placeholder="Search the steps"
        aria-label="Search the steps: calls, results, sections, locks, cells"
        onInput={(event) => onSearch(event.currentTarget.value)}
      />
      <button type="submit" aria-disabled={hits.length === 0}>
        {query.trim() === "" ? "Next" : `Next of ${hits.length}`}
      </button>
    </form>
  );
}
