/** What a kernel finds when it has booted: busybox, the executor, the modules that it needs, and an init that brings them together. */
import { readFileSync } from "node:fs";
import { archiveOf, folder, link, type ArchiveEntry } from "./newc.ts";

const EXECUTABLE = 0o100755;
const CHARACTER_DEVICE = 0o020600;
const INIT = new URL("init", import.meta.url);
/** What init calls. */
const APPLETS = ["sh", "mount", "insmod", "sleep", "poweroff", "cat"];
const FOLDERS = ["bin", "dev", "proc", "sys", "tmp", "modules"];

/** A module of the kernel, uncompressed. */
export interface Module {
  readonly name: string;
  readonly content: Uint8Array;
}

/** `busybox` and `executor` are static programs; modules are loaded in the order given. */
export function initramfs(busybox: Uint8Array, executor: Uint8Array, modules: readonly Module[]): Buffer {
  const file = (path: string, content: Uint8Array): ArchiveEntry => ({ path, mode: EXECUTABLE, content });
  return archiveOf([
    ...FOLDERS.map(folder),
    { path: "dev/console", mode: CHARACTER_DEVICE, device: [5, 1] },
    file("bin/busybox", busybox),
    ...APPLETS.map((applet) => link(`bin/${applet}`, "busybox")),
    ...modules.map(({ name, content }, n) =>
      file(`modules/${String(n).padStart(2, "0")}-${name}.ko`, content),
    ),
    file("executor", executor),
    file("init", readFileSync(INIT)),
  ]);
}
