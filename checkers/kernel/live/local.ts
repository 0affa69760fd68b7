/** The kernel of this machine, asked by an executor that runs as a child of this process. */
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { executorPath } from "../executor/build.ts";
import { NotHere, type Kernel } from "./kernel.ts";
import { openSession, type Link, type Trouble } from "./session.ts";

/** For a call to return, in ms; a thread that waits for a processor of a busy machine is none that hangs. */
const CALL_LIMIT = 4000;
/** For a killed executor to go, in ms; one that is stuck in the kernel never does. */
const KILL_LIMIT = 1000;
/** Lines of standard error that are kept. */
const KEPT = 200;

/** Throws `NotHere` where there is no /dev/kvm, no permission, no gcc, or a kernel without guest_memfd. */
export async function openLocal(): Promise<Kernel> {
  requireKvm();
  const path = executorPath();
  const kernel = await openSession({
    where: "this machine",
    open: async () => startProcess(path, ["--limit", String(CALL_LIMIT)]),
    silence: 2 * CALL_LIMIT + 3000,
  });
  if (kernel.header.bindable_vm_types.length > 0) return kernel;
  await kernel.close();
  throw new NotHere(`kernel ${kernel.header.kernel} of this machine has no guest_memfd that can be bound`);
}

function requireKvm(): void {
  if (!existsSync("/dev/kvm")) throw new NotHere("there is no /dev/kvm: no KVM, or none in this container");
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    throw new NotHere("there is no permission to use /dev/kvm: be root, or in its group");
  }
}

/** An executor as a child process. It ends with this process, whatever ends that. */
export function startProcess(path: string, args: readonly string[]): Link {
  const child = spawn(path, args, { stdio: ["pipe", "pipe", "pipe"] });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const lines: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lines.push(...text.split("\n").filter((line) => line !== ""));
    lines.splice(0, lines.length - KEPT);
  });
  const trouble = new Promise<Trouble>((resolve) => {
    child.once("error", (error) =>
      resolve({ kind: "death", message: `the executor does not start: ${error.message}` }),
    );
    child.once("exit", (code, signal) =>
      resolve({ kind: "death", message: `the executor died (${signal ?? `exit code ${code}`})` }),
    );
  });
  const close = async (): Promise<void> => {
    kill();
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => void (timer = setTimeout(resolve, KILL_LIMIT)));
    await Promise.race([trouble, enough]);
    clearTimeout(timer);
    process.off("exit", kill);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    child.unref();
  };
  return { input: child.stdin, output: child.stdout, trouble, console: () => [...lines], close };
}
