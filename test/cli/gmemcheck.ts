/** Runs the command line: as a process, or in this one, which takes no start. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main } from "../../cli/main.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Sent when the process has used so much of a processor: however busy the machine is, its search has begun. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly afterCpuSeconds: number };
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function gmemcheck(
  args: readonly string[],
  { signal, cwd = ROOT, env = {} }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`${ROOT}bin/gmemcheck.mjs`, ...args], {
      cwd,
      env: { ...process.env, SOURCE_DATE_EPOCH: "0", ...env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const asking = setInterval(() => {
      if (signal === undefined || cpuSecondsOf(child.pid!) < signal.afterCpuSeconds) return;
      clearInterval(asking);
      child.kill(signal.name);
    }, 50);
    child.on("error", reject).on("close", (code) => {
      clearInterval(asking);
      resolve({ code, stdout, stderr });
    });
  });
}

/** proc_pid_stat(5): utime and stime, in ticks of 10 ms, behind the name in brackets. 0 for a process that has ended. */
function cpuSecondsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** The same without a process of its own; one at a time. */
export function inProcess(args: readonly string[]): Promise<Ran> {
  return captured(() => main(["node", "gmemcheck", ...args]));
}

/** What a command prints, and the exit code that it comes to; it leaves no listener behind. */
export async function captured(command: () => Promise<number>): Promise<Ran> {
  const printed = { stdout: "", stderr: "" };
  const { SOURCE_DATE_EPOCH: epoch } = process.env;
  const streams = (["stdout", "stderr"] as const).map((name) => {
    const { write } = process[name];
    const listeners = process[name].listeners("error");
    process[name].write = (text: string | Uint8Array): boolean => {
      printed[name] += String(text);
      return true;
    };
    return () => {
      process[name].write = write;
      for (const one of process[name].listeners("error"))
        if (!listeners.includes(one)) process[name].off("error", one as () => void);
    };
  });
  const signals = (["SIGINT", "SIGTERM"] as const).map((name) => [name, process.listeners(name)] as const);
  process.env["SOURCE_DATE_EPOCH"] = "0";
  try {
    const code = await command();
    return { code, ...printed };
  } finally {
    for (const restore of streams) restore();
    for (const [name, before] of signals)
      for (const one of process.listeners(name)) if (!before.includes(one)) process.off(name, one);
    if (epoch === undefined) delete process.env["SOURCE_DATE_EPOCH"];
    else process.env["SOURCE_DATE_EPOCH"] = epoch;
  }
}

/** Text without the times, which are the only thing that may differ between two runs. */
export function withoutTimes(text: string): string {
  return text.replace(/\b\d+\.\d s\b/g, "T s").replace(/"(\w*[sS]econds)": [\d.e-]+/g, '"$1": T');
}
