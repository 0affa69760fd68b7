/** The steps of traces as text, as their report has them: nothing is run for it. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import { firstApart, linesOf } from "./divergence.ts";
import type { ShownDifference, ShownTrace } from "./shown.ts";
import { Table } from "./table.tsx";

export function StepsText({ of }: { readonly of: ShownTrace }): JSX.Element {
  const why = (of.trace["breach"] as { readonly why?: unknown } | null | undefined)?.why;
  return (
    <>
      <ol class="all-steps">
        {readable(of).map((line) => (
          <li>
            <span class="says">{line}</span>
          </li>
        ))}
      </ol>
      {typeof why === "string" && why !== "" && <p class="broken">✗ {oneLine(why)}</p>}
    </>
  );
}

/** A trace that is none is said to be so in its place. */
function readable(of: ShownTrace): readonly string[] {
  try {
    return linesOf(of);
  } catch (error) {
    return [oneLine(error instanceof Error ? error.message : String(error))];
  }
}

interface BothProps {
  readonly of: ShownDifference;
  /** The step that is looked at; where nothing is stepped through, none. */
  readonly index?: number;
  readonly hrefOf?: (index: number) => string;
  readonly onGo?: (index: number) => void;
}

/** Step by step, both beside each other. */
export function BothSteps({ of: { of: file, a, b }, index, hrefOf, onGo }: BothProps): JSX.Element {
  const [left, right] = [a, b].map((side) => (side === null ? null : readable(side)));
  const most = Math.max(left?.length ?? 0, right?.length ?? 0);
  const apart = left == null || right == null ? null : firstApart(left, right);
  const numberOf = (step: number): JSX.Element => {
    if (hrefOf === undefined) return <>{step}</>;
    const go = (event: Event): void => {
      event.preventDefault();
      onGo?.(step);
    };
    return (
      <a href={hrefOf(step)} onClick={go} aria-current={step === index ? "step" : undefined}>
        {step}
      </a>
    );
  };
  return (
    <Table
      says="The steps of both"
      head={["Step", oneLine(file.a), <span class="unseen">Same or different</span>, oneLine(file.b)]}
    >
      {Array.from({ length: most }, (_, i) => i + 1).map((step) => (
        <tr
          class={[step === apart ? "apart" : "", step === index ? "here" : ""].join(" ").trim() || undefined}
        >
          <th scope="row">{numberOf(step)}</th>
          <td class="says">{left?.[step - 1] ?? "–"}</td>
          <td>
            {left == null || right == null ? (
              ""
            ) : left[step - 1] === right[step - 1] ? (
              <Same />
            ) : (
              <Apart isFirst={step === apart} />
            )}
          </td>
          <td class="says">{right?.[step - 1] ?? "–"}</td>
        </tr>
      ))}
    </Table>
  );
}

const Same = (): JSX.Element => (
  <span class="dim">
    <span aria-hidden="true">=</span>
    <span class="unseen">the same</span>
  </span>
);

function Apart({ isFirst }: { readonly isFirst: boolean }): JSX.Element {
  return (
    <strong class="broken">≠{isFirst ? " here they part" : <span class="unseen"> different</span>}</strong>
  );
}
