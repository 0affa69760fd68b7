/** The lanes: a column for each actor, time from top to bottom, as race reports in commit messages have it. */
import type { JSX } from "preact";
import { useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { cut, oneLine } from "../../checkers/report/clean.ts";
import type { Lane, Lanes as LanesOf, Stretch } from "../session/lanes.ts";
import { charsIn, fit } from "./fit.ts";
import {
  LINE,
  lockName,
  lockNames,
  rowIndices,
  rowsOf,
  sideBySide,
  type Row,
  type RowLine,
} from "./lane-rows.ts";
import { useWidth } from "./width.ts";
import { reveal, useSight, WHOLE, type Sight } from "./window.ts";

const GUTTER = 44;
/** Font size of the text in blocks. */
const SIZE = 12;
/** Where the text of a lane begins, behind the line of the call in flight. */
const INSET = 14;
const BAR = 8;
const NARROWEST = 150;
const WIDEST = 620;
/** Width of a lane in a drawing of its own. */
const ALONE = 380;
/** Room for the sign of what a step changed. */
const SIGN = 34;

interface Props {
  readonly lanes: LanesOf;
  /** The moment to show. */
  readonly index: number;
  readonly onGo: (index: number) => void;
  /** What is broken at the end of the trace: a short name; null where nothing is. */
  readonly broken: string | null;
  /** All of it, for what has no script. */
  readonly isStatic?: boolean;
}

/** Where everything stands. */
interface Plan {
  readonly lanes: LanesOf;
  readonly rows: readonly Row[];
  /** Row of each moment. */
  readonly rowAt: readonly number[];
  readonly locks: readonly string[];
  readonly columns: readonly Column[];
  readonly width: number;
  readonly height: number;
}

interface Column {
  readonly lane: Lane;
  readonly x: number;
  readonly width: number;
  /** Place of the bar of each lock stretch. */
  readonly places: readonly number[];
  /** Where its text begins. */
  readonly text: number;
}

export function Lanes({ lanes, index, onGo, broken, isStatic = false }: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const available = useWidth(scroller, 760);
  const sight = useSight(scroller, isStatic);
  const [isWhole, setWhole] = useState(false);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const plan = useMemo(() => planOf(lanes, available, isWhole, opened), [lanes, available, isWhole, opened]);
  const current = plan.rows[plan.rowAt[index] ?? 0];
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element !== null && current !== undefined)
      reveal(element, index === 0 ? 0 : current.y, current.y + current.height + 60);
  }, [index, plan]);
  const hasGroups = isWhole || plan.rows.some(({ kind }) => kind !== "step");
  const open = (row: Row): void => setOpened(new Set([...opened, row.from]));
  return (
    <section class="lanes" aria-label="Lanes: who did what when">
      <div class="bar">
        <h2>Lanes</h2>
        {hasGroups && !isStatic && (
          <button type="button" aria-pressed={isWhole} onClick={() => setWhole(!isWhole)}>
            Every section
          </button>
        )}
      </div>
      <div
        class="scroller"
        ref={scroller}
        data-scrolls
        tabIndex={isStatic ? undefined : 0}
        role="group"
        aria-label="Lanes, scrollable"
      >
        <Heads plan={plan} />
        <Body plan={plan} index={index} sight={sight} broken={broken} onGo={onGo} onOpen={open} />
      </div>
      {plan.locks.length > 0 && <LockLegend locks={plan.locks} />}
    </section>
  );
}

