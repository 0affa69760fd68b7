/** Traces of other tools: stepped through as states, and never said to have been run. */
import { expect, test } from "vitest";
import { itf } from "../../checkers/report/itf.ts";
import { isItf, open } from "../../page/entry/open.ts";
import { sessionOf } from "./stored.ts";

/** As Quint writes it. */
const quint = {
  "#meta": { format: "ITF", source: "bank.qnt", status: "violation", description: "Created by Quint" },
  vars: ["balances", "log", "last", "mbt::actionTaken"],
  states: [
    {
      "#meta": { index: 0 },
      balances: {
        "#map": [
          ["alice", { "#bigint": "0" }],
          ["bob", { "#bigint": "0" }],
        ],
      },
      log: [],
      last: { tag: "None", value: { "#tup": [] } },
      "mbt::actionTaken": "init",
    },
    {
      "#meta": { index: 1 },
      balances: {
        "#map": [
          ["alice", { "#bigint": "18446744073709551616" }],
          ["bob", { "#bigint": "0" }],
        ],
      },
      log: [{ who: "alice", set: { "#set": [1, 2] } }],
      last: { tag: "Some", value: { "#tup": ["alice", 3] } },
      "mbt::actionTaken": "deposit",
    },
  ],
};

test("states of Quint are cells, with what each step changed", () => {
  expect(isItf(quint)).toBe(true);
  const session = open(null, quint, "bank.itf.json");
  expect(session.isRun).toBe(false);
  expect(session.moments.map(({ label }) => label)).toEqual(["start", "deposit"]);
  expect(session.moments[0]!.state).toEqual({
    "balances[alice]": "0",
    "balances[bob]": "0",
    log: "empty",
    last: "none",
  });
  const cells = session.moments[1]!.picture.cells.filter(({ changed }) => changed);
  expect(cells.map(({ path, before, value, since }) => [path, before, value, since])).toEqual([
    ["balances[alice]", "0", "18446744073709551616", 1],
    ["log[0].who", "none", "alice", 1],
    ["log[0].set", "none", "{1, 2}", 1],
    ["last[0]", "none", "alice", 1],
    ["last[1]", "none", "3", 1],
  ]);
  expect(session.choicesAt(0)).toEqual([]);
  expect(session.toTrace()).toBe(quint);
});

test("what is written as ITF can be opened as ITF, with the same changes", async () => {
  const run = await sessionOf("forgotten-pin/host-never-maps-private.json");
  const states = run.moments.map(({ state }) => state as object);
  const session = open(run.design, itf(run.trace, states, run.design, null), "own.itf.json");
  expect(session.isRun).toBe(false);
  expect(session.moments.map(({ label }) => label).slice(1)).toEqual(run.trace.steps.map(({ call }) => call));
  const changed = session.moments.map(({ changes }) => changes.some(({ cell }) => !cell.startsWith("mbt::")));
  expect(changed).toEqual(run.moments.map(({ changes }) => changes.length > 0));
});

test.each([
  [{ states: [], vars: [] }, /x: states: no list of states/],
  [{ states: {}, vars: [] }, /x: states: no list of states/],
  [{ states: [1], vars: [] }, /x: states\[0\]: not an object/],
  [{ foo: 1 }, /x: no trace of another tool/],
  [null, /x: no trace of another tool/],
])("%j is refused", (document, says) => {
  expect(() => open(null, document, "x")).toThrow(says);
});
