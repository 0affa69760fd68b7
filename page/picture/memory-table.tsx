/** The memory as tables: for screen readers, and for whoever would rather read. */
import type { ComponentChildren, JSX } from "preact";
import { oneLine } from "../../checkers/report/clean.ts";
import type { Drawn, Picture } from "../session/picture.ts";
import { gfnFacts, pageFacts, slotFacts, type Fact } from "./facts.ts";
import { StepLink } from "./step-link.tsx";

interface Props {
  readonly picture: Picture;
  readonly onGo: (index: number) => void;
}

/** A row: a thing, and what is said of it. */
interface Line {
  readonly of: Drawn;
  readonly facts: readonly Fact[];
}

export function MemoryTables({ picture: { vms, files }, onGo }: Props): JSX.Element {
  return (
    <>
      {vms.map((vm) => (
        <>
          <Table
            caption={`${vm.name}: guest frames`}
            lines={vm.gfns.map((of) => ({ of, facts: gfnFacts(of) }))}
            onGo={onGo}
          />
          {vm.slots.length > 0 && (
            <Table
              caption={`${vm.name}: slots`}
              lines={vm.slots.map((of) => ({ of, facts: slotFacts(of) }))}
              onGo={onGo}
            />
          )}
        </>
      ))}
      {files.map((file) => (
        <Table
          caption={`${file.name}: ${file.openAs.length === 0 ? "no open file of it" : file.openAs.join("; ")}`}
          lines={file.cells.map((of) => ({ of, facts: pageFacts(of) }))}
          onGo={onGo}
        />
      ))}
    </>
  );
}

function Table({
  caption,
  lines,
  onGo,
}: {
  readonly caption: string;
  readonly lines: readonly Line[];
  readonly onGo: (index: number) => void;
}): JSX.Element {
  const columns = [...new Set(lines.flatMap(({ facts }) => facts.map(({ what }) => what)))];
  return (
    <table>
      <caption>{oneLine(caption)}</caption>
      <thead>
        <tr>
          {[...columns, "written by", "mark"].map((name) => (
            <th scope="col">{name}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map(({ of, facts }) => (
          <tr class={of.marked === null ? "" : "marked"}>
            {columns.map((name, i) => (
              <Cell isHead={i === 0}>{textOf(facts, name)}</Cell>
            ))}
            <td>{of.since === 0 ? "" : <StepLink index={of.since} onGo={onGo} />}</td>
            <td>{marksText(of)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell({
  isHead,
  children,
}: {
  readonly isHead: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return isHead ? <th scope="row">{children}</th> : <td>{children}</td>;
}

function textOf(facts: readonly Fact[], name: string): string {
  return facts
    .filter(({ what }) => what === name)
    .map(({ text }) => oneLine(text))
    .join(", ");
}

function marksText({ changed, marked }: Drawn): string {
  return [
    ...(changed ? ["Δ changed by this step"] : []),
    ...(marked === null ? [] : [`✗ ${oneLine(marked)}`]),
  ].join("; ");
}
