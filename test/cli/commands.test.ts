/** The other commands: list, explain, replay, run, conform, doctor. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { registry } from "../../models/registry.ts";
import { promises } from "../../spec/properties/promises.ts";
import { ROOT, gmemcheck, inProcess } from "./gmemcheck.ts";

const broken = "counterexamples/guest-memfd-6.12/bound-range-within-file.json";

describe("list", () => {
  test("names every design, every bound and every promise", async () => {
    const { code, stdout } = await inProcess(["list"]);
    for (const { design } of registry) expect(stdout).toContain(`\n  ${design.name}`);
    for (const { name } of promises) expect(stdout).toContain(`\n  ${name}: `);
    for (const bound of ["vms", "files", "pages", "slots", "gfns", "vcpus", "tasks"])
      expect(stdout).toMatch(new RegExp(`\\n  ${bound} `));
    expect(code).toBe(0);
  });

  test("as JSON, says of each design what it is, what it breaks, and what can be asked of it", async () => {
    const { stdout } = await inProcess(["list", "--format", "json"]);
    const { schemaVersion, designs } = JSON.parse(stdout) as {
      schemaVersion: number;
      designs: Record<string, unknown>[];
    };
    expect(schemaVersion).toBe(1);
    expect(designs.map(({ name }) => name)).toEqual(registry.map(({ design }) => design.name));
    expect(designs.find(({ name }) => name === "guest-memfd-6.18")).toMatchObject({
      kind: "shipped",
      kernel: "6.18",
      breaks: expect.arrayContaining([
        "bound-range-within-file",
        "no-page-beyond-size",
        "no-deadlock",
      ]) as string[],
    });
  });

  test("ends well when its reader has seen enough", () => {
    const line = `node ${ROOT}bin/gmemcheck.mjs list | head -n 1`;
    const { stdout, stderr } = spawnSync("sh", ["-c", line], { encoding: "utf8" });
    expect([stdout, stderr]).toEqual(["shipped:\n", ""]);
  });
});

describe("replay", () => {
  test("ends with 0 where the trace is what it says, and with 1 where it is not", async () => {
    expect(await inProcess(["replay", broken])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("every call answers and changes what the trace says") as string,
    });
    const fixed = await inProcess(["replay", broken, "--design", "guest-memfd-7.3"]);
    expect(fixed).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("is NOT broken at the end") as string,
    });
    expect(fixed.stdout).toContain("call 3: set_user_memory_region2 ended with EINVAL; the trace says 0");
  });

  test("--certificate runs every single reduction of a trace again", async () => {
    const race = "counterexamples/host-fault-during-punch/hole-is-empty.json";
    expect(await inProcess(["replay", "--certificate", race])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(
        "a minimum: each of the 9 single deletions, 0 smaller arguments, 1 fewer actor and 0 smaller bounds was run again and passes",
      ) as string,
    });
    // Exhaustive runs shorten traces, and leave their bounds as they are.
    const seq = "counterexamples/gmem-seq-m2/I4.json";
    expect(await inProcess(["replay", "--certificate", seq])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("NOT a minimum: with vms=1, it fails still") as string,
    });
    const file = join(mkdtempSync(join(tmpdir(), "gmemcheck-")), "trace.json");
    const told = { deletions: 9, arguments: 3, actors: 1, bounds: 0 };
    const trace = JSON.parse(readFileSync(`${ROOT}${race}`, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...trace, certificate: told }));
    expect(await inProcess(["replay", "--certificate", file])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(
        "NOT what its certificate says: each of the 9 single deletions, 3",
      ) as string,
    });
    expect(await inProcess(["replay", file])).toMatchObject({ code: 0 });
  });
});

describe("explain", () => {
  test("tells what is broken and why, and what each call changed", async () => {
    const { code, stdout } = await inProcess(["explain", broken]);
    expect(code).toBe(0);
    for (const text of [
      "guest-memfd-6.12: bound-range-within-file is broken",
      "guest_memfd_offset=0x7ffffffffffff000) = 0\n",
      "files[0].bindings[2]: none → {vm 0, space 0, slot 0}",
      "slot 0 of VM 0 is bound to page 0x7ffffffffffff of file 0, which has 1",
    ])
      expect(stdout.replace(/\s+/g, " ")).toContain(text.replace(/\s+/g, " "));
  });
});

describe("run and conform", () => {
  const recording = `${ROOT}recordings/7.3.4-mmio.jsonl`;
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-"));

  test("what run prints is a recording, which the design conforms to", async () => {
    const asked = readFileSync(recording, "utf8").replaceAll(/, ?"result": ?\{[^{}]*\}/g, "");
    const program = join(folder, "program.jsonl");
    writeFileSync(program, asked);
    expect(asked).not.toContain('"result"');
    const { code, stdout } = await inProcess(["run", program]);
    expect(code).toBe(0);
    const played = join(folder, "played.jsonl");
    writeFileSync(played, stdout);
    expect(await inProcess(["conform", played])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("0 disagreements") as string,
    });
  });

  test("a disagreement ends with 1, and is told with its program, its step and both answers", async () => {
    const planted = join(folder, "planted.jsonl");
    writeFileSync(
      planted,
      readFileSync(recording, "utf8").replace(/"result": ?\{[^{}]*\}/, '"result":{"err":"EPLANTED"}'),
    );
    const text = await inProcess(["conform", planted]);
    expect(text).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('kernel says {"err":"EPLANTED"}') as string,
    });
    const { code, stdout } = await inProcess(["conform", planted, "--format", "json"]);
    const { schemaVersion, results } = JSON.parse(stdout) as {
      schemaVersion: number;
      results: Record<string, unknown>[];
    };
    expect([code, schemaVersion]).toEqual([1, 1]);
    expect(results[0]).toMatchObject({
      recording: "planted.jsonl",
      kernel: "7.3.4",
      design: "guest-memfd-7.3",
      sequences: 36,
      operations: 846,
      disagreements: [
        {
          sequence: expect.any(String) as string,
          step: 0,
          operation: { op: "create_vm" },
          kernel: { err: "EPLANTED" },
        },
      ],
    });
  });
});

test("doctor says of each thing whether it is there, and what it is for", async () => {
  const { code, stdout } = await inProcess(["doctor", "--format", "json"]);
  const { findings } = JSON.parse(stdout) as {
    findings: { what: string; ok: boolean; found: string; forWhat: string }[];
  };
  const names = findings.map(({ what }) => what);
  for (const name of ["node", "/dev/kvm", "gcc", "qemu-system-x86_64", "redis-server", "chromium"])
    expect(names).toContain(name);
  for (const { found, forWhat } of findings) expect(found.length * forWhat.length).toBeGreaterThan(0);
  const without = await gmemcheck(["doctor"], { env: { PATH: "/nowhere" } });
  expect(without.stdout).toMatch(/^no +gcc +not installed/m);
  expect([code, without.code]).toEqual([0, 0]);
});
