/** The subset of the language that is translated: each construct does in generated code what it does as it is written. */
import { expect, test } from "vitest";
import { withFewerChoices } from "../../checkers/compile/choices.ts";
import { goTo } from "../../spec/language.ts";
import type { Run } from "../../spec/language/call.ts";
import { call, Switch, toy, type Machine, type State } from "../toy.ts";
import { expectAlike } from "./both.ts";

const BOUNDS = { bounds: { switches: 4 } };

type Body = Run<State, Machine, { readonly at: number }, "EBUSY" | "EINVAL", never>;

const designOf = (run: Body) =>
  toy({
    calls: {
      flip: call({
        kernel: "a construct",
        by: "task",
        takes: { at: Switch },
        returns: ["EBUSY", "EINVAL"],
        sections: { run: run as never },
      }),
    },
  });

const setTo = (s: State, i: number, on: boolean): void => {
  const all = s.on as unknown as boolean[];
  if (all[i] === on) return;
  all[i] = on;
  s.count += on ? 1 : -1;
};
const list = (s: State): boolean[] => s.on as unknown as boolean[];

const upTo = (s: State, from: number): number[] => {
  const found: number[] = [];
  if (list(s)[0]) return found;
  for (let i = from; i < Math.min(s.count + 2, 4); i++) found.push(i);
  return found;
};

const bodies: Readonly<Record<string, Body>> = {
  "for … of with break and continue": (s, { at }) => {
    let seen = 0;
    for (const on of list(s)) {
      if (!on) continue;
      if (++seen === 2) break;
    }
    if (seen === 2) return "EBUSY";
    setTo(s, at, !list(s)[at]);
  },
  "a loop from an index that depends on the state": (s) => {
    for (let i = s.count; i < list(s).length; i++) setTo(s, i, true);
  },
  "a loop that ends by the state": (s) => {
    let i = 0;
    while (list(s)[i] === true) i++;
    if (i >= list(s).length) return "EINVAL";
    setTo(s, i, true);
  },
  "an index that depends on the state": (s) => {
    if (s.count >= list(s).length) return "EINVAL";
    setTo(s, s.count, !list(s)[s.count]);
  },
  "an index below the first one, and beyond the last one": (s, { at }) => {
    const [below, beyond] = [list(s)[s.count - 1], list(s)[s.count + 1]];
    if (below === undefined) return "EINVAL";
    if (beyond === undefined) return "EBUSY";
    setTo(s, at, below || !beyond);
  },
  "a list that grows for as long as the state says, in a function of its own": (s, { at }) => {
    const found = upTo(s, at);
    for (let i = 0; i < list(s).length; i++) setTo(s, i, false);
    for (const i of found) setTo(s, i, true);
  },
  "such a list, its length, an entry that it may not have, and items behind": (s, { at }) => {
    const found = upTo(s, at);
    const all = found.concat([at]);
    if (found.length === 2) return "EBUSY";
    if (found[1] === undefined && all.length > 1) return "EINVAL";
    for (const i of all) setTo(s, i, !list(s)[i]);
  },
  "a list to which one thing is added or another, and then a third": (s, { at }) => {
    const found: number[] = [at];
    if (list(s)[at]) found.push((at + 1) % 4);
    else found.push((at + 2) % 4);
    found.push((at + 3) % 4);
    for (const i of found.slice(1)) setTo(s, i, !list(s)[i]);
  },
  "an object that has a field on some ways only": (s, { at }) => {
    const found: { one?: number; other?: number } = {};
    if (list(s)[at]) found.one = at;
    else if (s.count > 1) found.other = (at + 1) % 4;
    if (found.one === undefined && found.other === undefined) return "EBUSY";
    setTo(s, found.other ?? found.one ?? 0, found.one === undefined && !list(s)[found.other!]);
  },
  "some, every, filter, map, find, includes": (s, { at }) => {
    if (list(s).every((on) => on)) return "EBUSY";
    if (!list(s).some((on) => on)) setTo(s, at, true);
    const off = list(s)
      .map((on, i) => (on ? -1 : i))
      .filter((i) => i >= 0);
    const first = off.find((i) => i !== at);
    if (first !== undefined && off.includes(at)) setTo(s, first, true);
    for (const i of off) if (i === at) setTo(s, i, true);
  },
  "closures, default values, spread and destructuring": (s, { at }) => {
    const pair = (i: number, step = 1): readonly [number, number] => [i, (i + step) % list(s).length];
    const [a, b] = pair(at);
    const { x, ...rest } = { x: a, y: b, z: list(s)[a] };
    const both = { ...rest, y: rest.y };
    if (both.z === true) return "EBUSY";
    setTo(s, x, true);
    setTo(s, both.y, false);
  },
  "?., ??, ?: and templates": (s, { at }) => {
    const found: { readonly on: boolean } | null = list(s)[at] === true ? { on: list(s)[0] === true } : null;
    const on = found?.on ?? s.count === 0;
    const name = `E${on ? "BUSY" : "INVAL"}`;
    if (s.count > 1) return name as "EBUSY" | "EINVAL";
    setTo(s, on ? at : 0, true);
  },
  "switch with a fall through, and a label": (s, { at }) => {
    outer: for (let i = 0; i < 2; i++) {
      for (const on of list(s)) if (on) break outer;
      setTo(s, at, true);
    }
    switch (s.count) {
      case 0:
        return "EINVAL";
      case 1:
      case 2:
        setTo(s, (at + 1) % list(s).length, true);
        break;
      default:
        return "EBUSY";
    }
  },
  "one of several numbers, with a range of their own each": (s, { at }) => {
    const numbers = [s.count, s.count + 2, s.count + 1];
    const number = numbers[(list(s)[at] === true ? 1 : 0) + (list(s)[0] === true ? 1 : 0)]!;
    if (number < 2) setTo(s, at, true);
    else if (number > 4) return "EBUSY";
    else setTo(s, (at + 1) % list(s).length, number === 3);
  },
  "Math.min, Math.max, ++ and compound assignments": (s, { at }) => {
    let n = Math.max(s.count, 1);
    n += 1;
    n = Math.min(n, list(s).length - 1);
    setTo(s, n, at > 1);
    setTo(s, at, n++ > 2);
  },
};

