/** The drawing of the memory: guest frames and slots above, pages of files below, and what leads from the ones to the others. */
import { createContext, type JSX } from "preact";
import { useContext, useId } from "preact/hooks";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Drawn } from "../session/picture.ts";
import type { Broken, Session } from "../session/session.ts";
import { brokenText } from "./broken-promises.tsx";
import { slotFacts, type Fact } from "./facts.ts";
import { charsIn, fit } from "./fit.ts";
import {
  layoutOf,
  STEP,
  TEXT,
  TITLE,
  type Arrow,
  type Band,
  type Box,
  type CellBox,
  type FileBox,
  type SlotBox,
  type VmBox,
} from "./memory-layout.ts";

interface Props {
  readonly session: Session;
  readonly index: number;
  /** In px, as far as there is a choice. */
  readonly width: number;
  readonly onGo: (index: number) => void;
}

/** What all parts of a drawing know. Patterns are named for it alone: a page may have several, of which some are hidden. */
const Shared = createContext<{ readonly name: string; readonly onGo: (index: number) => void }>({
  name: "",
  onGo: () => {},
});

export function MemoryDrawing({ session, index, width, onGo }: Props): JSX.Element {
  const name = useId();
  const layout = layoutOf(session.moments[index]!.picture, width);
  const chars = charsIn(Math.max(280, width), 12);
  const reasons = reasonsOf(session, index).flatMap((text) => fit(`✗ ${text}`, chars));
  const wide = reasons.length === 0 ? layout.width : Math.max(layout.width, Math.min(width, 900), 280);
  const height = layout.height + (reasons.length === 0 ? 0 : reasons.length * STEP + 8);
  return (
    <svg
      class="drawing picture"
      width={wide}
      height={height}
      viewBox={`0 0 ${wide} ${height}`}
      role="group"
      aria-label={`The memory ${placeText(index)}: guest frames above, pages of files below; the tables have the same as text`}
    >
      <Shared.Provider value={{ name, onGo }}>
        <Patterns />
        <g aria-hidden="true">
          {layout.bands.map((band) => (
            <BandDrawn band={band} />
          ))}
          {layout.vms.map((vm) => (
            <VmDrawn of={vm} />
          ))}
          {layout.files.map((file) => (
            <FileDrawn of={file} />
          ))}
          {layout.arrows.map((arrow) => (
            <ArrowDrawn arrow={arrow} />
          ))}
          <g class="reasons">
            {reasons.map((text, i) => (
              <text x={2} y={layout.height + 16 + i * STEP}>
                {text}
              </text>
            ))}
          </g>
        </g>
      </Shared.Provider>
    </svg>
  );
}

export function placeText(index: number): string {
  return index === 0 ? "at the start" : `after step ${index}`;
}

function Patterns(): JSX.Element {
  const { name } = useContext(Shared);
  const square = { width: "7", height: "7", patternUnits: "userSpaceOnUse" };
  return (
    <defs>
      <pattern id={`${name}-poisoned`} {...square} patternTransform="rotate(45)">
        <rect class="poison-hatch" width="2" height="7" />
        <rect class="poison-hatch" width="7" height="2" />
      </pattern>
      <pattern id={`${name}-allocated`} {...square}>
        <circle class="dots" cx="1.5" cy="1.5" r="0.9" />
      </pattern>
    </defs>
  );
}

const look = ({ changed, marked }: Drawn): string =>
  `${changed ? " changed" : ""}${marked === null ? "" : " marked"}`;

/** Signs beside the colours: what changed, what the broken promise speaks of. */
function Signs({ of, box }: { readonly of: Drawn; readonly box: Box }): JSX.Element {
  const x = box.x + box.width - 6;
  return (
    <g class="signs">
      {of.marked !== null && (
        <>
          <rect
            class="ring"
            x={box.x - 2}
            y={box.y - 2}
            width={box.width + 4}
            height={box.height + 4}
            rx={5}
          />
          <text class="cross" x={x} y={box.y + 15}>
            <title>{oneLine(of.marked)}</title>✗
          </text>
        </>
      )}
      {of.changed && (
        <text class="delta" x={of.marked === null ? x : x - 14} y={box.y + 15}>
          <title>this step changed it</title>Δ
        </text>
      )}
    </g>
  );
}

interface CellProps<T> {
  readonly of: CellBox<T>;
  readonly kind: string;
  /** What it is filled with, beside its colour. */
  readonly pattern?: string | undefined;
}

function CellDrawn<T extends Drawn>({ of, kind, pattern }: CellProps<T>): JSX.Element {
  const { name } = useContext(Shared);
  const { cell, box, lines } = of;
  return (
    <g class={`cell ${kind}${look(cell)}`}>
      <rect class="box" {...box} rx={4} />
      {pattern !== undefined && <rect {...box} rx={4} fill={`url(#${name}-${pattern})`} />}
      {lines.map((line, i) => (
        <Line line={line} since={cell.since} x={box.x + 7} y={box.y + 16 + i * STEP} />
      ))}
      <Signs of={cell} box={box} />
    </g>
  );
}

