/** Programs that stand in for QEMU, apt and make: a folder of them that comes first, or alone, where programs are looked for. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Scripts by name, and what they are; a script without a first line is one of the shell. */
export type Scripts = Readonly<Record<string, string>>;

/** Runs something with these programs, and a cache that is empty. `alone`: there are no others. */
export async function withPrograms<T>(
  scripts: Scripts,
  body: (folder: string) => Promise<T>,
  alone = false,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-fakes-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const [name, text] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), text.startsWith("#!") ? text : `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const { PATH, XDG_CACHE_HOME, TMPDIR } = process.env;
  process.env["PATH"] = alone ? bin : `${bin}:${PATH}`;
  process.env["XDG_CACHE_HOME"] = folder;
  // What is written for a machine is found there, if it is left.
  process.env["TMPDIR"] = folder;
  try {
    return await body(folder);
  } finally {
    for (const [name, value] of Object.entries({ PATH, XDG_CACHE_HOME, TMPDIR })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is left of machines in a folder. */
export const leftIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith("gmemcheck-qemu-"));

/** Process ids of what a fake has written down in `pids`, as far as they run. */
export function running(folder: string): number[] {
  const pids = readFileSync(join(folder, "pids"), "utf8").trim().split("\n").map(Number);
  return pids.filter((pid) => {
    try {
      // A zombie is not running.
      return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  });
}

/** What still runs when it had time to go: to be killed takes a moment. */
export async function stillRunning(folder: string): Promise<number[]> {
  for (let left = 100; left > 0 && running(folder).length > 0; left--)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return running(folder);
}

/** A QEMU whose kernel comes up; the executor in it is `program`, run with the port as its input and output. */
export const machineThatRuns = (program: string): string => `#!${process.execPath}
const net = require("node:net");
const { spawn } = require("node:child_process");
const { appendFileSync } = require("node:fs");
const paths = process.argv.flatMap((word) => /path=(.*)/.exec(word)?.[1] ?? []);
appendFileSync(process.env.TMPDIR + "/pids", process.pid + "\\n");
const [port, control] = paths.map((path) => net.connect(path));
const say = (text) => process.stdout.write(text.split("\\n").map((line) => "[    1.000000] " + line + "\\r\\n").join(""));
say("Linux version 7.3.4");
let child;
control.setEncoding("utf8").on("data", (text) => {
  for (const line of text.trim().split("\\n")) {
    const [word, ...rest] = line.split(" ");
    if (word === "sysrq") say("sysrq: Show Blocked State\\ntask:executor state:D\\n kvm_gmem_fault_user_mapping+0x1/0x2");
    if (word !== "serve") continue;
    child = spawn(${JSON.stringify(process.execPath)}, [${JSON.stringify(program)}, ...rest], { stdio: ["pipe", "pipe", "pipe"] });
    appendFileSync(process.env.TMPDIR + "/pids", child.pid + "\\n");
    child.stdin.on("error", () => {});
    port.resume();
    child.stdout.on("data", (data) => port.write(data));
    child.stderr.on("data", (data) => process.stdout.write(data, () => String(data).includes("panic") && process.exit(0)));
    child.on("close", (code, signal) => control.write("ended " + (code ?? 137) + "\\n"));
  }
});
port.pause().on("data", (data) => child.stdin.write(data));
control.on("close", () => process.exit(0));
control.write("ready\\n");
`;