test.each(Object.entries(bodies))("%s", async (_construct, run) => {
  expect(await expectAlike(designOf(run), BOUNDS)).toEqual([]);
});

test("what is outside of the subset runs as it is written, and is named with its place", async () => {
  const outside: Body = (s, { at }) => {
    if (s.count > 1) setTo(s, 2 ** s.count % list(s).length, true);
    else setTo(s, at, !list(s)[at]);
  };
  const [complaint, ...others] = await expectAlike(designOf(outside), BOUNDS);
  expect(others).toEqual([]);
  expect(complaint).toMatch(
    /^test\/compile\/subset\.test\.ts:\d+: "\*\*" on numbers that depend on the state$/,
  );
});

test("a call with more results than are counted apart runs as it is written", async () => {
  const names = Array.from({ length: 16 }, (_, i) => `exit ${i}`);
  const many = toy({
    calls: {
      tell: call({
        kernel: "an exit for every state",
        by: "task",
        takes: {},
        returns: [],
        exits: names,
        sections: {
          tell: (s) => {
            let number = 0;
            for (let i = 0; i < 4; i++) number += list(s)[i] === true ? 2 ** i : 0;
            return names[number]!;
          },
        },
      }),
    },
  });
  const [complaint, ...others] = await expectAlike(many, BOUNDS);
  expect(others).toEqual([]);
  expect(complaint).toContain("more than 15 ways to end for one call");
});

test("sections that go back to an earlier one, for ever or until an end that the state says", async () => {
  const climbing = toy({
    calls: {
      climb: call({
        kernel: "a loop over sections",
        by: "task",
        takes: { at: Switch },
        returns: ["EINVAL"],
        sections: {
          "refuse when all is on": (s) => (s.count >= list(s).length ? "EINVAL" : undefined),
          "turn the next one on": (s) => {
            setTo(s, list(s).indexOf(false), true);
            return s.count < 3 ? goTo("turn the next one on") : undefined;
          },
        },
      }),
    },
  });
  expect(await expectAlike(climbing, BOUNDS)).toEqual([]);
});

test("an object that is replaced stays what it was for who has it", async () => {
  const replaced: Body = (s, { at }) => {
    const before = s.on;
    const was = list(s).map((on) => on);
    (s as { on: unknown }).on = was.map((on, i) => (i === at ? !on : on));
    s.count += (before as unknown as boolean[])[at] === true ? -1 : 1;
  };
  expect(await expectAlike(designOf(replaced), BOUNDS)).toEqual([]);
});

test.each<[string, readonly string[], readonly string[]]>([
  [
    "compared with one value",
    ["if (u1 === 2) {", "el = 1;", "}"],
    ["var r = choose(2), u1 = r === 1 ? 2 : 0;", "if (u1 === 2) {", "el = 1;", "}"],
  ],
  [
    "compared by way of another local",
    ["var p2 = (u1 + 1);", "if (p2 !== 1 && c0 === 1) td = 1;"],
    ["var u1 = choose(2);", "var p2 = (u1 + 1);", "if (p2 !== 1 && c0 === 1) td = 1;"],
  ],
  ["compared with what it never is", ["if (u1 === 7) td = 1;"], ["var u1 = 0;", "if (u1 === 7) td = 1;"]],
  [
    "one of a set",
    ["if (((6 >>> u1) & 1) !== 0) td = 1;"],
    ["var u1 = choose(2);", "if (((6 >>> u1) & 1) !== 0) td = 1;"],
  ],
  ["looked at as it is", ["n0 = n0 | u1;"], ["var u1 = choose(3);", "n0 = n0 | u1;"]],
  ["not looked at", ["td = 1;"], ["td = 1;"]],
])("values that no code tells apart are one choice: %s", (_how, code, expected) => {
  expect(withFewerChoices(["var u1 = choose(3);", ...code])).toEqual(expected);
});
