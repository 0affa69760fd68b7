/** One clear message in the place of what could not be shown. */
import type { JSX } from "preact";
import { visible } from "../../checkers/report/clean.ts";

interface Props {
  /** Lines: what is wrong and where, the usual cause, what was expected. */
  readonly text: string;
  /** Takes the message away; absent where there is nothing behind it. */
  readonly onClose?: () => void;
}

export function Problem({ text, onClose }: Props): JSX.Element {
  const [what = "", ...more] = visible(text).split("\n");
  return (
    <div class="problem" role="alert">
      <h2>This cannot be shown</h2>
      <p>{what}</p>
      {more.map((line) => (
        <p class="dim">{line.trim()}</p>
      ))}
      {onClose !== undefined && (
        <button type="button" onClick={onClose}>
          Close
        </button>
      )}
    </div>
  );
}
