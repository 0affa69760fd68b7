/** Which designs a change reaches: those that are made from other source than before. */
import type { Change, Changes, Lines, Reached } from "./change.ts";
import { contentOfClosure } from "./closure.ts";
import { Designs, type Declared } from "./designs.ts";
import { engineFiles } from "./engine.ts";
import type { Piece } from "./module.ts";
import { Sources } from "./sources.ts";

/** Designs of the head, in the order of its catalogue; those that are gone behind them. A change of the engine reaches all. */
export function reached({ base, head, all }: Changes): readonly Reached[] {
  if (!all.some(reachesAny)) return [];
  const [before, after] = [base, head].map((tree) => new Designs(new Sources(tree))) as [Designs, Designs];
  const engine = new Set([before, after].flatMap(({ sources }) => engineFiles(sources)));
  // The engine uses the language as models do.
  const ofAll = all.filter(
    ({ kind, at }) => kind === "dependency" || (kind !== "type" && engine.has(at.file)),
  );
  const names = [...after.names, ...before.names.filter((name) => !after.names.includes(name))];
  return names.flatMap((name) => {
    const [was, is] = [before.design(name), after.design(name)];
    const isSame =
      was !== null && is !== null && contentOfClosure(was.closure) === contentOfClosure(is.closure);
    if (isSame && ofAll.length === 0) return [];
    const { file, declaration, listed } = (is ?? was)!;
    const did = was === null ? "added" : is === null ? "removed" : "changed";
    const by = all.filter((change) => ofAll.includes(change) || (!isSame && reaches(change, was, is)));
    return [{ name, file, declaration, listed, did, by } as const];
  });
}

/** What designs are not made from reaches none. */
const reachesAny = ({ kind }: Change): boolean => !["type", "counterexample", "recording"].includes(kind);

function reaches({ at, was, did }: Change, before: Declared | null, after: Declared | null): boolean {
  const inHead = did !== "removed" && after !== null && isIn(at, after);
  const lines = did === "removed" ? at : was;
  return inHead || (lines !== null && before !== null && isIn(lines, before));
}

/** Whether a design is made from anything on these lines. */
function isIn({ file, line, endLine }: Lines, { closure }: Declared): boolean {
  for (const piece of closure.pieces.values()) {
    if (piece.module.path !== file) continue;
    const [first, last] = linesOf(piece);
    if (first <= endLine && line <= last) return true;
  }
  return false;
}

const known = new WeakMap<Piece, readonly [first: number, last: number]>();

function linesOf(piece: Piece): readonly [first: number, last: number] {
  const { source } = piece.module;
  const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const lines = known.get(piece) ?? [lineAt(piece.node.getStart(source)), lineAt(piece.node.getEnd())];
  known.set(piece, lines);
  return lines;
}
