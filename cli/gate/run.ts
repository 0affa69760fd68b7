/** A gate: what differs between the two trees, the steps that this asks for, and what they come to. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Reached } from "../../checkers/analyse/change.ts";
import { newlyAllowed, type Allowed } from "../../checkers/gate/decision.ts";
import { Ledger, type GateReport } from "../../checkers/gate/finding.ts";
import { gateExit } from "../exit.ts";
import { COMPARABLE, type Compared, type GateOptions } from "./compared.ts";
import { designsOf, type Designs } from "./designs.ts";
import { treesFor, type Trees } from "./trees.ts";

export async function runGate(options: GateOptions): Promise<GateReport> {
  const trees = treesFor(process.cwd(), options.base);
  const ledger = new Ledger(await decisions(trees), options.onFinding);
  const compared = await compare(trees, ledger);
  if (!isNothing(compared, ledger)) {
    // What searches and compares is loaded only where there is something to do.
    const { Steps } = await import("./steps.ts");
    await new Steps(compared, ledger, options).take();
  }
  ledger.sort();
  return reportOf(compared, ledger, options);
}

const FILE = "gate.allow";

/** What the working tree decides and the base does not. */
async function decisions({ head, base }: Trees): Promise<readonly Allowed[]> {
  if (!existsSync(join(head, FILE))) return [];
  const { readAllowed } = await import("../../checkers/gate/allow.ts");
  const read = (root: string, where: string): readonly Allowed[] =>
    readAllowed(readFileSync(join(root, FILE), "utf8"), where);
  const own = read(head, FILE);
  if (base === null || !existsSync(join(base, FILE))) return own;
  try {
    return newlyAllowed(own, read(base, FILE));
  } catch (error) {
    // What could not be read then decided nothing.
    if (error instanceof Error && error.name === "InputError") return own;
    throw error;
  }
}

function addFault(
  ledger: Ledger,
  className: string,
  fault: string,
  word: "not comparable" | "invalid",
): void {
  const [message = "", ...rest] = fault.split("\n");
  ledger.add({
    stage: "trees",
    name: word === "invalid" ? "does not load" : "is not to be had",
    className,
    type: word === "invalid" ? "ModelError" : "NotComparable",
    word,
    message,
    details: rest.join("\n"),
    rule: COMPARABLE,
  });
}

async function compare(trees: Trees, ledger: Ledger): Promise<Compared> {
  ledger.notes.push(...trees.notes);
  for (const fault of trees.faults) addFault(ledger, "base", fault, "not comparable");
  const head = await designsOf(trees.head);
  if (head.fault !== null) addFault(ledger, "head", head.fault, "invalid");
  const base = trees.base === null ? null : await designsOf(trees.base);
  if (base !== null && base.fault !== null) addFault(ledger, "base", base.fault, "not comparable");
  const usable = base === null || base.names.length === 0 ? null : base;
  if (usable === null) return { trees, head, base: null, changes: [], reached: everyDesign(head) };
  const { changesBetween } = await import("../../checkers/analyse/changes.ts");
  const { reached } = await import("../../checkers/analyse/reached.ts");
  const changes = changesBetween({ root: usable.root }, { root: trees.head });
  return { trees, head, base: usable, changes: changes.all, reached: reached(changes) };
}

/** Where nothing is known of the base, everything may have changed. */
function everyDesign({ names }: Designs): Reached[] {
  const file = "models/catalogue.ts";
  return names.map((name) => ({ name, file, declaration: name, listed: true, did: "added", by: [] }));
}

/** Nothing that is checked differs. */
function isNothing({ reached, changes }: Compared, { findings }: Ledger): boolean {
  return reached.length === 0 && findings.length === 0 && changes.every(({ kind }) => kind === "type");
}

function reportOf(
  { trees, changes, reached, base }: Compared,
  ledger: Ledger,
  { deadline }: GateOptions,
): GateReport {
  const words = ledger.words();
  const required = ledger.undone.find(({ isRequired }) => isRequired);
  const isOpen = required !== undefined;
  const nothing = reached.length === 0 && ledger.findings.length === 0;
  return {
    base: base === null ? null : trees.baseCommit,
    head: { commit: trees.commit, uncommitted: trees.uncommitted },
    changes,
    reached: base === null ? [] : reached,
    findings: ledger.findings,
    stale: ledger.stale(),
    notes: ledger.notes,
    undone: ledger.undone,
    verdict:
      words.length > 0 ? words.join(", ") : nothing ? "nothing to do" : isOpen ? "incomplete" : "passed",
    exitCode: gateExit(words, isOpen),
    complete: !isOpen,
    reason: required === undefined ? null : `${required.what}: ${required.why}`,
    states: ledger.states,
    seconds: deadline.spent,
    times: ledger.times,
    rerun: null,
  };
}
