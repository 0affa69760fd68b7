/** The designs that a change reaches, loaded on both sides, in the order in which they are looked at. */
import type { Change, Lines, Reached } from "../../checkers/analyse/change.ts";
import type { SourcePlace } from "../../checkers/report/cases.ts";
import type { Trace } from "../../spec/language/trace.ts";
import type { Entry } from "../../models/catalogue.ts";
import { askedFor, loaded, type Designs } from "./designs.ts";

export interface Affected {
  readonly name: string;
  /** How commands and jobs ask for it in the head. */
  readonly asked: string;
  readonly listed: boolean;
  readonly by: readonly Change[];
  /** Declared where something changed, or the first that a change of what many are made of reaches. */
  readonly isOwn: boolean;
  readonly head: Entry;
  readonly base: Entry | null;
}

export interface Unloaded {
  readonly name: string;
  readonly side: "base" | "head";
  readonly file: string;
  readonly fault: string;
}

export interface Loaded {
  readonly affected: readonly Affected[];
  readonly removed: readonly Reached[];
  readonly unloaded: readonly Unloaded[];
}

export async function loadAffected(
  reached: readonly Reached[],
  base: Designs | null,
  head: Designs,
): Promise<Loaded> {
  const found: Omit<Affected, "isOwn">[] = [];
  const unloaded: Unloaded[] = [];
  const load = async (
    of: Designs,
    { name, file }: Reached,
    side: Unloaded["side"],
  ): Promise<Entry | null> => {
    const entry = await loaded(askedFor(of, name, file));
    if (!("fault" in entry)) return of.names.includes(name) ? entry : byItself(entry);
    unloaded.push({ name, side, file, fault: entry.fault });
    return null;
  };
  for (const one of reached) {
    if (one.did === "removed") continue;
    const was = base === null || one.did === "added" ? null : await load(base, one, "base");
    const is = await load(head, one, "head");
    const asked = askedFor(head, one.name, one.file);
    const { name, listed, by } = one;
    if (is !== null) found.push({ name, asked, listed, by, head: is, base: was });
  }
  const removed = reached.filter(({ did }) => did === "removed");
  return { affected: inOrder(found, reached), removed, unloaded };
}

/** Of a design that no catalogue lists, what it says of itself is what is expected. */
function byItself(entry: Entry): Entry {
  return { ...entry, breaks: (entry.design.knownBreaches ?? []).map(({ property }) => property) };
}

const KINDS: readonly Entry["kind"][] = ["shipped", "benchmark", "proposal", "mutant"];

/** What changed itself first; then the newest version, what is proposed, and mutants. */
function inOrder(found: readonly Omit<Affected, "isOwn">[], reached: readonly Reached[]): Affected[] {
  const own = new Set(found.filter((one) => isDeclaredIn(one, reached)).map(({ name }) => name));
  const kinds = KINDS.filter((kind) => found.some(({ head }) => head.kind === kind));
  const isOwn = ({ name, head }: Omit<Affected, "isOwn">): boolean =>
    own.size > 0 ? own.has(name) : head.kind === kinds[0];
  const rank = ({ head: { kind, isDelta }, isOwn }: Affected): number =>
    (isOwn ? 0 : 2 * KINDS.length) + 2 * KINDS.indexOf(kind) + (isDelta === true ? 1 : 0);
  const ordered = found.map((one) => ({ ...one, isOwn: isOwn(one) }));
  // Versions are listed from the oldest on, and the newest one says most about what comes next.
  return [
    ...ordered.filter(({ head }) => head.kind === "shipped").reverse(),
    ...ordered.filter(({ head }) => head.kind !== "shipped"),
  ].sort((a, b) => rank(a) - rank(b));
}

function isDeclaredIn({ name, by }: Omit<Affected, "isOwn">, reached: readonly Reached[]): boolean {
  const { file, declaration } = reached.find((one) => one.name === name)!;
  return by.some(
    (change) => change.at.file === file && (change.declaration === declaration || change.name === name),
  );
}

/** The line to point at: what changed of a call of the trace, the last one first; else the first thing that changed. */
export function changedPlace(
  { by }: Pick<Affected, "by">,
  trace: Trace | null,
  inRepository: string,
): SourcePlace | null {
  const there = by.filter(({ did, kind }) => did !== "removed" && kind !== "expectation" && kind !== "type");
  const calls = [...(trace?.steps ?? [])].reverse().map(({ call }) => call);
  const ofCall = calls.flatMap((call) => there.filter(({ name }) => name.split(" › ")[0] === call));
  const found = ofCall[0] ?? there[0];
  return found === undefined ? null : placeOf(found.at, inRepository);
}

/** `inRepository`: the folder of the tree below that of the repository, with a "/" behind it; empty where they are one. */
export function placeOf({ file, line, endLine }: Lines, inRepository: string): SourcePlace {
  return { file: `${inRepository}${file}`, line, ...(endLine > line ? { endLine } : {}) };
}
