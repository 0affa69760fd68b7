/** The tables of README.md, between `<!-- name -->` and `<!-- end name -->`: from the pins, the recordings, and bench/growth.json. */
import { readdirSync } from "node:fs";
import { conform, type Conformance } from "../checkers/kernel/conform.ts";
import { readRecording } from "../checkers/kernel/recording.ts";
import type { FATES } from "../checkers/mutate/scores.ts";
import { count } from "../checkers/report/text.ts";
import { entryForKernel, playerOf } from "../cli/players.ts";
import { player } from "../models/guest-memfd/recording/player.ts";
import { changeBehind, versionDifferences } from "../models/guest-memfd/differences.ts";
import { pins } from "../models/pins.ts";
import { families } from "../models/proposals/families.ts";
import type { Entry } from "../models/catalogue.ts";
import { entryOf, registry } from "../models/registry.ts";
import { PROFILES } from "../spec/language/design.ts";
import type { Pin } from "../spec/language/pin.ts";
import type { MeasuredPages, PageTimes } from "./page-times.ts";
import { filled, lengths, read, root, table, type Parts } from "./tables.ts";

const pinsOf = ({ design }: Entry): Pin[] => Object.values(pins[design.name]!);
const ofKind = (kind: Entry["kind"]): Entry[] => registry.filter((entry) => entry.kind === kind);

function status(): string {
  const rows = ofKind("shipped").map((entry) => {
    const states = pinsOf(entry).reduce((sum, pin) => sum + pin.states, 0);
    const broken = [...lengths(entry.design)].map(([name, steps]) => `${name} (${steps})`);
    return [
      `\`${entry.design.name}\``,
      pinsOf(entry).length,
      count(states),
      broken.length === 0 ? "none" : broken.join(", "),
    ];
  });
  return table(["design", "runs, all exhausted", "states", "promises broken"], rows);
}

/** What each version changes for who relies on the one before: its answers, and the promises that both were asked at the same bounds. */
function differences(): string {
  const rows = versionDifferences().flatMap(({ a, b, differences: found }) => [
    ...found.map((difference) => [
      `${shortName(a)} → ${shortName(b)}`,
      `${difference.kind}: \`${difference.subject}\`: ${difference.from} → ${difference.to}`,
      difference.compatibility,
      difference.steps,
      changeBehind(b, difference)?.says ?? "not known",
    ]),
    ...promisesChanged(a, b).map(([kind, name, compatibility]) => [
      `${shortName(a)} → ${shortName(b)}`,
      `${kind}: ${name}`,
      compatibility,
      "",
      kind === "promise lost" ? breachOf(b, name) : `no more: ${breachOf(a, name)}`,
    ]),
  ]);
  return table(["versions", "difference", "", "calls", "what the kernel changed"], rows);
}

const shortName = (design: string): string => design.replace("guest-memfd-", "");

/** What a version says of a promise that it breaks. */
function breachOf(name: string, promise: string): string {
  const { knownBreaches = [] } = entryOf(name)!.design;
  return knownBreaches.find(({ property }) => property === promise)?.says ?? "";
}

/** By the pins of the vectors that both versions have. */
function promisesChanged(a: string, b: string): (readonly [string, string, string])[] {
  const shared = Object.keys(pins[a]!).filter((vector) => vector in pins[b]!);
  const broken = (design: string): Set<string> =>
    new Set(shared.flatMap((vector) => Object.keys(pins[design]![vector]!.violated)));
  const [before, after] = [broken(a), broken(b)];
  return [
    ...[...after]
      .filter((name) => !before.has(name))
      .map((name) => ["promise lost", name, "breaks"] as const),
    ...[...before]
      .filter((name) => !after.has(name))
      .map((name) => ["promise gained", name, "compatible"] as const),
  ];
}

/** How far the comparisons went. */
function compared(): string {
  const all = versionDifferences();
  const sum = (of: (one: (typeof all)[number]) => number): number => all.reduce((n, one) => n + of(one), 0);
  const open = sum(({ unfollowed }) => unfollowed);
  const but =
    open === 0 ? "" : `, but for what lies behind ${open} overlaps whose results leave the state open`;
  return `${sum(({ runs }) => runs)} runs, all exhausted${but}: ${count(sum(({ pairs }) => pairs))} pairs of states, ${count(sum(({ calls }) => calls))} calls made in both.`;
}

/** Those of the discussions are with their designs (proposals-tables.ts). */
const discussed = new Set(families.flatMap((family) => family.mutants.map(({ design }) => design)));

function mutants(): string {
  const rows = ofKind("mutant")
    .filter(({ design }) => !discussed.has(design))
    .map(({ design, bug, breaks }) => {
      const [promise] = breaks as [string];
      return [`\`${design.name}\``, bug ?? "", design.says, `${promise}, ${lengths(design).get(promise)}`];
    });
  return table(["mutant", "bug", "what is changed", "caught by"], rows);
}

/** A set of recordings against the design of its kernel. */
export type OfSet = Conformance & { readonly set: string };

/** Each recording of these, in the order of their names. */
async function conformances(wanted: (name: string) => boolean): Promise<OfSet[]> {
  const names = readdirSync(new URL("recordings/", root)).filter(
    (name) => name.endsWith(".jsonl") && wanted(name),
  );
  const found: OfSet[] = [];
  for (const name of names) {
    const recording = readRecording(read(`recordings/${name}`), name, player, "answered");
    const entry = await entryForKernel(recording.header, name);
    const { set } = recording.header;
    found.push({ set, ...conform(name, recording, entry.design, await playerOf(entry)) });
  }
  return found;
}

const areRaces = (name: string): boolean => name.includes("-litmus");

