/** Where the cells of a state are in its packed form: what the codec allots and the compiler reads. */
import type { AnyDomain } from "../../spec/language/domain.ts";
import type { Bits } from "./leaf.ts";

interface Placed {
  readonly path: string;
  /** Inside the watched location. */
  readonly watched: boolean;
}

/** One value with its own bits; without any where its domain has one value only. */
export interface LeafCell extends Placed {
  readonly kind: "leaf";
  readonly domain: AnyDomain;
  readonly count: number;
  readonly bits: Bits | null;
}
/** A record that may be absent: its bit says that it is there. */
export interface OptionalCell extends Placed {
  readonly kind: "optional";
  readonly bit: Bits;
  readonly of: Cell;
}
export interface RecordCell extends Placed {
  readonly kind: "record";
  readonly fields: ReadonlyMap<string, Cell>;
  /** Fields that have one value here. */
  readonly constants?: Readonly<Record<string, unknown>>;
  readonly dead: Readonly<Record<string, (owner: never) => boolean>>;
}
export interface TableCell extends Placed {
  readonly kind: "table";
  readonly cells: readonly Cell[];
}
/** A cell that takes no bits: reading it is a choice among its values; `inner` is what an optional one holds when it is there. */
export interface UntrackedCell extends Placed {
  readonly kind: "untracked";
  readonly values: readonly unknown[];
  /** Part of a location that another search of the run watches. */
  readonly elsewhere: boolean;
  readonly inner: Cell | null;
}
/** A cell that may point to the watched location: its bit says that it does, and `own` is what it holds then. */
export interface PointerCell extends Placed {
  readonly kind: "pointer";
  readonly bit: Bits | null;
  /** The field that names the location, and the watched one. */
  readonly field: string;
  readonly here: unknown;
  readonly own: RecordCell | null;
  /** What it holds when it points elsewhere. */
  readonly other: RecordCell;
}
export type Cell = LeafCell | OptionalCell | RecordCell | TableCell | UntrackedCell | PointerCell;

/** Every cell below one, itself first. */
export function* within(cell: Cell): Generator<Cell> {
  yield cell;
  if (cell.kind === "optional") yield* within(cell.of);
  else if (cell.kind === "record") for (const field of cell.fields.values()) yield* within(field);
  else if (cell.kind === "table") for (const entry of cell.cells) yield* within(entry);
  else if (cell.kind === "pointer" && cell.own !== null) yield* within(cell.own);
  else if (cell.kind === "untracked" && cell.inner !== null) yield* within(cell.inner);
}

/** The bits of a cell and all below it, by word. */
export function masks(cell: Cell): Map<number, number> {
  const found = new Map<number, number>();
  for (const part of within(cell)) {
    const bits = part.kind === "leaf" ? part.bits : "bit" in part ? part.bit : null;
    if (bits === null) continue;
    found.set(bits.word, (found.get(bits.word) ?? 0) | (bits.mask << bits.shift));
  }
  return found;
}
