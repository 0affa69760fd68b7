/** What a changed piece of source is, and how it is called. */
import { ts } from "ts-morph";
import type { Kind } from "./change.ts";
import { claimNamed } from "./difference.ts";
import { bare } from "./meaning.ts";
import { designNamed, valueOf } from "./spine.ts";

interface Named {
  readonly kind: Kind;
  readonly name: string;
}

/** By the word of the language that makes it. */
const MAKERS: Readonly<Record<string, Kind>> = {
  always: "property",
  sometimes: "property",
  step: "property",
  call: "call",
  change: "call",
  design: "design",
  variant: "design",
  withState: "design",
  mutant: "design",
  bool: "domain",
  id: "domain",
  location: "domain",
  maybe: "domain",
  oneOf: "domain",
  per: "domain",
  pointing: "domain",
  position: "domain",
  record: "domain",
  tracked: "domain",
  upTo: "domain",
};

/** Fields of which the next name is that of a part of this kind; the fields themselves are not named. */
const HOLD: Readonly<Record<string, Kind>> = {
  calls: "call",
  adds: "call",
  sections: "section",
  after: "section",
  finally: "section",
  scenarios: "scenario",
};

/** Fields that are of a kind as a whole. */
const ARE: Readonly<Record<string, Kind>> = {
  drops: "call",
  without: "section",
  vectors: "vector",
  state: "domain",
  promises: "property",
  statements: "property",
};

/** Of a declaration, and of the part of it to which a path leads. */
export function kindOf(name: string, node: ts.Node, path: readonly string[]): Named {
  const value = valueOf(node);
  const made = value === null ? null : bare(value);
  let kind: Kind = made === null ? "helper" : madeBy(made);
  const labels = [(made === null ? null : (designNamed(made) ?? claimNamed(made))) ?? name];
  // Of a list, its elements are what is meant.
  if (made !== null && ts.isArrayLiteralExpression(made) && path.length > 0) {
    const element = elementNamed(made, path[0]!);
    if (element !== null) labels.pop();
    kind = element === null ? kindOfName(path[0]!, node) : madeBy(element);
  }
  path.forEach((label, i) => {
    const before = i === 0 ? undefined : HOLD[path[i - 1]!];
    kind = before ?? HOLD[label] ?? ARE[label] ?? kind;
    if (HOLD[label] === undefined || before !== undefined) labels.push(label);
  });
  return { kind, name: labels.join(" › ") };
}

function madeBy(made: ts.Expression): Kind {
  if (ts.isPropertyAccessExpression(made)) return madeBy(bare(made.expression));
  if (!ts.isCallExpression(made)) return "helper";
  const maker = made.expression.getText();
  if (Object.hasOwn(MAKERS, maker)) return MAKERS[maker]!;
  return designNamed(made) === null ? "helper" : "design";
}

/** An element that says its name itself. */
function elementNamed({ elements }: ts.ArrayLiteralExpression, name: string): ts.Expression | null {
  const made = elements.map((element) => bare(element));
  return made.find((element) => designNamed(element) === name || claimNamed(element) === name) ?? null;
}

/** Of a name in a list: what it stands for in the same file, or what lists there are made of. */
function kindOfName(name: string, list: ts.Node): Kind {
  const source = list.getSourceFile();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const variable of statement.declarationList.declarations)
      if (variable.name.getText() === name && variable.initializer !== undefined)
        return madeBy(bare(variable.initializer));
  }
  return source.fileName.startsWith("spec/properties/") ? "property" : "helper";
}
