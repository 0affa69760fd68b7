/** Misuse of the language: what does not compile (checked by tsc: each expected error must be one), and what says so when it runs. */
import { expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import {
  bool,
  callsOf,
  change,
  goTo,
  id,
  maybe,
  oneOf,
  per,
  position,
  propertiesOf,
  record,
  upTo,
  variant,
  warnOn,
  withState,
} from "../../spec/language.ts";
import type { ValueOf } from "../../spec/language.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { gmemSeq } from "../../models/gmem-seq.ts";
import { run, toy, turnOn } from "../toy.ts";

const Vm = id("vms");
const File = id("files");
const Page = position("pages");
const state = record({
  mode: oneOf("none", "some"),
  files: per(File, record({ owner: maybe(Vm), pages: per(Page, bool) })),
});
type State = ValueOf<typeof state>;
const { call } = callsOf<State, { readonly most: number }>();
const { always } = propertiesOf<{ readonly mode: string; optional?(file: ValueOf<typeof File>): boolean }>();
const spec = { kernel: "a toy", by: "task" } as const;

const open = call({
  ...spec,
  takes: { file: File, page: Page },
  keeps: { kept: maybe(Vm) },
  returns: ["EBADF", "EINVAL memory_fault"],
  sections: { look: () => "EBADF", "look again": () => "EINVAL memory_fault" },
});

/** Never called: the compiler reads it. */
export function doesNotCompile(): void {
  call({
    ...spec,
    takes: { file: File },
    returns: ["EBADF"],
    sections: {
      // @ts-expect-error an errno that is not declared
      look: () => "EINVAL",
    },
  });
  call({
    ...spec,
    takes: {},
    // @ts-expect-error a name that is no errno
    returns: ["BROKEN"],
    sections: {},
  });
  call({
    ...spec,
    takes: { file: File },
    returns: [],
    sections: {
      look: (s, c) => {
        // @ts-expect-error a parameter that the call does not take
        void c.page;
        // @ts-expect-error parameters are not to be written
        c.file = c.file;
        // @ts-expect-error a field that the state has not
        void s.inodes;
        // @ts-expect-error a name that is not in oneOf
        s.mode = "many";
        // @ts-expect-error a table of files is not indexed by a bare number
        void s.files[0].owner;
        // @ts-expect-error nor by the id of something else
        void s.files[s.files[c.file].owner!];
        // @ts-expect-error an owner that may be absent is no index before that is tested
        const vm: ValueOf<typeof Vm> = s.files[c.file].owner;
        void vm;
      },
    },
  });
  call({
    ...spec,
    takes: {},
    returns: [],
    sections: {
      // @ts-expect-error gives a value and does not say of which domain
      look: () => ({ value: 1 }),
    },
  });
  change(open, {
    sections: {
      // @ts-expect-error a section that the call has not
      lock: () => undefined,
    },
  });
  change(open, {
    sections: {
      // @ts-expect-error a failure that neither the call nor the change declares
      look: () => "EPERM",
    },
  });
  // @ts-expect-error no section of this name can be left out
  change(open, { without: ["lock"] });
  // @ts-expect-error a failure that the call never had
  change(open, { never: ["EPERM"] });
  // @ts-expect-error a call that replaces one must be one
  variant(gmemSeq, { name: "x", says: "x", source: "x", calls: { bind: 1 } });
  // @ts-expect-error a call on another state
  variant(gmemSeq, { name: "x", says: "x", source: "x", adds: { open } });
  // @ts-expect-error a call that the base has not cannot be dropped
  variant(gmemSeq, { name: "x", says: "x", source: "x", drops: ["ftruncate"] });
  always({
    name: "x",
    says: "x",
    source: "x",
    over: { vm: Vm },
    // @ts-expect-error a question that the vocabulary has not
    needs: ["answer"],
    // @ts-expect-error an instance has what `over` names, and no more
    holds: (_view, { file }) => file === 0,
  });
}

test("what a change may say compiles", () => {
  const changed = change(open, {
    returns: ["EPERM"],
    never: ["EBADF"],
    sections: { look: () => "EPERM" },
    after: { look: { between: () => goTo("look again") } },
  });
  expect(Object.keys(changed.sections)).toEqual(["look", "between", "look again"]);
  expect(changed.returns).toEqual(["EINVAL memory_fault", "EPERM"]);
});

test("what a call keeps has a name of its own", () => {
  const shadowing = () =>
    call({ ...spec, takes: { file: File }, keeps: { file: maybe(File) }, returns: [], sections: {} });
  expect(shadowing).toThrow(
    'a toy: the call takes a parameter "file", and keeps another value under its name',
  );
});

test("a table over something that is no index is refused where it is declared", () => {
  expect(() => per(upTo("files") as never, bool)).toThrow("per(…) needs an index as its first argument");
});

test("state that is added must be new", () => {
  const base = toy();
  expect(() => withState(base, { count: bool })).toThrow('the state of toy has a field "count" already');
  const flat = { ...base, state: bool } as unknown as AnyDesign;
  expect(() => withState(flat, { more: bool })).toThrow("the state of toy is no record");
});

test("declarations know their place", () => {
  expect(open.place).toMatch(/^test\/language\/misuse\.test\.ts:\d+$/);
  expect(turnOn.place).toMatch(/^test\/toy\.ts:\d+$/);
  expect(toy().place).toMatch(/^test\/toy\.ts:\d+$/);
});

test("a variant's own calls are known, and what it drops is gone", () => {
  const base = toy();
  const smaller = variant(base, {
    name: "smaller",
    says: "no way back",
    source: "test",
    drops: ["turn_off"],
  });
  expect(Object.keys(smaller.calls)).toEqual(["turn_on"]);
  expect(smaller.inherits).toBe(base.calls);
});

test("a delta that changes a call which the base has not, or adds one that it has, is refused", () => {
  const base = toy();
  const common = { name: "mine", says: "x", source: "test" };
  expect(() => variant(base, { ...common, calls: { turn_of: turnOn } })).toThrow(
    "toy has no call turn_of to change",
  );
  expect(() => variant(base, { ...common, adds: { turn_on: turnOn } })).toThrow(
    "toy has a call turn_on; it is for `calls`",
  );
});

test("a scenario that names a call which the design has not is an error of the model", async () => {
  const design = variant(toy(), {
    name: "renamed",
    says: "x",
    source: "test",
    scenarios: { some: { says: "x", calls: ["turn_up"] } },
  });
  await expect(run(design, {}, { scenario: "some" })).rejects.toThrow(
    'scenario "some" of renamed names the call turn_up, which the design has not',
  );
});

test("a scenario whose given calls run into a bug of the kernel says so, with the call", async () => {
  const warns = change(turnOn, { sections: { "turn it on": () => warnOn(true, "it is on") } });
  const design = variant(toy(), {
    name: "warns",
    says: "x",
    source: "test",
    calls: { turn_on: warns },
    scenarios: {
      some: { says: "x", calls: ["turn_on"], given: [{ call: "turn_on", params: { at: 0 } }] },
    },
  });
  await expect(run(design, {}, { scenario: "some" })).rejects.toThrow(
    "the scenario is given turn_on(at=0), which ends with a bug of the kernel: it is on",
  );
});

test("a domain of a bound that the design has no size for is refused, with those that it has", () => {
  const design = withState(toy(), { more: upTo("things") });
  expect(() => bounded(design, { bounds: {} })).toThrow('no size for the bound "things"; it has switches');
});
