/** Programs on kernels that QEMU boots: the traces of the kernel's own design, and walks through all its calls, pass. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cProgram } from "../../checkers/emit/c.ts";
import { NotHere } from "../../checkers/kernel/live/kernel.ts";
import { cachedKernel } from "../../checkers/kernel/qemu/cache.ts";
import { initramfs } from "../../checkers/kernel/qemu/initramfs.ts";
import { Machine } from "../../checkers/kernel/qemu/machine.ts";
import { archiveOf, folder } from "../../checkers/kernel/qemu/newc.ts";
import { findDesign } from "../../cli/designs.ts";
import {
  build,
  inFolder,
  noCompiler,
  programOf,
  reproductionOf,
  sequentialTraces,
  type Said,
} from "./programs.ts";
import { walk } from "./walk.ts";

const BUSYBOX = "/usr/bin/busybox";
const EXECUTABLE = 0o100755;

/** What stands where the executor does: runs all programs, and tells how each ended. */
const RUN_ALL = `#!/bin/sh
cd /programs
for program in *; do ./$program --dangerous; echo "== $program $?"; done
echo "=="
`;

/** Boots a kernel, and runs programs on it, dangerous steps too. */
async function runOn(version: string, programs: ReadonlyMap<string, string>): Promise<Map<string, Said>> {
  const { image, name } = cachedKernel(version);
  const machine = await Machine.boot({
    name,
    image,
    initramfs: Buffer.concat([initramfs(readFileSync(BUSYBOX), Buffer.from(RUN_ALL), []), archive(programs)]),
    append: "",
    processors: 1,
    oneThread: false,
    megabytes: 512,
    bootSeconds: 120,
  });
  try {
    return said(await outputOf(machine), [...programs.keys()]);
  } finally {
    await machine.close();
  }
}

/** The built programs, by number. */
function archive(programs: ReadonlyMap<string, string>): Buffer {
  return inFolder((at) => {
    const built = [...programs.values()].map((text, i) => {
      build(text, join(at, `p${i}`));
      return { path: `programs/p${i}`, mode: EXECUTABLE, content: readFileSync(join(at, `p${i}`)) };
    });
    return archiveOf([folder("programs"), ...built]);
  });
}

function outputOf(machine: Machine): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    machine.port.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.endsWith("\n==\n")) resolve(output);
    });
    void machine.ended.then((how) =>
      reject(new Error(`the machine went out: ${how}\n${output.slice(-2000)}`)),
    );
    machine.serve([], () => {});
  });
}

function said(output: string, names: readonly string[]): Map<string, Said> {
  const all = new Map<string, Said>();
  let lines: string[] = [];
  for (const line of output.split("\n")) {
    const end = /^== p(\d+) (\d+)$/.exec(line);
    if (end === null) lines.push(line);
    else {
      all.set(names[Number(end[1])]!, { code: Number(end[2]), lines });
      lines = [];
    }
  }
  return all;
}

/** The kernels of the cache that are asked, the design of each, and bugs that its answers show it not to have. */
const KERNELS = [
  {
    version: "7.3.4",
    name: "guest-memfd-7.3",
    traces: /^guest-memfd-7\.3/,
    lacks: [
      "overlap-unchecked",
      "size-changes",
      "move-gmem-slot",
      "mmap-implies-shared",
      "two-slots-one-page",
    ],
  },
  { version: "6.12.107", name: "guest-memfd-6.12", traces: /^guest-memfd-6\.12/, lacks: ["size-changes"] },
];

/** These kernels have SMM; several of everything else. */
const SMM = { spaces: 2 };
const SEVERAL = { ...SMM, vms: 2, files: 2, pages: 2, slots: 2, gfns: 2, maps: 2, dups: 1 };
const WALKS = Array.from({ length: 12 }, (_, n) => n + 1);
const LENGTH = 60;

describe.each(KERNELS)("Linux $version", ({ version, name, traces, lacks }) => {
  test("answers as its design in every trace and walk, and unlike bugs that are put back", async ({
    skip,
  }) => {
    skip(noCompiler !== null, noCompiler ?? "");
    const { design } = await findDesign(name);
    const programs = new Map<string, string>();
    const stored = sequentialTraces();
    const own = stored.filter((of) => traces.test(of.name));
    const others = stored.filter((of) => lacks.includes(of.trace.design));
    for (const of of [...own, ...others]) programs.set(of.name, await programOf(of));
    for (const seed of WALKS) {
      const trace = walk(design, seed % 2 === 0 ? SMM : SEVERAL, LENGTH, seed);
      programs.set(`walk ${seed}`, cProgram(await reproductionOf(design, trace, `walk-${seed}`)));
    }
    const all = await runOn(version, programs).catch((error: unknown) => {
      if (error instanceof NotHere) skip(true, error.message);
      throw error;
    });
    const codes = (names: readonly string[]): unknown => names.map((of) => [of, all.get(of)!.code]);
    const right = [...own.map((of) => of.name), ...WALKS.map((seed) => `walk ${seed}`)];
    expect(codes(right)).toEqual(right.map((of) => [of, 0]));
    expect(codes(others.map((of) => of.name))).toEqual(others.map((of) => [of.name, 1]));
  });
});
