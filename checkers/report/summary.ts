/** Cases as the Markdown of a GitHub step summary: a table of what was run, what is wrong with a diagram, and the line that runs it again. */
import type { Case, CaseReport, Suite } from "./cases.ts";
import { oneLine, visible } from "./clean.ts";
import { mermaid } from "./mermaid.ts";
import { count } from "./text.ts";

/** GitHub refuses a larger summary of a step. */
const BYTES = 1024 * 1024;
/** Kept for the note that something is left out. */
const RESERVE = 1000;

export function stepSummary(report: CaseReport): string {
  const { suites } = report;
  const wrong = suites.flatMap(({ cases }) => cases.filter(isWrong));
  const parts = [
    headText(report),
    tableText(suites),
    ...wrong.map(wrongText),
    expectedText(suites),
    ...report.notes.map((note) => `${prose(note)}\n`),
    ...(report.rerun === null ? [] : [`Run all of it again:\n\n${fence("sh", report.rerun)}`]),
  ].filter((part) => part !== "");
  return within(parts);
}

const isWrong = ({ status }: Case): boolean => status === "failed" || status === "error";

/** As many whole parts as there is room for. */
function within(parts: readonly string[]): string {
  let text = "";
  let bytes = 0;
  for (const [i, part] of parts.entries()) {
    const size = Buffer.byteLength(part) + 1;
    if (bytes + size > BYTES - RESERVE)
      return `${text}\n${parts.length - i} more parts are left out here: a summary has at most ${BYTES} bytes.\n`;
    text += `${i === 0 ? "" : "\n"}${part}`;
    bytes += size;
  }
  return text;
}

function headText({ command, verdict, complete, reason, states }: CaseReport): string {
  const said = [
    ...(states === 0 ? [] : [`${count(states)} states.`]),
    ...(complete ? [] : [`**Not all was seen**: ${prose(reason ?? "no reason is given")}.`]),
  ];
  return [`## gmemcheck ${prose(command)}: ${prose(verdict)}\n`, ...said].join("\n") + "\n";
}

function tableText(suites: readonly Suite[]): string {
  if (suites.length === 0) return "";
  const rows = suites.map(({ name, cases, properties = {} }) => {
    const of = (...wanted: readonly Case["status"][]): number =>
      cases.filter(({ status }) => wanted.includes(status)).length;
    const how = Object.entries(properties).map(([key, value]) => `${key} ${value}`);
    const numbers = [
      of("passed"),
      of("failed"),
      of("error"),
      of("expected"),
      of("incomplete"),
      of("skipped"),
    ];
    return `| ${[prose(name), ...numbers, prose(how.join(", "))].join(" | ")} |`;
  });
  return [
    "| | passed | failed | error | expected | incomplete | skipped | |",
    "|---|--:|--:|--:|--:|--:|--:|---|",
    ...rows,
    "",
  ].join("\n");
}

function wrongText({ name, className, message, details, rule, place, trace, rerun }: Case): string {
  const at = place === null ? "" : ` at ${code(`${place.file}:${place.line}`)}`;
  return (
    [
      `### ${code(className)}: ${code(name)}`,
      `**${prose(message)}**${at}`,
      `> ${prose(rule.says)}${rule.source === "" ? "" : ` (${prose(rule.source)})`}`,
      ...(trace === undefined || trace.steps.length === 0
        ? []
        : [fence("mermaid", mermaid(trace).trimEnd())]),
      ...(details === "" ? [] : [folded("as text", fence("text", details).trimEnd())]),
      ...(rerun === null ? [] : [fence("sh", rerun)]),
    ].join("\n\n") + "\n"
  );
}

function expectedText(suites: readonly Suite[]): string {
  const expected = suites.flatMap(({ cases }) => cases.filter(({ status }) => status === "expected"));
  if (expected.length === 0) return "";
  const lines = expected.map(
    ({ className, name, message }) => `- ${code(className)}: ${code(name)}: ${prose(message)}`,
  );
  return folded(`${expected.length} broken, as declared`, lines.join("\n")) + "\n";
}

function folded(title: string, text: string): string {
  return `<details><summary>${title}</summary>\n\n${text}\n\n</details>`;
}

/** A block of code that its text cannot end. */
function fence(language: string, text: string): string {
  const plain = visible(text);
  const longest = Math.max(2, ...[...plain.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}${language}\n${plain}\n${ticks}\n`;
}

/** Text in which nothing is Markdown, HTML, a link or a mention. */
function prose(text: string): string {
  return oneLine(text).replace(/[!-/:-@[-`{-~]/g, (char) => {
    if (/[ ,.;()]/.test(char) && char !== ".") return char;
    const entity = `&#${char.codePointAt(0)};`;
    return char === "@" || char === "#" ? `<span>${entity}</span>` : entity;
  });
}

function code(text: string): string {
  return `<code>${oneLine(text).replace(/[!-/:-@[-`{-~]/g, (char) => `&#${char.codePointAt(0)};`)}</code>`;
}
