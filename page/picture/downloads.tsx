/** What can be taken away, and what can be brought. */
import type { JSX } from "preact";
import type { Session } from "../session/session.ts";
import { itfFile, mermaidFile, save, svgFile, traceFile } from "./download.ts";
import { LanesDrawing } from "./lanes.tsx";
import { MemoryDrawing } from "./memory-drawing.tsx";

interface Props {
  readonly session: Session;
  readonly index: number;
  readonly onFile: (file: File) => void;
}

export function Downloads({ session, index, onFile }: Props): JSX.Element {
  const picture = (): void => {
    const drawing = <MemoryDrawing session={session} index={index} width={1000} onGo={() => {}} />;
    save(svgFile(session, `memory-${index}`, drawing));
  };
  const lanes = (): void => {
    save(
      svgFile(
        session,
        "lanes",
        <LanesDrawing lanes={session.lanes} index={index} broken={session.property} />,
      ),
    );
  };
  return (
    <section class="downloads" aria-label="Files">
      <h2>Files</h2>
      <ul>
        {session.isRun && (
          <>
            <Item says="Trace" about="for gmemcheck replay" onClick={() => save(traceFile(session))} />
            <Item says="ITF" about="for Apalache and Quint" onClick={() => save(itfFile(session))} />
            <Item says="Mermaid" about="a sequence diagram" onClick={() => save(mermaidFile(session))} />
          </>
        )}
        <Item says="Memory, SVG" about="as it is drawn at this step" onClick={picture} />
        <Item says="Lanes, SVG" about="all of them" onClick={lanes} />
        <li>
          <label class="open">
            Open a trace or ITF file <span class="dim">or drop it on the page</span>
            <input
              type="file"
              accept=".json,application/json"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file !== undefined) onFile(file);
                event.currentTarget.value = "";
              }}
            />
          </label>
        </li>
      </ul>
    </section>
  );
}

function Item({
  says,
  about,
  onClick,
}: {
  readonly says: string;
  readonly about: string;
  readonly onClick: () => void;
}): JSX.Element {
  return (
    <li>
      <button type="button" onClick={onClick}>
        {says}
      </button>{" "}
      <span class="dim">{about}</span>
    </li>
  );
}
