/** What a live lane found, as text. */
import type { RecordedStep } from "../../spec/recording.ts";
import type { Claim } from "../kernel/live/pair.ts";
import type { Coverage, Found, LiveReport } from "../kernel/live/drive.ts";
import { count } from "./text.ts";
import { wrap } from "./wrap.ts";

/** Lines by which somebody sees a disagreement again. */
export interface Again {
  /** The recording that it was written to. */
  readonly file: string;
  /** The command line of the same program, from the seed. */
  readonly seeded: string;
  /** Of the recording against the design: null where an answer is missing. */
  readonly replay: string | null;
}

export function liveText(report: LiveReport, again: (found: Found) => Again | null): string {
  const { kernel, where, design, seed, programs, operations, unplayable, seconds, found, stopped } = report;
  const head =
    `kernel ${kernel} (${where}) against ${design}: ${count(programs)} programs, ${count(operations)} operations in ` +
    `${seconds.toFixed(1)} s (${count(Math.round(operations / Math.max(seconds, 0.001)))} a second), seed ${seed}; ` +
    `${found.length} ${found.length === 1 ? "disagreement" : "different disagreements"}`;
  return [
    head,
    ...(stopped === null ? [] : [`  stopped: ${stopped}`]),
    ...(unplayable === 0
      ? []
      : [
          `  ${count(unplayable)} programs were not run: the model has no layout for them, or says that a call of them never ends`,
        ]),
    ...report.claims.map(claimText),
    ...found.flatMap((one) => foundLines(one, again(one))),
    ...coverageLines(report.coverage),
  ].join("\n");
}

export function claimText({ capability, kernel, design }: Claim): string {
  return `  the design claims another kernel: ${capability}: the kernel says ${kernel}, the design ${design}`;
}

function foundLines(found: Found, again: Again | null): string[] {
  const { difference, identity, path, from, steps } = found;
  const others =
    found.again === 0 ? "" : `, and met in ${count(found.again)} more, none of which is shorter when shrunk`;
  const kernel =
    difference.silence === null
      ? JSON.stringify(difference.kernel)
      : `nothing (${difference.silence.kind}): ${difference.silence.message}`;
  return [
    "",
    `  ${identity}: in program ${path}, of ${from} calls${others}`,
    ...steps.map((step, i) => callLine(step, i, found)),
    `    kernel says ${kernel}, design says ${JSON.stringify(difference.design)}, at call ${difference.step}`,
    ...(difference.silence?.console ?? []).map((line) => `    console: ${line}`),
    ...certificateLines(found),
    ...(again === null ? [] : againLines(again)),
  ];
}

function callLine(step: RecordedStep, i: number, { results }: Found): string {
  const answer = results[i] === undefined ? "" : ` = ${answerText(results[i])}`;
  return `    ${i} ${stepText(step)}${answer}`;
}

/** `guest_read vcpu=c1 gpa=0x100000` */
export function stepText({ op, result: _, ...args }: RecordedStep): string {
  return [op, ...Object.entries(args).map(([name, value]) => `${name}=${argumentText(name, value)}`)].join(
    " ",
  );
}

const IN_HEX = new Set(["gpa", "guest_phys_addr", "address"]);

function argumentText(name: string, value: unknown): string {
  if (typeof value === "object" && value !== null) {
    const { map, offset } = value as { readonly map: string; readonly offset: unknown };
    return `${map}+${offset}`;
  }
  return IN_HEX.has(name) && typeof value === "number" ? `0x${value.toString(16)}` : String(value);
}

function answerText(result: Readonly<Record<string, unknown>>): string {
  const { ret, errno, value, ...rest } = result;
  const more = Object.entries(rest).map(([name, of]) => `${name}=${argumentText(name, of)}`);
  return [errno ?? value ?? ret, ...more].filter((part) => part !== undefined).join(" ");
}

function certificateLines({ repeated, certificate, runs }: Found): string[] {
  if (repeated.had === 0)
    return wrap(
      `does not reproduce: none of ${repeated.runs} more runs had it, so it was not shrunk; what ran before may matter, or chance`,
      "    ",
    );
  const flaky =
    repeated.had < repeated.runs
      ? `it comes and goes (${repeated.had} of ${repeated.runs} runs had it); `
      : "";
  if (certificate === null)
    return wrap(
      `${flaky}shrunk in ${count(runs)} runs, which ended too early to say that it is minimal`,
      "    ",
    );
  const { deletions, arguments: args, actors, bounds } = certificate;
  return wrap(
    `${flaky}minimal, after ${count(runs)} runs: without any one of its calls (${deletions}), with any one argument simpler (${args}), ` +
      `actor less (${actors}) or bound less (${bounds}) it was run again, and there is nothing to see`,
    "    ",
  );
}

function againLines({ file, seeded, replay }: Again): string[] {
  const recorded = replay === null ? [`    recorded: ${file}`] : [`    replay: ${replay}`];
  return [...recorded, `    from the seed: ${seeded}`];
}

function coverageLines({ reached, never }: Coverage): string[] {
  const results = Object.values(reached).reduce((sum, of) => sum + Object.keys(of).length, 0);
  const all = `  reached: ${Object.keys(reached).length} calls with ${results} different results`;
  return [all, ...(never.length === 0 ? [] : wrap(`never reached: ${never.join("; ")}`, "  "))];
}
