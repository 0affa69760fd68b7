/** Who did what when: sections, locks held, and stretches in which nothing could go on. */
import { expect, test } from "vitest";
import { sessionOf } from "./stored.ts";

test("two calls that wait for each other: what each holds, and for what it waits", async () => {
  const { lanes, moments } = await sessionOf("guest-memfd-7.3/no-deadlock.json");
  expect(lanes.steps).toBe(moments.length - 1);
  const [task, failure] = lanes.lanes;
  expect([task!.actor, failure!.actor]).toEqual(["task 0", "memory_failure"]);
  expect(task!.blocks.map(({ from, begins, ends }) => [from, begins, ends])).toEqual([
    [0, true, false],
    [1, false, false],
    [2, false, false],
  ]);
  expect(failure!.blocks.map(({ from, sections }) => [from, sections])).toEqual([
    [3, ["lock the folio, unmap it from the host"]],
  ]);
  expect(task!.locks).toEqual([
    { from: 1, to: 4, isOpen: true, what: "invalidate_lock[0] (write)", thread: 0 },
    // Taken and dropped in one step.
    { from: 2, to: 3, isOpen: false, what: "mmu_lock[0] (write)", thread: 0 },
  ]);
  expect(failure!.locks).toEqual([{ from: 3, to: 4, isOpen: true, what: "folio lock[0,0]", thread: 1 }]);
  expect(task!.blocked).toEqual([{ from: 4, to: 4, isOpen: true, what: "folio lock[0,0]", thread: 0 }]);
  expect(failure!.blocked).toMatchObject([{ from: 4, what: "invalidate_lock[0] (read)" }]);
  expect(task!.calls).toMatchObject([{ from: 0, to: 4, isOpen: true, call: "fallocate" }]);
});

test("locks and waits are those that the trace itself tells of, step by step", async () => {
  for (const file of ["guest-memfd-7.3/linearizable.json", "guest-memfd-7.3/no-use-after-free.json"]) {
    const { lanes, trace } = await sessionOf(file);
    if (trace.mode === "sequential") throw new Error(`${file} is no race`);
    for (const [i, { thread, holds, actor }] of trace.steps.entries()) {
      const lane = lanes.lanes.find((one) => one.actor === actor)!;
      const isHeld = lane.locks.filter((lock) => lock.thread === thread && lock.from <= i && lock.to > i + 1);
      const atTheEnd = lane.locks.filter((lock) => lock.thread === thread && lock.isOpen && lock.from <= i);
      expect([...new Set([...isHeld, ...atTheEnd].map(({ what }) => what))].sort()).toEqual(
        [...holds].sort(),
      );
      expect(lane.blocks.find(({ from }) => from === i)).toMatchObject({ thread });
    }
  }
});

test("calls one after the other are a block each, of whoever makes them", async () => {
  const { lanes } = await sessionOf("technologies-7.3/mapped-where-it-belongs.json");
  expect(lanes.lanes.map(({ actor, blocks }) => [actor, blocks.map(({ from }) => from)])).toEqual([
    ["task", [0, 2, 3]],
    ["vCPU 0 of VM 0", [1, 4]],
  ]);
});
