/**
 * Calls that overlap, as text: a column for each actor, a row for each step. What ran is in the column of the actor who ran it, with the
 * locks that it holds then and what it changed; beside it stand the locks of the others who are in the middle of a call.
 */
import { CALLS_END, NO_DEADLOCK } from "../../spec/language/kernel-bug.ts";
import { outcomeText } from "../../spec/language/outcome.ts";
import type { Change, OverlapTrace, SectionStep, Waiting } from "../../spec/language/trace.ts";
import { callText } from "../explore/instances.ts";
import { changeText } from "./change.ts";
import { wrap } from "./wrap.ts";

const WIDTH = 110;
const NARROWEST = 28;
const NUMBER = 5;

const LEGEND = "• what ran in one go, [the locks held after it], ┊ in the middle of a call";

/** The steps in full. */
export function raceLines(trace: OverlapTrace): string[] {
  const alone = callsAlone(trace.steps);
  const from = alone.at(-1)?.to ?? 0;
  return [
    ...(alone.length === 0 ? [] : ["First, one after the other:", ...alone.flatMap(aloneLines), ""]),
    `${alone.length === 0 ? "Section" : "Then, section"} by section: ${LEGEND}`,
    ...new Columns(trace, from).lines(),
  ];
}

/** The steps in short, one after the other; calls that nobody disturbed are one each. */
export function raceList(trace: OverlapTrace): string[] {
  const alone = callsAlone(trace.steps);
  const from = alone.at(-1)?.to ?? 0;
  const rest = trace.steps.slice(from).flatMap((step, i) => {
    const call = step.begins ? `${callText(step.call, step.params)}: ` : "";
    const end = step.ends ? ` = ${outcomeText(step.result)}` : "";
    const again = from + i === trace.loop ? "(from here on for ever) " : "";
    return listed(number(from + i), `${again}${step.actor}: ${call}${sectionsText(step)}${end}`);
  });
  const waiting = (trace.blocked ?? []).flatMap((one) =>
    listed("", `${actorOf(trace, one.thread)}: waits for ${one.for}`),
  );
  return [...alone.flatMap((call) => listed(range(call), aloneText(call))), ...rest, ...waiting];
}

function listed(label: string, text: string): string[] {
  const [first = "", ...more] = wrap(text, " ".repeat(NUMBER), WIDTH);
  return [`${label.padEnd(NUMBER)}${first.trimStart()}`, ...more];
}

/** A call that ran from its begin to its end with no other in flight. */
interface Alone {
  readonly from: number;
  /** Index of the step behind it. */
  readonly to: number;
  readonly steps: readonly SectionStep[];
}

/** The calls at the beginning that ran alone; the last call of a trace is not one, for it is what the trace is about. */
function callsAlone(steps: readonly SectionStep[]): Alone[] {
  const found: Alone[] = [];
  for (let from = 0; from < steps.length; from = found.at(-1)!.to) {
    const { thread } = steps[from]!;
    const other = steps.findIndex((step, i) => i >= from && step.thread !== thread);
    const to = other < 0 ? steps.length : other;
    if (to === steps.length || !steps[to - 1]!.ends) break;
    found.push({ from, to, steps: steps.slice(from, to) });
  }
  return found;
}

function range({ from, to }: Alone): string {
  return to - from === 1 ? number(from) : `${`${from + 1}-${to}`.padStart(3)}  `;
}

function number(i: number): string {
  return `${String(i + 1).padStart(3)}  `;
}

function aloneText({ steps }: Alone): string {
  const [{ actor, call, params }] = steps as [SectionStep];
  return `${actor}: ${callText(call, params)} = ${outcomeText(steps.at(-1)!.result)}`;
}

function aloneLines(call: Alone): string[] {
  const [first = "", ...more] = wrap(aloneText(call), "       ", WIDTH);
  const changed = together(call.steps.flatMap(({ changes }) => changes));
  return [
    `${range(call).trim().padStart(5)}  ${first.trimStart()}`,
    ...more,
    ...changed.flatMap((change) => wrap(changeText(change), "         ", WIDTH)),
  ];
}

/** Changes of several steps as one. */
function together(changes: readonly Change[]): Change[] {
  const cells = new Map<string, Change>();
  for (const { cell, from, to } of changes)
    cells.set(cell, { cell, from: cells.get(cell)?.from ?? from, to });
  return [...cells.values()].filter(({ from, to }) => from !== to);
}

function sectionsText({ sections, waits }: SectionStep): string {
  return waits === undefined ? sections.join(" · ") : `${sections.join(" · ")}, and waits for ${waits}`;
}

function actorOf({ steps }: OverlapTrace, thread: number): string {
  return steps.find((step) => step.thread === thread)!.actor;
}

class Columns {
  private readonly trace: OverlapTrace;
  private readonly from: number;
  private readonly actors: readonly string[];
  private readonly width: number;
  /** The last step of the call that each actor is in the middle of. */
  private readonly inFlight = new Map<string, SectionStep>();

  constructor(trace: OverlapTrace, from: number) {
    this.trace = trace;
    this.from = from;
    this.actors = [...new Set(trace.steps.slice(from).map(({ actor }) => actor))];
    const room = WIDTH - NUMBER - 3 * (this.actors.length - 1);
    this.width = Math.max(NARROWEST, Math.floor(room / this.actors.length));
  }

