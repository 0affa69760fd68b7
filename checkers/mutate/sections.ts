/** Operators on what a call is made of: its sections, their order, their locks, what they wait for, and what they undo. */
import { Node, SyntaxKind, type ObjectLiteralExpression, type PropertyAssignment } from "ts-morph";
import type { Edit, Sketch } from "./mutant.ts";

const PARTS: ReadonlySet<string> = new Set([
  "run",
  "takes",
  "drops",
  "under",
  "synchronizes",
  "until",
  "local",
]);
const LISTS: ReadonlySet<string> = new Set(["sections", "finally"]);

/** Object literals whose properties are sections. */
export function isSectionList(node: Node): node is ObjectLiteralExpression {
  if (!Node.isObjectLiteralExpression(node)) return false;
  const parent = node.getParent();
  if (Node.isPropertyAssignment(parent) && LISTS.has(parent.getName())) return true;
  return sectionsIn(node).some((property) => isSection(property.getInitializer()));
}

function isSection(node: Node | undefined): boolean {
  return (
    Node.isObjectLiteralExpression(node) &&
    node.getProperties().some((one) => Node.isPropertyAssignment(one) && PARTS.has(one.getName()))
  );
}

export function sectionsIn(list: ObjectLiteralExpression): PropertyAssignment[] {
  return list.getProperties().filter((one) => Node.isPropertyAssignment(one));
}

const isClosing = (list: ObjectLiteralExpression): boolean => {
  const parent = list.getParent();
  return Node.isPropertyAssignment(parent) && parent.getName() === "finally";
};
const UNWINDS = /^(undo|release|forget|fput|kvm_put)|: (drop|undo)/;

export function sectionMutants(list: ObjectLiteralExpression): Sketch[] {
  const properties = sectionsIn(list);
  return [
    ...properties.flatMap((property) => dropped(property, isClosing(list))),
    ...properties.flatMap(lockless),
    ...heldLocks(properties),
    ...reordered(list),
  ];
}

const structural = (
  operator: Sketch["operator"],
  edits: readonly Edit[],
  properties: readonly PropertyAssignment[],
): Sketch => ({
  operator,
  edits,
  unit: null,
  sections: properties
    .map((one) => one.getInitializer())
    .filter((section) => section !== undefined)
    .map((section) => ({ start: section.getStart(), end: section.getEnd() })),
});

const partOf = (property: PropertyAssignment, name: string): PropertyAssignment | null => {
  const section = property.getInitializer();
  if (!Node.isObjectLiteralExpression(section)) return null;
  const part = section.getProperty(name);
  return Node.isPropertyAssignment(part) ? part : null;
};

/** Without what the section runs; its locks stay. */
function dropped(property: PropertyAssignment, closing: boolean): Sketch[] {
  const section = property.getInitializer();
  if (section === undefined || isEmpty(property)) return [];
  const operator = closing || UNWINDS.test(labelOf(property)) ? "skip-unwind" : "drop-section";
  if (!Node.isObjectLiteralExpression(section)) {
    const text = `{ ...(${section.getText()} as object), run: () => {} }`;
    const isFunction = Node.isArrowFunction(section) || Node.isFunctionExpression(section);
    return [structural(operator, [replacing(section, isFunction ? "() => {}" : text)], [property])];
  }
  const run = partOf(property, "run");
  return run === null ? [] : [structural(operator, [replacing(run, "run: () => {}")], [property])];
}

const labelOf = (property: PropertyAssignment): string => property.getName().replace(/^["']|["']$/g, "");

/** A section that does nothing and is a place to go to. */
function isEmpty(property: PropertyAssignment): boolean {
  return /\(\) => \{\}/.test(property.getInitializer()?.getText() ?? "");
}

function replacing(node: Node, text: string): Edit {
  return { start: node.getStart(), end: node.getEnd(), text };
}

/** Without a part, and the comma behind it. */
function without(part: PropertyAssignment): Edit {
  const text = part.getSourceFile().getFullText();
  const comma = /^\s*,/.exec(text.slice(part.getEnd()));
  return { start: part.getStart(), end: part.getEnd() + (comma?.[0].length ?? 0), text: "" };
}

/** Locks of one section, what it waits for, and when it is left out. */
function lockless(property: PropertyAssignment): Sketch[] {
  const found: Sketch[] = [];
  const drop = (name: string, operator: Sketch["operator"]): void => {
    const part = partOf(property, name);
    if (part !== null) found.push(structural(operator, [without(part)], [property]));
  };
  drop("under", "drop-lock");
  drop("synchronizes", "drop-wait");
  drop("until", "drop-wait");
  drop("when", "drop-when");
  for (const name of ["under", "takes"]) {
    const access = partOf(property, name)
      ?.getDescendantsOfKind(SyntaxKind.PropertyAccessExpression)
      .find((one) => one.getName() === "write" && Node.isCallExpression(one.getParent()));
    if (access !== undefined)
      found.push(structural("weaken-lock", [replacing(access.getNameNode(), "read")], [property]));
  }
  return found;
}

/** A lock that several sections hold: nobody takes it, nobody drops it. */
function heldLocks(properties: readonly PropertyAssignment[]): Sketch[] {
  const lockOf = (part: PropertyAssignment): string => {
    const value = part.getInitializer()!;
    return (Node.isArrowFunction(value) ? value.getBody() : value).getText();
  };
  const ofPart = (name: string) =>
    properties.flatMap((property) => {
      const part = partOf(property, name);
      return part === null ? [] : [{ property, part, lock: lockOf(part) }];
    });
  const drops = ofPart("drops");
  const takes = ofPart("takes");
  return [...new Set(takes.map(({ lock }) => lock))].flatMap((lock) => {
    const ends = drops.filter((one) => one.lock === lock);
    if (ends.length === 0) return [];
    const all = [...takes.filter((one) => one.lock === lock), ...ends];
    return [
      structural(
        "drop-lock",
        all.map(({ part }) => without(part)),
        all.map(({ property }) => property),
      ),
    ];
  });
}

/** Two neighbours change places where neither takes or drops a lock that stays. */
function reordered(list: ObjectLiteralExpression): Sketch[] {
  const all = list.getProperties();
  const keepsLock = (one: PropertyAssignment): boolean =>
    partOf(one, "takes") !== null || partOf(one, "drops") !== null;
  return all.slice(1).flatMap((second, i) => {
    const first = all[i]!;
    if (!Node.isPropertyAssignment(first) || !Node.isPropertyAssignment(second)) return [];
    if ([first, second].some((one) => keepsLock(one) || isEmpty(one))) return [];
    const edits = [replacing(first, second.getText()), replacing(second, first.getText())];
    const shows = {
      start: first.getStart(),
      end: first.getEnd(),
      text: `${second.getName()} before ${first.getName()}`,
    };
    return [{ ...structural("reorder-sections", edits, [first, second]), shows }];
  });
}