function planOf(lanes: LanesOf, available: number, isWhole: boolean, opened: ReadonlySet<number>): Plan {
  const shown = lanes.lanes.length;
  const width = Math.min(WIDEST, Math.max(NARROWEST, Math.floor((available - GUTTER) / Math.max(1, shown))));
  const bars = lanes.lanes.map(({ locks }) => sideBySide(locks));
  const columns = lanes.lanes.map((lane, i) => {
    const { places, width: most } = bars[i]!;
    return { lane, x: GUTTER + i * width, width, places, text: INSET + 4 + most * BAR };
  });
  const text = Math.max(INSET, ...columns.map((column) => column.text));
  const chars = charsIn(width - text - SIGN, SIZE);
  const rows = rowsOf(lanes, chars, isWhole, opened);
  const last = rows.at(-1);
  const waits = lanes.lanes.flatMap(({ blocked }) => blocked.filter(({ from }) => from === lanes.steps));
  const tail = Math.max(0, ...waits.map(({ what }) => fit(`waits for ${what}`, chars).length * LINE + 14));
  return {
    lanes,
    rows,
    rowAt: rowIndices(rows, lanes.steps),
    locks: lockNames(lanes),
    columns,
    width: GUTTER + width * columns.length,
    height: (last === undefined ? 0 : last.y + last.height) + tail + (lanes.loop === null ? 4 : LINE + 8),
  };
}

interface DrawingProps {
  readonly lanes: LanesOf;
  readonly index: number;
  readonly broken: string | null;
}

/** All lanes as one drawing, for a file of its own. */
export function LanesDrawing({ lanes, index, broken }: DrawingProps): JSX.Element {
  const plan = planOf(lanes, GUTTER + ALONE * lanes.lanes.length, true, new Set());
  return (
    <svg class="drawing" width={plan.width} height={plan.height + HEAD}>
      <Heads plan={plan} />
      <svg y={HEAD}>
        <Body plan={plan} index={index} sight={WHOLE} broken={broken} onGo={() => {}} onOpen={() => {}} />
      </svg>
    </svg>
  );
}

/** Height of the names of the actors. */
const HEAD = 26;

function Heads({ plan }: { readonly plan: Plan }): JSX.Element {
  return (
    <svg class="drawing heads" width={plan.width} height={HEAD} aria-hidden="true">
      {plan.columns.map(({ lane, x, width }) => (
        <text class="actor" x={x + INSET} y={17}>
          {cut(oneLine(lane.actor), charsIn(width - INSET, 13))}
        </text>
      ))}
    </svg>
  );
}

interface BodyProps {
  readonly plan: Plan;
  readonly index: number;
  readonly sight: Sight;
  readonly broken: string | null;
  readonly onGo: (index: number) => void;
  readonly onOpen: (row: Row) => void;
}

function Body({ plan, index, sight, broken, onGo, onOpen }: BodyProps): JSX.Element {
  const { rows, lanes, width, height } = plan;
  const hatch = useId();
  const seen = rows.filter(({ y, height: h }) => y + h >= sight.top && y <= sight.bottom);
  return (
    <svg
      class="drawing rows"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="group"
      aria-label={`${lanes.steps} steps of ${lanes.lanes.map(({ actor }) => oneLine(actor)).join(", ")}; the list of steps has them as text`}
    >
      <defs>
        <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch" width="2.5" height="6" />
        </pattern>
      </defs>
      <g aria-hidden="true">
        <Cursor plan={plan} index={index} />
        {plan.columns.map((column) => (
          <Ground plan={plan} column={column} sight={sight} hatch={hatch} />
        ))}
        {seen.map((row) => (
          <RowDrawn
            key={row.from}
            row={row}
            column={plan.columns[row.lane]!}
            width={width}
            index={index}
            broken={row.to === lanes.steps ? broken : null}
            onGo={onGo}
            onOpen={onOpen}
          />
        ))}
        <Loop plan={plan} />
      </g>
    </svg>
  );
}

/** The row of the step that led to the moment, and a line where the moment is. */
function Cursor({
  plan: { rows, rowAt, width },
  index,
}: {
  readonly plan: Plan;
  readonly index: number;
}): JSX.Element | null {
  const row = rows[rowAt[index] ?? 0];
  if (row === undefined) return null;
  const y = index === 0 ? 0 : row.y + (row.height * (index - row.from)) / (row.to - row.from);
  return (
    <g class="cursor">
      {index > 0 && <rect class="here" x={0} y={row.y} width={width} height={row.height} />}
      <path class="now" d={`M0 ${y}H${width}`} />
    </g>
  );
}

