/** `gate.allow`, and how findings are counted by what it allows. */
import { describe, expect, test } from "vitest";
import { readAllowed } from "../../checkers/gate/allow.ts";
import { isAbout, newlyAllowed } from "../../checkers/gate/decision.ts";
import { Ledger, type Draft } from "../../checkers/gate/finding.ts";

const FILE = `# what this pull request decides
weakened one-binding: two slots may share a page
  from now on   # see the mail
breaks linux-next/*: nobody relied on it
fixed no-1:1-second-vm-assign/x: the bug is gone
`;

test("a decision has a kind, a name and a reason, which may go on in the next line", () => {
  expect(readAllowed(FILE, "gate.allow")).toEqual([
    { kind: "weakened", name: "one-binding", reason: "two slots may share a page from now on", line: 2 },
    { kind: "breaks", name: "linux-next/*", reason: "nobody relied on it", line: 4 },
    { kind: "fixed", name: "no-1:1-second-vm-assign/x", reason: "the bug is gone", line: 5 },
  ]);
});

test.each([
  ["weakened a: b\nallowed a: b", "gate.allow:2: ", /kind/],
  ["weakened a:", "gate.allow:1: ", /reason/],
  ["weakened a", "gate.allow:1: ", /no decision/],
  ["weakened */*: everything", "gate.allow:1: ", /name/],
  ["weakened a: b\n\nweakened a: c", "gate.allow:3: ", /decided twice, here and in line 1/],
])("%j is refused with its place", (text, place, what) => {
  expect(() => readAllowed(text, "gate.allow")).toThrow(
    expect.objectContaining({ name: "InputError", message: expect.stringMatching(what) as string }),
  );
  expect(() => readAllowed(text, "gate.allow")).toThrow(place);
});

test("a star stands for any text, and a dot for a dot", () => {
  const [, entry] = readAllowed(FILE, "gate.allow");
  expect(isAbout(entry!, "linux-next/fallocate")).toBe(true);
  expect(isAbout(entry!, "linux-6/fallocate")).toBe(false);
  const dotted = { ...entry!, name: "guest-7.3" };
  expect([isAbout(dotted, "guest-7.3"), isAbout(dotted, "guest-713")]).toEqual([true, false]);
});

test("what the base decided already decides nothing; the same with another reason does", () => {
  const before = readAllowed("weakened a: b\nweakened c: d", "base");
  const now = readAllowed("weakened c: d\nweakened a: another one", "head");
  expect(newlyAllowed(now, before).map(({ name }) => name)).toEqual(["a"]);
});

describe("the ledger", () => {
  const rule = { id: "r", says: "", source: "" };
  const draft = (word: Draft["word"], name: string): Draft => ({
    stage: "abi",
    name,
    className: "d",
    message: "m",
    rule,
    word: word ?? null,
    decision: { kind: "breaks", name },
  });

  test("counts what nobody decided, and tells decisions that decided nothing", () => {
    const told: string[] = [];
    const ledger = new Ledger(readAllowed(FILE, "f"), ({ name }) => told.push(name));
    expect(ledger.add(draft("breaks", "linux-next/mmap"))).toMatchObject({
      status: "expected",
      word: null,
      decided: { line: 4 },
    });
    expect(ledger.words()).toEqual([]);
    expect(ledger.add(draft("breaks", "other/mmap"))).toMatchObject({ status: "failed", decided: null });
    ledger.add({ ...draft("violated", "x"), decision: null });
    expect(ledger.words()).toEqual(["violated", "breaks"]);
    expect(ledger.stale().map(({ name }) => name)).toEqual(["one-binding", "no-1:1-second-vm-assign/x"]);
    expect(told).toEqual(["linux-next/mmap", "other/mmap", "x"]);
  });

  test("is in the order of steps and designs, whatever was found first", () => {
    const ledger = new Ledger([], () => {});
    ledger.designs = ["first", "second"];
    for (const [stage, className] of [
      ["designs", "second"],
      ["abi", "second"],
      ["designs", "first"],
      ["corpus", "x"],
    ] as const)
      ledger.add({ ...draft(null, className), stage, className });
    ledger.sort();
    expect(ledger.findings.map(({ stage, className }) => `${stage} ${className}`)).toEqual([
      "corpus x",
      "abi second",
      "designs first",
      "designs second",
    ]);
  });
});
