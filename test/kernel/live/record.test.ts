/** Recordings that are made: what `conform` then reads. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { conform } from "../../../checkers/kernel/conform.ts";
import { record } from "../../../checkers/kernel/live/record.ts";
import { readPrograms } from "../../../checkers/kernel/programs.ts";
import { readRecording } from "../../../checkers/kernel/recording.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";
import { guestMemfd6_18 } from "../../../models/guest-memfd/versions.ts";
import { inProcess } from "../../cli/gmemcheck.ts";
import { localKernel, recordingOf } from "./here.ts";
import { designAnswers, standIn } from "./stand-in.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-record-"));
afterAll(() => rmSync(folder, { recursive: true }));

const { header } = recordingOf("6.18.44-curated.jsonl");
const answer = designAnswers(guestMemfd6_18, player, header);
const setup = [
  { op: "create_vm", vm: "A", type: 0 },
  { op: "create_guest_memfd", file: "F", vm: "A", size: 4096, flags: 3, result: { ret: -5, errno: "EIO" } },
];
const read = { op: "host_read", map: "m", offset: 0 };
const mmap = { op: "mmap", map: "m", file: "F", offset: 0, length: 4096, prot: 3, share: "shared" };
const lines: readonly object[] = [
  { format: "guest-memfd-recording/1" },
  { id: "one", title: "a comment", steps: [...setup, mmap, read] },
  { id: "two", steps: setup },
  {
    id: "three",
    setup: [...setup, mmap],
    threads: [[read], [read, { op: "close", file: "F" }]],
    final: [{ ...read, result: { value: 9 } }],
  },
];
const programsText = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
const programs = readPrograms(programsText, "programs.jsonl", player);
const options = { set: "made", iterations: 12, seed: 1, told: () => false };

test("a recording has the kernel's answers, and counts of what is in it", async () => {
  const { kernel } = await standIn({ answer, header });
  const { text, steps, failed } = await record(kernel, programs, options);
  expect([steps, failed]).toEqual([13, []]);
  const [head, one, , three] = text.split("\n").map((line) => (line === "" ? null : JSON.parse(line)));
  expect(head).toMatchObject({
    set: "made",
    kernel: "6.18.44",
    sequences: 3,
    steps: 13,
    iterations: 12,
    outcomes: 1,
  });
  expect(one.title).toBe("a comment");
  expect([three.final, three.observed[0].final]).toEqual([[read], [{ value: 0 }]]);
  expect(one.steps.map(({ result }: { result: object }) => result)).toEqual([
    { ret: 0 },
    { ret: 0 },
    { ret: 0 },
    { value: 0 },
  ]);
  const { disagreements, races } = conform(
    "made",
    readRecording(text, "made", player, "answered"),
    guestMemfd6_18,
    player,
  );
  expect(disagreements).toEqual([]);
  expect(races.map((race) => [race.block, race.title, race.setup, race.disagreements])).toEqual([
    ["three", "three", [], []],
  ]);
  await kernel.close();
});

test("a program that the kernel does not come back from is left out, and told", async () => {
  const { kernel } = await standIn({ answer, header, misdeeds: { 0: { step: 2, misdeed: "hang" } } });
  const { text, failed } = await record(kernel, programs, options);
  expect(readRecording(text, "made", player, "answered").sequences.map(({ id }) => id)).toEqual(["two"]);
  expect(failed.map(({ id, failure }) => [id, failure.kind, failure.answered.length])).toEqual([
    ["one", "hang", 2],
  ]);
  await kernel.close();
});

test("a recording that is interrupted is whole as far as it goes", async () => {
  const { kernel } = await standIn({ answer, header });
  const { text } = await record(kernel, programs, { ...options, told: (id) => id === "two" });
  const { sequences, blocks } = readRecording(text, "made", player, "answered");
  expect([sequences.map(({ id }) => id), blocks]).toEqual([["one"], []]);
  await kernel.close();
});

test.each([
  ["", "there are no programs"],
  ['{"format":"guest-memfd-recording/1"}\n', "there are no programs"],
  ["{", "programs.jsonl:1"],
  ['{"id":"a","steps":[{"op":"reboot"}]}', 'no operation "reboot"'],
  ['{"id":"a","steps":[{"op":"close"}]}', "programs.jsonl:1: steps[0] (close)"],
  ['{"id":"a","setup":[],"threads":[[]],"final":[]}', "programs.jsonl:1"],
  ['{"steps":[]}', "id"],
])("%j is no file of programs", (text, message) => {
  expect(() => readPrograms(text, "programs.jsonl", player)).toThrow(message);
});

const path = join(folder, "programs.jsonl");
writeFileSync(path, programsText);

test("what cannot be asked is said", async () => {
  const unnamed = await inProcess(["record", path, "--live", "qemu"]);
  expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining("--kernel")]);
  const both = await inProcess(["record", path, "--kernel", "7.3"]);
  expect([both.code, both.stderr]).toEqual([
    2,
    expect.stringContaining("--live local asks the one that runs"),
  ]);
  const missing = await inProcess(["record", join(folder, "none.jsonl")]);
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("there is no file")]);
});

const kernel = await localKernel();
const why = typeof kernel === "string" ? ` (skipped: ${kernel})` : "";
if (typeof kernel !== "string") await kernel.close();

describe.skipIf(why !== "")(`on this machine${why}`, () => {
  test("a recording is written whole, and its design agrees with it", async () => {
    const out = join(folder, "made.jsonl");
    const made = await inProcess(["record", path, "--out", out, "--iterations", "10"]);
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining("13 steps, answered by")]);
    expect(readdirSync(folder).sort()).toEqual(["made.jsonl", "programs.jsonl"]);
    expect(readRecording(readFileSync(out, "utf8"), out, player, "answered").sequences.length).toBe(2);
  });

  test("two names for one object are told before anything is written", async () => {
    const twice = join(folder, "twice.jsonl");
    writeFileSync(twice, JSON.stringify({ id: "a", steps: [setup[0], setup[0]] }));
    const out = join(folder, "twice-made.jsonl");
    const { code, stderr } = await inProcess(["record", twice, "--out", out]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('the vm "A" is made twice')]);
    expect(readdirSync(folder)).not.toContain("twice-made.jsonl");
  });
});
