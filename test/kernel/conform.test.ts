/** What real kernels answered is what the designs of their versions predict, call by call; and a difference would be seen. */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { conform } from "../../checkers/kernel/conform.ts";
import { play } from "../../checkers/kernel/play.ts";
import { readRecording, type Recording } from "../../checkers/kernel/recording.ts";
import { registry } from "../../models/registry.ts";
import { player } from "../../models/guest-memfd/recording/player.ts";
import type { RecordedStep } from "../../spec/recording.ts";
import { agreement, readme, type OfSet } from "../../tools/readme-tables.ts";

const folder = new URL("../../recordings/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".jsonl") && !name.includes("litmus"));
const textOf = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const read = (name: string): Recording => readRecording(textOf(name), name, player, "answered");
const designFor = (kernel: string) =>
  registry.find((entry) => entry.kernel !== undefined && kernel.startsWith(`${entry.kernel}.`))!.design;

test("there are recordings of three kernels, curated and random", () => {
  for (const kernel of ["6.12.107", "6.18.44", "7.3.4"])
    for (const set of ["curated", "random"]) expect(names).toContain(`${kernel}-${set}.jsonl`);
});

const found: OfSet[] = [];

describe.each(names)("%s", (name) => {
  const recording = read(name);
  const design = designFor(recording.header.kernel);

  test("every answer is predicted, but where a fault of the kernel's shadow paging was met", () => {
    const conformance = conform(name, recording, design, player);
    found.push({ set: recording.header.set, ...conformance });
    const { disagreements, operations, sequences } = conformance;
    expect(sequences).toBe(recording.sequences.length);
    expect(operations).toBe(recording.sequences.reduce((sum, { steps }) => sum + steps.length, 0));
    const prefetched = new Set(
      textOf(name)
        .split("\n")
        .filter((line) => line.includes('"shadow_prefetch": true') || line.includes('"shadow_prefetch":true'))
        .map((line) => (JSON.parse(line) as { id: string }).id),
    );
    expect(prefetched.size).toBe(name.startsWith("6.18.44") ? 1 : 0);
    expect(disagreements.filter(({ sequence }) => !prefetched.has(sequence))).toEqual([]);
  });

  test("a difference in any answer would be seen, and only there", () => {
    const planted = recording.sequences.slice(0, 40).flatMap((sequence, i) => {
      const at = (i * 7) % sequence.steps.length;
      const changed = sequence.steps.map((step, n): RecordedStep =>
        n === at ? { ...step, result: { err: "EPLANTED" } } : step,
      );
      const [found] = [
        conform(name, { ...recording, sequences: [{ ...sequence, steps: changed }] }, design, player),
      ];
      const seen = found.disagreements
        .filter(({ kernel }) => kernel["err"] === "EPLANTED")
        .map(({ step }) => step);
      return [[at, seen]];
    });
    for (const [at, seen] of planted) expect(seen).toEqual([at]);
  });
});

test("the README's table says what was found; npm run readme writes it", () => {
  expect(found.length).toBe(names.length);
  expect(readFileSync(new URL("../README.md", folder), "utf8")).toBe(
    readme({ agreement: () => agreement(found) }),
  );
});

test("the versions differ: the recordings of one kernel are not predicted by the design of another", () => {
  const design = (version: string) => registry.find((entry) => entry.kernel === version)!.design;
  const disagreements = (name: string, version: string) =>
    conform(name, read(name), design(version), player).disagreements.length;
  expect(disagreements("7.3.4-curated.jsonl", "6.18")).toBeGreaterThan(0);
  expect(disagreements("6.18.44-curated.jsonl", "6.12")).toBeGreaterThan(0);
  expect(disagreements("6.12.107-curated.jsonl", "7.3")).toBeGreaterThan(0);
});

test("a program without answers can be played, and gives the recording back", () => {
  const recording = read("7.3.4-curated.jsonl");
  for (const sequence of recording.sequences) {
    const asked = {
      ...sequence,
      steps: sequence.steps.map(({ result: _, ...step }) => step as RecordedStep),
    };
    expect(play(recording.header, asked, designFor("7.3.4"), player, "here")).toEqual(
      sequence.steps.map(({ result }) => result),
    );
  }
});
