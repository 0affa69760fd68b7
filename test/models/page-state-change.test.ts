/** Page state change: what the designs leave out, and that a promise can be broken. */
import { expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import { makeInstance } from "../../checkers/explore/sequential.ts";
import { runPath } from "../../checkers/trace/run.ts";
import { pageStateChange } from "../../models/proposals/page-state-change/page-state-change.ts";
import { psc6_11 } from "../../models/proposals/page-state-change/versions.ts";
import type { State } from "../../models/proposals/page-state-change/state.ts";
import type { AnyDesign } from "../../spec/language/design.ts";

type Call = readonly [string, Readonly<Record<string, unknown>>];

/** What the calls end with, and the state that they lead to. */
function play(design: AnyDesign, calls: readonly Call[]) {
  const subject = bounded(design, { bounds: {} });
  const instances = calls.map(([name, params]) =>
    makeInstance(name, design.calls[name]!, { vm: 0, vcpu: 0, ...params }, subject.sizes),
  );
  const run = runPath(subject, instances)!;
  return { results: run.steps.map(({ result }) => result), state: run.after as State };
}

const asks = (entry0: string, entry1: string): Call => ["vmgexit_psc", { entry0, entry1, cur: 0, end: 1 }];
const answers = (ret: string, refuses: number | null = null): Call => ["kvm_run", { ret, refuses }];
const EXIT = "KVM_EXIT_HYPERCALL";

test("user space that answers 0 has converted what it was handed", () => {
  const request = asks("private 0", "private 1");
  const converted = play(pageStateChange, [request, answers("0")]);
  expect([converted.results, [...converted.state.private]]).toEqual([
    [EXIT, 0],
    [true, true],
  ]);
  const refused = play(pageStateChange, [request, answers("EINVAL", 1)]);
  expect([refused.results, [...refused.state.private]]).toEqual([
    [EXIT, "VMGEXIT_PSC_ERROR_GENERIC"],
    [false, false],
  ]);
});

test("the guest's buffer has two entries, and one operation that is no conversion", () => {
  expect(pageStateChange.bounds["entries"]).toMatchObject({ default: 2, most: 2 });
  const { results, state } = play(pageStateChange, [asks("unsmash 0-1", "unsmash 0-1")]);
  expect([results, [...state.private], state.exit]).toEqual([[0], [false, false], null]);
  const named = bounded(pageStateChange, { bounds: {} }).instances.flatMap(({ name, params }) =>
    name === "vmgexit_psc" ? [String(params["entry0"]), String(params["entry1"])] : [],
  );
  expect(new Set(named.map((name) => name.split(" ")[0]))).toEqual(new Set(["private", "shared", "unsmash"]));
});

test("a guest that writes to its buffer between two exits does not turn its request back", () => {
  const back = ["rewrite_header", { vcpu: 1, cur: 0, end: 1 }] as const;
  const anew = ["rewrite_entry", { vcpu: 1, entry: 0, as: "private 0" }] as const;
  const request = asks("private 0", "shared 0-1");
  const { results, state } = play(pageStateChange, [request, answers("0"), anew, back, answers("0")]);
  expect([results, state.request]).toEqual([[EXIT, EXIT, 0, 0, 0], null]);
});

test("the rest of a huge page ends where the page does, and in 6.11 one frame behind an entry for the same rest", () => {
  const request = asks("private 0-1 +1", "private 1");
  expect(play(pageStateChange, [request]).state.exit!.range).toMatchObject({ first: 1, npages: 1 });
  expect(play(psc6_11, [request]).state.exit!.range).toMatchObject({ first: 1, npages: 2 });
});
