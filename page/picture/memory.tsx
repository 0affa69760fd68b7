/** The memory at a moment: drawn, and as tables that say the same. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Session } from "../session/session.ts";
import { MemoryDrawing, placeText } from "./memory-drawing.tsx";
import { MemoryTables } from "./memory-table.tsx";
import { useWidth } from "./width.ts";

interface Props {
  readonly session: Session;
  readonly index: number;
  readonly onGo: (index: number) => void;
  /** The tables in place of the drawing, for everybody and not for screen readers alone. */
  readonly isTable: boolean;
  readonly isStatic?: boolean;
}

export function Memory({ session, index, onGo, isTable, isStatic = false }: Props): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame, 760);
  const { picture } = session.moments[index]!;
  if (picture.vms.length + picture.files.length === 0)
    return <p class="dim">There is no VM and no file {placeText(index)}.</p>;
  return (
    <div class="memory" ref={frame}>
      {!isTable && (
        <div
          class="frame"
          data-scrolls
          tabIndex={isStatic ? undefined : 0}
          role="group"
          aria-label="Drawing of the memory, scrollable"
        >
          <MemoryDrawing session={session} index={index} width={width} onGo={onGo} />
        </div>
      )}
      <div class={isTable ? "tables" : "tables unseen"}>
        <MemoryTables picture={picture} onGo={onGo} />
      </div>
    </div>
  );
}
