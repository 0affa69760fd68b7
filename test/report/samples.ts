/** Small reports for the renderers: one by hand of every kind of case, and reports in which all texts are somebody's attempt. */
import { fc } from "@fast-check/vitest";
import type { Case, CaseReport, CaseStatus, Rule, SourcePlace, Suite } from "../../checkers/report/cases.ts";
import { TRACE_FORMAT, type OverlapTrace, type SequentialTrace } from "../../spec/language/trace.ts";

const WHERE = { bounds: { vms: 1, pages: 2 }, tracked: "full" } as const;

export const calls: SequentialTrace = {
  format: TRACE_FORMAT,
  design: "forgetful",
  ...WHERE,
  scenario: "conversion",
  mode: "sequential",
  breach: { property: "one-owner", instance: { page: 0 }, why: "page 0 has two owners" },
  steps: [
    {
      call: "create",
      by: "task",
      params: { vm: 0 },
      result: { value: 3 },
      changes: [{ cell: "files[0].open", from: false, to: true }],
    },
    { call: "bind", by: "task", params: { vm: 0, slot: 1 }, result: 0, changes: [] },
    { call: "guest_write", by: "vcpu", params: { vm: 0, vcpu: 0, gfn: 1 }, result: "EFAULT", changes: [] },
  ],
};

export const race: OverlapTrace = {
  ...calls,
  mode: "overlap",
  overlap: 2,
  scenario: "races",
  breach: { property: "no-deadlock", instance: {}, why: "" },
  steps: [
    {
      ...{ call: "punch", by: "task", params: { page: 0 }, result: null, changes: [] },
      ...{ thread: 0, actor: "task 0", sections: ["take the lock", "zap"], holds: ["inode"], begins: true },
      ends: false,
    },
    {
      ...{ call: "fault", by: "vcpu", params: { vm: 0, vcpu: 0 }, result: null, changes: [] },
      ...{ thread: 1, actor: "vCPU 0 of VM 0", sections: ["lookup"], holds: ["mmu_lock"], begins: true },
      ends: false,
    },
    {
      ...{ call: "punch", by: "task", params: { page: 0 }, result: null, changes: [] },
      ...{ thread: 0, actor: "task 0", sections: [], holds: ["inode"], begins: false, ends: false },
      waits: "mmu_lock",
    },
    {
      ...{ call: "fault", by: "vcpu", params: { vm: 0, vcpu: 0 }, result: "EAGAIN", changes: [] },
      ...{ thread: 1, actor: "vCPU 0 of VM 0", sections: ["give up"], holds: [], begins: false, ends: true },
    },
  ],
};

const OWNER: Rule = {
  id: "one-owner",
  says: "a page has one owner",
  source: "Documentation/virt/kvm/api.rst",
  place: { file: "spec/properties/ownership.ts", line: 7 },
};

const passed: Case = {
  name: "one-owner",
  className: "guarded",
  status: "passed",
  type: "PromiseBroken",
  message: "exhausted: 12 states",
  details: "",
  rule: OWNER,
  place: { file: "spec/properties/ownership.ts", line: 7 },
  rerun: null,
};

/** One case of each status. */
export const sample: CaseReport = {
  command: "check",
  verdict: "violated",
  exitCode: 1,
  complete: false,
  reason: "after 300 s",
  states: 12345,
  suites: [
    {
      name: "forgetful: pages=2; sequential, scenario conversion",
      id: "forgetful/pages=2/conversion",
      seconds: 1.25,
      properties: { states: 12333, depth: 4 },
      cases: [
        {
          ...passed,
          className: "forgetful",
          status: "failed",
          message: "one-owner is broken after 3 calls: page 0 has two owners",
          details: "  1  create(vm=0) = value 3\n  2  bind(vm=0, slot=1) = 0",
          place: { file: "models/forgetful.ts", line: 14 },
          trace: calls,
          calls: {
            create: { file: "models/create.ts", line: 3 },
            bind: { file: "models/forgetful.ts", line: 14 },
          },
          attachments: ["traces/one-owner.json"],
          seconds: 0.5,
          rerun: "npx gmemcheck check forgetful --property one-owner",
        },
        { ...passed, className: "forgetful", name: "no-leak", status: "incomplete", message: "after 300 s" },
        {
          ...passed,
          className: "forgetful",
          name: "declared",
          status: "expected",
          message: "declared is broken after 2 calls",
        },
        { ...passed, className: "forgetful", name: "absent", status: "skipped", message: "nothing asks it" },
      ],
    },
    {
      name: "guarded: overlap 2",
      id: "guarded/races",
      cases: [
        passed,
        {
          ...passed,
          name: "no-deadlock",
          status: "failed",
          message: "no-deadlock is broken after 4 steps",
          rule: { id: "no-deadlock", says: "calls never wait for each other", source: "" },
          place: null,
          trace: race,
        },
        {
          ...passed,
          name: "valid-model",
          status: "error",
          type: "ModelError",
          message: "a section threw",
          details: "a section threw\n  at models/guarded.ts:3",
          place: { file: "models/guarded.ts", line: 3, column: 3, endLine: 3, endColumn: 9 },
        },
      ],
    },
  ],
  notes: ["guarded: its scenarios leave out: retype"],
  rerun: "npx gmemcheck check forgetful guarded",
};

