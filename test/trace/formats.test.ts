/** Trace files: the published schema, what is refused and where, and the text and ITF of a trace, byte for byte. */
import { readFileSync, readdirSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { explain } from "../../checkers/report/explain.ts";
import { itf } from "../../checkers/report/itf.ts";
import { readTrace, traceSchema } from "../../checkers/trace/file.ts";
import { writeTrace } from "../../checkers/trace/text.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { entryOf } from "../../models/registry.ts";
import type { SequentialTrace, Trace } from "../../spec/language/trace.ts";

const root = new URL("../../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");
const corpus = readdirSync(new URL("counterexamples/", root)).flatMap((design) =>
  readdirSync(new URL(`counterexamples/${design}/`, root)).map((file) => `counterexamples/${design}/${file}`),
);
const forgottenPin = "counterexamples/forgotten-pin/host-never-maps-private.json";

describe("the published schema", () => {
  const published = JSON.parse(textOf("schemas/gmemcheck-trace-1.json")) as object;
  const valid = new Ajv2020({ strict: true }).compile(published);

  test("is what decodes", () => {
    expect(published).toEqual(traceSchema());
  });

  test.each(corpus)("accepts %s", (path) => {
    expect([valid(JSON.parse(textOf(path))), valid.errors]).toEqual([true, null]);
  });

  test("accepts a trace with a certificate", () => {
    const certificate = { deletions: 6, arguments: 0, actors: 1, bounds: 2 };
    const certified = { ...(JSON.parse(textOf(forgottenPin)) as object), certificate };
    expect([valid(certified), readTrace(JSON.stringify(certified), "a.json").certificate]).toEqual([
      true,
      certificate,
    ]);
  });

  test.each([
    ["no format", { format: undefined }],
    ["another format", { format: "gmemcheck-trace/2" }],
    ["steps that are no list", { steps: {} }],
    ["a fraction as a bound", { bounds: { vms: 1.5 } }],
    ["a step without a result", { steps: [{ call: "x", by: "task", params: {}, changes: [] }] }],
    ["an unknown actor", { steps: [{ call: "x", by: "me", params: {}, result: 0, changes: [] }] }],
    ["an unknown profile", { tracked: "some" }],
    ["a certificate that counts too little", { certificate: { deletions: 1, arguments: 0 } }],
    ["one that counts down", { certificate: { deletions: -1, arguments: 0, actors: 0, bounds: 0 } }],
  ])("refuses %s, and so does reading", (_name, change) => {
    const broken = { ...(JSON.parse(textOf(forgottenPin)) as object), ...change };
    expect(valid(JSON.parse(JSON.stringify(broken)))).toBe(false);
    expect(() => readTrace(JSON.stringify(broken), "a.json")).toThrow("a.json");
  });
});

describe("reading", () => {
  const text = textOf(forgottenPin);

  test.prop([fc.nat(text.length - 2)])(
    "a trace cut short anywhere is refused, with its name and the usual cause",
    (length) => {
      expect(() => readTrace(text.slice(0, length), "cut.json")).toThrow(
        /^cut\.json:\d+: (.|\n)*usual cause: /,
      );
    },
  );

  test("says at which line the text is no JSON, and at which path a field is wrong", () => {
    expect(() => readTrace('{\n  "format": x', "a.json")).toThrow("a.json:2: not JSON");
    const wrong = text.replace('"by": "task"', '"by": "nobody"');
    expect(() => readTrace(wrong, "a.json")).toThrow("steps[0].by");
  });

  test("64-bit numbers come back exact", () => {
    const trace = readTrace(textOf("counterexamples/guest-memfd-6.12/bound-range-within-file.json"), "x");
    expect(trace.steps.at(-1)!.params["guest_memfd_offset"]).toBe(2n ** 63n - 4096n);
    expect(readTrace(writeTrace(trace), "x")).toEqual(trace);
  });
});

describe("a trace as people and other tools read it", () => {
  const trace: Trace = readTrace(textOf(forgottenPin), forgottenPin);
  const { design } = entryOf("forgotten-pin")!;
  const replayed = replay(design, trace, forgottenPin);

  test("the explanation", async () => {
    await expect(`${explain(replayed.trace, design)}\n`).toMatchFileSnapshot("golden/forgotten-pin.txt");
  });

  test("ITF", async () => {
    const text = `${JSON.stringify(itf(replayed.trace, replayed.states, design, null), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot("golden/forgotten-pin.itf.json");
  });

  test("every state of an ITF trace has every variable, and integers of any size", () => {
    for (const path of corpus) {
      const stored = readTrace(textOf(path), path);
      const of = entryOf(stored.design)!.design;
      const { states } = replay(of, stored, path);
      const written = itf(stored, states, of, null) as { vars: string[]; states: Record<string, unknown>[] };
      expect(written.states.length).toBe(stored.steps.length + 1);
      for (const state of written.states) expect(Object.keys(state).slice(1)).toEqual(written.vars);
      // A step of calls that overlap is told with its actor and sections.
      if (stored.mode === "sequential")
        expect(written.states.map((state) => state["mbt::actionTaken"])).toEqual([
          "init",
          ...stored.steps.map(({ call }) => call),
        ]);
      // Bare numbers stand for the index of a state only.
      const bare = JSON.stringify(written.states.map(({ "#meta": _, ...state }) => state)).match(
        /[[:,]-?\d/g,
      );
      expect(bare).toBeNull();
    }
  });
});

describe("replaying", () => {
  const trace = readTrace(textOf(forgottenPin), forgottenPin) as SequentialTrace;
  const { design } = entryOf("forgotten-pin")!;
  const withStep = (at: number, change: object): Trace => ({
    ...trace,
    steps: trace.steps.map((step, i) => (i === at ? { ...step, ...change } : step)),
  });

  test("a result that is not what the trace says is a difference, at its call", () => {
    const { differences } = replay(design, withStep(3, { result: "EINVAL" }), "x");
    expect(differences).toEqual([{ step: 3, what: expect.stringContaining("the trace says EINVAL") }]);
  });

  test("a change that is not what the trace says is a difference, at its call", () => {
    const { differences } = replay(design, withStep(1, { changes: [] }), "x");
    expect(differences).toEqual([{ step: 1, what: expect.stringContaining("changed other cells") }]);
  });

  test("a trace without its last call does not break the promise", () => {
    expect(replay(design, { ...trace, steps: trace.steps.slice(0, -1) }, "x").broken).toBe(false);
  });

  test("on the design without the bug the calls answer otherwise, and nothing is broken", () => {
    const { differences, broken } = replay(entryOf("template")!.design, trace, "x");
    expect(differences.map(({ what }) => what)).toEqual([
      expect.stringContaining("convert ended with EAGAIN"),
    ]);
    expect(broken).toBe(false);
  });

  test.each([
    ["a call that the design has not", withStep(0, { call: "create_um" }), 'has no call "create_um"'],
    [
      "a parameter that the call takes not",
      withStep(0, { params: { type: 0, kind: 1 } }),
      'create_vm takes no "kind"',
    ],
    ["a parameter that is missing", withStep(0, { params: {} }), 'create_vm lacks "type"'],
    [
      "a value that is none",
      withStep(0, { params: { type: -1 } }),
      "steps[0].params.type: -1 is not a value",
    ],
    ["a bound that the design has not", { ...trace, bounds: { things: 1 } }, 'has no bound "things"'],
    [
      "a property that the design has not",
      { ...trace, breach: { ...trace.breach!, property: "no" } },
      'has no property "no"',
    ],
    [
      "an instance that is none",
      { ...trace, breach: { ...trace.breach!, instance: { page: 7 } } },
      "breach.instance",
    ],
  ])("refuses %s", (_name, broken, message) => {
    expect(() => replay(design, broken, "x")).toThrow(message);
  });
});
