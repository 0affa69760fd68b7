/**
 * Cells that a run does not track, in generated code: a step that reads one is run for each of its values (havoc.ts says why), a promise
 * that reads one is not answered.
 *
 * Generated code keeps in `td` whether the watched location was looked at, in `el` whether a cell of another location was, and in `ab` whether a
 * pointer was taken for absent that may point elsewhere.
 */
import { type Cell, type PointerCell, type RecordCell, type UntrackedCell } from "../explore/layout.ts";
import { mapping } from "./core.ts";
import { HELD } from "./flow.ts";
import { Functions } from "./functions.ts";
import { chosen, type Part } from "./objects.ts";
import { SMALL } from "./operators.ts";
import type { Space } from "./space.ts";
import { NULL, fixed, isStatic, same, type Alt, type Bool, type Value } from "./value.ts";

const UNHELD = Symbol("not read yet");
const NOT_HELD = fixed(UNHELD);
const PREFIX = "untracked ";

export abstract class Untracked extends Functions {
  /** Whether what is at hand is a promise. */
  protected refuses = false;
  /** The code at hand reads cells that are not tracked. */
  protected chooses = false;
  /** Whether anything is left out of this run. */
  protected abstract readonly isFull: boolean;

  /** A promise needs a cell that is not tracked: `elsewhere`, where another search of the run watches it. */
  protected abstract unanswered(elsewhere: boolean): never;

  protected noticed(condition: string | null): void {
    if (!this.isFull) this.act(condition === null ? "td = 1;" : `if (${condition}) td = 1;`);
  }

  protected override unheld(key: string): Value | undefined {
    return key.startsWith(PREFIX) ? NOT_HELD : undefined;
  }

  protected readUntracked(cell: Cell, space: Space): Value {
    const key = `${PREFIX}${cell.path}`;
    if (this.refuses || !space.changes) return this.asked(cell, space);
    const held = this.refined(this.flow.heap.get(key) ?? NOT_HELD);
    const read = (): Value => {
      const value = this.chosen(cell, space);
      this.flow.heap.set(key, value);
      return value;
    };
    if (isUnheld(held)) return read();
    if (held.k === "alt" && held.alts.some(isUnheld))
      return this.split(held, (one) => (isUnheld(one) ? read() : one));
    return held;
  }

  protected override get remembers(): boolean {
    return !this.refuses;
  }

  /** Cells that are not tracked, of one domain: one choice is enough, whichever of them is meant. */
  protected untrackedOfSome(of: Alt, parts: ReadonlyMap<number, Part>, name: string): Value | null {
    const cells = this.looseOf(parts);
    const [first, ...others] = cells.values();
    if (others.length === 0 || !others.every((cell) => isOfOneKind(cell, first!))) return null;
    const among = this.isAmong(of, [...parts.keys()], [...cells.keys()]);
    const rest = (): Value => this.member(of, name);
    if (this.refuses) return this.conditional(among, () => this.unanswered(first!.elsewhere), rest);
    return this.conditional(
      among,
      () => this.readTogether(of, cells, first!) ?? this.split(of, (one) => this.member(one, name)),
      rest,
    );
  }

  /** The one of these cells that is meant: what it holds, or a choice; null where what they hold is not of one kind. */
  private readTogether(
    of: Alt,
    cells: ReadonlyMap<number, UntrackedCell>,
    { values, elsewhere }: UntrackedCell,
  ): Value | null {
    const known = this.flow.cells.get(this.heldTogether(of, cells));
    if (known !== undefined) return this.refined(known);
    const read = (): Value => {
      if (elsewhere) this.act("el = 1;");
      const [cell] = cells.values();
      const value = this.choice(cell!, values.map(fixed));
      this.hold(of, cells, value);
      return value;
    };
    const held = this.flow.heap;
    if (![...cells.values()].some(({ path }) => held.get(`${PREFIX}${path}`) !== undefined)) return read();
    const alts = [...values.map(fixed), NOT_HELD];
    const numbers = [...cells].flatMap(([i, { path }]) => {
      const number = this.flow.allows(of.e, i)
        ? this.numberAmong(held.get(`${PREFIX}${path}`) ?? NOT_HELD, alts)
        : "0";
      return number === null ? [] : [number];
    });
    if (numbers.length < cells.size || alts.length > SMALL) return null;
    const one: Alt = { k: "alt", e: this.local(chosen(of.e, [...cells.keys()], numbers)), alts };
    const value = this.conditional(this.isAmong(one, this.feasible(one), [values.length]), read, () =>
      this.refined(one),
    );
    this.flow.cells.set(this.heldTogether(of, cells), value);
    return value;
  }

  /** The number of a value among others, as code; null where it may be another one. */
  private numberAmong(given: Value, alts: readonly Value[]): string | null {
    const refined = this.refined(given);
    const value = refined.k === "bool" ? this.asFlag(refined) : refined;
    const at = (one: Value): number => alts.findIndex((other) => same(one, other));
    if (isStatic(value)) return at(value) < 0 ? null : String(at(value));
    const places = new Map<number, number>();
    if (value.k === "alt") for (const i of this.feasible(value)) places.set(i, at(value.alts[i]!));
    else if (value.k === "num")
      for (let { lo, hi } = this.range(value); lo <= hi; lo++) places.set(lo, at(fixed(lo)));
    else return null;
    return [...places.values()].includes(-1) ? null : mapping(value.e, places);
  }

