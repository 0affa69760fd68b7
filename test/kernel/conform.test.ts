/** What real kernels answered is what the designs of their versions predict, call by call; and a difference would be seen. */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { conform } from "../../checkers/kernel/conform.ts";
import { play } from "../../checkers/kernel/play.ts";
import { readRecording, type Recording } from "../../checkers/kernel/recording.ts";
import { entryForKernel, playerOf } from "../../cli/players.ts";
import { registry } from "../../models/registry.ts";
import { player } from "../../models/guest-memfd/recording/player.ts";
import type { RecordedStep } from "../../spec/recording.ts";
import { agreement, readme, type OfSet } from "../../tools/readme-tables.ts";

const folder = new URL("../../recordings/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".jsonl") && !name.includes("litmus"));
const textOf = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const read = (name: string): Recording => readRecording(textOf(name), name, player, "answered");
/** Each recording with the design and the player of its kernel, as `gmemcheck conform` finds them. */
const recordings = await Promise.all(
  names.map(async (name) => {
    const recording = read(name);
    const entry = await entryForKernel(recording.header, name);
    return { name, recording, design: entry.design, player: await playerOf(entry) };
  }),
);

test("there are recordings of three kernels, curated and random", () => {
  for (const kernel of ["6.12.107", "6.18.44", "7.3.4"])
    for (const set of ["curated", "random"]) expect(names).toContain(`${kernel}-${set}.jsonl`);
});

/** The version itself, on two-dimensional paging. */
const versionOf = (kernel: string) =>
  registry.find((entry) => entry.kernel !== undefined && kernel.startsWith(`${entry.kernel}.`))!.design;

const found: OfSet[] = [];

describe.each(recordings)("$name", ({ name, recording, design, player }) => {
  test("every answer is predicted", () => {
    const conformance = conform(name, recording, design, player);
    found.push({ set: recording.header.set, ...conformance });
    const { disagreements, operations, sequences } = conformance;
    expect(sequences).toBe(recording.sequences.length);
    expect(operations).toBe(recording.sequences.reduce((sum, { steps }) => sum + steps.length, 0));
    expect(disagreements).toEqual([]);
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

test("what met a prefetch of shadow paging is predicted on shadow page tables alone", () => {
  const tagged = recordings.flatMap(({ name, recording }) => {
    const lines = textOf(name)
      .split("\n")
      .filter((line) => /"shadow_prefetch": ?true/.test(line));
    const ids = new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id));
    const sequences = recording.sequences.filter(({ id }) => ids.has(id));
    return sequences.map((sequence) => ({ ...recording, sequences: [sequence] }));
  });
  expect(tagged.length).toBeGreaterThan(1);
  for (const recording of tagged) {
    const { disagreements } = conform("tagged", recording, versionOf(recording.header.kernel), player);
    expect(disagreements.length).toBeGreaterThan(0);
  }
});

test("a program without answers can be played, and gives the recording back", () => {
  const { recording, design, player } = recordings.find(({ name }) => name === "7.3.4-curated.jsonl")!;
  for (const sequence of recording.sequences) {
    const asked = {
      ...sequence,
      steps: sequence.steps.map(({ result: _, ...step }) => step as RecordedStep),
    };
    expect(play(recording.header, asked, design, player, "here")).toEqual(
      sequence.steps.map(({ result }) => result),
    );
  }
});

test("a closed name is no descriptor, whoever has the place of its thing since", () => {
  const { recording, design, player } = recordings.find(({ name }) => name === "7.3.4-order.jsonl")!;
  const file = { op: "create_guest_memfd", vm: "B", size: 4096, flags: 0 };
  const steps: RecordedStep[] = [
    { op: "create_vm", vm: "A", type: 0 },
    { op: "close_vm", vm: "A" },
    { op: "create_vm", vm: "B", type: 0 },
    { op: "check_extension", vm: "A", cap: 10 },
    { ...file, file: "F" },
    { op: "dup", file: "F", as: "G" },
    { op: "close", file: "F" },
    { op: "fstat", file: "F" },
    { op: "dup", file: "G", as: "H" },
    { op: "close", file: "G" },
    { op: "close", file: "H" },
    { ...file, file: "I" },
    { op: "fstat", file: "H" },
    { op: "fstat", file: "I" },
  ];
  const answers = play(recording.header, { id: "closed", steps }, design, player, "here");
  const refused = steps.filter((_, i) => answers[i]!["errno"] === "EBADF");
  expect(refused).toEqual([steps[3], steps[7], steps[12]]);
});

test("KVM_SET_MEMORY_ATTRIBUTES may be there without VMs that have private memory: the header says so", () => {
  const { recording, design } = recordings.find(({ name }) => name === "7.3.4-prefetch.jsonl")!;
  const set = { op: "set_memory_attributes", vm: "A", address: 0x100000, size: 4096, flags: 0 };
  const steps: RecordedStep[] = [
    { op: "create_vm", vm: "A", type: 0 },
    { ...set, attributes: 8 },
    { ...set, attributes: 0 },
  ];
  const answers = (more: object) => {
    const { memory_attributes_ioctl: _, ...header } = recording.header;
    const text = [
      { ...header, ...more, sequences: 1 },
      { id: "asked", steps },
    ].map((line) => JSON.stringify(line));
    const read = readRecording(text.join("\n"), "asked.jsonl", player, "any");
    return play(read.header, read.sequences[0]!, design, player, "here").map(
      ({ errno, ret }) => errno ?? ret,
    );
  };
  expect(recording.header.memory_attributes).toBe(0);
  expect(answers({})).toEqual([0, "ENOTTY", "ENOTTY"]);
  expect(answers({ memory_attributes_ioctl: false })).toEqual([0, "ENOTTY", "ENOTTY"]);
  expect(answers({ memory_attributes_ioctl: true })).toEqual([0, "EINVAL", 0]);
});

/** Programs that the live lane made up, and what the kernel did with them. */
describe("met by the live lane", () => {
  const last = (file: string, steps: RecordedStep[]) => {
    const { recording, design, player } = recordings.find(({ name }) => name === file)!;
    return play(recording.header, { id: "met", steps }, design, player, "here").at(-1);
  };

  test("7.3.4: an operation that resizes a file and keeps its size is refused before its range is looked at", () => {
    const steps: RecordedStep[] = [
      { op: "create_vm", vm: "A", type: 0 },
      { op: "create_guest_memfd", file: "F", vm: "A", size: 4096, flags: 0 },
      { op: "fallocate", file: "F", mode: 9, offset: 12288, len: "0x7ffffffffffff000" },
    ];
    expect(last("7.3.4-curated.jsonl", steps)).toMatchObject({ errno: "EOPNOTSUPP" });
  });

  test("6.12.107: a pre-fault where the slot is gone never ends on a root that its deletion made obsolete", () => {
    const slot = (size: number): RecordedStep => ({
      op: "set_user_memory_region",
      vm: "A",
      slot: 1,
      as_id: 0,
      flags: 0,
      guest_phys_addr: 0x103000,
      memory_size: size,
      userspace_addr: { map: "m", offset: 0 },
    });
    const preFault: RecordedStep = { op: "pre_fault_memory", vcpu: "c", gpa: 0x103000, size: 4096, flags: 0 };
    const steps: RecordedStep[] = [
      { op: "create_vm", vm: "A", type: 0 },
      { op: "create_vcpu", vcpu: "c", vm: "A" },
      { op: "anon", map: "m", size: 4096 },
      preFault,
      slot(4096),
      slot(0),
    ];
    expect(() => last("6.12.107-curated.jsonl", [...steps, preFault])).toThrow("again and again");
    const run: RecordedStep = { op: "guest_read", vcpu: "c", gpa: 0x103000 };
    expect(last("6.12.107-curated.jsonl", [...steps, run, preFault])).toMatchObject({ errno: "ENOENT" });
  });
});
