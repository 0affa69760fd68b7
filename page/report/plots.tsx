/** Plots. Each has its numbers as text, too: in itself, or beside it. */
import type { JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Bar, Growth } from "./growth.ts";
import { countText } from "./numbers.ts";

const LEVELS = { width: 240, height: 46 };

interface LevelsProps {
  /** New states at each depth. */
  readonly levels: readonly number[];
  readonly complete: boolean;
}

/** A bar for each level; what was cut off ends in a broken line. */
export function Levels({ levels, complete }: LevelsProps): JSX.Element {
  const { width, height } = LEVELS;
  const most = Math.max(1, ...levels);
  const step = width / Math.max(levels.length, 8);
  const widest = levels.indexOf(most);
  const says = `${levels.map((n, depth) => `depth ${depth}: ${countText(n)}`).join(", ")}${complete ? "" : "; not exhausted"}`;
  return (
    <svg class="plot" width={width + 12} height={height} role="img" aria-label={says}>
      <title>{says}</title>
      {levels.map((n, depth) => {
        const tall = n === 0 ? 0 : Math.max(1, (n / most) * (height - 14));
        return (
          <rect
            class="bar-of"
            x={depth * step}
            y={height - tall}
            width={Math.max(1, step - 1)}
            height={tall}
          />
        );
      })}
      {!complete && (
        <line class="cut" x1={levels.length * step + 2} y1={12} x2={levels.length * step + 2} y2={height} />
      )}
      {levels.length > 0 && (
        <text x={0} y={10}>
          {countText(most)} at depth {widest}
        </text>
      )}
    </svg>
  );
}

const LABEL = 190;
const LENGTH = 380;
const ROW = 22;

/** States of runs, each ten times as many as long again. */
export function Bars({ growth: { title, bars } }: { readonly growth: Growth }): JSX.Element {
  const most = Math.max(10, ...bars.map(({ states }) => states ?? 0));
  const top = Math.ceil(Math.log10(most));
  const at = (n: number): number => (n < 1 ? 0 : (Math.log10(n) / top) * LENGTH);
  const height = bars.length * ROW + 20;
  return (
    <figure class="growth">
      <figcaption>{oneLine(title)}</figcaption>
      <div class="frame" data-scrolls tabIndex={0} role="group" aria-label={`${oneLine(title)}, scrollable`}>
        <svg class="plot" width={LABEL + LENGTH + 170} height={height} role="img" aria-label={saysOf(bars)}>
          {Array.from({ length: top + 1 }, (_, power) => (
            <>
              <line
                class="rule"
                x1={LABEL + at(10 ** power)}
                y1={0}
                x2={LABEL + at(10 ** power)}
                y2={height - 16}
              />
              <text class="dim-text" x={LABEL + at(10 ** power)} y={height - 4} text-anchor="middle">
                {countText(10 ** power)}
              </text>
            </>
          ))}
          {bars.map((bar, i) => (
            <BarDrawn bar={bar} y={i * ROW} length={at(bar.states ?? 0)} />
          ))}
        </svg>
      </div>
    </figure>
  );
}

function BarDrawn({
  bar,
  y,
  length,
}: {
  readonly bar: Bar;
  readonly y: number;
  readonly length: number;
}): JSX.Element {
  const { label, complete } = bar;
  return (
    <>
      <text x={LABEL - 8} y={y + 14} text-anchor="end">
        {oneLine(label)}
      </text>
      <rect
        class={complete ? "bar-of" : "bar-of open-ended"}
        x={LABEL}
        y={y + 3}
        width={length}
        height={ROW - 7}
      />
      <text x={LABEL + length + 6} y={y + 14}>
        {barText(bar)}
      </text>
    </>
  );
}

function barText({ states, complete }: Bar): string {
  if (states === null) return "not exhausted";
  return complete ? countText(states) : `more than ${countText(states)}, not exhausted`;
}

function saysOf(bars: readonly Bar[]): string {
  return `States: ${bars.map((bar) => `${oneLine(bar.label)}: ${barText(bar)}`).join("; ")}`;
}
