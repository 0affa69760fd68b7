/** What is made of models/proposals/README.md: each family's designs against what is promised, from the pins, and the objections. */
import { namesAsked } from "../checkers/explore/asked.ts";
import { initialState, resolveBounds } from "../checkers/explore/bounded.ts";
import { fileName } from "../checkers/trace/text.ts";
import { families } from "../models/proposals/families.ts";
import type { Claim, Family, Objection } from "../models/proposals/family.ts";
import type { AnyDesign } from "../spec/language/design.ts";
import { BUILT_IN } from "../spec/language/kernel-bug.ts";
import { FAILED_CALL } from "../spec/language/property.ts";
import { promises } from "../spec/properties/promises.ts";
import { filled, lengths, table } from "./tables.ts";

const README = "models/proposals/README.md";
const common = promises.map(({ name }) => name);
const ofTheLanguage = [FAILED_CALL, ...BUILT_IN].map(({ name }) => name);

/** The promises that some run of a design asks of it. */
export function asked(design: AnyDesign): ReadonlySet<string> {
  const m: unknown = design.machine(resolveBounds(design, design.vectors[0]!.bounds));
  const view = design.view(initialState(design, m, design.sizes(m)), m) as Record<string, unknown>;
  const unanswered = design.promises
    .filter(({ needs = [] }) => needs.some((question) => view[String(question)] === undefined))
    .map(({ name }) => name);
  const statements = (design.statements ?? []).map(({ name }) => name);
  const names = new Set(design.vectors.flatMap(({ mode }) => namesAsked(design, mode ?? "sequential")));
  for (const name of [...unanswered, ...statements]) names.delete(name);
  return names;
}

/** Why a common promise is not asked of a design. */
export function reasonsFor(
  { silent, silentOf }: Family,
  design: AnyDesign,
): Readonly<Record<string, string>> {
  return { ...silent, ...silentOf?.[design.name] };
}

const code = (name: string): string => `\`${name}\``;
const plain = (text: string): string => text.replaceAll("|", "\\|");
const isBuilt = (design: AnyDesign): string => design.place.replace(/:\d+$/, "").replace("models/", "../");
const link = (design: AnyDesign): string =>
  `[${code(design.name)}](${isBuilt(design).replace("../proposals/", "")})`;

function breach(design: AnyDesign, promise: string): string {
  const trace = `../../counterexamples/${fileName(design.name)}/${promise}.json`;
  return `✗ [${lengths(design).get(promise)}](${trace})`;
}

function cell(design: AnyDesign, promise: string): string {
  if (!asked(design).has(promise)) return "—";
  return lengths(design).has(promise) ? breach(design, promise) : "holds";
}

/** Asked of some design of a family: the common ones, those that all of its designs share, those of the language; and the rest. */
function promisesOf({ designs }: Family) {
  const all = new Set(designs.flatMap((design) => [...asked(design)]));
  const own = [...all].filter((name) => !common.includes(name) && !ofTheLanguage.includes(name));
  const shared = own.filter((name) => designs.every((design) => asked(design).has(name)));
  const inTable = [...common, ...shared, ...ofTheLanguage].filter((name) => all.has(name));
  return { inTable, ofSome: own.filter((name) => !shared.includes(name)) };
}

function familyText(family: Family): string {
  const { designs, mutants } = family;
  const { inTable, ofSome } = promisesOf(family);
  const rows = inTable.map((name) => [name, ...designs.map((design) => cell(design, name))]);
  const ofSomeLines = ofSome.map((name) => {
    const whom = designs.filter((design) => asked(design).has(name));
    return `- ${name}: ${whom.map((design) => `${code(design.name)} ${cell(design, name)}`).join(", ")}`;
  });
  const mutantRows = mutants.map(({ design, bug, killedBy }) => [
    link(design),
    bug,
    plain(design.says),
    `${killedBy}, ${lengths(design).get(killedBy)}`,
  ]);
  return [
    `## ${family.title}`,
    `Source: ${plain(family.source)}.`,
    designs.map((design) => `- ${link(design)}: ${design.says}`).join("\n"),
    table(["promise", ...designs.map(({ name }) => code(name))], rows),
    ...(ofSomeLines.length === 0 ? [] : ["Asked of some of them alone:", ofSomeLines.join("\n")]),
    "Not asked, and why:",
    silenceText(family),
    table(["mutant", "bug", "what is changed", "caught by"], mutantRows),
  ].join("\n\n");
}

/** By reason, what is not asked for it; what is so of the same designs for the same reason stands together. */
function silenceText({ designs, silent, silentOf = {} }: Family): string {
  const byReason = (why: Readonly<Record<string, string>>): Map<string, string[]> => {
    const groups = new Map<string, string[]>();
    for (const [promise, reason] of Object.entries(why))
      groups.set(reason, [...(groups.get(reason) ?? []), promise]);
    return groups;
  };
  const ofDesigns = new Map<string, { reason: string; named: readonly string[]; whom: string[] }>();
  for (const { name } of designs) {
    for (const [reason, named] of byReason(silentOf[name] ?? {})) {
      const key = `${reason}: ${named.join()}`;
      const known = ofDesigns.get(key) ?? { reason, named, whom: [] };
      known.whom.push(code(name));
      ofDesigns.set(key, known);
    }
  }
  const what = (named: readonly string[]): string =>
    named.length === common.length ? "every common promise" : named.join(", ");
  return [
    ...[...byReason(silent)].map(([reason, named]) => `- ${what(named)}: ${plain(reason)}`),
    ...[...ofDesigns.values()].map(
      ({ reason, named, whom }) => `- ${what(named)} of ${whom.join(", ")}: ${plain(reason)}`,
    ),
  ].join("\n");
}

const kept = ({ design, promise }: Claim): string => `${link(design)}: ${promise}`;
const broken = ({ design, promise }: Claim): string =>
  `${link(design)}: ${promise}, ${breach(design, promise)}`;

function objectionRow({ says, by, subject, date, against, answer }: Objection): string[] {
  return [plain(says), plain(by), `"${plain(subject)}", ${date}`, broken(against), kept(answer)];
}

function objections(): string {
  const rows = families.flatMap((family) => family.objections.map(objectionRow));
  return table(["argument", "by", "mail", "broken by", "kept by"], rows);
}

/** models/proposals/README.md with its tables as they should be. */
export function proposals(): string {
  return filled(README, {
    families: () => families.map(familyText).join("\n\n"),
    objections,
  });
}
