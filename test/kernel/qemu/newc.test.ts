/** The archive of the first root: what is written can be read, by a reader of our own and by cpio. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { initramfs } from "../../../checkers/kernel/qemu/initramfs.ts";
import { archiveOf, folder, link, type ArchiveEntry } from "../../../checkers/kernel/qemu/newc.ts";

interface Read {
  readonly path: string;
  readonly mode: number;
  readonly content: string;
  readonly device: readonly number[];
}

/** Reads by the format's description alone: fields of eight hex digits, names and contents at multiples of four. */
function read(archive: Buffer): Read[] {
  const entries: Read[] = [];
  for (let at = 0; at < archive.length;) {
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const field = (n: number): number =>
      Number.parseInt(archive.toString("latin1", at + 6 + 8 * n, at + 14 + 8 * n), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const path = archive.toString("latin1", at + 110, at + 110 + nameSize - 1);
    const from = (at + 110 + nameSize + 3) & ~3;
    entries.push({
      path,
      mode,
      content: archive.toString("latin1", from, from + size),
      device: [field(9), field(10)],
    });
    at = (from + size + 3) & ~3;
  }
  return entries;
}

const ENTRIES: readonly ArchiveEntry[] = [
  folder("a"),
  { path: "a/odd", mode: 0o100755, content: Buffer.from("12345") },
  { path: "a/empty", mode: 0o100644 },
  { path: "console", mode: 0o020600, device: [5, 1] },
  link("a/link", "odd"),
];

test("what is written is read back", () => {
  const archive = archiveOf(ENTRIES);
  expect(archive.length % 4).toBe(0);
  expect(read(archive)).toEqual([
    { path: "a", mode: 0o040755, content: "", device: [0, 0] },
    { path: "a/odd", mode: 0o100755, content: "12345", device: [0, 0] },
    { path: "a/empty", mode: 0o100644, content: "", device: [0, 0] },
    { path: "console", mode: 0o020600, content: "", device: [5, 1] },
    { path: "a/link", mode: 0o120777, content: "odd", device: [0, 0] },
    { path: "TRAILER!!!", mode: 0, content: "", device: [0, 0] },
  ]);
});

test.skipIf(spawnSync("cpio", ["--version"]).status !== 0)("cpio lists it", () => {
  const { stdout, status } = spawnSync("cpio", ["-itv", "--quiet"], {
    input: archiveOf(ENTRIES),
    encoding: "utf8",
  });
  expect(status).toBe(0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => line.replace(/\s+/g, " "));
  expect(lines.map((line) => line.split(" ")[0])).toEqual([
    "drwxr-xr-x",
    "-rwxr-xr-x",
    "-rw-r--r--",
    "crw-------",
    "lrwxrwxrwx",
  ]);
  expect([lines[1], lines[3], lines[4]]).toEqual([
    expect.stringMatching(/ 5 .* a\/odd$/),
    expect.stringMatching(/ 5, 1 .* console$/),
    expect.stringMatching(/ a\/link -> odd$/),
  ]);
});

test("modules keep the order in which they are loaded, and init calls nothing that is not there", () => {
  const module = (name: string) => ({ name, content: Buffer.from(name) });
  const entries = read(
    initramfs(Buffer.from("busybox"), Buffer.from("executor"), [module("kvm"), module("ccp")]),
  );
  const paths = entries.map(({ path }) => path);
  expect(paths.filter((path) => path.startsWith("modules/"))).toEqual([
    "modules/00-kvm.ko",
    "modules/01-ccp.ko",
  ]);
  const { content: init } = entries.find(({ path }) => path === "init")!;
  const called = ["mount", "insmod", "cat", "sleep", "poweroff"].filter((word) => init.includes(`${word} `));
  for (const program of ["sh", ...called]) expect(paths).toContain(`bin/${program}`);
  expect(called.length).toBe(5);
});
