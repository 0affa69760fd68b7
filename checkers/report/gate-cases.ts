/** A gate's report as cases: a suite for each of its steps. */
import { STAGES, type GateReport, type Stage } from "../gate/finding.ts";
import type { CaseReport, Suite } from "./cases.ts";

export function gateCases(report: GateReport): CaseReport {
  const { verdict, exitCode, complete, reason, states, findings, rerun } = report;
  const suites = (Object.keys(STAGES) as Stage[]).flatMap((stage): Suite[] => {
    const cases = findings.filter((finding) => finding.stage === stage);
    if (cases.length === 0) return [];
    // Unique in its suite.
    return [
      {
        name: `gate: ${STAGES[stage]}`,
        id: `gate/${stage}`,
        cases: cases.map((finding) => ({
          ...finding,
          name: `${finding.className}: ${finding.name}`,
          ...(finding.decided === null
            ? {}
            : { message: `${finding.message} (decided in gate.allow: ${finding.decided.reason})` }),
        })),
      },
    ];
  });
  const notes = [
    ...report.notes,
    ...report.undone.map(({ what, why }) => `not done: ${what}: ${why}`),
    ...report.stale.map(
      ({ kind, name, line }) => `gate.allow:${line}: nothing of this change is what ${kind} ${name} decides`,
    ),
  ];
  return { command: "gate", verdict, exitCode, complete, reason, states, suites, notes, rerun };
}
