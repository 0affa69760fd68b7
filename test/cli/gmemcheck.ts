/** Runs the command line as a process. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Sent as soon as stderr says something, or after so many milliseconds. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly afterMs: number };
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
    if (signal !== undefined) setTimeout(() => child.kill(signal.name), signal.afterMs);
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Text without the times, which are the only thing that may differ between two runs. */
export function withoutTimes(text: string): string {
  return text.replace(/\b\d+\.\d s\b/g, "T s").replace(/"(\w*[sS]econds)": [\d.e-]+/g, '"$1": T');
}
