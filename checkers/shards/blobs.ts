/**
 * Where a search over many machines keeps its states: blobs, which are written whole and once, and read in part. A folder that all machines
 * share is one such place; a store of objects with atomic puts and ranged gets is another.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { NoRoom } from "../explore/spill.ts";

export interface Blobs {
  /** Whole or not at all; whoever writes a name again writes the same. Throws NoRoom. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** All of it, or null where there is none. */
  read(name: string): Promise<Uint8Array | null>;
  /** `length` bytes from `from` on; throws where the blob has them not. */
  readPart(name: string, from: number, length: number): Promise<Uint8Array>;
  /** Bytes of a blob; throws where there is none. */
  size(name: string): Promise<number>;
  /** All whose names begin with `folder/`. */
  remove(folder: string): Promise<void>;
}

export class FolderBlobs implements Blobs {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.folder, name);
    const unfinished = `${path}.${randomBytes(6).toString("hex")}.unfinished`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(unfinished, bytes, { mode: 0o600 });
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      throw new NoRoom(`${path} cannot be written: ${(error as Error).message}`);
    }
  }

  async read(name: string): Promise<Uint8Array | null> {
    try {
      return await readFile(join(this.folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  }

  async readPart(name: string, from: number, length: number): Promise<Uint8Array> {
    const file = await open(join(this.folder, name), "r");
    try {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await file.read(bytes, done, length - done, from + done);
        if (bytesRead === 0) throw new Error(`${join(this.folder, name)} is cut off at byte ${from + done}`);
        done += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  }

  async size(name: string): Promise<number> {
    return (await stat(join(this.folder, name))).size;
  }

  async remove(folder: string): Promise<void> {
    await rm(join(this.folder, folder), { recursive: true, force: true });
  }
}
