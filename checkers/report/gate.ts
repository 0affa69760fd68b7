/** A gate's report as text. */
import type { Change } from "../analyse/change.ts";
import { STAGES, WORDS, type Finding, type GateReport, type Stage } from "../gate/finding.ts";
import { indent } from "./text.ts";
import { wrap } from "./wrap.ts";

/** Changes, designs and the like that are named one by one. */
const MOST = 12;

export function gateText(report: GateReport): string {
  const wrong = WORDS.flatMap((one) => grouped(report.findings.filter(({ word }) => word === one)));
  const decided = grouped(report.findings.filter((finding) => finding.decided !== null));
  const parts = [
    headLines(report),
    ...wrong.map(wrongLines),
    decided.flatMap(decidedLines),
    (Object.keys(STAGES) as Stage[]).flatMap((stage) => stageLines(stage, report.findings)),
    ...undoneLines(report),
    listed("gate.allow: nothing of this change is what it decides", report.stale.map(staleText)),
    listed("note", report.notes),
    [endLine(report)],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

const short = (commit: string): string => commit.slice(0, 12);

function headLines({ base, head, changes, reached }: GateReport): string[] {
  const from = base === null ? "no base" : `${base.ref} (${short(base.commit)})`;
  const more = head.uncommitted === 0 ? "" : `, ${counted(head.uncommitted, "file")} of it not committed`;
  const to = head.commit === null ? "the working tree" : `the working tree at ${short(head.commit)}`;
  const reach = reached.length === 0 ? "reaching no design" : `reaching ${counted(reached.length, "design")}`;
  const what =
    base === null
      ? "what changed is not known, so that every design counts as reached"
      : changes.length === 0
        ? "nothing that a model is made of changed"
        : `${counted(changes.length, "change")}, ${reach}`;
  return [
    `${from} → ${to}${more}`,
    what,
    ...changes.slice(0, MOST).map(changeLine),
    ...(changes.length > MOST ? [`  and ${changes.length - MOST} more`] : []),
  ];
}

const counted = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;

function changeLine({ did, kind, name, at }: Change): string {
  return `  ${did} ${kind === "other" ? "" : `${kind} `}${name}  ${at.file}:${at.line}`;
}

/** The same of several designs. */
type Group = readonly [Finding, ...Finding[]];

function grouped(findings: readonly Finding[]): Group[] {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const { stage, word, name, rule } = finding;
    const key = [stage, word, rule.id, name].join("\n");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return [...groups.values()];
}

function wrongLines([first, ...others]: Group): string[] {
  const { word, className, name, message, place, details, decision, rerun } = first;
  const at = place === null ? "" : `  ${place.file}:${place.line}`;
  const names = others.map((one) => one.className);
  return [
    `${word!.toUpperCase()}  ${className}: ${name}${at}`,
    ...wrap(message, "  "),
    ...(details === "" ? [] : indent(details, "    ")),
    ...(names.length === 0 ? [] : wrap(`also ${namesText(names)}`, "  ")),
    ...(rerun === null ? [] : [`  again: ${rerun}`]),
    ...(decision === null
      ? []
      : [`  to decide it, in gate.allow: ${decision.kind} ${decision.name}: REASON`]),
  ];
}

function namesText(names: readonly string[]): string {
  const more = names.length > MOST ? ` and ${names.length - MOST} more` : "";
  return `${names.slice(0, MOST).join(", ")}${more}`;
}

function decidedLines(group: Group): string[] {
  const [{ decided, message }] = group;
  const names = group.map(({ className }) => className);
  const { kind, name, reason, line } = decided!;
  return [
    `decided: ${kind} ${name} (gate.allow:${line}): ${reason}`,
    ...wrap(`${namesText(names)}: ${message}`, "  "),
  ];
}

function stageLines(stage: Stage, findings: readonly Finding[]): string[] {
  const right = findings.filter((one) => one.stage === stage && one.word === null && one.decided === null);
  if (right.length === 0) return [];
  const lines = grouped(right).flatMap(([first, ...others]) => {
    const names = [first, ...others].map(({ className }) => className);
    if (others.length === 0) return wrap(`${first.className}: ${first.name}: ${first.message}`, "  ");
    return wrap(`${first.name}: ${names.length}: ${namesText(names)}`, "  ");
  });
  return [STAGES[stage], ...lines];
}

const staleText = ({ kind, name, line }: GateReport["stale"][number]): string =>
  `line ${line}: ${kind} ${name}`;

function listed(title: string, what: readonly string[]): string[] {
  return what.length === 0 ? [] : [title, ...what.flatMap((one) => wrap(one, "  "))];
}

/** What was not looked at, by the reason. */
function undoneLines({ undone }: GateReport): string[][] {
  const reasons = [...new Set(undone.map(({ why }) => why))];
  return reasons.map((reason) => {
    const whats = undone.filter(({ why }) => why === reason).map(({ what }) => what);
    return listed(`not done: ${reason}`, [
      ...whats.slice(0, MOST),
      ...(whats.length > MOST ? [`and ${whats.length - MOST} more`] : []),
    ]);
  });
}

function endLine({ verdict, complete, reason, seconds, times }: GateReport): string {
  const far = complete ? "" : `; NOT complete: ${reason}`;
  const each = Object.entries(times).map(([stage, time]) => `${STAGES[stage as Stage]} ${time.toFixed(1)}`);
  return `gate: ${verdict.toUpperCase()}${far} (${seconds.toFixed(1)} s${each.length === 0 ? "" : `: ${each.join(", ")}`})`;
}