interface GroundProps {
  readonly plan: Plan;
  readonly column: Column;
  readonly sight: Sight;
  /** Name of the pattern of time in which an actor waits. */
  readonly hatch: string;
}

/** What goes on behind the blocks: the actor's line, calls in flight, locks held, and the time in which it waits. */
function Ground({ plan, column, sight, hatch }: GroundProps): JSX.Element {
  const { lane, x, width, places } = column;
  const { height } = plan;
  const inSight = (span: Span): boolean => span.bottom >= sight.top && span.top <= sight.bottom;
  return (
    <g>
      <path class="lifeline" d={`M${x + 6} 0V${height}`} />
      {lane.calls
        .map((call) => spanOf(plan, call))
        .filter(inSight)
        .map(({ top, bottom }) => (
          <rect class="in-flight" x={x + 3} y={top} width={6} height={bottom - top} rx={3} />
        ))}
      {lane.blocked.map((wait) => {
        const { top, bottom } = waitOf(plan, wait);
        if (!inSight({ top, bottom })) return null;
        const text = x + column.text;
        return (
          <g class="blocked">
            <title>{oneLine(`waits for ${wait.what}`)}</title>
            <rect
              x={text - 3}
              y={top}
              width={x + width - text - 3}
              height={Math.max(6, bottom - top)}
              fill={`url(#${hatch})`}
            />
            <WaitText
              wait={wait}
              x={text + 2}
              top={top}
              bottom={bottom}
              chars={charsIn(width - column.text - 12, SIZE)}
            />
          </g>
        );
      })}
      {lane.locks.map((lock, i) => {
        const span = spanOf(plan, lock);
        return (
          inSight(span) && (
            <LockBar lock={lock} span={span} x={x + INSET + places[i]! * BAR} locks={plan.locks} />
          )
        );
      })}
    </g>
  );
}

function WaitText({
  wait,
  x,
  top,
  bottom,
  chars,
}: {
  readonly wait: Stretch;
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
  readonly chars: number;
}): JSX.Element | null {
  const lines = fit(`waits for ${wait.what}`, chars);
  if (lines.length * LINE > bottom - top) return null;
  return (
    <g>
      {lines.map((text, i) => (
        <text class="line waits" x={x} y={top + 14 + i * LINE}>
          {text}
        </text>
      ))}
    </g>
  );
}

interface Span {
  readonly top: number;
  readonly bottom: number;
}

/** Of what begins and ends with a step: from the top of the first one's row to the bottom of the last one's. */
function spanOf({ rows, rowAt }: Plan, { from, to, isOpen }: Stretch): Span {
  const first = rows[rowAt[from + 1]!]!;
  const last = rows[rowAt[to]!]!;
  return { top: first.y + 4, bottom: last.y + last.height - (isOpen ? 0 : 4) };
}

/** Of what lasts from moment to moment: from the bottom of the row behind which it begins. */
function waitOf({ rows, rowAt, height }: Plan, { from, to, isOpen }: Stretch): Span {
  const first = rows[rowAt[from]!]!;
  const last = rows[rowAt[to]!]!;
  const top = from === 0 ? 0 : first.y + first.height;
  return { top: top + 3, bottom: isOpen ? height - 3 : Math.max(top + 8, last.y + last.height - 3) };
}

