/** Verdicts that are kept: found again when nothing changed, and made anew when they are not what they say. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { Verdicts } from "../../checkers/gate/verdicts.ts";
import type { RunReport } from "../../checkers/explore/check.ts";
import { always, run as search, toy } from "../toy.ts";

const never = always({
  name: "never-two",
  says: "no two are on",
  source: "test",
  over: {},
  holds: (s) => s.count < 2,
});
const KEY = { design: "toy", content: "c", vector: "v", engine: "e" };

let folder: string;
let run: RunReport;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gmemcheck-verdicts-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  run = await search(toy({ promises: [never] }));
});

const file = (): string => join(folder, readdirSync(folder)[0]!);

test("a verdict is found again by the same content, with its traces, and by no other", () => {
  expect(new Verdicts(folder).keep(KEY, run)).toBeNull();
  const verdicts = new Verdicts(folder);
  expect(verdicts.find(KEY)).toEqual(run);
  for (const other of ["design", "content", "vector", "engine"] as const)
    expect(verdicts.find({ ...KEY, [other]: "x" })).toBeNull();
  expect(verdicts.notes).toEqual([]);
});

test("64-bit parameters of a trace are kept as they are", () => {
  const [property] = run.properties.filter(({ trace }) => trace !== undefined);
  const trace = property!.trace!;
  const steps = trace.steps.map((step) => ({ ...step, params: { at: 2n ** 63n } }));
  const wide = { ...run, properties: [{ ...property!, trace: { ...trace, steps } }] } as RunReport;
  new Verdicts(folder).keep(KEY, wide);
  expect(new Verdicts(folder).find(KEY)).toEqual(wide);
});

test("what is not exhausted is not kept", () => {
  expect(new Verdicts(folder).keep(KEY, { ...run, complete: false })).toBeNull();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ["cut short", (text: string) => text.slice(0, -20)],
  ["changed", (text: string) => text.replace('"violated"', '"holds"')],
  ["of another format", (text: string) => text.replace("verdict/1", "verdict/0")],
  ["empty", () => ""],
])("an entry that is %s is made anew, and that is told", (_what, harm) => {
  new Verdicts(folder).keep(KEY, run);
  writeFileSync(file(), harm(readFileSync(file(), "utf8")));
  const verdicts = new Verdicts(folder);
  expect(verdicts.find(KEY)).toBeNull();
  expect(verdicts.notes).toEqual([expect.stringMatching(/is cut short, changed, or of another run/)]);
  expect(verdicts.keep(KEY, run)).toBeNull();
  expect(new Verdicts(folder).find(KEY)).not.toBeNull();
});

test("an entry of another run under this one's name is none", () => {
  new Verdicts(folder).keep({ ...KEY, content: "other" }, run);
  const text = readFileSync(file(), "utf8");
  rmSync(file());
  new Verdicts(folder).keep(KEY, run);
  writeFileSync(file(), text);
  expect(new Verdicts(folder).find(KEY)).toBeNull();
});

test("two runs of the same content that differ are a conflict, which says in what", () => {
  new Verdicts(folder).keep(KEY, run);
  expect(new Verdicts(folder).keep(KEY, { ...run, states: run.states + 1 })).toBe(
    `${run.states + 1} states, pinned ${run.states}`,
  );
});
