/** Bad input: one message with the place, the usual cause and what was possible; exit 2; never a stack trace. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, gmemcheck, inProcess } from "./gmemcheck.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-"));
const trace = readFileSync(`${ROOT}counterexamples/forgotten-pin/host-never-maps-private.json`, "utf8");
const recording = readFileSync(`${ROOT}recordings/7.3.4-curated.jsonl`, "utf8");
const [header = "", first = ""] = recording.split("\n");
function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const header0 = header.replace(/"sequences": ?\d+/, '"sequences":1');

const cases: [string, string[], string[]][] = [
  ["no command", [], ["Usage: gmemcheck"]],
  ["an unknown command", ["chek"], ["unknown command 'chek'", "Did you mean check?"]],
  ["an unknown option", ["check", "gmem-seq", "--fast"], ["unknown option '--fast'"]],
  ["no design", ["check"], ["name a design, or say --all"]],
  ["a design and --all", ["check", "gmem-seq", "--all"], ["not both"]],
  [
    "an unknown design",
    ["check", "gmem-sek"],
    ['there is no design "gmem-sek"', "there are: guest-memfd-6.8"],
  ],
  [
    "a bound of zero",
    ["check", "gmem-seq", "--bounds", "vms=0"],
    ["vms=0 is impossible", "a whole number from 1 to 4"],
  ],
  ["a negative bound", ["check", "gmem-seq", "--bounds", "vms=-1"], ["vms=-1 is impossible"]],
  ["an absurd bound", ["check", "guest-memfd-7.3", "--bounds", "pages=1e9"], ["pages=1e9"]],
  [
    "bounds too large to try",
    ["check", "guest-memfd-7.3", "--bounds", "vms=8,pages=64,gfns=64,slots=16"],
    ["more than 250000 calls", "usual cause"],
  ],
  [
    "an unknown bound",
    ["check", "gmem-seq", "--bounds", "vcpu=2"],
    ['has no bound "vcpu"; its bounds are vms, files'],
  ],
  [
    "a bound that is none",
    ["check", "gmem-seq", "--bounds", "vms:2"],
    ['"vms:2" is not a bound; expected NAME=VALUE'],
  ],
  [
    "a kind that is none",
    ["check", "guest-memfd-7.3", "--bounds", "types=tdx"],
    ["types=tdx is not one of default, sw_protected, any"],
  ],
  [
    "an unknown scenario",
    ["check", "guest-memfd-7.3", "--scenario", "x"],
    ['has no scenario "x"; it has everything, core'],
  ],
  [
    "an unknown profile",
    ["check", "gmem-seq", "--track", "x"],
    ["not one of full, watch, no-contents, skeleton"],
  ],
  ["a profile that the design cannot have", ["check", "gmem-seq", "--track", "watch"], ["nothing to watch"]],
  [
    "an unknown property",
    ["check", "gmem-seq", "--property", "I5"],
    ['no property "I5"', "there are: I1, I2"],
  ],
  [
    "a property of another design",
    ["check", "gmem-seq", "guest-memfd-7.3", "--property", "I1"],
    ['guest-memfd-7.3 has no property "I1"'],
  ],
  ["a budget of zero", ["check", "gmem-seq", "--max-states", "0"], ['"0" is not a positive number']],
  [
    "a budget that is no number",
    ["check", "gmem-seq", "--max-seconds", "soon"],
    ['"soon" is not a positive number'],
  ],
  ["no threads", ["check", "gmem-seq", "--workers", "0"], ["whole number from 1"]],
  ["an unknown format", ["check", "gmem-seq", "--format", "xml"], ['"xml" is not one of text, json, itf']],
  [
    "a folder that cannot be made",
    ["check", "gmem-seq-m2", "--quick", "--out", "package.json/x"],
    ["cannot write", "usual cause"],
  ],
  ["a trace that is not there", ["replay", "no.json"], ["there is no file no.json", "usual cause"]],
  [
    "a folder for a trace",
    ["explain", "models"],
    ["cannot read models", "a folder where a file is expected"],
  ],
  ["an empty trace", ["replay", file("empty.json", "")], ["the file is empty"]],
  [
    "a truncated trace",
    ["explain", file("cut.json", trace.slice(0, 400))],
    ["cut.json:", "not JSON", "cut short"],
  ],
  [
    "a trace of another version",
    ["replay", file("v2.json", trace.replace("trace/1", "trace/2"))],
    ['format is "gmemcheck-trace/2"', '"gmemcheck-trace/1"'],
  ],
  [
    "a trace of an unknown design",
    ["replay", file("who.json", trace.replace('"forgotten-pin"', '"forgotten"'))],
    ['there is no design "forgotten"', "did you mean forgotten-pin or"],
  ],
  [
    "a value that is none",
    ["replay", file("far.json", trace.replace('"file": 0', '"file": 7'))],
    ["params.file: 7 is not a value", "expected: 0"],
  ],
  ["binary for a trace", ["replay", file("bin.json", Buffer.from([0, 255, 1, 254]))], ["not JSON"]],
  ["an empty recording", ["conform", file("empty.jsonl", "")], ["the file is empty"]],
  [
    "a recording without its header",
    ["conform", file("bare.jsonl", `${first}\n`)],
    ["bare.jsonl:1", "there is no header"],
  ],
  [
    "a recording of another version",
    ["conform", file("v2.jsonl", `${header.replace("recording/1", "recording/2")}\n`)],
    ["guest-memfd-recording/2"],
  ],
  [
    "a truncated recording",
    ["conform", file("cut.jsonl", `${header0}\n${first.slice(0, 300)}`)],
    ["cut.jsonl:2", "not JSON"],
  ],
  [
    "a recording with lines missing",
    ["conform", file("few.jsonl", `${header}\n${first}\n`)],
    ["the header promises", "there are 1"],
  ],
  [
    "an unknown operation",
    [
      "conform",
      file("op.jsonl", `${header0}\n${first.replace(/"op": ?"[a-z_0-9]+"/, '"op":"create_wm"')}\n`),
    ],
    ["op.jsonl:2: steps[0]", 'no operation "create_wm"', "create_vm"],
  ],
  [
    "an operation without its answer",
    [
      "conform",
      file(
        "program.jsonl",
        `${header0}\n${JSON.stringify({ id: "a", steps: [{ op: "create_vm", vm: "v", type: 0 }] })}\n`,
      ),
    ],
    ["steps[0]", "has no result"],
  ],
  [
    "an argument that is missing",
    [
      "run",
      file(
        "arg.jsonl",
        `${header0}\n${JSON.stringify({ id: "a", steps: [{ op: "create_vm", vm: "v" }] })}\n`,
      ),
    ],
    ["arg.jsonl:2: steps[0] (create_vm)", "type"],
  ],
  [
    "a mapping that nobody made",
    [
      "run",
      file(
        "map.jsonl",
        `${header0}\n${JSON.stringify({ id: "a", steps: [{ op: "host_read", map: "m", offset: 0 }] })}\n`,
      ),
    ],
    ["map.jsonl:2", "usual cause"],
  ],
  [
    "a kernel without a design",
    ["conform", file("k.jsonl", `${header0.replace(/"kernel": ?"[^"]+"/, '"kernel":"5.4.1"')}\n${first}\n`)],
    ["5.4.1"],
  ],
  [
    "recordings on a design that has none",
    ["conform", "recordings/7.3.4-mmio.jsonl", "--design", "gmem-seq"],
    ["cannot be played on gmem-seq", "they can on guest-memfd-6.8"],
  ],
  [
    "a race as a program",
    ["run", "recordings/7.3.4-litmus.jsonl"],
    ["7.3.4-litmus.jsonl:2", "racing threads", "conform reads races"],
  ],
  [
    "a race that is cut short",
    ["conform", file("race.jsonl", `${header0}\n${JSON.stringify({ id: "a", setup: [], threads: [[]] })}\n`)],
    ["race.jsonl:2", "title"],
  ],
];

describe("is refused with exit 2 and one message", () => {
  test.each(cases)("%s", async (_name, args, said) => {
    const { code, stdout, stderr } = await inProcess(args);
    for (const text of said) expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+\)?/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  // What the process adds is the same for all.
  const asProcesses = ["no command", "a truncated trace"];
  test.each(asProcesses)("%s, as a process", async (name) => {
    const [, args] = cases.find(([known]) => known === name)!;
    expect(await gmemcheck(args)).toEqual(await inProcess(args));
  });
});
