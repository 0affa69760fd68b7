/** The pictures of a run's moments, each with what the step before it changed and since when everything is as it is. */
import type { Scene } from "../../checkers/explore/bounded.ts";
import type { Change } from "../../spec/language/trace.ts";
import { cellsOf } from "./cells.ts";
import { isGuestMemory, isNothing, sketch, type BareFile, type BareVm } from "./draw.ts";
import { Spoken } from "./marks.ts";
import type { Drawn, FileDrawn, Picture, StateCell, VmDrawn } from "./picture.ts";
import type { Broken } from "./session.ts";

export interface Pictured {
  readonly scene: Scene;
  readonly states: readonly object[];
  readonly steps: readonly { readonly changes: readonly Change[] }[];
  breachesAt(index: number): readonly Broken[];
}

/** A picture says since when a thing is as it is, so that those before it are drawn first: each once. */
export class Pictures {
  private readonly run: Pictured;
  private readonly drawn: Picture[] = [];
  /** What was there at the last moment drawn. */
  private seen: ReadonlyMap<string, Seen> = new Map();

  constructor(run: Pictured) {
    this.run = run;
  }

  at(index: number): Picture {
    while (this.drawn.length <= index) this.drawn.push(this.draw(this.drawn.length));
    return this.drawn[index]!;
  }

  private draw(index: number): Picture {
    const { scene, states } = this.run;
    const view: unknown = scene.design.view(states[index] as never, scene.m as never);
    const isDrawable = isGuestMemory(view);
    const { files, vms } = isDrawable ? sketch(view, scene.sizes) : { files: [], vms: [] };
    const happened = new Happened(index, this.seen);
    const placed = {
      files: files.map((file) => withHistory(happened, file)),
      vms: vms.map((vm) => ofVm(happened, vm)),
    };
    this.seen = happened.now;
    return new Lazy(this.run, index, placed, files);
  }
}

/** Marks need the promises to be asked, and cells are many: both wait until somebody looks. */
class Lazy implements Picture {
  private readonly run: Pictured;
  private readonly index: number;
  private readonly placed: Pick<Picture, "files" | "vms">;
  private readonly bare: readonly BareFile[];
  private marks: Pick<Picture, "files" | "vms"> | null = null;
  private list: readonly StateCell[] | null = null;

  constructor(
    run: Pictured,
    index: number,
    placed: Pick<Picture, "files" | "vms">,
    bare: readonly BareFile[],
  ) {
    this.run = run;
    this.index = index;
    this.placed = placed;
    this.bare = bare;
  }

  get files(): readonly FileDrawn[] {
    return this.marked().files;
  }

  get vms(): readonly VmDrawn[] {
    return this.marked().vms;
  }

  get cells(): readonly StateCell[] {
    if (this.list !== null) return this.list;
    const { scene, states, steps } = this.run;
    const changes = steps.slice(0, this.index).map((step) => step.changes);
    return (this.list = cellsOf(scene.design.state, states[this.index], changes, this.spoken()));
  }

  private spoken(): Spoken[] {
    const { run, index } = this;
    return run.breachesAt(index).map((broken) => new Spoken(broken, run.scene.properties));
  }

  private marked(): Pick<Picture, "files" | "vms"> {
    if (this.marks !== null) return this.marks;
    const spoken = this.spoken();
    if (spoken.length === 0) return (this.marks = this.placed);
    const files = this.placed.files.map((file, i) =>
      markedFile(file, this.bare[i]!.files, spoken, this.placed.vms),
    );
    return (this.marks = { files, vms: this.placed.vms.map((vm) => markedVm(vm, spoken)) });
  }
}

type SpokenOf = readonly Spoken[];

function says(spoken: SpokenOf, isOf: (one: Spoken) => boolean): string | null {
  const texts = spoken.filter(isOf).map(({ text }) => text);
  return texts.length === 0 ? null : texts.join("; ");
}

function markedFile(
  file: FileDrawn,
  openAs: readonly number[],
  spoken: SpokenOf,
  vms: readonly VmDrawn[],
): FileDrawn {
  const { inode } = file;
  const isMapped = (one: Spoken, page: number): boolean =>
    vms.some(({ vm, gfns }) =>
      gfns.some(
        ({ gfn, mapping }) => mapping?.inode === inode && mapping.page === page && one.isOfMapped(vm, gfn),
      ),
    );
  const cells = file.cells.map((cell) => ({
    ...cell,
    marked: says(spoken, (one) => one.isOfPage(inode, openAs, cell.page) || isMapped(one, cell.page)),
  }));
  return { ...file, cells, marked: says(spoken, (one) => one.isOfFile(inode, openAs)) };
}

function markedVm(drawn: VmDrawn, spoken: SpokenOf): VmDrawn {
  const { vm } = drawn;
  return {
    ...drawn,
    marked: says(spoken, (one) => one.isOfVm(vm)),
    slots: drawn.slots.map((slot) => ({
      ...slot,
      marked: says(spoken, (one) => one.isOfSlot(vm, slot.space, slot.slot)),
    })),
    gfns: drawn.gfns.map((cell) => ({
      ...cell,
      marked: says(spoken, (one) => one.isOfFrame(vm, cell.gfn)),
    })),
  };
}

interface Seen {
  readonly text: string;
  readonly since: number;
}

/** What a step did to each thing, by comparison with what was there before it. */
class Happened {
  readonly now = new Map<string, Seen>();
  private readonly index: number;
  private readonly before: ReadonlyMap<string, Seen>;

  constructor(index: number, before: ReadonlyMap<string, Seen>) {
    this.index = index;
    this.before = before;
  }

  /** `isPlain`: it is nothing to see when it comes with something else. */
  to<T extends object>(key: string, thing: T, isPlain = false): T & Drawn {
    const { index } = this;
    const text = JSON.stringify(thing);
    const known = this.before.get(key);
    const since = known?.text === text ? known.since : index;
    this.now.set(key, { text, since });
    const isNew = known === undefined && isPlain;
    return { ...thing, changed: index > 0 && since === index && !isNew, since, marked: null };
  }
}

function withHistory(happened: Happened, { cells, files: _, ...file }: BareFile): FileDrawn {
  const { inode } = file;
  return {
    ...happened.to(`inode ${inode}`, file),
    cells: cells.map((cell) => happened.to(`inode ${inode} page ${cell.page}`, cell, isNothing(cell))),
  };
}

function ofVm(happened: Happened, { slots, gfns, ...vm }: BareVm): VmDrawn {
  const { name } = vm;
  return {
    ...happened.to(name, vm),
    slots: slots.map((slot) => happened.to(`${name} ${slot.space} slot ${slot.slot}`, slot)),
    gfns: gfns.map((cell) =>
      happened.to(`${name} gfn ${cell.gfn}`, cell, cell.mapping === null && !cell.invalidating),
    ),
  };
}