  protected writeUntrackedOfSome(of: Alt, name: string, given: Value): boolean {
    const value = this.refined(given);
    const parts = this.partsOf(of, name);
    const cells = this.looseOf(parts);
    if (cells.size < 2) return false;
    this.hold(of, cells, value);
    this.conditional(
      this.not(this.isAmong(of, [...parts.keys()], [...cells.keys()])),
      () => (this.setMember(of, fixed(name), value), NULL),
      () => NULL,
    );
    return true;
  }

  /** Those that are not tracked, by the number of the alternative. */
  private looseOf(parts: ReadonlyMap<number, Part>): Map<number, UntrackedCell> {
    const found = new Map<number, UntrackedCell>();
    for (const [i, part] of parts) {
      if (part === null || part.cell.kind !== "untracked" || part.cell.inner !== null) continue;
      if (i <= SMALL && (this.refuses || part.space.changes)) found.set(i, part.cell);
    }
    return found;
  }

  private isAmong(of: Alt, feasible: readonly number[], numbers: readonly number[]): Bool {
    return this.oneOf(
      of,
      feasible,
      numbers.reduce((mask, i) => mask | (1 << i), 0),
    );
  }

  /** The one of these cells that is meant holds a value from now on. */
  private hold(of: Alt, cells: ReadonlyMap<number, UntrackedCell>, value: Value): void {
    for (const [number, cell] of cells) {
      const key = `${PREFIX}${cell.path}`;
      const old = this.flow.heap.get(key) ?? NOT_HELD;
      const held = this.conditional(
        this.isAmong(of, this.feasible(of), [number]),
        () => value,
        () => old,
      );
      this.flow.heap.set(key, held);
    }
    this.flow.writes++;
    this.flow.holds++;
    this.flow.cells.set(this.heldTogether(of, cells), value);
  }

  /** What the one that is meant holds, for as long as no such cell is written to. */
  private heldTogether({ e }: Alt, cells: ReadonlyMap<number, UntrackedCell>): string {
    return `${HELD}${this.flow.holds} ${e} ${[...cells].map(([i, { path }]) => `${i} ${path}`).join()}`;
  }

  /** The value of a cell in a step: what the state says of it, or one of all. */
  private chosen(cell: Cell, space: Space): Value {
    if (cell.kind === "pointer")
      return this.pointed(cell, space, () => this.choice(cell, [NULL, this.refTo(cell.other, space)]));
    if (cell.kind !== "untracked") throw new Error(`${cell.kind} is tracked`);
    const { values, inner, elsewhere } = cell;
    if (elsewhere) this.act("el = 1;");
    if (inner === null) return this.choice(cell, values.map(fixed));
    return this.choice(cell, [NULL, this.refTo(inner as RecordCell, space)]);
  }

  private choice(cell: Cell, alts: readonly Value[]): Value {
    this.chooses = true;
    const e = this.fresh("u");
    this.act(`var ${e} = choose(${alts.length});`);
    if (cell.kind === "pointer") this.act(`if (${e} === 1) el = 1;`);
    return { k: "alt", e, alts };
  }

  /** A pointer to the watched location, where it is one. */
  private pointed(cell: PointerCell, space: Space, otherwise: () => Value): Value {
    const { bit, own } = cell;
    if (bit === null || own === null) return otherwise();
    const e = this.bits(bit, space, this.isDirty(cell, space));
    const here = (): Value => {
      this.act("td = 1;");
      return this.refTo(own, space);
    };
    return this.either({ k: "bool", e: `${e} === 1`, yes: [[e, 2]], no: [[e, 1]] }, here, otherwise);
  }

  /** The value of a cell for a promise. */
  private asked(cell: Cell, space: Space): Value {
    if (cell.kind === "pointer") {
      return this.pointed(cell, space, () => {
        this.act("ab = 1;");
        return NULL;
      });
    }
    return this.unanswered(cell.kind === "untracked" && cell.elsewhere);
  }

  protected writeUntracked(cell: Cell, space: Space, value: Value): void {
    const key = `${PREFIX}${cell.path}`;
    this.flow.writes++;
    this.flow.holds++;
    if (cell.kind !== "pointer") {
      this.flow.heap.set(key, value);
      return;
    }
    this.split(this.refined(value), (one) => {
      this.pointTo(cell, key, space, one);
      return NULL;
    });
  }

  private pointTo(cell: PointerCell, key: string, space: Space, value: Value): void {
    const { bit, own } = cell;
    const elsewhere = (): Value => {
      if (bit !== null) this.wipe(cell, space);
      this.flow.heap.set(key, value);
      return NULL;
    };
    if (bit === null || own === null || (isStatic(value) && value.v === null)) {
      elsewhere();
      return;
    }
    // The bit is asked first: what is not tracked of the value need not be known to say that it is this one.
    if (value.k === "ref" && value.cell === own && value.space === space) return;
    if (value.k === "ref" && value.cell === cell.other) {
      elsewhere();
      return;
    }
    const at = this.member(value, cell.field);
    const here = Object.entries(cell.here as Record<string, unknown>).reduce<Bool>(
      (all, [name, component]) => this.and(all, this.equal(this.member(at, name), fixed(component))),
      this.truth(fixed(true)),
    );
    this.conditional(
      here,
      () => {
        const written = this.loaded(value, own);
        this.wipe(cell, space);
        this.store(bit, space, 1);
        this.writeParts(own, space, written);
        this.flow.heap.set(key, this.refTo(own, space));
        return NULL;
      },
      elsewhere,
    );
  }
}

function isOfOneKind(a: UntrackedCell, b: UntrackedCell): boolean {
  return (
    a.elsewhere === b.elsewhere &&
    a.values.length === b.values.length &&
    a.values.every((v, i) => Object.is(v, b.values[i]))
  );
}

function isUnheld(value: Value): boolean {
  return isStatic(value) && value.v === UNHELD;
}
