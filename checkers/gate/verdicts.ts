/**
 * Verdicts that are kept, by the content of what they are of: a design that nobody touched costs nothing. An entry that is not what it says is made
 * anew, and told.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WORST_FIRST } from "../../spec/language/verdict.ts";
import type { RunReport } from "../explore/check.ts";
import { differences, pinOf } from "../explore/pin.ts";

/** What a verdict depends on: the design's own content, the vector, and the tool that found it. */
export interface VerdictKey {
  readonly design: string;
  readonly content: string;
  /** As the pins name it, with the bounds that are not said there. */
  readonly vector: string;
  readonly engine: string;
}

const FORMAT = "gmemcheck-verdict/1";

export class Verdicts {
  /** What was wrong with entries, one line each. */
  readonly notes: string[] = [];
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The report of a run of the same content; null where none is kept. */
  find(key: VerdictKey): RunReport | null {
    const file = this.fileOf(key);
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      return null;
    }
    const run = unpack(text, key);
    if (run === null) {
      this.notes.push(`${file} is cut short, changed, or of another run: the verdict was found anew`);
      rmSync(file, { force: true });
    }
    return run;
  }

  /** Keeps what an exhausted run found. Two runs of the same content that differ are a fault of the model or of the tool: says in what. */
  keep(key: VerdictKey, run: RunReport): string | null {
    if (!run.complete) return null;
    const before = this.find(key);
    const conflict = before === null ? [] : differences(pinOf(before), run);
    if (conflict.length > 0) return conflict.join("; ");
    try {
      this.write(this.fileOf(key), pack(key, run));
    } catch (error) {
      this.notes.push(`a verdict cannot be kept in ${this.folder}: ${(error as Error).message}`);
    }
    return null;
  }

  private write(file: string, text: string): void {
    mkdirSync(this.folder, { recursive: true });
    const partial = `${file}.${process.pid}.partial`;
    writeFileSync(partial, text);
    renameSync(partial, file);
  }

  private fileOf(key: VerdictKey): string {
    return join(this.folder, `${sum(JSON.stringify(ordered(key))).slice(0, 40)}.json`);
  }
}

const ordered = ({ design, content, vector, engine }: VerdictKey): VerdictKey => ({
  design,
  content,
  vector,
  engine,
});

const sum = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Parameters of calls are 64-bit numbers here and there, which JSON has none of. */
const tagged = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? { bigint: value.toString() } : value;

function untagged(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("bigint" in value)) return value;
  return typeof value.bigint === "string" ? BigInt(value.bigint) : value;
}

function pack(key: VerdictKey, run: RunReport): string {
  const { outcomes, decided, ...rest } = run;
  const entry = { key: ordered(key), run: { ...rest, outcomes: [...outcomes], decided: [...decided] } };
  const body = JSON.stringify(entry, tagged);
  return `${JSON.stringify({ format: FORMAT, sum: sum(body) })}\n${body}\n`;
}

/** The run of an entry; null where the entry is none of this key, or not as it was written. */
function unpack(text: string, key: VerdictKey): RunReport | null {
  const [head = "", body = ""] = text.split("\n");
  try {
    const { format, sum: said } = JSON.parse(head) as { readonly format?: unknown; readonly sum?: unknown };
    if (format !== FORMAT || said !== sum(body)) return null;
    const entry = JSON.parse(body, untagged) as { readonly key: VerdictKey; readonly run: Packed };
    if (JSON.stringify(entry.key) !== JSON.stringify(ordered(key))) return null;
    const { run } = entry;
    if (!run.complete || !WORST_FIRST.includes(run.verdict)) return null;
    return { ...run, outcomes: new Map(run.outcomes), decided: new Set(run.decided) };
  } catch {
    return null;
  }
}

type Packed = Omit<RunReport, "outcomes" | "decided"> & {
  readonly outcomes: readonly (readonly [string, number])[];
  readonly decided: readonly string[];
};
