/** Small reports of every kind, as the commands write them. */
import { readFileSync } from "node:fs";
import type { NamedFile } from "../../page/entry/data.ts";
import { ROOT } from "../cli/gmemcheck.ts";

type Json = any;

export const trace = (): Json =>
  JSON.parse(readFileSync(`${ROOT}counterexamples/forgotten-pin/host-never-maps-private.json`, "utf8"));

const run = (bounds: object, of: object = {}): Json => ({
  design: "forgotten-pin",
  bounds: { vms: 1, ...bounds },
  scenario: "conversion",
  tracked: "full",
  mode: "sequential",
  verdict: "violated",
  complete: true,
  states: 350,
  transitions: 8380,
  depth: 2,
  levels: [1, 300, 49],
  bytes: 40960,
  seconds: 1.5,
  times: { translateSeconds: 0, searchSeconds: 1.5, searchCpuSeconds: 1 },
  properties: [
    { name: "host-never-maps-private", kind: "always", verdict: "violated", steps: 6, trace: trace() },
    { name: "slots-disjoint", kind: "always", verdict: "undecided" },
    { name: "page-at-one-gfn", kind: "always", verdict: "holds" },
    { name: "converted", kind: "sometimes", verdict: "holds", steps: 3 },
  ],
  ...of,
});

/** Two runs that differ in pages; the larger one was cut off. */
export const check = (): Json => ({
  schemaVersion: 1,
  results: [
    run({ pages: 1 }),
    run(
      { pages: 2 },
      {
        verdict: "incomplete",
        complete: false,
        reason: "more than 2000 states",
        states: 2000,
        properties: [
          { name: "slots-disjoint", kind: "always", verdict: "incomplete" },
          { name: "page-at-one-gfn", kind: "always", verdict: "incomplete" },
          { name: "converted", kind: "sometimes", verdict: "incomplete" },
        ],
      },
    ),
  ],
  designs: [
    {
      design: "forgotten-pin",
      verdict: "violated",
      untried: [],
      coverage: { mmap: { "0": 208, EINVAL: 186, EOVERFLOW: 0 }, create_vm: { value: 4, EINVAL: 350 } },
    },
  ],
});

/** The same with --sections; a loop, and a name that two calls have. */
export const counted = (): Json => {
  const report = check();
  report.designs[0].sections = {
    mmap: { "look up the file": 394, "take the lock": 208, "refuse an offset": 0 },
    create_vm: { "look up the file": 1354 },
    destroy_vm: {},
  };
  return report;
};

export const fuzz = (): Json => ({
  schemaVersion: 1,
  complete: false,
  results: [
    {
      design: "forgotten-pin",
      seed: 1,
      vectors: [
        { bounds: { pages: 2 }, scenario: "conversion", mode: "sequential", overlap: 2, tracked: "full" },
      ],
      runs: 60,
      calls: 7230,
      stored: [{ file: "counterexamples/x.json", property: "host-never-maps-private", broken: true }],
      findings: [
        {
          property: "host-never-maps-private",
          known: true,
          path: "8",
          replayPath: ":~",
          calls: 1273,
          shrunkFrom: 22,
          steps: 6,
          certificate: { deletions: 6, arguments: 4, actors: 0, bounds: 0 },
          searched: { calls: "all", steps: 6, isExhaustive: true },
          trace: trace(),
        },
      ],
      reached: [
        { goal: "mmap:0", times: 79 },
        { goal: "host_read:SIGBUS BUS_ADRERR", times: 243 },
      ],
      neverReached: ["mmap:EOVERFLOW", "everything-is-shared"],
      unmet: [],
      classes: 27,
    },
  ],
});

const counts = (of: object): Json => ({
  ...{ promise: 0, language: 0, recording: 0, survived: 0, equivalent: 0 },
  ...{ "too big": 0, "not reached": 0, "not judged": 0, explained: 0 },
  ...of,
});

export const mutate = (): Json => ({
  schemaVersion: 1,
  design: "forgotten-pin",
  complete: true,
  reason: null,
  score: { killed: 999, of: 1000 },
  counts: counts({ promise: 999, survived: 1 }),
  operators: { "drop-check": counts({ promise: 999, survived: 1 }) },
  vectors: [{ key: "conversion full pages=2", states: 350, transitions: 8380 }],
  leftOut: [],
  kills: { "page-at-one-gfn": 0, "host-never-maps-private": 999 },
  silent: ["slots-disjoint"],
  mutants: [
    {
      id: "mmap.ts#mmap/drop-check/1",
      operator: "drop-check",
      file: "mmap.ts",
      line: 73,
      before: "if (taken) return disabled;",
      after: "(nothing)",
      fate: {
        kind: "survived",
        at: "conversion full pages=2",
        difference: {
          ...{
            kind: "newly allowed",
            subject: "mmap",
            from: "EBUSY",
            to: "0",
            compatibility: "extends",
            run: 0,
          },
          traces: { a: null, b: trace() },
        },
      },
    },
  ],
});

const place = { file: "models/x.ts", line: 7 };

export const gate = (): Json => ({
  schemaVersion: 1,
  verdict: "violated",
  exitCode: 1,
  complete: true,
  reason: null,
  base: { ref: "main", commit: "201ee4c9809518fa0380b54ad71331ec95a82781" },
  head: { commit: null, uncommitted: 1 },
  changes: [{ kind: "design", name: "forgotten-pin", did: "changed", endLine: 9, ...place }],
  reached: [{ name: "forgotten-pin", file: "models/x.ts", did: "changed" }],
  findings: [
    {
      ...{ stage: "designs", name: "host-never-maps-private", of: "forgotten-pin", status: "failed" },
      ...{ word: "violated", type: "Violated", message: "it is broken", details: "in 6 steps" },
      rule: { id: "r", says: "the host maps no private page", source: "kvm_gmem_fault_user_mapping()" },
      ...{ place, trace: trace(), attachments: [], rerun: null, decided: null },
      decision: { kind: "violated", name: "forgotten-pin host-never-maps-private" },
    },
  ],
  stale: [],
  undone: [{ what: "larger bounds", why: "no time was left", isRequired: false }],
  notes: [],
  states: 350,
  seconds: 2,
  times: {},
  rerun: null,
});

/** The last call answers otherwise in `b`. */
export const diff = (): Json => {
  const [a, b] = [trace(), trace()];
  b.steps.at(-1).result = "EBUSY";
  return {
    schemaVersion: 1,
    ...{
      a: "forgotten-pin",
      b: "forgotten-pin",
      compatibility: "breaks",
      complete: false,
      reason: "cut off",
    },
    runs: [],
    notCompared: [],
    differences: [
      {
        ...{
          kind: "newly refused",
          subject: "convert",
          from: "0",
          to: "EBUSY",
          compatibility: "breaks",
          run: 0,
        },
        traces: { a, b },
        files: [],
      },
      {
        ...{ kind: "promise lost", subject: "calls-end", from: "holds", to: "violated" },
        ...{ compatibility: "breaks", run: 0, traces: { a: null, b: trace() }, files: [] },
      },
    ],
  };
};

export const growth = (): Json => ({
  scenario: "core",
  cells: [
    { design: "forgotten-pin", bounds: {}, track: "full", states: 1911, transitions: 9 },
    { design: "forgotten-pin", bounds: { vms: 2 }, track: "full", incomplete: true },
  ],
});

export const ALL = { check, fuzz, mutate, gate, diff, growth };

export const named = (document: unknown, where = "report.json"): NamedFile => ({ where, document });
