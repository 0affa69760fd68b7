/** `gmemcheck doctor`: what this machine can and cannot do, and what is missing for the rest. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { EXIT } from "./exit.ts";
import { print } from "./output.ts";

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  /** What it is for, and what to do where it is missing. */
  readonly forWhat: string;
}

const MINIMUM_NODE = [20, 20, 0] as const;

export function doctor({ format }: { readonly format: "text" | "json" }): number {
  const findings = [
    node(),
    {
      what: "cores",
      ok: true,
      found: String(availableParallelism()),
      forWhat: "checks run on as many threads",
    },
    {
      what: "memory",
      ok: true,
      found: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
      forWhat: "a state takes 20 to 60 bytes in all",
    },
    kvm(),
    program(
      "gcc",
      ["--version"],
      "for what is to come: reproducers for real kernels; Debian: apt-get install gcc",
    ),
    program(
      "qemu-system-x86_64",
      ["--version"],
      "asking other kernels (gmemcheck kernel, conform --live qemu); Debian: apt-get install qemu-system-x86 busybox-static",
    ),
    program(
      "redis-server",
      ["--version"],
      "for what is to come: runs on several machines; Debian: apt-get install redis-server",
    ),
    program(
      "chromium",
      ["--version"],
      "for what is to come: traces as pages; Debian: apt-get install chromium",
    ),
  ];
  if (format === "json") print(JSON.stringify({ schemaVersion: 1, findings }, null, 2));
  else print(findings.map(findingText).join("\n"));
  // Only Node is needed; everything else is for more.
  return findings[0]!.ok ? EXIT.asExpected : EXIT.skipped;
}

function findingText({ what, ok, found, forWhat }: Finding): string {
  return `${ok ? "yes" : "no "}  ${what.padEnd(20)} ${found}\n     ${" ".repeat(20)} ${forWhat}`;
}

function node(): Finding {
  const version = process.versions.node.split(".").map(Number);
  const ok = version.map((n, i) => n - MINIMUM_NODE[i]!).find((d) => d !== 0) ?? 0;
  return {
    what: "node",
    ok: ok >= 0,
    found: process.version,
    forWhat: `everything; ${MINIMUM_NODE.join(".")} or later`,
  };
}

function kvm(): Finding {
  const what = "/dev/kvm";
  const forWhat =
    "for what is to come: asking this machine's kernel; needs KVM and the right to open the device";
  if (!existsSync(what)) return { what, ok: false, found: "not there", forWhat };
  try {
    accessSync(what, constants.R_OK | constants.W_OK);
    return { what, ok: true, found: "can be opened", forWhat };
  } catch {
    return { what, ok: false, found: "there, but this user may not open it", forWhat };
  }
}

function program(what: string, args: readonly string[], forWhat: string): Finding {
  const { status, stdout, stderr } = spawnSync(what, args, { encoding: "utf8", timeout: 10_000 });
  const ok = status === 0;
  const first = `${stdout ?? ""}${stderr ?? ""}`.split("\n").find((line) => line.trim() !== "") ?? "";
  return { what, ok, found: ok ? first.trim() : "not installed", forWhat };
}