export function agreement(found: readonly OfSet[]): string {
  const rows = found.map(({ kernel, set, design, sequences, operations, disagreements }) => [
    kernel,
    set,
    `\`${design}\``,
    count(sequences),
    count(operations),
    disagreements.length,
  ]);
  return table(["kernel", "set", "design", "programs", "calls compared", "disagreements"], rows);
}

export function races(found: readonly OfSet[]): string {
  const rows = found.flatMap(({ kernel, races: blocks }) =>
    blocks.map(({ title, allowed, observed, disagreements }) => [
      kernel,
      title,
      allowed,
      observed,
      disagreements.length,
    ]),
  );
  return table(["kernel", "race", "outcomes allowed", "observed of these", "observed besides"], rows);
}

interface Mutation {
  readonly commit: string;
  readonly design: string;
  readonly complete: boolean;
  readonly score: { readonly killed: number; readonly of: number };
  readonly counts: MutationCounts;
  readonly operators: Readonly<Record<string, MutationCounts>>;
  readonly vectors: readonly { readonly states: number }[];
  readonly leftOut: readonly string[];
  /** Mutants that survived or were too big, and are not explained. */
  readonly open: readonly string[];
}
type MutationCounts = Readonly<Record<(typeof FATES)[number] | "explained", number>>;

const mutation = (): Mutation => JSON.parse(read("models/mutants/mutation.json")) as Mutation;

/** The score of the newest shipped version, and how it was found. */
function killed(): string {
  const { commit, design, complete, score, counts, vectors, leftOut, open } = mutation();
  const share = score.killed === score.of ? "all" : count(score.killed);
  const ways = `${count(counts.promise)} by a promise, a statement or a known breach that is another, ${count(counts.language)} by the language, ${count(counts.recording)} by recordings of real kernels alone`;
  const others = `${count(counts.equivalent)} are equivalent at these bounds, ${count(counts["not reached"])} are not reached, ${count(counts.explained)} are explained one by one`;
  const states = vectors.reduce((sum, one) => sum + one.states, 0);
  const left =
    open.length === 0
      ? ""
      : `${count(open.length)} are not noticed: \`open\` in [mutation.json](models/mutants/mutation.json). `;
  const where = `${vectors.length} vectors with ${count(states)} states of the original together${leftOut.length === 0 ? "" : `; ${leftOut.length} larger ones were left out`}`;
  return `\`${design}\`: ${share} of ${count(score.of)} mutants that nothing shows to be equivalent are noticed: ${ways}. ${others} ([equivalents.ts](models/mutants/equivalents.ts)). ${left}Judged at ${where}${complete ? "" : "; NOT all were judged"}. Commit ${commit}, \`npm run mutation\`.`;
}

function operators(): string {
  const head = [
    "promise",
    "language",
    "recording",
    "survived",
    "too big",
    "equivalent",
    "explained",
  ] as const;
  const rows = Object.entries(mutation().operators).map(([name, counts]) => [
    name,
    ...[...head, "not reached" as const].map((kind) => counts[kind]),
  ]);
  return table(["operator", ...head, "not reached"], rows);
}

interface Growth {
  readonly scenario: string;
  readonly seconds: number;
  readonly cells: readonly {
    readonly design: string;
    readonly bounds: Readonly<Record<string, number>>;
    readonly track: string;
    readonly states?: number;
  }[];
}

function growth(): string {
  const { cells, seconds } = JSON.parse(read("bench/growth.json")) as Growth;
  const boundsText = (bounds: object): string =>
    Object.entries(bounds)
      .map(([name, value]) => `${name}=${value}`)
      .join(",");
  const designs = [...new Set(cells.map(({ design }) => design))];
  const bounds = [...new Set(cells.map((cell) => boundsText(cell.bounds)))];
  const rows = bounds.map((of) => [
    of === "" ? "the least" : of,
    ...designs.flatMap((design) =>
      PROFILES.map((track) => {
        const cell = cells.find(
          (c) => c.design === design && c.track === track && boundsText(c.bounds) === of,
        )!;
        return cell.states === undefined ? `not in ${seconds} s` : count(cell.states);
      }),
    ),
  ]);
  const head = designs.flatMap((design) =>
    PROFILES.map((track) => `${design.replace("guest-memfd-", "")} ${track}`),
  );
  return table(["bounds", ...head], rows);
}

/** What pages cost who opens them. */
function pages(): string {
  const { largest, long, commit, machine } = JSON.parse(read("docs/pages.json")) as MeasuredPages;
  const timesOf = ({ readyMs, stepMs }: PageTimes): string =>
    `answers ${count(readyMs)} ms after it is opened, and a key within ${stepMs.median} ms (${stepMs.of95} ms for 95 of 100)`;
  const where = `Chromium ${machine.chromium.split(".")[0]} on ${machine.cores} cores (${machine.cpu}), commit ${commit.slice(0, 12)}, \`npm run pages\``;
  return `The page of the largest stored trace (${largest.steps} steps, ${largest.kilobytes} kB) ${timesOf(largest)}; one of ${count(long.steps)} calls (${long.kilobytes} kB) ${timesOf(long)}. ${where}.`;
}

/** What is read from files; the two tables of recordings play them all. */
export const QUICK_PARTS: Parts = {
  status,
  pages,
  differences,
  compared,
  mutants,
  killed,
  operators,
  growth,
};

/** The two tables of recordings, too. */
export async function everyPart(): Promise<Parts> {
  const [sequential, raced] = [await conformances((name) => !areRaces(name)), await conformances(areRaces)];
  return { ...QUICK_PARTS, agreement: () => agreement(sequential), races: () => races(raced) };
}

/** README.md with these tables as they should be. */
export function readme(parts: Parts): string {
  return filled("README.md", parts);
}
