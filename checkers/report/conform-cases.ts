/** Recordings of real kernels against designs, as cases: a suite for each recording, pointing at the lines that disagree. */
import type { Conformance } from "../kernel/conform.ts";
import type { Litmus } from "../kernel/litmus.ts";
import type { Case, CaseReport, Rule, SourcePlace, Suite } from "./cases.ts";
import { callLines, raceLines } from "./conformance.ts";
import { count } from "./text.ts";

/** A recording that was compared, and where it stands. */
export interface Compared {
  readonly conformance: Conformance;
  /** The file as the repository knows it. */
  readonly file: string;
  /** Lines of the file, by the ids of sequences and races. */
  readonly lines: ReadonlyMap<string, number>;
}

const SEQUENCES: Rule = {
  id: "kernel-answers",
  says: "the design answers each call as the kernel that was recorded",
  source: "the recording",
};
const RACES: Rule = {
  id: "kernel-outcomes",
  says: "what threads of the kernel that was recorded ended with is an outcome that the design allows",
  source: "the recording",
};

export function conformCases(
  compared: readonly Compared[],
  ended: { readonly exitCode: number; readonly rerun: string | null },
): CaseReport {
  const suites = compared.map(suiteOf);
  const agrees = suites.every(({ cases }) => cases.every(({ status }) => status === "passed"));
  const verdict = agrees ? "agrees" : "disagrees";
  return {
    command: "conform",
    verdict,
    ...ended,
    complete: true,
    reason: null,
    states: 0,
    suites,
    notes: [],
  };
}

function suiteOf(one: Compared): Suite {
  const { recording, kernel, design, sequences, operations, races } = one.conformance;
  return {
    name: `${recording}: kernel ${kernel} against ${design}`,
    id: `${design}/${recording}`,
    properties: { sequences, operations, races: races.length },
    cases: [...sequenceCases(one), ...races.map((race) => raceCase(race, one))],
  };
}

function sequenceCases({ conformance, file, lines }: Compared): Case[] {
  const { disagreements, sequences, operations, design } = conformance;
  const base = { className: design, type: "KernelDisagrees", rule: SEQUENCES, rerun: null } as const;
  const ids = [...new Set(disagreements.map(({ sequence }) => sequence))];
  const wrong = ids.map((id): Case => {
    const some = disagreements.filter(({ sequence }) => sequence === id);
    const [first] = some;
    return {
      ...base,
      name: id,
      status: "failed",
      message: `step ${first!.step}: the kernel says ${JSON.stringify(first!.kernel)}, the design ${JSON.stringify(first!.design)}`,
      details: some.flatMap((one) => callLines(`${id}, step ${one.step}`, one)).join("\n"),
      place: placeAt(file, lines.get(id)),
    };
  });
  if (sequences === ids.length) return wrong;
  const right: Case = {
    ...base,
    name: ids.length === 0 ? "all sequences" : "all other sequences",
    status: "passed",
    message: `${count(sequences - ids.length)} of ${count(sequences)} sequences agree; ${count(operations)} operations in all`,
    details: "",
    place: null,
  };
  return [...wrong, right];
}

function raceCase(race: Litmus, { conformance, file, lines }: Compared): Case {
  const { block, title, allowed, observed, setup, disagreements } = race;
  const isWrong = setup.length > 0 || disagreements.length > 0;
  const what =
    setup.length > 0
      ? `the setup is answered otherwise at step ${setup[0]!.step}`
      : `${disagreements.length} outcomes were observed that the design does not allow`;
  return {
    name: `${block}: ${title}`,
    className: conformance.design,
    status: isWrong ? "failed" : "passed",
    type: "KernelDisagrees",
    message: isWrong ? what : `${observed} of ${allowed} allowed outcomes observed`,
    details: isWrong ? raceLines(race).join("\n") : "",
    rule: RACES,
    place: isWrong ? placeAt(file, lines.get(block)) : null,
    rerun: null,
  };
}

function placeAt(file: string, line: number | undefined): SourcePlace | null {
  return line === undefined ? null : { file, line };
}
