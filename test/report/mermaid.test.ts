import { test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { cut, oneLine } from "../../checkers/report/clean.ts";
import { mermaid } from "../../checkers/report/mermaid.ts";
import { calls, nastyTrace, race } from "./samples.ts";
import { readDiagram } from "./sequence-diagram.ts";

describe("a sequence diagram", () => {
  test("is what it was, of calls one after the other and of calls that overlap", async () => {
    await expect(mermaid(calls)).toMatchFileSnapshot("golden/calls.mmd");
    await expect(mermaid(race)).toMatchFileSnapshot("golden/race.mmd");
  });

  test("has a line for each call and each answer, and what is broken then", () => {
    const { participants, messages, notes } = readDiagram(mermaid(calls));
    expect([...participants.values()]).toEqual(["task", "vCPU 0 of VM 0", "kernel"]);
    expect(messages.map(({ from, to, text }) => `${from} ${to} ${text}`)).toEqual([
      "a0 k 1. create(vm=0)",
      "k a0 value 3",
      "a0 k 2. bind(vm=0, slot=1)",
      "k a0 0",
      "a1 k 3. guest_write(vm=0, vcpu=0, gfn=1)",
      "k a1 EFAULT",
    ]);
    expect(notes).toEqual(["✗ one-owner is broken — page 0 has two owners"]);
  });

  test.prop([nastyTrace])("has no other lines, whatever a proposal is called", (trace) => {
    const { participants, messages, notes } = readDiagram(mermaid(trace));
    const actors = [...new Set(trace.steps.map(({ actor }) => actor))];
    expect([...participants.values()]).toEqual(
      [...actors, "kernel"].map((actor) => cut(oneLine(actor), 160) || "unnamed"),
    );
    expect(messages.filter(({ to }) => to === "k")).toHaveLength(trace.steps.length);
    expect(notes).toHaveLength(1);
  });

  test("draws a loop, and of a long trace the end", () => {
    const steps = Array.from({ length: 100 }, (_, i) => ({ ...race.steps[i % 2]!, call: `call${i}` }));
    const near = readDiagram(mermaid({ ...race, steps, loop: 98 }));
    expect(near).toMatchObject({ loops: 1, notes: ["40 earlier steps are left out", expect.anything()] });
    expect(near.messages.at(0)!.text).toMatch(/^41\. call40\(/);
    expect(near.messages.at(-1)!.text).toMatch(/^100\. call99\(/);
    const far = readDiagram(mermaid({ ...race, steps, loop: 2 }));
    expect(far).toMatchObject({ loops: 0 });
    expect(far.notes[1]).toBe("these steps go round for ever");
  });

  test("stays below the 50,000 characters that mermaid takes", () => {
    const long = "[".repeat(1000);
    const steps = Array.from({ length: 500 }, () => ({ ...race.steps[0]!, call: long, actor: long }));
    expect(mermaid({ ...race, steps }).length).toBeLessThan(50_000);
  });
});