  lines(): string[] {
    const { steps, loop } = this.trace;
    const rows = steps.slice(this.from).flatMap((step, i) => {
      const index = this.from + i;
      const isLast = index === steps.length - 1;
      return [
        ...(index === loop ? [this.rule("from here on for ever")] : []),
        ...this.stepRow(step, index, isLast),
      ];
    });
    return [...this.head(), ...rows, ...this.end()];
  }

  private head(): string[] {
    return [
      this.row(
        " ".repeat(NUMBER),
        this.actors.map((actor) => [actor]),
      )[0]!,
      this.rule(""),
    ];
  }

  private stepRow(step: SectionStep, index: number, isLast: boolean): string[] {
    const before = this.inFlight.get(step.actor);
    if (step.ends) this.inFlight.delete(step.actor);
    else this.inFlight.set(step.actor, step);
    const cells = this.actors.map((actor) =>
      actor === step.actor ? this.own(step, before, isLast) : this.beside(actor),
    );
    return this.row(number(index), cells);
  }

  /** What the actor did in the step. */
  private own(step: SectionStep, before: SectionStep | undefined, isLast: boolean): string[] {
    const { call, params, sections, holds, changes, waits, result } = step;
    const dropped = !step.ends && holds.length === 0 && (before?.holds.length ?? 0) > 0;
    return [
      ...(step.begins ? this.fit(callText(call, params)) : []),
      ...sections.flatMap((section) => this.fit(`• ${section}`)),
      ...(holds.length > 0 ? this.fit(`  [${holds.join(" ")}]`) : dropped ? ["  [no lock held]"] : []),
      ...changes.flatMap((change) => this.fit(`    ${changeText(change)}`)),
      ...(waits === undefined ? [] : this.fit(`  waits for ${waits}`)),
      ...(step.ends ? this.fit(`ends with ${outcomeText(result)}`) : []),
      ...(isLast ? this.breachHere() : []),
    ];
  }

  /** What the other actors hold meanwhile. */
  private beside(actor: string): string[] {
    const step = this.inFlight.get(actor);
    if (step === undefined) return [];
    return step.holds.length === 0 ? [] : this.fit(`[${step.holds.join(" ")}]`).map((line) => `┊ ${line}`);
  }

  /** The last step broke the promise; where calls wait for ever or go round, none of them did so alone. */
  private breachHere(): string[] {
    const { breach } = this.trace;
    if (breach === null || [NO_DEADLOCK.name, CALLS_END.name].includes(breach.property)) return [];
    return this.fit(`✗ here ${breach.property} is broken`);
  }

  private end(): string[] {
    const { blocked, loop, breach } = this.trace;
    if (loop !== undefined) return [this.rule(`and again from step ${loop + 1}`)];
    if (blocked === undefined || breach?.property !== NO_DEADLOCK.name) return [];
    const cells = this.actors.map((actor) =>
      blocked
        .filter(({ thread }) => actorOf(this.trace, thread) === actor && this.isCurrent(actor, thread))
        .flatMap((one) => this.fit(`✗ waits for ${one.for}${this.heldBy(one)}`)),
    );
    return [this.rule("nobody can go on"), ...this.row(" ".repeat(NUMBER), cells)];
  }

  private isCurrent(actor: string, thread: number): boolean {
    return this.inFlight.get(actor)?.thread === thread;
  }

  /** Who holds what a call waits for. */
  private heldBy({ thread, for: what }: Waiting): string {
    const lock = nameOf(what.replace(/^the readers of /, ""));
    const holders = [...this.inFlight.values()].filter(
      (step) => step.thread !== thread && step.holds.some((held) => nameOf(held) === lock),
    );
    return holders.length === 0 ? "" : `, held by ${holders.map(({ actor }) => actor).join(", ")}`;
  }

  /** Text in the width of a column. */
  private fit(text: string): string[] {
    const [, indent = "", rest = ""] = /^( *)(.*)$/.exec(text)!;
    const width = this.width - 2;
    return wrap(rest, indent, width).flatMap((line) => line.match(new RegExp(`.{1,${width}}`, "gu")) ?? []);
  }

  private row(label: string, cells: readonly (readonly string[])[]): string[] {
    const height = Math.max(1, ...cells.map((cell) => cell.length));
    return Array.from({ length: height }, (_, i) => {
      const columns = cells.map((cell, at) => {
        const idle = this.inFlight.has(this.actors[at]!) ? "┊" : "";
        return (cell[i] ?? idle).padEnd(this.width);
      });
      return `${i === 0 ? label : " ".repeat(NUMBER)}${columns.join(" │ ")}`.trimEnd();
    });
  }

  private rule(text: string): string {
    const line = this.actors.map(() => "─".repeat(this.width)).join("─┼─");
    const all = `${" ".repeat(NUMBER)}${line}`;
    if (text === "") return all;
    return `${all.slice(0, NUMBER + 2)} ${text} ${all.slice(NUMBER + 4 + text.length)}`;
  }
}

/** A lock without how it is held. */
function nameOf(lock: string): string {
  return lock.replace(/ \((read|write)\)$/, "");
}
