/**
 * Cells that a run does not track.
 *
 * A step that reads one is run again for every value that the cell can have, and all that it can do to the tracked
 * cells is explored: nothing that the real state could do is missed, so that "holds" is sound. A breach found in this way may
 * owe itself to a value that the cell never has; it is replayed with everything tracked before it is reported. A property
 * that reads an untracked cell is not decided for that instance (see asker.ts).
 */
export class Untracked extends Error {
  override readonly name = "Untracked";
  /** The cell is part of a location, which another search of the run watches. */
  readonly isWatchedElsewhere: boolean;
  constructor(cell: string, isWatchedElsewhere: boolean) {
    super(`${cell} is not tracked`);
    this.isWatchedElsewhere = isWatchedElsewhere;
  }
}

const MOST_RUNS = 100_000;
const UNKNOWN = Symbol("not known");

export class Havoc {
  /** True while properties are evaluated: then a read is refused instead of chosen. */
  refuses = false;
  /** The watched location, or a cell that points to it, was read or written. */
  touched = false;
  /** A property took a pointer for absent of which the state knows only that it does not point to the watched location. */
  assumedAbsent = false;
  /** Paths of the cells that the step at hand has read, in order. */
  readonly asked: string[] = [];
  /** Whether one of them is part of a location that another search of the run watches, or points to one. */
  private askedElsewhere = false;
  private readonly inLocation: boolean[] = [];
  private readonly paths: string[] = [];
  private readonly values: (readonly unknown[])[] = [];
  private readonly held: unknown[] = [];
  private readonly heldIn: number[] = [];
  /** What a cell holds in the state at hand, where the state says; UNKNOWN where it does not. */
  private readonly base: unknown[] = [];
  private readonly absent = new Set<number>();
  /** Refusals that were thrown, by cell: to find out where each was thrown takes longer than the question that it ends. */
  private readonly refusals: Untracked[] = [];
  private step = 1;
  private script: number[] = [];
  private widths: number[] = [];
  private taken = 0;
  private runs = 0;

  get isEmpty(): boolean {
    return this.paths.length === 0;
  }

  /** The step at hand rests on another location, and not on the watched one. */
  get isElsewhere(): boolean {
    return this.askedElsewhere && !this.touched;
  }

  /** `inLocation`: the cell is part of a location that another search of the run watches. */
  add(path: string, values: readonly unknown[], inLocation: boolean): number {
    this.inLocation.push(inLocation);
    this.paths.push(path);
    this.values.push(values);
    this.held.push(undefined);
    this.heldIn.push(0);
    this.base.push(UNKNOWN);
    return this.paths.length - 1;
  }

  /** Before the first run of a step. */
  begin(): void {
    this.script = [];
    this.widths = [];
    this.taken = 0;
    this.runs = 1;
    this.nextRun();
  }

  /** After a run: true when there is another combination of values to run the step with. */
  again(): boolean {
    if (this.taken === 0) return false;
    this.script.length = this.taken;
    this.widths.length = this.taken;
    while (this.script.length > 0) {
      const last = this.script.length - 1;
      if (this.script[last]! + 1 < this.widths[last]!) {
        this.script[last]!++;
        this.taken = 0;
        this.runs++;
        if (this.runs > MOST_RUNS) {
          throw new Error(
            `a step reads too many untracked cells (${this.asked.join(", ")}): over ${MOST_RUNS} combinations`,
          );
        }
        this.nextRun();
        return true;
      }
      this.script.pop();
      this.widths.pop();
    }
    return false;
  }

  private nextRun(): void {
    this.step++;
    this.asked.length = 0;
    this.askedElsewhere = false;
    this.touched = false;
  }

  /** Forgets what the last step read or wrote: each state starts with unknown cells. */
  forget(): void {
    this.step++;
  }

  /** Properties take the cell for absent where it is unknown. */
  absentInProperties(cell: number): void {
    this.absent.add(cell);
  }

  known(cell: number, value: unknown): void {
    this.base[cell] = value;
  }

  unknown(cell: number): void {
    this.base[cell] = UNKNOWN;
  }

  /** What the cell holds after a step, without choosing: undefined where nothing is known of it. */
  peek(cell: number): unknown {
    if (this.heldIn[cell] === this.step) return this.held[cell];
    const base = this.base[cell];
    return base === UNKNOWN ? undefined : base;
  }

  read(cell: number): unknown {
    if (this.heldIn[cell] === this.step) return this.held[cell];
    if (this.base[cell] !== UNKNOWN) {
      this.touched = true;
      return this.base[cell];
    }
    if (this.refuses) {
      if (this.absent.has(cell)) {
        this.assumedAbsent = true;
        return null;
      }
      throw (this.refusals[cell] ??= new Untracked(this.paths[cell]!, this.inLocation[cell]!));
    }
    const values = this.values[cell]!;
    if (this.taken === this.script.length) {
      this.script.push(0);
      this.widths.push(values.length);
    }
    const value = values[this.script[this.taken++]!];
    this.asked.push(this.paths[cell]!);
    // A pointer that is chosen to be there points to another location, whose search knows it.
    if (this.inLocation[cell]! || (this.absent.has(cell) && value !== null)) this.askedElsewhere = true;
    this.held[cell] = value;
    this.heldIn[cell] = this.step;
    return value;
  }

  write(cell: number, value: unknown): void {
    this.held[cell] = value;
    this.heldIn[cell] = this.step;
  }
}
