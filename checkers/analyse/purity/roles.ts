/** The functions of a model that a search runs, and what each may write into. */
import { ts } from "ts-morph";
import { claimNamed } from "../difference.ts";
import { bare } from "../meaning.ts";
import type { Piece } from "../module.ts";
import { designNamed } from "../spine.ts";
import type { Evaluator } from "./evaluator.ts";
import { NOBODYS, type Closure, type Root, type Value } from "./value.ts";

export interface Role {
  /** `section "bind" of set_user_memory_region2` */
  readonly says: string;
  readonly closure: Closure;
  /** Why an input must not be written into; null: it may. */
  readonly forbids: (root: Root & { kind: "input" }) => Forbidden | null;
}

interface Forbidden {
  readonly why: string;
  readonly instead: string;
}

const PROPERTY: Forbidden = {
  why: "a property only looks: what it writes into is the state that the search goes on with, or what the next property is asked of",
  instead: "a list or an object of its own: `[...list]`, `{ ...object, field }`",
};
const QUESTION: Forbidden = {
  why: "a condition, a lock, a view or a choice only looks: it is asked as often as the search likes",
  instead: "a section that writes, or a list or an object of its own: `[...list]`, `{ ...object, field }`",
};
const MACHINE: Forbidden = {
  why: "the machine is the same for a whole run, in all states",
  instead: "a field of the state",
};
const PARAMETER: Forbidden = {
  why: "it is a parameter of the call, which the trace shows as it was given",
  instead: "a field under another name in what the call `keeps`",
};

/** Which fields of an object are functions of which kind, by the word that is given the object. */
const OF_PROPERTY = ["when", "holds", "why"];
const OF_DESIGN = ["machine", "sizes", "view", "contradiction", "legend"];
const OF_SECTION = ["when", "until", "takes", "drops", "under", "synchronizes"];
const OF_CALL = ["sections", "finally", "after"];

/** The roles in a piece. */
export function rolesIn(piece: Piece, evaluator: Evaluator): readonly Role[] {
  const roles: Role[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) roles.push(...rolesOf(node, piece, evaluator));
    ts.forEachChild(node, visit);
  };
  visit(piece.node);
  return roles;
}

function rolesOf(node: ts.CallExpression, piece: Piece, evaluator: Evaluator): readonly Role[] {
  const word = evaluator.wordAt(node.expression, piece);
  const valueOf = (argument: ts.Expression | undefined): Value =>
    argument === undefined ? NOBODYS : evaluator.valueAt(argument, piece);
  const [first, second] = node.arguments;
  switch (word) {
    case "always":
    case "sometimes":
    case "step": {
      const name = claimNamed(node) ?? word;
      return OF_PROPERTY.flatMap((field) =>
        looking(evaluator.member(valueOf(first), field), `${field} of ${name}`, PROPERTY),
      );
    }
    case "call":
      return rolesOfCall(valueOf(first), valueOf(first), nameAt(node), evaluator);
    case "change":
      return rolesOfCall(valueOf(second), valueOf(first), nameAt(node), evaluator);
    case "design":
      return rolesOfDesign(valueOf(first), designNamed(node) ?? nameAt(node), evaluator);
    case "variant":
      return rolesOfDesign(valueOf(second), designNamed(node) ?? nameAt(node), evaluator);
    case "choice":
      return node.arguments.flatMap((argument, i) =>
        looking(valueOf(argument), `${i === 0 ? "legal" : "odd"} values in ${nameAt(node)}`, QUESTION),
      );
    case "record": {
      const dead = evaluator.fieldsOf(valueOf(second));
      return [...dead].flatMap(([field, value]) => looking(value, `whether ${field} is dead`, QUESTION));
    }
    default:
      return [];
  }
}

/** `owner`: the call that has the parameters. */
function rolesOfCall(spec: Value, owner: Value, name: string, evaluator: Evaluator): readonly Role[] {
  const takes = evaluator.fieldsOf(evaluator.member(owner, "takes"));
  const forbids: Role["forbids"] = ({ param, field }) => {
    if (param === 2) return MACHINE;
    return param === 1 && field !== null && takes.has(field) ? PARAMETER : null;
  };
  const sections = OF_CALL.flatMap((field) => {
    const fields = [...evaluator.fieldsOf(evaluator.member(spec, field))];
    return field === "after" ? fields.flatMap(([, added]) => [...evaluator.fieldsOf(added)]) : fields;
  });
  const also = looking(evaluator.member(spec, "also"), `also of ${name}`, QUESTION);
  return [
    ...also,
    ...sections.flatMap(([label, section]) => rolesOfSection(label, section, name, forbids, evaluator)),
  ];
}

function rolesOfSection(
  label: string,
  section: Value,
  call: string,
  forbids: Role["forbids"],
  evaluator: Evaluator,
): readonly Role[] {
  const says = `section ${JSON.stringify(label)} of ${call}`;
  const { functions } = evaluator.member({ ...section, roots: [], items: null }, "run");
  return [
    ...[...section.functions, ...functions].map((closure) => ({ says, closure, forbids })),
    ...OF_SECTION.flatMap((field) =>
      looking(
        evaluator.member({ ...section, roots: [], items: null }, field),
        `${field} of ${says}`,
        QUESTION,
      ),
    ),
  ];
}

function rolesOfDesign(spec: Value, name: string, evaluator: Evaluator): readonly Role[] {
  const machine: Role["forbids"] = ({ param }) => (param === 1 ? MACHINE : null);
  const { functions } = evaluator.member(spec, "init");
  const notAtomic = evaluator.member(evaluator.member(spec, "notAtomic"), null);
  return [
    ...functions.map((closure) => ({ says: `init of ${name}`, closure, forbids: machine })),
    ...OF_DESIGN.flatMap((field) => looking(evaluator.member(spec, field), `${field} of ${name}`, QUESTION)),
    ...looking(evaluator.member(notAtomic, "results"), `notAtomic of ${name}`, QUESTION),
  ];
}

function looking({ functions }: Value, says: string, forbidden: Forbidden): readonly Role[] {
  return functions.map((closure) => ({ says, closure, forbids: () => forbidden }));
}

/** How what a call makes is called: the field or the variable that it stands under. */
function nameAt(node: ts.Node): string {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if ((ts.isPropertyAssignment(at) || ts.isVariableDeclaration(at)) && !ts.isObjectBindingPattern(at.name))
      return at.name.getText().replaceAll(/^["']|["']$/g, "");
    if (ts.isFunctionDeclaration(at) && at.name !== undefined) return at.name.text;
  }
  return bare(node).getText().split("\n")[0]!;
}
