/** What is wrong as a SARIF result: where, and the trace as a code flow with a thread flow for each actor. */
import { createHash } from "node:crypto";
import type { Case, SourcePlace } from "./cases.ts";
import { oneLine, visible } from "./clean.ts";
import { beatText, beatsOf, type Beat } from "./story.ts";

/** How much of the traces is written. */
export interface Detail {
  /** The first so many results have theirs. */
  readonly flows: number;
  readonly changes: boolean;
  /** What is left out. */
  readonly note: string | null;
}

/** The line of a source file, for the columns of a place that has none; null where it cannot be read. */
export type SarifSources = (file: string, line: number) => string | null;

/** Locations of all thread flows of a result. */
const STEPS = 10_000;
/** Where nothing is to blame: GitHub takes no result without a location. */
const NOWHERE: SourcePlace = { file: "gmemcheck", line: 1 };

/** Braces and links have a meaning in messages (2.1.0, 3.11.5 and 3.11.6); no message is empty. */
export function message(text: string): string {
  const plain = visible(text).replace(/[{}]/g, "$&$&").replaceAll("](", "] (");
  return plain.trim() === "" ? "(nothing is said)" : plain;
}

/** No identifier is empty. */
export const idText = (id: string): string => oneLine(id) || "unnamed";

export class SarifResults {
  private readonly rules: ReadonlyMap<string, number>;
  private readonly sources: SarifSources;
  private readonly detail: Detail;
  private readonly fingerprints = new Map<string, number>();
  private flows = 0;

  constructor(rules: ReadonlyMap<string, number>, sources: SarifSources, detail: Detail) {
    this.rules = rules;
    this.sources = sources;
    this.detail = detail;
  }

  of(one: Case): unknown {
    const { rule, place, rerun } = one;
    const at = place ?? rule.place ?? NOWHERE;
    const index = this.rules.get(rule.id);
    const declared = rule.place === undefined || rule.place === at ? [] : [rule.place];
    return {
      ruleId: idText(rule.id),
      ...(index === undefined ? {} : { ruleIndex: index }),
      kind: "fail",
      level: "error",
      message: { text: message([one.message, ...(rerun === null ? [] : [`Again: ${rerun}`])].join("\n")) },
      locations: [{ physicalLocation: this.physical(at) }],
      ...(declared.length === 0
        ? {}
        : {
            relatedLocations: declared.map((promise) => ({
              id: 1,
              physicalLocation: this.physical(promise),
              message: { text: message(`${rule.id}: ${rule.says}`) },
            })),
          }),
      ...this.codeFlows(one, at),
      partialFingerprints: { primaryLocationLineHash: this.fingerprint(one) },
      properties: { design: idText(one.className) },
    };
  }

  /** The same for the same breach, wherever the line has moved and however long the trace is; the second of equal ones has a number of its own. */
  private fingerprint({ className, name, rule }: Case): string {
    const what = JSON.stringify([rule.id, className, name]);
    const hash = createHash("sha256").update(what).digest("hex").slice(0, 16);
    const number = (this.fingerprints.get(hash) ?? 0) + 1;
    this.fingerprints.set(hash, number);
    return `${hash}:${number}`;
  }

  private codeFlows({ trace, calls = {} }: Case, at: SourcePlace): object {
    if (trace === undefined || trace.steps.length === 0 || this.flows >= this.detail.flows) return {};
    this.flows++;
    const beats = beatsOf(trace).map((beat, order) => ({ beat, order }));
    const shown = beats.slice(-STEPS);
    const lanes = trace.mode === "sequential" ? [null] : [...new Set(shown.map(({ beat }) => beat.actor))];
    const threadFlows = lanes.map((lane) => ({
      ...(lane === null ? {} : { id: idText(lane) }),
      locations: shown
        .filter(({ beat }) => lane === null || beat.actor === lane)
        .map(({ beat, order }) => ({
          location: {
            physicalLocation: this.physical(calls[beat.call] ?? at),
            message: { text: message(`${order + 1}. ${beatText(beat, lane === null)}`) },
          },
          ...this.changes(beat),
          executionOrder: order + 1,
          importance: order === beats.length - 1 ? "essential" : "important",
        })),
    }));
    const left = beats.length - shown.length;
    const note =
      left === 0 ? {} : { message: { text: `the first ${left} steps of ${beats.length} are left out` } };
    return { codeFlows: [{ ...note, threadFlows }] };
  }

  private changes({ changes }: Beat): object {
    if (!this.detail.changes || changes.length === 0) return {};
    const cells = changes.map(({ cell, to }) => [idText(cell), { text: message(String(to)) }] as const);
    return { state: Object.fromEntries(cells) };
  }

  private physical({ file, line, column, endLine, endColumn }: SourcePlace): unknown {
    const text = (this.sources(file, endLine ?? line) ?? "").trimEnd();
    const first = endLine === undefined || endLine === line ? /^\s*/.exec(text)![0].length + 1 : 1;
    const startColumn = column ?? first;
    const last = endColumn ?? text.length + 1;
    const isOneLine = (endLine ?? line) === line;
    return {
      artifactLocation: { uri: uriOf(file) },
      region: {
        startLine: line,
        startColumn,
        endLine: endLine ?? line,
        // Behind the last character, so that a line that cannot be read still has a region of one.
        endColumn: isOneLine ? Math.max(last, startColumn + 1) : Math.max(last, 1),
      },
    };
  }
}

/** A path as a URI: relative to the root of the repository, or of the file system. */
function uriOf(file: string): string {
  const path = visible(file).split("/").map(encodeURIComponent).join("/");
  return path.startsWith("/") ? `file://${path}` : path || "unnamed";
}
