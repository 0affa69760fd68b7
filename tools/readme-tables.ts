/** The tables of README.md, between `<!-- name -->` and `<!-- end name -->`: from the pins, the recordings, and bench/growth.json. */
import { readFileSync, readdirSync } from "node:fs";
import { conform } from "../checkers/kernel/conform.ts";
import { readRecording } from "../checkers/kernel/recording.ts";
import { count } from "../checkers/report/text.ts";
import { player } from "../models/guest-memfd/recording/player.ts";
import { pins } from "../models/pins.ts";
import { registry, type Entry } from "../models/registry.ts";
import { PROFILES } from "../spec/language/design.ts";
import type { Pin } from "../spec/language/pin.ts";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const pinsOf = ({ design }: Entry): Pin[] => Object.values(pins[design.name]!);
const ofKind = (kind: Entry["kind"]): Entry[] => registry.filter((entry) => entry.kind === kind);

/** Promise → calls of the shortest trace that breaks it. */
function lengths(entry: Entry): Map<string, number> {
  const shortest = new Map<string, number>();
  for (const [name, steps] of pinsOf(entry).flatMap(({ violated }) => Object.entries(violated)))
    shortest.set(name, Math.min(steps, shortest.get(name) ?? Infinity));
  return shortest;
}

function status(): string {
  const rows = ofKind("shipped").map((entry) => {
    const states = pinsOf(entry).reduce((sum, pin) => sum + pin.states, 0);
    const broken = [...lengths(entry)].map(([name, steps]) => `${name} (${steps} calls)`);
    return [
      `\`${entry.design.name}\``,
      pinsOf(entry).length,
      count(states),
      broken.length === 0 ? "none" : broken.join(", "),
    ];
  });
  return table(["design", "runs, all exhausted", "states", "promises broken"], rows);
}

function mutants(): string {
  const rows = ofKind("mutant").map((entry) => {
    const [promise] = entry.breaks as [string];
    return [
      `\`${entry.design.name}\``,
      entry.bug ?? "",
      entry.design.says,
      `${promise}, ${lengths(entry).get(promise)} calls`,
    ];
  });
  return table(["mutant", "bug", "what is changed", "caught by"], rows);
}

function agreement(): string {
  const names = readdirSync(new URL("recordings/", root)).filter((name) => name.endsWith(".jsonl"));
  const rows = names.map((name) => {
    const recording = readRecording(read(`recordings/${name}`), name, player, "answered");
    const { kernel, set } = recording.header;
    const { design } = registry.find((e) => e.kernel !== undefined && kernel.startsWith(`${e.kernel}.`))!;
    const { sequences, operations, disagreements } = conform(name, recording, design, player);
    return [kernel, set, `\`${design.name}\``, count(sequences), count(operations), disagreements.length];
  });
  return table(["kernel", "set", "design", "programs", "calls compared", "disagreements"], rows);
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

const PARTS: Readonly<Record<string, () => string>> = { status, agreement, mutants, growth };

/** README.md with its tables as they should be. */
export function readme(): string {
  let text = read("README.md");
  for (const [name, make] of Object.entries(PARTS)) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- end ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from)
      throw new Error(`README.md has no place for the table "${name}": ${begin} … ${end}`);
    text = `${text.slice(0, from + begin.length)}\n\n${make()}\n\n${text.slice(to)}`;
  }
  return text;
}
