/** The reports that a page can show, by what they say of themselves and by their published schemas. */
import { InputError } from "../../checkers/input.ts";
import type { CheckFile, DiffFile, FuzzFile, GateFile, GrowthFile, MutateFile } from "./files.ts";
import check from "../../schemas/gmemcheck-check-1.json" with { type: "json" };
import diff from "../../schemas/gmemcheck-diff-1.json" with { type: "json" };
import fuzz from "../../schemas/gmemcheck-fuzz-1.json" with { type: "json" };
import gate from "../../schemas/gmemcheck-gate-1.json" with { type: "json" };
import mutate from "../../schemas/gmemcheck-mutate-1.json" with { type: "json" };
import { checkBySchema } from "../session/by-schema.ts";
import growth from "./growth-schema.json" with { type: "json" };

export type Report =
  | { readonly kind: "check"; readonly where: string; readonly file: CheckFile }
  | { readonly kind: "fuzz"; readonly where: string; readonly file: FuzzFile }
  | { readonly kind: "mutate"; readonly where: string; readonly file: MutateFile }
  | { readonly kind: "gate"; readonly where: string; readonly file: GateFile }
  | { readonly kind: "diff"; readonly where: string; readonly file: DiffFile }
  | { readonly kind: "growth"; readonly where: string; readonly file: GrowthFile };
export type Kind = Report["kind"];

/** Of each kind what no other has at its top, in the order in which they are told apart. */
const SIGNS: Readonly<Record<Kind, readonly string[]>> = {
  check: ["results", "designs"],
  diff: ["differences", "compatibility"],
  gate: ["findings", "stale"],
  mutate: ["mutants"],
  growth: ["cells", "scenario"],
  fuzz: ["results", "complete"],
};
const SCHEMAS: Readonly<Record<Kind, unknown>> = { check, diff, gate, mutate, growth, fuzz };

/** Null for what is no report, a trace perhaps. */
export function kindOf(document: unknown): Kind | null {
  if (typeof document !== "object" || document === null) return null;
  const kinds = Object.keys(SIGNS) as Kind[];
  return kinds.find((kind) => SIGNS[kind].every((key) => Object.hasOwn(document, key))) ?? null;
}

/** `where` names the report in messages. Throws InputError. */
export function readReport(document: unknown, where: string): Report {
  const kind = kindOf(document);
  if (kind === null) {
    throw new InputError(
      where,
      "no report that is known here",
      "a file of another kind, or one cut short",
      "what check, diff, fuzz, gate or mutate print with --format json, or bench/growth.json",
    );
  }
  const version = (document as { readonly schemaVersion?: unknown }).schemaVersion;
  if (kind !== "growth" && version !== 1) {
    throw new InputError(
      where,
      `schemaVersion is ${JSON.stringify(version) ?? "not there"}`,
      "a report of another version",
      `1, as schemas/gmemcheck-${kind}-1.json says`,
    );
  }
  checkBySchema(document, where, {
    schema: SCHEMAS[kind],
    file: kind === "growth" ? "bench/growth.json" : `schemas/gmemcheck-${kind}-1.json`,
    usualCause: "a report cut short, edited by hand, or of another version",
  });
  return { kind, where, file: document } as Report;
}
