/** How a recording and a design agree, as text. */
import type { RecordedResult, RecordedStep } from "../../spec/recording.ts";
import type { Conformance } from "../kernel/conform.ts";
import type { Answer, Litmus, NotAllowed } from "../kernel/litmus.ts";
import { sameResult } from "../kernel/play.ts";
import { count } from "./text.ts";

/** Disagreements of one recording, or of one race, that are shown in full; the rest are counted. */
const SHOWN = 10;

export function conformanceText(conformance: Conformance): string {
  const { recording, kernel, design, sequences, operations, disagreements, races } = conformance;
  const compared = [
    ...(races.length > 0 ? [`${count(races.length)} races`] : []),
    ...(sequences > 0 || races.length === 0
      ? [`${count(sequences)} sequences, ${count(operations)} operations`]
      : []),
  ];
  const head = `${recording}: kernel ${kernel} against ${design}: ${compared.join(", ")}, ${disagreementsOf(conformance)} disagreements`;
  const shown = disagreements
    .slice(0, SHOWN)
    .flatMap((one) => callLines(`${one.sequence}, step ${one.step}`, one));
  return [head, ...shown, ...rest(disagreements), ...races.flatMap(raceLines)].join("\n");
}

/** Calls answered otherwise, and outcomes of races that are not allowed. */
export function disagreementsOf({ disagreements, races }: Conformance): number {
  return races.reduce(
    (sum, race) => sum + race.setup.length + race.disagreements.length,
    disagreements.length,
  );
}

function rest(disagreements: readonly unknown[]): string[] {
  if (disagreements.length <= SHOWN) return [];
  return [`  and ${disagreements.length - SHOWN} more; --format json has all`];
}

interface Answers {
  readonly operation: RecordedStep;
  readonly kernel: RecordedResult;
  readonly design: RecordedResult;
}

export function callLines(at: string, { operation, kernel, design }: Answers): string[] {
  return [
    `  ${at}: ${callText(operation)}`,
    `    kernel says ${JSON.stringify(kernel)}`,
    `    design says ${JSON.stringify(design)}`,
  ];
}

function callText({ result: _, ...call }: RecordedStep): string {
  return JSON.stringify(call);
}

export function raceLines({ block, title, allowed, observed, setup, disagreements, bugs }: Litmus): string[] {
  if (setup.length > 0) return setup.flatMap((one) => callLines(`${block}, setup, step ${one.step}`, one));
  return [
    `  ${block}: ${observed} of ${allowed} allowed outcomes observed (${title})`,
    ...bugs.map((bug) => `    interleavings without outcome: ${bug}`),
    ...disagreements.slice(0, SHOWN).flatMap(notAllowedLines),
    ...rest(disagreements),
  ];
}

function notAllowedLines({ count: runs, answers, closest }: NotAllowed): string[] {
  const seen = answers.map(
    (answer) =>
      `      ${placeText(answer)}: ${callText(answer.operation)} = ${JSON.stringify(answer.kernel)}`,
  );
  const near = closest.map((results) => `    allowed, but with ${differences(answers, results)}`);
  return [
    `    not allowed, and observed in ${runs === 1 ? "1 run" : `${count(runs)} runs`}:`,
    ...seen,
    ...(near.length > 0 ? near : ["    the design allows no outcome"]),
  ];
}

function differences(answers: readonly Answer[], results: readonly RecordedResult[]): string {
  return answers
    .flatMap((answer, i) =>
      sameResult(answer.kernel, results[i]!) ? [] : [`${placeText(answer)} = ${JSON.stringify(results[i])}`],
    )
    .join("; ");
}

function placeText({ thread, step }: Answer): string {
  return thread === null ? `at the end, step ${step}` : `thread ${thread}, step ${step}`;
}
