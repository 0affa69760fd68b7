/** Reports as JSON, with a version, and with what is complete and what is not. */
import { callCoverage, sectionCoverage } from "./check-coverage.ts";
import type { DesignReport, PropertyReport, RunReport } from "../explore/check.ts";

export const CHECK_SCHEMA_VERSION = 1;

export async function checkJson(
  reports: readonly DesignReport[],
  files: ReadonlyMap<PropertyReport, string>,
): Promise<unknown> {
  const { traceJson } = await import("../trace/text.ts");
  const property = (report: PropertyReport): unknown => ({
    name: report.name,
    kind: report.kind,
    verdict: report.verdict,
    ...(report.steps === undefined ? {} : { steps: report.steps }),
    ...(report.known === undefined ? {} : { known: report.known }),
    ...(report.trace === undefined ? {} : { trace: traceJson(report.trace) }),
    ...(files.has(report) ? { traceFile: files.get(report) } : {}),
  });
  const result = (run: RunReport): unknown => ({
    design: run.design,
    bounds: run.bounds,
    scenario: run.scenario,
    tracked: run.tracked,
    mode: run.mode,
    ...(run.mode === "sequential" ? {} : { overlap: run.overlap }),
    verdict: run.verdict,
    complete: run.complete,
    ...(run.reason === null ? {} : { reason: run.reason }),
    states: run.states,
    transitions: run.transitions,
    depth: run.depth,
    levels: run.levels,
    bytes: run.bytes,
    seconds: Math.round(run.seconds * 1000) / 1000,
    times: run.times,
    ...(run.missProbability === 0 ? {} : { missProbability: run.missProbability }),
    ...(run.symmetry === undefined ? {} : { symmetry: run.symmetry }),
    ...(run.notices.length === 0 ? {} : { notTranslated: run.notices }),
    ...(run.profile === undefined ? {} : { profile: run.profile }),
    properties: run.properties.map(property),
  });
  return {
    schemaVersion: CHECK_SCHEMA_VERSION,
    results: reports.flatMap(({ runs }) => runs.map(result)),
    designs: reports.map((report) => {
      const { design, verdict, vacuous, untried } = report;
      const found = vacuous === null ? {} : { vacuous };
      const counted = sectionCoverage(report);
      const sections = counted === null ? {} : { sections: counted };
      const coverage = callCoverage(report);
      return { design: design.name, verdict, ...found, untried, coverage, ...sections };
    }),
  };
}
