/**
 * How far a search is, in a folder, so that another process can go on from there: the states in one file, to which new ones are appended, and
 * all else in another, which is replaced as a whole once the states are on the disk. What stands behind the states that this one tells of is not there.
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../usage-error.ts";
import type { Bounded } from "./bounded.ts";
import type { TotalsNow } from "./explored.ts";
import { NoRoom, readWords, writeWords } from "./spill.ts";
import type { Store } from "./store.ts";

const FORMAT = "gmemcheck-checkpoint-1";
const HEADER = "checkpoint.json";
const PIECE_WORDS = 2 ** 20;

/** What is searched: two that are equal go through the same states in the same order. */
export interface Identity {
  readonly design: string;
  readonly bounds: string;
  readonly scenario: string;
  readonly tracked: string;
  readonly mode: string;
  readonly properties: string;
  /** Of the design's text and the tool, as the caller sees fit. */
  readonly content: string;
}

/** Where a search stands between two states. */
export interface Position {
  /** The search of the run: which of its trackings. */
  readonly tracking: number;
  /** The next state to expand. */
  readonly index: number;
  readonly count: number;
  readonly words: number;
  readonly levels: readonly number[];
  readonly levelEnd: number;
  readonly depth: number;
  /** What the searches before this one had. */
  readonly before: { readonly states: number; readonly bytes: number };
  readonly seconds: number;
}

interface Header {
  readonly format: string;
  readonly identity: Identity;
  readonly position: Position;
  readonly totals: TotalsNow;
  readonly states: { readonly file: string; readonly sha256: string };
}

export function identityOf(
  subject: Bounded,
  only: ReadonlySet<string> | undefined,
  content: string,
): Identity {
  const { design, bounds, scenario, tracked, mode, overlap } = subject;
  return {
    design: design.name,
    bounds: JSON.stringify(bounds),
    scenario,
    tracked,
    mode: mode === "sequential" ? mode : `${mode} ${overlap}`,
    properties: only === undefined ? "all" : [...only].sort().join(" "),
    content,
  };
}

export class CheckpointWriter {
  private readonly dir: string;
  private readonly identity: Identity;
  private states: { readonly fd: number; readonly name: string; readonly tracking: number } | null = null;
  private written = 0;
  private hash: Hash = createHash("sha256");

  constructor(dir: string, identity: Identity) {
    this.dir = dir;
    this.identity = identity;
    try {
      mkdirSync(dir, { recursive: true });
    } catch (error) {
      throw new UsageError(`checkpoints cannot be put into ${dir}: ${(error as Error).message}`);
    }
  }

  write(position: Position, totals: TotalsNow, store: Store): void {
    try {
      this.append(position, store);
      const { identity, states, hash } = this;
      const sha256 = hash.copy().digest("hex");
      const header: Header = {
        format: FORMAT,
        identity,
        position,
        totals,
        states: { file: states!.name, sha256 },
      };
      this.replaceHeader(JSON.stringify(header));
      this.removeOthers();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      throw new NoRoom(`the checkpoint in ${this.dir} cannot be written: ${(error as Error).message}`);
    }
  }

  close(): void {
    if (this.states !== null) closeSync(this.states.fd);
    this.states = null;
  }

  private append({ tracking, count, words }: Position, store: Store): void {
    if (this.states?.tracking !== tracking) this.begin(tracking);
    const { fd } = this.states!;
    for (const piece of store.pieces(this.written, count)) {
      writeWords(fd, piece.words, piece.first * words);
      update(this.hash, piece.words);
    }
    this.written = count;
    fsyncSync(fd);
  }

  /** A file that the last checkpoint does not tell of: it is good until the next one is there. */
  private begin(tracking: number): void {
    this.close();
    let name = `states-${tracking}`;
    for (let n = 2; existsSync(join(this.dir, name)); n++) name = `states-${tracking}-${n}`;
    this.states = { fd: openSync(join(this.dir, name), "w", 0o600), name, tracking };
    this.written = 0;
    this.hash = createHash("sha256");
  }

  private replaceHeader(text: string): void {
    const path = join(this.dir, HEADER);
    const fd = openSync(`${path}.new`, "w", 0o600);
    try {
      const bytes = Buffer.from(`${sha256Of(text)}\n${text}\n`);
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}.new`, path);
    fsyncFolder(this.dir);
  }

  private removeOthers(): void {
    for (const name of readdirSync(this.dir)) {
      if (/^states-\d+(-\d+)?$/.test(name) && name !== this.states!.name) rmSync(join(this.dir, name));
    }
  }
}

/** A checkpoint that was read: where the search stood; the states are still to be read. */
export interface Resumed {
  readonly position: Position;
  readonly totals: TotalsNow;
  /** Puts the states into a store that is empty. */
  readonly fill: (store: Store, added: () => void) => void;
}

export function hasCheckpoint(dir: string): boolean {
  return existsSync(join(dir, HEADER));
}

export function readCheckpoint(dir: string, identity: Identity): Resumed {
  const refuse = (why: string): never => {
    throw new UsageError(`cannot resume from ${dir}: ${why}`);
  };
  if (!hasCheckpoint(dir)) refuse(`there is no ${HEADER} in it`);
  const [sum, text = ""] = readFileSync(join(dir, HEADER), "utf8").split("\n");
  if (sum !== sha256Of(text)) refuse(`${HEADER} is corrupt, or of another version`);
  const { format, identity: was, position, totals, states } = JSON.parse(text) as Header;
  if (format !== FORMAT) refuse(`it is of the format ${format}, and this version reads ${FORMAT}`);
  for (const [key, value] of Object.entries(identity)) {
    const before = was[key as keyof Identity];
    if (before === value) continue;
    if (key === "content") refuse("the design, or gmemcheck, has changed since it was written");
    refuse(`it is of another run: ${key} was ${before}, and is ${value}`);
  }
  const path = join(dir, states.file);
  const bytes = position.count * position.words * 4;
  if (!existsSync(path) || statSync(path).size < bytes) refuse(`${states.file} is missing, or too short`);
  const fill = (store: Store, added: () => void): void => {
    const fd = openSync(path, "r");
    const hash = createHash("sha256");
    try {
      for (const piece of statesIn(fd, position)) {
        update(hash, piece);
        store.restore(piece);
        added();
      }
    } finally {
      closeSync(fd);
    }
    if (hash.digest("hex") !== states.sha256) refuse(`${states.file} is corrupt`);
  };
  return { position, totals, fill };
}

function* statesIn(fd: number, { count, words }: Position): Generator<Int32Array> {
  const atOnce = Math.max(1, Math.floor(PIECE_WORDS / words));
  const buffer = new Int32Array(Math.min(atOnce, count) * words);
  for (let first = 0; first < count; first += atOnce) {
    const piece = buffer.subarray(0, Math.min(atOnce, count - first) * words);
    readWords(fd, piece, first * words);
    yield piece;
  }
}

function update(hash: Hash, { buffer, byteOffset, byteLength }: Int32Array): void {
  hash.update(new Uint8Array(buffer, byteOffset, byteLength));
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A name is on the disk when its folder is. */
function fsyncFolder(dir: string): void {
  const fd = openSync(dir, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
