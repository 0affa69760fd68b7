/** Tables that scroll in a frame of their own where they are wider than the page. */
import type { ComponentChildren, JSX } from "preact";

interface Props {
  readonly says: string;
  readonly head: readonly ComponentChildren[];
  /** Names of columns stand upright: there are many of them, and what is in them is narrow. */
  readonly isUpright?: boolean;
  readonly children: ComponentChildren;
}

export function Table({ says, head, isUpright = false, children }: Props): JSX.Element {
  return (
    <div class="frame" data-scrolls tabIndex={0} role="group" aria-label={`${says}, scrollable`}>
      <table class={isUpright ? "grid upright" : "grid"} aria-label={says}>
        <thead>
          <tr>
            {head.map((name) => (
              <th scope="col">
                <span>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
