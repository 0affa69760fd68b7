/** Errors of a model: each is `invalid`, with what is wrong, where, and the usual cause; never a wrong state or a stack. */
import { expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import { referenceSearch } from "../../checkers/explore/reference.ts";
import { bool, disabled, goTo, mutex, srcu } from "../../spec/language.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import { Switch, always, call, run, sometimes, step, toy } from "../toy.ts";

const spec = { kernel: "a toy", by: "task", takes: {}, returns: [] } as const;
const odd = (sections: Parameters<typeof call>[0]["sections"]): AnyCall =>
  call({ ...spec, sections } as never);

async function reason(broken: AnyCall): Promise<string> {
  const report = await run(toy({ calls: { odd: broken } }));
  expect(report.verdict).toBe("invalid");
  expect(report.reason).toMatch(/at test\/explore\/model-errors\.test\.ts:\d+|at test\/toy\.ts:\d+/);
  expect(report.reason).toContain("usual cause: ");
  return report.reason!;
}

test("a write outside its domain names the cell, the value and what is allowed", async () => {
  const beyond = odd({ "count on": (s) => void (s.count = 3) });
  expect(await reason(beyond)).toContain("count was set to 3; allowed: 0 to 2 (switches)");
});

test.each([
  ["a fraction", 0.5],
  ["undefined", undefined],
  ["NaN", NaN],
  ["a name", "two"],
  ["null", null],
])("%s is outside a count's domain", async (_name, value) => {
  expect(await reason(odd({ set: (s) => void (s.count = value as never) }))).toContain("count was set to");
});

test("a table that grows is outside its domain", async () => {
  expect(await reason(odd({ grow: (s) => void ((s.on as unknown as boolean[])[2] = true) }))).toContain("on");
});

test("a record of the wrong shape is outside its domain", async () => {
  expect(await reason(odd({ replace: (s) => void (s.on = null as never) }))).toContain("on");
});

test("a section that throws is named", async () => {
  const throwing = odd({
    "look it up": () => {
      throw new RangeError("nothing there");
    },
  });
  expect(await reason(throwing)).toContain('odd: section "look it up" threw RangeError: nothing there');
});

test("an undeclared result is refused, with what is declared", async () => {
  const said = await reason(odd({ fail: () => "EIO" as never }));
  expect(said).toContain("odd() ended with EIO, which the call does not declare; it declares 0");
});

test("a step that is not deterministic is found", async () => {
  let n = 0;
  const flip = odd({ flip: (s) => void (s.count = n++ % 2) });
  expect(await reason(flip)).toContain("is not deterministic");
  expect(() => referenceSearch(bounded(toy({ calls: { odd: flip } }), { bounds: {} }))).toThrow(
    "is not deterministic",
  );
});

test("a result that is not deterministic is found", async () => {
  let n = 0;
  const flip = call({
    ...spec,
    returns: ["EBUSY"],
    sections: { flip: () => (n++ % 2 === 0 ? "EBUSY" : undefined) },
  });
  expect(await reason(flip)).toContain("it ended once with");
});

test("a call that is disabled after it has written is refused", async () => {
  const late = odd({
    write: (s) => void (s.count = s.count === 0 ? 1 : 0),
    "then give up": () => disabled,
  });
  expect(await reason(late)).toContain("is disabled in a state that it has changed");
});

test("a jump to no section, and a jump without end, are refused", async () => {
  expect(await reason(odd({ first: () => goTo("second") }))).toContain(
    "there is no such section; there are first",
  );
  expect(await reason(odd({ first: () => goTo("first") }))).toContain("10000 times in one call");
});

test("a predicate that throws names the property and its place", async () => {
  const throwing = always({
    name: "throws",
    says: "throws",
    source: "a test",
    over: {},
    holds: () => {
      throw new TypeError("null has no size");
    },
  });
  const report = await run(toy({ promises: [throwing] }));
  expect(report).toMatchObject({ verdict: "invalid", complete: false });
  expect(report.reason).toContain("property throws threw TypeError: null has no size");
  expect(report.reason).toMatch(/at test\/explore\/model-errors\.test\.ts:\d+/);
});

test("a step predicate and a `when` that throw are found too", async () => {
  const fails = (): never => {
    throw new Error("no");
  };
  const common = { says: "throws", source: "a test", over: { at: Switch } };
  const onStep = step({ ...common, name: "in-step", holds: fails });
  const onWhen = sometimes({ ...common, name: "in-when", when: fails, holds: () => true });
  expect((await run(toy({ promises: [onStep] }))).reason).toContain("property in-step threw Error: no");
  expect((await run(toy({ promises: [onWhen] }))).reason).toContain("property in-when threw Error: no");
});

test("an initial state outside its domain is refused", async () => {
  const design = { ...toy(), init: (s: { count: number }) => void (s.count = 9) };
  await expect(run(design as never)).rejects.toThrow(
    "the initial state of toy has count = 9; allowed: 0 to 2",
  );
});

const lock = mutex("lock", "a toy");
const reader = srcu("readers", "a toy");
const lockErrors: [string, AnyCall, string][] = [
  [
    "taken twice",
    odd({ a: { takes: () => lock(0) }, b: { takes: () => lock(0) } }),
    "takes lock[0], which the call already holds",
  ],
  [
    "dropped and not held",
    odd({ a: { drops: () => lock(0) } }),
    "drops lock[0], which the call does not hold",
  ],
  [
    "held at the end",
    odd({ a: { takes: () => [lock(0), reader(1)] } }),
    "ends the call with lock[0], readers[1] still held",
  ],
  [
    "held by an early success",
    odd({ a: { takes: () => lock(0), run: () => 0 }, b: { drops: () => lock(0) } }),
    "still held",
  ],
  [
    "another instance of it dropped",
    odd({ a: { takes: () => lock(0) }, b: { drops: () => lock(1) } }),
    "drops lock[1]",
  ],
];
test.each(lockErrors)("a lock that is %s is an error of the model", (_name, broken, what) => {
  expect(() => referenceSearch(bounded(toy({ calls: { odd: broken } }), { bounds: {} }))).toThrow(what);
});

test("the search that people use follows the locks too, of the steps that it runs twice", async () => {
  expect(await reason(lockErrors[0]![1])).toContain("takes lock[0], which the call already holds");
});

test("a failure unwinds the locks that it holds, as goto err does", () => {
  const failing = call({
    ...spec,
    takes: { fails: bool },
    returns: ["EBUSY"],
    sections: {
      lock: { takes: () => lock(0), run: (_s, { fails }) => (fails ? "EBUSY" : undefined) },
      unlock: { drops: () => lock(0) },
    },
  });
  const { outcomes } = referenceSearch(bounded(toy({ calls: { failing } }), { bounds: {} }));
  expect(outcomes.get("failing EBUSY")).toBe(4);
  expect(outcomes.get("failing 0")).toBe(4);
});
