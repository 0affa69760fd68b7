/** Reproducers in C: gcc takes them, and what they say of the kernel of this machine. */
import { describe, expect, test } from "vitest";
import { cProgram } from "../../checkers/emit/c.ts";
import { entryForKernel } from "../../cli/players.ts";
import { findDesign } from "../../cli/designs.ts";
import { shadowVersions, versions } from "../../models/catalogue.ts";
import { localKernel } from "../kernel/live/here.ts";
import {
  complaints,
  noCompiler,
  programOf,
  reproductionOf,
  run,
  sequentialTraces,
  type Stored,
} from "./programs.ts";
import { walk } from "./walk.ts";

const stored = sequentialTraces();
const named = (name: string): Stored => stored.find((of) => of.name === name)!;
const because = (why: string | null): string => (why === null ? "" : ` (skipped: ${why})`);

describe.skipIf(noCompiler !== null)(`gcc${because(noCompiler)}`, () => {
  /** All of the kernel's own family are in c.large.ts; these have every kind of step. */
  const sample = stored.filter(({ trace }, i) => /^guest-memfd-\d/.test(trace.design) || i % 16 === 0);

  test(`takes ${sample.length} programs without a warning`, async () => {
    const programs: Record<string, string> = {};
    for (const of of sample) programs[of.name] = await programOf(of);
    for (const [name, seed] of [
      ["guest-memfd-7.3", 1],
      ["guest-memfd-6.8", 2],
    ] as const) {
      const { design } = await findDesign(name);
      programs[`walk on ${name}`] = cProgram(
        await reproductionOf(design, walk(design, {}, 200, seed), "walk"),
      );
    }
    expect(complaints(programs)).toBe("");
  });

  test("is heard when it has something to say", () => {
    expect(complaints({ bad: "int main(void) { int unused; }\n" })).toContain("unused");
  });
});

test.skipIf(noCompiler !== null)(
  `a model of a design is skipped at its first step${because(noCompiler)}`,
  async () => {
    const { code, lines } = run(await programOf(named("gmem-seq-m1/I1")));
    expect(code).toBe(4);
    expect(lines.filter((line) => line.includes("SKIP"))).toHaveLength(lines.length - 4);
  },
);

const found = noCompiler ?? (await localKernel());
const why = typeof found === "string" ? found : null;

describe.skipIf(typeof found === "string")(`the kernel of this machine${because(why)}`, async () => {
  if (typeof found === "string") return;
  const { header } = found;
  await found.close();
  const all = [...(await versions.load()), ...(await shadowVersions.load())];
  const entry = await entryForKernel(header, "/dev/kvm").catch(() => null);
  const own = all.filter(({ kernel }) => kernel === entry?.kernel).map(({ design }) => design.name);
  const traces = stored.filter(({ trace }) => own.includes(trace.design));
  const unknown = entry === null ? `there is no design of ${header.kernel}` : null;

  test.skipIf(traces.length === 0)(
    `answers as the designs of its version in ${traces.length} traces${because(unknown)}`,
    async () => {
      const ended: unknown[] = [];
      for (const of of traces) {
        const { code, lines } = run(await programOf(of));
        ended.push([of.name, code, lines.find((line) => line.startsWith("not ok"))]);
      }
      expect(ended).toEqual(traces.map((of) => [of.name, 0, undefined]));
    },
  );

  test.skipIf(entry === null)(`answers so in a walk through all calls${because(unknown)}`, async () => {
    const { design } = entry!;
    const paging = header.pre_fault_memory ? "tdp" : "shadow";
    const types = header.vm_types.includes(1) ? "any" : "default";
    const several = { vms: 2, files: 2, pages: 2, slots: 2, gfns: 2, maps: 2, dups: 1 };
    const spaces = Math.max(...Object.values(header.address_spaces));
    const trace = walk(design, { ...several, spaces, paging, types }, 200, 7);
    const { code, lines } = run(cProgram(await reproductionOf(design, trace, "walk")));
    expect([lines.filter((line) => /^(not ok|# expected)/.test(line)), code]).toEqual([[], 0]);
  });

  test("does not have a bug that a mutant puts back, and the program says where", async () => {
    const { code, lines } = run(await programOf(named("size-changes/file-size-constant")));
    expect(lines.slice(-3)).toEqual([
      "# expected 0, got EINVAL",
      "not ok 3 ftruncate(file=0, size=0)",
      "# Totals: pass:2 fail:1 xfail:0 xpass:0 skip:0 error:0",
    ]);
    expect(code).toBe(1);
  });

  test("is not poisoned, and not hung, unless it is asked for", async () => {
    const poison = run(await programOf(named("mf-delayed-reported-failed/failed-call-changes-nothing")));
    const hang = run(await programOf(named("guest-memfd-6.12/calls-end")));
    expect(poison.lines.join("\n")).toMatch(/# SKIP poison takes a page|^1\.\.0/m);
    expect(hang.lines.join("\n")).toMatch(/# SKIP the call does not end by itself|^1\.\.0 # SKIP/m);
    expect([poison.code, hang.code]).toEqual([4, 4]);
  });
});
