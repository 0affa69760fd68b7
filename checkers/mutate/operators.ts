/** All mutants of a file, each with a name that formatting does not change. */
import { Node, type SourceFile } from "ts-morph";
import { effectMutants, failuresAnsweredIn, isFunction } from "./effects.ts";
import { guardMutants } from "./guards.ts";
import { isSectionList, sectionMutants } from "./sections.ts";
import type { Mutant, Sketch } from "./mutant.ts";

/** Characters of a text that are shown. */
const SHOWN = 160;

/** The mutants of a file, in the order of its text. `failures` are what to answer instead where the file answers none of its own. */
export function mutantsOf(source: SourceFile, file: string, failures: readonly string[]): Mutant[] {
  const own = failuresAnsweredIn(source);
  const others = [...own, ...failures];
  const numbers = new Map<string, number>();
  const found: Mutant[] = [];
  const add = (node: Node, sketch: Sketch): void => {
    const key = `${file}#${declarationOf(node)}/${sketch.operator}`;
    const number = (numbers.get(key) ?? 0) + 1;
    numbers.set(key, number);
    found.push(mutantOf(source, file, `${key}/${number}`, sketch));
  };
  const visit = (node: Node, inFunction: boolean): void => {
    if (Node.isTypeNode(node) || Node.isInterfaceDeclaration(node) || Node.isTypeAliasDeclaration(node))
      return;
    if (isSectionList(node)) for (const sketch of sectionMutants(node)) add(node, sketch);
    const inside = inFunction || isFunction(node);
    if (inside)
      for (const sketch of [...guardMutants(node), ...effectMutants(node, others)]) add(node, sketch);
    node.forEachChild((child) => visit(child, inside));
  };
  visit(source, false);
  return found;
}

function mutantOf(source: SourceFile, file: string, id: string, sketch: Sketch): Mutant {
  const { shows, ...rest } = sketch;
  const text = source.getFullText();
  const changed = shows ?? sketch.edits[0]!;
  return {
    id,
    ...rest,
    file,
    line: source.getLineAndColumnAtPos(changed.start).line,
    before: oneLine(text.slice(changed.start, changed.end)),
    after: changed.text === "{}" || changed.text === "" ? "(nothing)" : oneLine(changed.text),
  };
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= SHOWN ? line : `${line.slice(0, SHOWN - 1)}…`;
}

/** The name of the declaration at the top of the file that a node is part of. */
function declarationOf(node: Node): string {
  const top = [node, ...node.getAncestors()].find((one) => Node.isSourceFile(one.getParent()));
  if (Node.isVariableStatement(top)) return top.getDeclarations()[0]!.getName();
  if (Node.isFunctionDeclaration(top) || Node.isClassDeclaration(top)) return top.getName() ?? "default";
  return "module";
}
