/** What was seen where threads raced on real kernels is among what the designs of their versions allow; a design that allows less is told. */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { conform, type Conformance } from "../../checkers/kernel/conform.ts";
import type { Litmus } from "../../checkers/kernel/litmus.ts";
import { readRecording, type Recording } from "../../checkers/kernel/recording.ts";
import { conformanceText, disagreementsOf } from "../../checkers/report/conformance.ts";
import { endHole, punches } from "../../models/guest-memfd/calls/fallocate.ts";
import { kvmSrcu, mmuLock } from "../../models/guest-memfd/locks.ts";
import { player } from "../../models/guest-memfd/recording/player.ts";
import { guestMemfd6_12, guestMemfd6_18, guestMemfd7_3 } from "../../models/guest-memfd/versions.ts";
import { change, variant } from "../../spec/language.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { races as raceTable, readme, type OfSet } from "../../tools/readme-tables.ts";

const textOf = (name: string): string =>
  readFileSync(new URL(`../../recordings/${name}`, import.meta.url), "utf8");
const read = (name: string): Recording => readRecording(textOf(name), name, player, "answered");
const of6_18 = "6.18.44-litmus.jsonl";
const of7_3 = "7.3.4-litmus.jsonl";

const designs: readonly (readonly [string, AnyDesign, number])[] = [
  [of6_18, guestMemfd6_18, 9],
  ["7.3.4-litmus-deletion.jsonl", guestMemfd7_3, 1],
  [of7_3, guestMemfd7_3, 14],
];

const found: OfSet[] = [];

describe.each(designs)("%s", (name, design, blocks) => {
  const recording = read(name);
  const conformance = conform(name, recording, design, player);
  found.push({ set: recording.header.set, ...conformance });
  const { races } = conformance;

  test("every outcome that was seen is allowed, and no interleaving ends in a bug", () => {
    expect(races.length).toBe(blocks);
    for (const [i, { block, setup, disagreements, bugs, observed }] of races.entries()) {
      expect({ block, setup, disagreements, bugs }).toEqual({
        block,
        setup: [],
        disagreements: [],
        bugs: [],
      });
      expect(observed).toBe(recording.blocks[i]!.observed.length);
    }
  });

  test("an outcome that was not seen in truth is not allowed", () => {
    const planted = recording.blocks.map((block) => {
      const [seen] = block.observed;
      return {
        ...block,
        observed: [{ ...seen!, results: [[{ err: "EPLANTED" }], ...seen!.results.slice(1)] }],
      };
    });
    const found = conform(name, { ...recording, blocks: planted.slice(0, 3) }, design, player);
    for (const { observed, disagreements } of found.races) {
      expect(observed).toBe(0);
      expect(disagreements.map(({ closest }) => closest.length > 0)).toEqual([true]);
    }
  });
});

test("the README's table says what was found; npm run readme writes it", () => {
  const names = readdirSync(new URL("../../recordings/", import.meta.url)).filter((name) =>
    name.includes("-litmus"),
  );
  expect(designs.map(([name]) => name)).toEqual(names);
  expect(readFileSync(new URL("../../README.md", import.meta.url), "utf8")).toBe(
    readme({ races: () => raceTable(found) }),
  );
});

const { calls } = guestMemfd7_3;

/** A race of 7.3.4 on a design that is not quite that of the kernel. */
function raceOn(design: AnyDesign, block: string): Conformance {
  const recording = read(of7_3);
  const blocks = recording.blocks.filter(({ id }) => id === `lit-7.3.4-${block}`);
  return conform("race.jsonl", { ...recording, blocks }, design, player);
}

