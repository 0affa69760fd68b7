/** What the signs of the page mean, and what the indices of the design stand for. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Session } from "../session/session.ts";

const SIGNS: readonly (readonly [sign: string, means: string])[] = [
  ["✗", "what the broken promise speaks of; a double frame"],
  ["Δ", "what this step changed; a heavy frame. Δ3: three cells"],
  ["✎", "the step that wrote it last"],
  ["▣ ▢", "private, shared: the attribute of a guest frame"],
  ["→ 0:2", "mapped to inode 0, page 2: a full line where for private access, a broken one where for shared"],
  ["@2", "a slot shows the file from page 2 on; the band below leads there"],
  ["↤", "the slot that the file itself says is bound to the page"],
  ["☠", "poisoned: the memory has failed"],
  ["dotted", "allocated: in the page cache, with contents that nobody wrote"],
  ["+ −", "a lock taken, a lock dropped; ±: both in one step"],
];

export function Legend({ session }: { readonly session: Session }): JSX.Element {
  return (
    <section class="legend" aria-label="Legend">
      <h2>Legend</h2>
      <dl>
        {SIGNS.map(([sign, means]) => (
          <div>
            <dt>{sign}</dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
      {session.legend.length > 0 && (
        <ul>
          {session.legend.map((line) => (
            <li>{oneLine(line)}</li>
          ))}
        </ul>
      )}
      <p class="keys no-print">
        Keys: <kbd>←</kbd> <kbd>→</kbd> a step, <kbd>Home</kbd> <kbd>End</kbd> the start and the end.
      </p>
    </section>
  );
}