function LockBar({
  lock,
  span: { top, bottom },
  x,
  locks,
}: {
  readonly lock: Stretch;
  readonly span: Span;
  readonly x: number;
  readonly locks: readonly string[];
}): JSX.Element {
  const number = locks.indexOf(lockName(lock.what));
  const isRead = lock.what.endsWith(" (read)");
  return (
    <g class={`lock lock${number % 6}${isRead ? " read" : ""}`}>
      <title>{oneLine(`holds ${lock.what}`)}</title>
      <rect x={x} y={top} width={BAR - 2} height={Math.max(4, bottom - top)} rx={1} />
      {bottom - top > 12 && (
        <text class="letter" x={x + (BAR - 2) / 2} y={top + 9}>
          {letter(number)}
        </text>
      )}
    </g>
  );
}

const letter = (lock: number): string => String.fromCharCode(65 + (lock % 26));

interface RowProps {
  readonly row: Row;
  readonly column: Column;
  readonly width: number;
  readonly index: number;
  readonly broken: string | null;
  readonly onGo: (index: number) => void;
  readonly onOpen: (row: Row) => void;
}

function RowDrawn({ row, column, width, index, broken, onGo, onOpen }: RowProps): JSX.Element {
  const { from, to, y, height, lines, kind, changes } = row;
  const text = column.x + column.text;
  const number = to - from === 1 ? `${to}` : `${from + 1}–${to}`;
  const isHere = index > from && index <= to;
  const go = (event: Event): void => {
    event.preventDefault();
    onGo(to);
  };
  return (
    <g class={`row ${kind}${isHere ? " is-here" : ""}${broken === null ? "" : " is-broken"}`}>
      <a href={`#step=${to}`} onClick={go} tabindex={-1}>
        <rect class="ground" x={0} y={y} width={width} height={height} />
        <text class="number" x={GUTTER - 8} y={y + 15}>
          {isHere && to - from > 1 ? `${index}/${to}` : number}
        </text>
        <rect
          class="block"
          x={text - 5}
          y={y + 2}
          width={column.x + column.width - text}
          height={height - 4}
          rx={3}
        />
        {lines.map((line, i) => (
          <text class={`line ${line.kind}`} x={text} y={y + 15 + i * LINE}>
            <LineText line={line} />
          </text>
        ))}
        {changes > 0 && (
          <text class="changes" x={column.x + column.width - 10} y={y + height - 7}>
            <title>{`changes ${changes} ${changes === 1 ? "cell" : "cells"}`}</title>
            {`Δ${changes}`}
          </text>
        )}
        {broken !== null && (
          <text class="cross" x={8} y={y + 15}>
            <title>{oneLine(`here ${broken} is broken`)}</title>✗
          </text>
        )}
      </a>
      {kind !== "step" && (
        <text class="opener" x={text - 2} y={y + height - 9} onClick={() => onOpen(row)}>
          <title>show these steps one by one</title>▸
        </text>
      )}
    </g>
  );
}

/** Of a call, its name stands out. */
function LineText({ line: { text, name } }: { readonly line: RowLine }): JSX.Element {
  if (name === 0) return <>{text}</>;
  return (
    <>
      <tspan class="call-name">{text.slice(0, name)}</tspan>
      {text.slice(name)}
    </>
  );
}

function Loop({ plan: { lanes, rows, rowAt, width, height } }: { readonly plan: Plan }): JSX.Element | null {
  if (lanes.loop === null) return null;
  const top = rows[rowAt[lanes.loop + 1]!]!.y;
  return (
    <g class="loop">
      <path d={`M${width - 2} ${top + 2}H3V${height - LINE - 4}H${width - 2}`} />
      <text x={GUTTER} y={height - 8}>{`⟲ and again from step ${lanes.loop + 1}, for ever`}</text>
    </g>
  );
}

function LockLegend({ locks }: { readonly locks: readonly string[] }): JSX.Element {
  return (
    <p class="locks">
      Locks held:{" "}
      {locks.map((name, i) => (
        <span class="lock-name">
          <span class={`swatch lock${i % 6}`}>{letter(i)}</span> {oneLine(name)}
        </span>
      ))}
      <span class="dim">filled: held for writing; outlined: for reading</span>
    </p>
  );
}
