/** A strict reader of the lines of mermaid's sequence diagrams that we write: what else mermaid would take is refused. */

export interface Diagram {
  /** Labels by the ids of participants. */
  readonly participants: ReadonlyMap<string, string>;
  readonly messages: readonly { readonly from: string; readonly to: string; readonly text: string }[];
  readonly notes: readonly string[];
  readonly loops: number;
}

/** Neither mermaid nor Markdown takes any of these for syntax. `#` begins an entity, and nothing else. */
const TEXT = "(?:[\\w .=,→—·✗()…-]|#\\d+;)+";
const PARTICIPANT = new RegExp(`^participant (\\w+) as (${TEXT})$`, "u");
const MESSAGE = new RegExp(`^(\\w+)(?:->>|-->>)(\\w+): (${TEXT})$`, "u");
const NOTE = new RegExp(`^Note over (\\w+)(?:,(\\w+))?: (${TEXT})$`, "u");

export function readDiagram(source: string): Diagram {
  const [first, ...lines] = source.split(/\r\n|\r|\n|\u2028|\u2029/);
  if (first !== "sequenceDiagram") throw new Error(`not a sequence diagram: ${first}`);
  if (lines.pop() !== "") throw new Error("the last line has no end");
  const participants = new Map<string, string>();
  const messages: { from: string; to: string; text: string }[] = [];
  const notes: string[] = [];
  let loops = 0;
  let open = 0;
  for (const line of lines.map((text) => text.trim())) {
    const [participant, message, note] = [PARTICIPANT.exec(line), MESSAGE.exec(line), NOTE.exec(line)];
    if (participant !== null) participants.set(participant[1]!, plain(participant[2]!));
    else if (message !== null)
      messages.push({ from: message[1]!, to: message[2]!, text: plain(message[3]!) });
    else if (note !== null) notes.push(plain(note[3]!));
    else if (line === "loop for ever") (open++, loops++);
    else if (line === "end" && open > 0) open--;
    else throw new Error(`not a line of a diagram: ${line}`);
  }
  if (open > 0) throw new Error("a loop without an end");
  const strange = messages.find(({ from, to }) => !participants.has(from) || !participants.has(to));
  if (strange !== undefined) throw new Error(`${strange.from} or ${strange.to} is not introduced`);
  return { participants, messages, notes, loops };
}

function plain(text: string): string {
  return text.replace(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}