interface LineProps {
  readonly line: Fact;
  readonly since: number;
  readonly x: number;
  readonly y: number;
}

function Line({ line, since, x, y }: LineProps): JSX.Element {
  const { onGo } = useContext(Shared);
  const text = (
    <text class={`fact ${line.kind}`} x={x} y={y}>
      {line.text}
    </text>
  );
  if (line.what !== "written by") return text;
  const go = (event: Event): void => {
    event.preventDefault();
    onGo(since);
  };
  return (
    <a href={`#step=${since}`} onClick={go} tabindex={-1} class="writer">
      {text}
    </a>
  );
}

interface TitleProps {
  readonly of: Drawn;
  readonly lines: readonly string[];
  readonly x: number;
  readonly y: number;
}

function Title({ of, lines, x, y }: TitleProps): JSX.Element {
  return (
    <g class={`name${look(of)}`}>
      {lines.map((text, i) => (
        <text class="title" x={x} y={y + i * TITLE}>
          {i === 0 ? `${of.marked === null ? "" : "✗ "}${of.changed ? "Δ " : ""}${text}` : text}
        </text>
      ))}
    </g>
  );
}

function VmDrawn({ of: { vm, title, box, gfns, slots } }: { readonly of: VmBox }): JSX.Element {
  return (
    <g>
      <Title of={vm} lines={title} x={box.x} y={box.y + 14} />
      {gfns.map((gfn) => (
        <CellDrawn of={gfn} kind={`gfn ${gfn.cell.attribute ?? "plain"}`} />
      ))}
      {slots.map((slot) => (
        <SlotDrawn of={slot} />
      ))}
    </g>
  );
}

function SlotDrawn({ of: { slot, box } }: { readonly of: SlotBox }): JSX.Element {
  const says = slotFacts(slot).map(({ text }) => text);
  const short = `${slot.name}${slot.inode === null ? ", no file" : ` @${slot.first}`}`;
  const room = box.width - 10 - (slot.changed ? 14 : 0) - (slot.marked === null ? 0 : 14);
  return (
    <g class={`slot${look(slot)}`}>
      <title>{oneLine(says.join(", "))}</title>
      <rect class="box" {...box} rx={2} />
      <text class="fact" x={box.x + 7} y={box.y + 14}>
        {fit(short, charsIn(room, TEXT))[0]}
      </text>
      <Signs of={slot} box={box} />
    </g>
  );
}

function BandDrawn({ band: { slot, from, to } }: { readonly band: Band }): JSX.Element {
  const [top, bottom] = [from.y + from.height, to.y];
  return (
    <path
      class={`band${look(slot)}`}
      d={`M${from.x} ${top}H${from.x + from.width}L${to.x + to.width} ${bottom}H${to.x}z`}
    />
  );
}

const PATTERNS: Readonly<Record<string, string>> = { poisoned: "poisoned", allocated: "allocated" };

function FileDrawn({ of: { file, title, box, cells, end } }: { readonly of: FileBox }): JSX.Element {
  const height = cells[0]?.box.height ?? 0;
  const isBeyond = (page: number): boolean => file.size !== null && page >= file.size;
  return (
    <g>
      {cells.map((page) => (
        <CellDrawn
          of={page}
          kind={`page ${page.cell.state}${isBeyond(page.cell.page) ? " beyond" : ""}`}
          pattern={PATTERNS[page.cell.state]}
        />
      ))}
      {end !== null && (
        <g class="end">
          <title>the end of the file</title>
          <path d={`M${end} ${box.y - 8}V${box.y + height + 8}`} />
        </g>
      )}
      <Title of={file} lines={title} x={box.x} y={box.y + height + TITLE} />
    </g>
  );
}

function ArrowDrawn({ arrow: { cell, from, to } }: { readonly arrow: Arrow }): JSX.Element {
  const half = (from.y + to.y) / 2;
  return (
    <g class={`arrow ${cell.mapping!.private ? "private" : "shared"}${look(cell)}`}>
      <path class="line" d={`M${from.x} ${from.y}C${from.x} ${half} ${to.x} ${half} ${to.x} ${to.y - 7}`} />
      <path class="tip" d={`M${to.x - 5} ${to.y - 9}H${to.x + 5}L${to.x} ${to.y - 1}z`} />
    </g>
  );
}

/** In words, why what is marked in the drawing is. */
function reasonsOf(session: Session, index: number): string[] {
  const { picture, breaches } = session.moments[index]!;
  const { files, vms } = picture;
  const drawn: readonly Drawn[] = [
    ...vms.flatMap((vm) => [vm, ...vm.slots, ...vm.gfns]),
    ...files.flatMap((file) => [file, ...file.cells]),
  ];
  const isDrawn = ({ property }: Broken): boolean => drawn.some(({ marked }) => marked?.includes(property));
  return breaches.filter(isDrawn).map(brokenText);
}
