/**
 * The older states of a visited set, in a file: what memory has no room for. The file is unlinked as soon as it is open, so that nothing of it
 * is left behind, however the process ends.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../usage-error.ts";

/** The file takes no more: the disk is full. */
export class NoRoom extends Error {
  override readonly name = "NoRoom";
}

/** A page that is read back has about this many bytes; pages are kept by their number. */
const PAGE_BYTES = 8192;
const MOST_PAGES = 512;

export class Spill {
  /** States in the file. */
  count = 0;
  /** Pages in memory, one after the other. */
  readonly cache: Int32Array;
  private readonly dir: string;
  private readonly words: number;
  private readonly pageStates: number;
  private readonly pages: number;
  private readonly pageAt: Int32Array;
  private readonly file: { readonly fd: number; readonly path: string };
  private isOpen = true;

  /** `most`: bytes that the cache may take. */
  constructor(dir: string, words: number, most: number) {
    this.dir = dir;
    this.words = words;
    this.pageStates = Math.max(1, Math.floor(PAGE_BYTES / 4 / words));
    const pageWords = this.pageStates * words;
    this.pages = Math.max(1, Math.min(MOST_PAGES, Math.floor(most / 4 / pageWords)));
    this.cache = new Int32Array(this.pages * pageWords);
    this.pageAt = new Int32Array(this.pages).fill(-1);
    this.file = openIn(dir);
  }

  /** Moves n states behind those that are there. */
  append(from: Int32Array, n: number): void {
    const { words } = this;
    // The page that the file ended in.
    const page = Math.floor(this.count / this.pageStates);
    if (this.pageAt[page % this.pages] === page) this.pageAt[page % this.pages] = -1;
    try {
      writeWords(this.file.fd, from.subarray(0, n * words), this.count * words);
    } catch (error) {
      throw new NoRoom(`no room for more states in ${this.dir}: ${(error as Error).message}`);
    }
    this.count += n;
  }

  /** The offset of a state in the cache; good until the next one is asked for. */
  locate(index: number): number {
    const { words, pageStates, pages } = this;
    const page = Math.floor(index / pageStates);
    const at = page % pages;
    const offset = at * pageStates * words;
    if (this.pageAt[at] !== page) {
      const n = Math.min(pageStates, this.count - page * pageStates);
      this.pageAt[at] = -1;
      readWords(this.file.fd, this.cache.subarray(offset, offset + n * words), page * pageStates * words);
      this.pageAt[at] = page;
    }
    return offset + (index - page * pageStates) * words;
  }

  /** Reads the states from `first` on, as many as there is room for in `to`. */
  read(first: number, to: Int32Array): void {
    readWords(this.file.fd, to, first * this.words);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.file.fd);
    // Where an open file cannot be unlinked.
    rmSync(this.file.path, { force: true, recursive: true });
  }
}

function openIn(dir: string): { readonly fd: number; readonly path: string } {
  let path: string;
  try {
    path = mkdtempSync(join(dir, "gmemcheck-states-"));
  } catch (error) {
    throw new UsageError(`states cannot be put into ${dir}: ${(error as Error).message}`);
  }
  try {
    return { fd: openSync(join(path, "states"), "wx+", 0o600), path };
  } finally {
    try {
      rmSync(path, { force: true, recursive: true });
    } catch {
      // Then when it is closed.
    }
  }
}

/** Writes words at a place in a file, given in words too. */
export function writeWords(fd: number, words: Int32Array, at: number): void {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, Math.min(MOST_AT_ONCE, bytes.length - done), at * 4 + done);
  }
}

export function readWords(fd: number, words: Int32Array, at: number): void {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  for (let done = 0; done < bytes.length;) {
    const n = readSync(fd, bytes, done, Math.min(MOST_AT_ONCE, bytes.length - done), at * 4 + done);
    if (n === 0) throw new Error("a file of states is shorter than it was");
    done += n;
  }
}

/** One call of the operating system moves less than 2 GiB. */
const MOST_AT_ONCE = 2 ** 26;