/** What somebody might call a design, a promise or a file. */
export const ATTACKS = [
  ..."::error::x|\n::set-output name=a::b|\n::stop-commands::y|##[error]x|%0A::error::x|,line=9,title=z|::".split(
    "|",
  ),
  ..."</failure><failure>|]]>|<!--|&amp;|&#0;|<script>alert(1)</script>|<img src=x onerror=y>|'\"".split("|"),
  ...["\u0000\u001b[31m", "\u202e", "\u2028", "\ud800", "\ufffe", "\u0085", "\r", "\t", "\u200b", "😀"],
  ...[
    "# SKIP",
    "# TO" + "DO x",
    "\nok 1 - y",
    "\nnot ok 1",
    "\n1..0",
    "Bail out!",
    "\nBail out! z",
    "\\#",
    "\\",
  ],
  ...[
    "\n  ---\n  a: b\n  ...",
    "- ",
    "\nTAP version 14",
    "\nKTAP version 1",
    "# Subtest: x",
    "\nTotals: pass:9",
    "\nSubtest: x",
  ],
  ...[
    "```",
    "\n```\n# h\n",
    "~~~~",
    "| a | b |",
    "\n\n# h",
    "@org/team",
    "#12",
    "[a](https://b.c)",
    "](d)",
    "<details>",
  ],
  ...[
    "![a](b)",
    "https://evil.example",
    "www.evil.example",
    "**b**",
    "_c_",
    "- [ ] d",
    "<https://e.f>",
    "$a$",
  ],
  ...[
    "{0}",
    "}}",
    "%%{init: {}}%%",
    "%% c",
    ";",
    "a->>b: c",
    "\nend\n",
    "participant x",
    "#59;",
    "style:#x;",
    "end",
  ],
  ...["$(touch x)", "`touch x`", "' ; touch x", "../../x", "/etc/passwd", "C:\\x", "a b", "", " "],
];

export const nasty = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...ATTACKS) },
      fc.string({ unit: "binary", maxLength: 6 }),
    ),
    {
      maxLength: 4,
    },
  )
  .map((parts) => parts.join(""));

const place: fc.Arbitrary<SourcePlace> = fc.record({ file: nasty, line: fc.integer({ min: 1, max: 99 }) });

const STATUSES: readonly CaseStatus[] = ["passed", "failed", "error", "expected", "skipped", "incomplete"];

export const nastyTrace = fc
  .tuple(nasty, nasty, nasty, nasty)
  .map(([call, actor, section, why]): OverlapTrace => {
    const step = { ...race.steps[0]!, call, actor, sections: [section], params: { [why]: section } };
    return { ...race, breach: { property: call, instance: {}, why }, steps: [step, race.steps[1]!] };
  });

const nastyCase: fc.Arbitrary<Case> = fc
  .record({
    name: nasty,
    className: nasty,
    status: fc.constantFrom(...STATUSES),
    type: nasty,
    message: nasty,
    details: nasty,
    rule: fc.record({ id: nasty, says: nasty, source: nasty, place }),
    place: fc.option(place),
    trace: fc.option(nastyTrace),
    attachments: fc.array(nasty, { maxLength: 1 }),
    rerun: fc.option(nasty),
  })
  .map(({ trace, ...rest }) => (trace === null ? rest : { ...rest, trace }));

const nastySuite: fc.Arbitrary<Suite> = fc.record({
  name: nasty,
  id: nasty,
  cases: fc.array(nastyCase, { maxLength: 3 }),
  properties: fc.dictionary(nasty, nasty, { maxKeys: 1 }),
});

export const nastyReport: fc.Arbitrary<CaseReport> = fc.record({
  command: nasty,
  verdict: nasty,
  exitCode: fc.constantFrom(0, 1, 3, 5),
  complete: fc.boolean(),
  reason: fc.option(nasty),
  states: fc.nat(),
  suites: fc.array(nastySuite, { maxLength: 2 }),
  notes: fc.array(nasty, { maxLength: 1 }),
  rerun: fc.option(nasty),
});

/** The sample with one text wherever a report has text. */
function everywhere(text: string): CaseReport {
  const step = { ...race.steps[0]!, call: text, actor: text, sections: [text], params: { [text]: text } };
  const trace = { ...race, breach: { property: text, instance: {}, why: text }, steps: [step] };
  const cases = STATUSES.map((status): Case => ({
    ...{ name: text, className: text, status, type: text, message: text, details: text, rerun: text, trace },
    rule: { id: text, says: text, source: text, place: { file: text, line: 1 } },
    place: { file: text, line: 2 },
    attachments: [text],
  }));
  const suite: Suite = { name: text, id: text, cases, properties: { [text]: text } };
  return {
    ...{ command: text, verdict: text, exitCode: 1, complete: false, reason: text, states: 1, rerun: text },
    suites: [suite],
    notes: [text],
  };
}

/** How nasty reports are tried: each attack everywhere, and then mixtures. */
export const TRIED: { readonly examples: [CaseReport][]; readonly numRuns: number } = {
  examples: ATTACKS.map((text) => [everywhere(text)]),
  numRuns: ATTACKS.length + 60,
};

export const casesOf = ({ suites }: CaseReport): readonly Case[] => suites.flatMap(({ cases }) => cases);

/** How many cases have one of these. */
export const howMany = (report: CaseReport, ...statuses: readonly CaseStatus[]): number =>
  casesOf(report).filter(({ status }) => statuses.includes(status)).length;

/** What GitHub's runner would take for commands in a log: actions/runner, ActionCommand.cs, both syntaxes. */
export function commandsIn(log: string): string[] {
  return log.split(/\r?\n|\r/).filter((line) => /^\s*::\s*\S/.test(line) || line.includes("##["));
}
