/** A Redis of a test's own, and workers that listen to it, as processes. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const GMEMCHECK = fileURLToPath(new URL("../../bin/gmemcheck.mjs", import.meta.url));

const SERVER = ["redis-server", "valkey-server"].find((name) => spawnSync(name, ["--version"]).status === 0);
/** Why there is none; null where there is. */
export const noRedis = SERVER === undefined ? "neither redis-server nor valkey-server is installed" : null;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class Redis {
  readonly port: number;
  private readonly folder = mkdtempSync(join(tmpdir(), "gmemcheck-redis-"));
  private server: ChildProcess | null = null;
  private readonly password: string | null;
  private readonly others = new Set<ChildProcess>();

  private constructor(port: number, password: string | null) {
    this.port = port;
    this.password = password;
  }

  static async started(password: string | null = null): Promise<Redis> {
    const redis = new Redis(await freePort(), password);
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://${this.password === null ? "" : `:${this.password}@`}127.0.0.1:${this.port}`;
  }

  /** It remembers nothing of a life before. */
  async start(): Promise<void> {
    const { port, folder, password } = this;
    const auth = password === null ? [] : ["--requirepass", password];
    const server = spawn(
      SERVER!,
      ["--port", String(port), "--dir", folder, "--save", "", "--appendonly", "no", ...auth],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.stdout.on("data", (text: Buffer) => {
        if (text.toString().includes("Ready to accept connections")) resolve();
      });
      server.on("exit", (code) => reject(new Error(`${SERVER} ended with code ${code}`)));
    });
  }

  async kill(): Promise<void> {
    const { server } = this;
    if (server === null || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGKILL");
    await ended;
  }

  /** A process of the command line, which ends with the test at the latest. */
  run(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(process.execPath, [GMEMCHECK, ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.others.add(child);
    const said = { out: "", err: "" };
    child.stdout!.on("data", (text: Buffer) => void (said.out += text.toString()));
    child.stderr!.on("data", (text: Buffer) => void (said.err += text.toString()));
    const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, ...said })));
    return { child, ended };
  }

  /** A worker that listens. */
  async worker(concurrency = 1, env: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
    const args = ["worker", "--redis", this.url, "--concurrency", String(concurrency)];
    const { child } = this.run(args, env);
    await new Promise<void>((resolve, reject) => {
      child.stderr!.on("data", (text: Buffer) => {
        if (text.toString().includes("jobs at once")) resolve();
      });
      child.once("exit", (code) => reject(new Error(`a worker ended with code ${code}`)));
    });
    return child;
  }

  async close(): Promise<void> {
    for (const child of this.others) child.kill("SIGKILL");
    await this.kill();
    await setTimeout(50);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Processes that a process has started. */
export function childrenOf({ pid }: ChildProcess): number[] {
  const { stdout } = spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

/** Those that are there still when they have had some seconds to end. */
export async function left(pids: readonly number[]): Promise<number[]> {
  const isThere = (pid: number): boolean => spawnSync("kill", ["-0", String(pid)]).status === 0;
  for (let tries = 0; tries < 100 && pids.some(isThere); tries++) await setTimeout(100);
  return pids.filter(isThere);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Of a report what does not depend on the machine. */
export function told({ out }: Ended): unknown {
  const machines = new Set(["times", "seconds", "bytes", "file"]);
  return JSON.parse(out, (key, value: unknown) => (machines.has(key) ? undefined : value));
}