describe("a design that is not the kernel's", () => {
  test("allows too little: an access that found no slot does not look again before it is emulated", () => {
    const emulated = {
      drops: ({ vm }: { readonly vm: number | null }) => kvmSrcu(vm!),
      run: (): "mmio" => "mmio",
    };
    const delta = { sections: { "emulate the access": emulated } };
    const design = variant(guestMemfd7_3, {
      name: "no-second-look",
      says: "an access that found no slot is MMIO, whatever comes meanwhile",
      source: "seeded",
      calls: { guest_read: change(calls.guest_read, delta), guest_write: change(calls.guest_write, delta) },
    });
    const found = raceOn(design, "rebind-guest");
    expect(disagreementsOf(found)).toBe(1);
    const [{ disagreements }] = found.races as [Litmus];
    expect(disagreements[0]).toMatchObject({
      count: 1,
      answers: expect.arrayContaining([
        expect.objectContaining({ thread: 1, step: 0, kernel: { value: 200 } }),
      ]) as unknown,
    });
    const text = conformanceText(found);
    expect(text).toContain("race.jsonl: kernel 7.3.4 against no-second-look: 1 races, 1 disagreements");
    expect(text).toContain("delete + bind at another offset against guest read+write");
    expect(text).toContain("not allowed, and observed in 1 run:");
    expect(text).toContain("allowed, but with thread 1, step 0 = ");
  });

  test("allows too much: a hole that is no longer announced when the pages go; what was seen is still allowed", () => {
    const design = variant(guestMemfd7_3, {
      name: "ends-early",
      says: "a punch ends its invalidation before it truncates",
      source: "seeded",
      calls: {
        fallocate: change(calls.fallocate, {
          without: ["punch: end the invalidation"],
          after: {
            "punch: zap what is bound": {
              "punch: end the invalidation early": {
                when: punches,
                under: ({ vm }) => mmuLock.write(vm),
                run: endHole,
              },
            },
          },
        }),
      },
    });
    const [early, shipped] = [design, guestMemfd7_3].map((of) => raceOn(of, "punch-guest-host").races[0]!);
    expect([early!.disagreements, early!.observed]).toEqual([[], shipped!.observed]);
    expect(early!.allowed).toBeGreaterThan(shipped!.allowed);
  });

  test("answers the setup otherwise, which is told instead", () => {
    const found = raceOn(guestMemfd6_12, "punch-guest");
    const [{ setup, allowed, disagreements }] = found.races as [Litmus];
    expect(setup[0]).toMatchObject({ step: 2, kernel: { ret: 0 }, design: { errno: "EINVAL" } });
    expect([allowed, disagreements]).toEqual([0, []]);
    expect(conformanceText(found)).toContain("lit-7.3.4-punch-guest, setup, step 2: ");
  });
});

describe("a block that is not what it should be is refused with its place", () => {
  const [header, line] = textOf(of7_3).split("\n") as [string, string];
  type Json = Record<string, unknown> & {
    threads: { op: string }[][];
    observed: { results: unknown[][]; final: unknown[]; count: number }[];
  };
  const reading = (change: (block: Json) => void) => (): Recording => {
    const block = JSON.parse(line) as Json;
    change(block);
    const asOne = header.replace(/"sequences": ?\d+/, '"sequences":1');
    return readRecording(`${asOne}\n${JSON.stringify(block)}\n`, "race.jsonl", player, "answered");
  };

  test("as it is, it is read", () => {
    expect(reading(() => {})().blocks.length).toBe(1);
  });

  const cases: [string, (block: Json) => void, string][] = [
    ["no title", (b) => delete b["title"], "race.jsonl:2: "],
    ["one thread", (b) => b.threads.splice(1), "race.jsonl:2: "],
    [
      "an operation that there is not",
      (b) => (b.threads[1]![0]!.op = "guest_jump"),
      'race.jsonl:2: threads[1][0]: there is no operation "guest_jump"',
    ],
    [
      "an argument that is missing",
      (b) => (b.threads[0]![0] = { op: "fallocate" }),
      "race.jsonl:2: threads[0][0] (fallocate): ",
    ],
    [
      "a setup that was not answered",
      (b) => delete (b["setup"] as Record<string, unknown>[])[3]!["result"],
      "race.jsonl:2: setup[3]: ",
    ],
    [
      "a thread without results",
      (b) => b.observed[2]!.results.pop(),
      "race.jsonl:2: observed[2]: results of 2 threads of 3",
    ],
    [
      "a step without result",
      (b) => b.observed[1]!.results[1]!.pop(),
      "race.jsonl:2: observed[1].results[1]: 1 results of 2 steps",
    ],
    [
      "a last step without result",
      (b) => b.observed[0]!.final.pop(),
      "race.jsonl:2: observed[0].final: 2 results of 3 steps",
    ],
    [
      "runs that are missing",
      (b) => b.observed.pop(),
      "race.jsonl:2: 400 iterations, and 398 outcomes of them",
    ],
  ];
  test.each(cases)("%s", (_name, broken, said) => {
    expect(reading(broken)).toThrow(said);
  });
});
