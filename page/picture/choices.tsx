/** What else could be done at a moment: taken, it begins a branch of the reader's own. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Choice, Session } from "../session/session.ts";

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

interface Asked {
  readonly session: Session;
  readonly index: number;
  readonly choices: readonly Choice[];
}

function Enabled({ session, index, onTake }: Props): JSX.Element {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [query, setQuery] = useState("");
  const [isWhole, setWhole] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setAsked({ session, index, choices: session.choicesAt(index) }), PATIENCE);
    return () => clearTimeout(timer);
  }, [session, index]);
  if (asked === null || asked.session !== session || asked.index !== index) return <p class="dim">…</p>;
  const { choices } = asked;
  if (choices.length === 0) return <p class="dim">Nothing can be done here: the run has ended.</p>;
  const matching = choices.filter((choice) =>
    `${choice.actor} ${choice.label}`.toLowerCase().includes(query.toLowerCase()),
  );
  const shown = isWhole ? matching : matching.slice(0, MOST);
  return (
    <>
      <p class="dim">
        {choices.length} {choices.length === 1 ? "step is" : "steps are"} enabled. Take one to leave the
        trace: the design runs it here, and its promises are asked again.
      </p>
      {choices.length > 12 && (
        <input
          type="search"
          value={query}
          placeholder="Filter"
          aria-label="Filter what could happen"
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
      )}
      <ul>
        {shown.map((choice) => (
          <li key={choice.key}>
            <Take choice={choice} onTake={onTake} />
          </li>
        ))}
      </ul>
      {shown.length < matching.length && (
        <button type="button" onClick={() => setWhole(true)}>
          All {matching.length}
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
  const { label, result, changes, isNext, kind } = choice;
  return (
    <button type="button" class={`take${isNext ? " next" : ""}`} onClick={() => onTake(choice)}>
      <span class="says">
        {kind === "go" && "goes on: "}
        {oneLine(label)}
      </span>
      <span class="tags">
        {result !== null && <span class="tag">= {oneLine(result)}</span>}
        {changes > 0 && <span class="tag">Δ{changes}</span>}
        {isNext && <span class="tag">so does the trace</span>}
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
  if (trail.length === 1) return null;
  return (
    <nav class="trail" aria-label="Branches">
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
  return branchedAt === null
    ? "the trace"
    : `your branch: leaves the trace at step ${branchedAt}, ${moments.length - 1} steps`;
}
