/** A page decodes traces by the published schema, the command line by the schema's own library: they take and refuse the same. */
import { describe, expect, test } from "vitest";
import { decodeTrace as decodeHere } from "../../checkers/trace/file.ts";
import { decodeTrace } from "../../page/session/decode.ts";
import { stored, storedOf } from "./stored.ts";

type Json = Record<string, any>;

test("every tenth stored trace is taken, as the same", async () => {
  for (const file of stored.filter((_, i) => i % 10 === 0)) {
    const { document } = await storedOf(file);
    expect(decodeTrace(document, file)).toEqual(decodeHere(document, file));
  }
});

const spoiled: [string, (trace: Json) => unknown, RegExp][] = [
  ["nothing", () => null, /x\.json/],
  ["a list", () => [], /x\.json/],
  ["a text", () => "trace", /x\.json/],
  ["an empty object", () => ({}), /x\.json/],
  [
    "a trace of another version",
    (t) => ({ ...t, format: "gmemcheck-trace/9" }),
    /format is "gmemcheck-trace\/9"/,
  ],
  ["a report", (t) => ({ ...t, format: "gmemcheck-check/1" }), /format is "gmemcheck-check\/1"/],
  ["an unknown mode", (t) => ({ ...t, mode: "parallel" }), /mode is "parallel"/],
  ["a design that is no name", (t) => ({ ...t, design: 3 }), /design/],
  ["bounds that are none", (t) => ({ ...t, bounds: 3 }), /bounds/],
  ["a bound that is half", (t) => ({ ...t, bounds: { vms: 1.5 } }), /bounds/],
  ["steps that are none", (t) => ({ ...t, steps: {} }), /steps/],
  ["a step without result", (t) => (delete t["steps"][1].result, t), /steps\[1\]/],
  ["a result that is none", (t) => ((t["steps"][1].result = 7), t), /steps\[1\]\.result/],
  ["an unknown actor", (t) => ((t["steps"][2].by = "me"), t), /steps\[2\]\.by/],
  ["a change that is none", (t) => ((t["steps"][0].changes = [3]), t), /steps\[0\]\.changes\[0\]/],
  ["a parameter that is a list", (t) => ((t["steps"][3].params.x = [1]), t), /steps\[3\]\.params/],
  ["an instance of texts", (t) => ((t["breach"].instance = { vm: "0" }), t), /breach/],
  ["no breach and not null", (t) => (delete t["breach"], t), /x\.json/],
];

describe.each(["forgotten-pin/host-never-maps-private.json", "guest-memfd-7.3/linearizable.json"])(
  "%s",
  (file) => {
    test.each(spoiled)("%s is refused with its place", async (_, spoil, place) => {
      const { document } = await storedOf(file);
      const trace = spoil(structuredClone(document) as Json);
      expect(() => decodeTrace(trace, "x.json")).toThrow(place);
      expect(() => decodeTrace(trace, "x.json")).toThrow(/usual cause: /);
      expect(() => decodeHere(trace, "x.json")).toThrow();
    });

    test("64-bit numbers are numbers again", async () => {
      const { document } = await storedOf(file);
      const trace = structuredClone(document) as Json;
      trace["steps"][0].params = { address: "0x7ffffffffffff000", by: { offset: "-0x1" } };
      const [step] = decodeTrace(trace, "x.json").steps;
      expect(step!.params).toEqual({ address: 0x7ffffffffffff000n, by: { offset: -1n } });
    });
  },
);
