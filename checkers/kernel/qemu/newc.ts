/** The archive that Linux takes as its first root: cpio in the "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst). */

/** A file of the archive; `mode` has the type bits of stat(2). A symbolic link's content is where it leads. */
export interface ArchiveEntry {
  readonly path: string;
  readonly mode: number;
  readonly content?: Uint8Array;
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
}

const FOLDER = 0o040755;
const LINK = 0o120777;

export const folder = (path: string): ArchiveEntry => ({ path, mode: FOLDER });
export const link = (path: string, to: string): ArchiveEntry => ({
  path,
  mode: LINK,
  content: Buffer.from(to),
});

const TRAILER: ArchiveEntry = { path: "TRAILER!!!", mode: 0 };

/** The same bytes for the same entries: no times, no owners, inodes counted up. */
export function archiveOf(entries: readonly ArchiveEntry[]): Buffer {
  return Buffer.concat([...entries, TRAILER].flatMap((entry, n) => partsOf(entry, n + 1)));
}

function partsOf(
  { path, mode, content = new Uint8Array(), device: [major, minor] = [0, 0] }: ArchiveEntry,
  inode: number,
): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const [uid, gid, links, time, check] = [0, 0, 1, 0, 0];
  const fields = [inode, mode, uid, gid, links, time, content.length, 0, 0, major, minor, name.length, check];
  const header = Buffer.from(`070701${fields.map((n) => n.toString(16).padStart(8, "0")).join("")}`);
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

/** Names and contents end at a multiple of four. */
const padding = (length: number): Uint8Array => new Uint8Array(-length & 3);
