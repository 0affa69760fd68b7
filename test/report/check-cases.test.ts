/** A check as cases: what of a report is a failure, an error, declared, left open or pinned, and where each points. */
import { describe, expect, test } from "vitest";
import type { DesignReport, PropertyReport, RunReport } from "../../checkers/explore/check.ts";
import { placeOf } from "../../checkers/report/blame.ts";
import { checkCases, type Checked } from "../../checkers/report/check-cases.ts";
import type { CaseReport } from "../../checkers/report/cases.ts";
import { change, variant } from "../../spec/language.ts";
import type { SequentialTrace } from "../../spec/language/trace.ts";
import { always, toy, turnOff } from "../toy.ts";
import { calls } from "./samples.ts";

const design = toy({
  promises: [
    always({
      name: "all-off",
      says: "no switch is on",
      source: "a rule",
      over: {},
      holds: (s) => s.count === 0,
    }),
  ],
});
const [promise] = design.promises;
const [step] = calls.steps;
const trace: SequentialTrace = {
  ...calls,
  design: design.name,
  steps: [
    { ...step!, call: "turn_off", params: { at: 0 } },
    { ...step!, call: "turn_on", params: { at: 0 } },
  ],
};

const run: RunReport = {
  design: design.name,
  bounds: { pages: 2 },
  scenario: "everything",
  tracked: "full",
  mode: "sequential",
  overlap: 1,
  verdict: "holds",
  complete: true,
  reason: null,
  states: 12,
  transitions: 30,
  depth: 4,
  levels: [1, 11],
  bytes: 100,
  seconds: 1,
  missProbability: 0,
  times: { translateSeconds: 0, searchSeconds: 1, searchCpuSeconds: 1 },
  notices: [],
  properties: [],
  outcomes: new Map(),
  decided: new Set(),
};

const property = (given: Partial<PropertyReport>): PropertyReport => ({
  name: promise!.name,
  kind: "always",
  says: promise!.says,
  verdict: "holds",
  ...given,
});

function cases(report: Partial<DesignReport>, more: Partial<Checked> = {}): CaseReport {
  const whole = { design, verdict: "holds", runs: [run], vacuous: null, untried: [], ...report } as const;
  const asking = { asked: "toy", design, traceFiles: new Map<PropertyReport, string>() };
  const checked: Checked = { report: whole, asking, breaks: null, surprises: [], ...more };
  return checkCases([checked], { verdict: "x", exitCode: 0, rerun: null }, placeOf);
}

const only = (report: CaseReport) => report.suites.flatMap((suite) => suite.cases);

describe("a check as cases", () => {
  const broken = property({ verdict: "violated", steps: 2, trace });

  test("a broken promise fails, with the trace, the rule and where it is declared", () => {
    const [one] = only(cases({ runs: [{ ...run, properties: [broken] }] }));
    expect(one).toMatchObject({
      status: "failed",
      name: promise!.name,
      message: `${promise!.name} is broken after 2 calls: page 0 has two owners`,
      rule: { id: promise!.name, says: promise!.says, place: placeOf(promise!.place) },
      place: placeOf(design.calls["turn_on"]!.place),
      trace,
      calls: { turn_off: placeOf(design.calls["turn_off"]!.place) },
      rerun: expect.stringContaining(`npx gmemcheck check toy --scenario everything`) as string,
    });
  });

  test("a variant's own call is to blame, before those that it takes over", () => {
    const own = variant(design, {
      name: "own",
      says: "x",
      source: "x",
      calls: { turn_off: change(turnOff, {}) },
    });
    const [one] = only(cases({ design: own, runs: [{ ...run, properties: [broken] }] }));
    expect(one!.place).toEqual(placeOf(own.calls["turn_off"]!.place));
    expect(one!.place!.file).toBe("test/report/check-cases.test.ts");
  });

  test("of a registry, what is expected is expected, and what is not as pinned fails", () => {
    const runs = [{ ...run, properties: [broken] }];
    const surprises = [{ design: design.name, verdict: "violated", what: "states: 12, pinned 13" }] as const;
    const asExpected = cases({ runs }, { breaks: [promise!.name] });
    expect(only(asExpected).map(({ status, name }) => [status, name])).toEqual([
      ["expected", promise!.name],
      ["passed", "as-pinned"],
    ]);
    expect(only(cases({ runs }, { breaks: "any" }))[0]!.status).toBe("expected");
    expect(only(cases({ runs }, { breaks: [] }))[0]!.status).toBe("failed");
    const [, other] = only(cases({ runs }, { breaks: [promise!.name], surprises }));
    expect(other).toMatchObject({
      status: "failed",
      name: "states: 12, pinned 13",
      rule: { id: "as-pinned" },
    });
    const [, late] = only(
      cases({ runs }, { breaks: [], surprises: [{ ...surprises[0], verdict: "incomplete" }] }),
    );
    expect(late!.status).toBe("incomplete");
  });

  test("an invalid model is an error at the place that its message names", () => {
    const reason = "a predicate threw\n  at models/mine.ts:7\n  usual cause: a typing error";
    const [one] = only(cases({ runs: [{ ...run, verdict: "invalid", complete: false, reason }] }));
    expect(one).toMatchObject({
      status: "error",
      message: "a predicate threw",
      place: { file: "models/mine.ts", line: 7 },
    });
  });

  test("a vacuous design is an error, for each thing that was never reached", () => {
    const report = cases({ vacuous: ["close was never made", "bind never ended with EINVAL"] });
    expect(only(report).map(({ status, message }) => [status, message])).toEqual([
      ["error", "close was never made"],
      ["error", "bind never ended with EINVAL"],
    ]);
  });

  test("what was cut off is incomplete, with the reason; what nothing asks for is skipped", () => {
    const properties = [property({ verdict: "incomplete" }), property({ verdict: "undecided" })];
    const report = cases({ runs: [{ ...run, complete: false, reason: "after 5 s", properties }] });
    expect(only(report).map(({ status, message }) => [status, message])).toEqual([
      ["incomplete", "after 5 s"],
      ["skipped", "nothing in this run asks for it, or it needs cells that are not tracked"],
    ]);
    expect(report).toMatchObject({ complete: false, reason: "after 5 s", states: 12 });
  });

  test("a run that was never started leaves the report incomplete", () => {
    expect(cases({ runs: [] })).toMatchObject({ complete: false, reason: "not all runs were started" });
  });

  test("a promise that holds passes, and says how much was seen", () => {
    const [one] = only(cases({ runs: [{ ...run, properties: [property({})] }] }));
    expect(one).toMatchObject({ status: "passed", message: expect.stringContaining("12 states") as string });
  });
});
