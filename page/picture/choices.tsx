/** What else could be done at a moment: taken, it begins a branch of the reader's own. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Choice, Reach, Session } from "../session/session.ts";

interface Props {
  readonly session: Session;
  readonly index: number;
  readonly onTake: (choice: Choice) => void;
}

/** Each is tried for what it leads to, which takes longer than a step may: it waits until the reader stays where he is, in ms. */
const PATIENCE = 120;
/** No more are listed at once. */
const MOST = 60;

export function Choices({ session, index, onTake }: Props): JSX.Element {
  const [isOpen, setOpen] = useState(true);
  return (
    <details class="choices" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>What else could happen here</h2>
      </summary>
      {isOpen && <Enabled session={session} index={index} onTake={onTake} />}
    </details>
  );
}

function Enabled({ session, index, onTake }: Props): JSX.Element {
  const [reach, setReach] = useState<Reach>({});
  const [query, setQuery] = useState("");
  const choices = useChoices(session, index, reach);
  return (
    <>
      <p class="dim">
        Take one to leave the trace: the design runs it here, and its promises are asked again at every step.
      </p>
      <div class="which">
        <Calls session={session} reach={reach} onReach={setReach} />
        <input
          type="search"
          value={query}
          placeholder="Filter"
          aria-label="Filter what could happen"
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
      </div>
      {choices === null ? (
        <p class="dim">…</p>
      ) : (
        <List key={index} choices={matching(choices, query)} onTake={onTake} />
      )}
    </>
  );
}

interface Asked extends Pick<Props, "session" | "index"> {
  readonly reach: Reach;
  readonly choices: readonly Choice[];
}

/** Null until they have been tried. */
function useChoices(session: Session, index: number, reach: Reach): readonly Choice[] | null {
  const [asked, setAsked] = useState<Asked | null>(null);
  useEffect(() => {
    const ask = (): void => setAsked({ session, index, reach, choices: session.choicesAt(index, reach) });
    const timer = setTimeout(ask, PATIENCE);
    return () => clearTimeout(timer);
  }, [session, index, reach]);
  const isCurrent = asked?.session === session && asked.index === index && asked.reach === reach;
  return isCurrent ? asked.choices : null;
}

function matching(choices: readonly Choice[], query: string): readonly Choice[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return choices;
  return choices.filter(({ actor, call, label }) =>
    `${actor} ${call} ${label}`.toLowerCase().includes(wanted),
  );
}

interface CallsProps {
  readonly session: Session;
  readonly reach: Reach;
  readonly onReach: (reach: Reach) => void;
}

/** Of which calls: those that the trace's scenario makes, or any one of the design, with every parameter. */
function Calls({ session, reach, onReach }: CallsProps): JSX.Element {
  const calls = useMemo(() => session.calls(true), [session]);
  return (
    <select
      aria-label="Calls to try"
      value={reach.call ?? ""}
      onChange={({ currentTarget: { value } }) =>
        onReach(value === "" ? {} : { call: value, everything: true })
      }
    >
      <option value="">calls of the scenario</option>
      {calls.map(({ call, sets }) => (
        <option value={call} disabled={sets === null}>
          {oneLine(call)},{" "}
          {sets === null ? "too many ways to list" : `${sets} ${sets === 1 ? "way" : "ways"}`}
        </option>
      ))}
    </select>
  );
}

interface ListProps {
  readonly choices: readonly Choice[];
  readonly onTake: (choice: Choice) => void;
}

/** Those that do something first; refused calls are asked for. */
function List({ choices, onTake }: ListProps): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  if (choices.length === 0) return <p class="dim">Nothing of these can be done here.</p>;
  const doing = choices.filter(
    ({ changes, isNext, kind, bug }) => changes > 0 || isNext || kind === "go" || bug !== null,
  );
  const all = isWhole ? choices : doing;
  const shown = isWhole ? all : all.slice(0, MOST);
  const left = choices.length - shown.length;
  return (
    <>
      <ul>
        {shown.map((choice) => (
          <li key={choice.key}>
            <Take choice={choice} onTake={onTake} />
          </li>
        ))}
      </ul>
      {left > 0 && (
        <button type="button" onClick={() => setWhole(true)}>
          {doing.length > MOST ? `All ${choices.length}` : `Also ${left} that would change nothing`}
        </button>
      )}
    </>
  );
}

function Take({
  choice,
  onTake,
}: {
  readonly choice: Choice;
  readonly onTake: (choice: Choice) => void;
}): JSX.Element {
  const { actor, label, result, changes, isNext, kind, bug } = choice;
  return (
    <button type="button" class={`take${isNext ? " next" : ""}`} onClick={() => onTake(choice)}>
      <span class="says">
        <span class="dim">
          {oneLine(actor)}
          {kind === "go" ? " goes on: " : ": "}
        </span>
        {oneLine(label)}
      </span>
      <span class="tags">
        {bug !== null && <span class="tag broken">✗ {oneLine(bug)}</span>}
        {result !== null && <span class="tag">= {oneLine(result)}</span>}
        {changes > 0 && <span class="tag">Δ{changes}</span>}
        {isNext && <span class="tag next">the trace takes this</span>}
      </span>
    </button>
  );
}

interface TrailProps {
  readonly trail: readonly Session[];
  readonly onBack: (to: number) => void;
}

/** The way from the trace to the branch. */
export function Trail({ trail, onBack }: TrailProps): JSX.Element | null {
  const nav = useRef<HTMLElement>(null);
  const shown = trail.at(-1);
  // What was pressed is gone: who takes a step of his own goes on from here.
  useEffect(() => nav.current?.focus(), [shown]);
  if (trail.length === 1) return null;
  return (
    <nav class="trail" aria-label="Branches" ref={nav} tabIndex={-1}>
      <ol>
        {trail.map((session, i) => (
          <li>
            {i === trail.length - 1 ? (
              <span aria-current="page">{runName(session)}</span>
            ) : (
              <button type="button" onClick={() => onBack(i)}>
                {i === 0 ? "Back to the trace" : runName(session)}
              </button>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function runName({ branchedAt, moments }: Session): string {
  const steps = moments.length - 1;
  return branchedAt === null
    ? "the trace"
    : `your branch of ${steps} steps, which leaves the trace at step ${branchedAt}`;
}
