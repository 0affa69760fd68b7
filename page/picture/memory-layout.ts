/** Where the things of a picture stand: VMs above with their frames and slots, files below, and what leads from the ones to the others. */
import type { FileDrawn, GfnCell, PageCell, Picture, SlotDrawn, VmDrawn } from "../session/picture.ts";
import { gfnFacts, pageFacts, type Fact } from "./facts.ts";
import { charsIn, fit } from "./fit.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A cell with its facts, broken into lines that fit. */
export interface CellBox<T> {
  readonly cell: T;
  readonly box: Box;
  readonly lines: readonly Fact[];
}

export interface SlotBox {
  readonly slot: SlotDrawn;
  readonly box: Box;
}

export interface VmBox {
  readonly vm: VmDrawn;
  readonly title: readonly string[];
  readonly box: Box;
  readonly gfns: readonly CellBox<GfnCell>[];
  readonly slots: readonly SlotBox[];
}

export interface FileBox {
  readonly file: FileDrawn;
  readonly title: readonly string[];
  readonly box: Box;
  readonly cells: readonly CellBox<PageCell>[];
  /** Where the file ends: x of the line behind its last page; null where that is not known. */
  readonly end: number | null;
}

/** A slot's pages, as a band from its frames to the pages that it shows. */
export interface Band {
  readonly slot: SlotDrawn;
  readonly from: Box;
  readonly to: Box;
}

/** A leaf: a line from a frame to a page. */
export interface Arrow {
  readonly cell: GfnCell;
  readonly from: Point;
  readonly to: Point;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface MemoryLayout {
  readonly width: number;
  readonly height: number;
  readonly vms: readonly VmBox[];
  readonly files: readonly FileBox[];
  readonly bands: readonly Band[];
  readonly arrows: readonly Arrow[];
}

/** Font size and distance of lines in a cell. */
export const TEXT = 11.5;
export const STEP = 15;
export const TITLE = 17;
const GAP = 4;
const BLOCK_GAP = 18;
const SLOT = 19;
/** Of a cell: a title of its own stands above or below one, in px. */
const NARROWEST = 100;
const WIDEST = 156;
/** Between the VMs and the files: room for the lines. */
const BETWEEN = 46;

/** For so many px; it is wider only where the pages of one file are. */
export function layoutOf({ files, vms }: Picture, available: number): MemoryLayout {
  const cells = Math.max(...vms.map(({ gfns }) => gfns.length), ...files.map((file) => file.cells.length), 1);
  const cellWidth = Math.max(NARROWEST, Math.min(WIDEST, Math.floor(available / (cells + 1)) - GAP));
  const above = flow(
    vms.map((vm) => vmBox(vm, cellWidth)),
    available,
    0,
  );
  const below = flow(
    files.map((file) => fileBox(file, cellWidth)),
    available,
    vms.length === 0 ? 0 : above.height + (files.length === 0 ? 0 : BETWEEN),
  );
  return {
    width: Math.max(above.width, below.width, 120),
    height: Math.max(above.height, below.height) + 4,
    vms: above.boxes,
    files: below.boxes,
    bands: bandsOf(above.boxes, below.boxes),
    arrows: arrowsOf(above.boxes, below.boxes),
  };
}

/** Boxes side by side, in as many rows as they need. */
function flow<T extends { readonly box: Box }>(
  boxes: readonly ((x: number, y: number) => T)[],
  available: number,
  from: number,
): { readonly boxes: T[]; readonly width: number; readonly height: number } {
  const placed: T[] = [];
  let [x, y, width, bottom] = [2, from, 0, from];
  for (const make of boxes) {
    let made = make(x, y);
    if (x > 2 && x + made.box.width > available) {
      [x, y] = [2, bottom + BLOCK_GAP];
      made = make(x, y);
    }
    placed.push(made);
    x += made.box.width + BLOCK_GAP;
    width = Math.max(width, x - BLOCK_GAP + 2);
    bottom = Math.max(bottom, y + made.box.height);
  }
  return { boxes: placed, width, height: bottom };
}

function vmBox(vm: VmDrawn, cellWidth: number): (x: number, y: number) => VmBox {
  const width = Math.max(1, vm.gfns.length) * (cellWidth + GAP) - GAP;
  const title = fit(vm.name, charsIn(width, 13));
  const facts = vm.gfns.map((cell) => linesOf(gfnFacts(cell), cell.since, cellWidth));
  const height = cellHeight(facts);
  return (x, y) => {
    const top = y + title.length * TITLE + 4;
    const gfns = vm.gfns.map((cell, i) => ({
      cell,
      lines: facts[i]!,
      box: { x: x + i * (cellWidth + GAP), y: top, width: cellWidth, height },
    }));
    const slots = slotBoxes(vm, gfns, top + height + 3);
    const bottom = Math.max(top + height, ...slots.map(({ box }) => box.y + box.height));
    return { vm, title, gfns, slots, box: { x, y, width, height: bottom - y } };
  };
}

/** Slots below their frames; those of several address spaces that cover the same frame below each other. */
function slotBoxes(vm: VmDrawn, gfns: readonly CellBox<GfnCell>[], top: number): SlotBox[] {
  const rows: number[][] = [];
  return vm.slots.flatMap((slot) => {
    const covered = gfns.filter(({ cell }) => cell.gfn >= slot.base && cell.gfn < slot.base + slot.npages);
    const [first, last] = [covered[0], covered.at(-1)];
    if (first === undefined || last === undefined) return [];
    const numbers = covered.map(({ cell }) => cell.gfn);
    const free = rows.findIndex((row) => !numbers.some((gfn) => row.includes(gfn)));
    const row = free < 0 ? rows.push([]) - 1 : free;
    rows[row]!.push(...numbers);
    const width = last.box.x + last.box.width - first.box.x;
    return [{ slot, box: { x: first.box.x, y: top + row * (SLOT + 3), width, height: SLOT } }];
  });
}

function fileBox(file: FileDrawn, cellWidth: number): (x: number, y: number) => FileBox {
  const width = Math.max(1, file.cells.length) * (cellWidth + GAP) - GAP;
  const says =
    file.openAs.length === 0 ? `${file.name}: no open file of it` : `${file.name}: ${file.openAs.join("; ")}`;
  const title = fit(says, charsIn(width, 13));
  const facts = file.cells.map((cell) => linesOf(pageFacts(cell), cell.since, cellWidth));
  const height = cellHeight(facts);
  return (x, y) => {
    const cells = file.cells.map((cell, i) => ({
      cell,
      lines: facts[i]!,
      box: { x: x + i * (cellWidth + GAP), y, width: cellWidth, height },
    }));
    const inside = file.size === null ? -1 : cells.findIndex(({ cell }) => cell.page >= file.size!);
    return {
      file,
      title,
      cells,
      end: inside < 0 ? null : cells[inside]!.box.x - GAP / 2,
      box: { x, y, width, height: height + title.length * TITLE + 6 },
    };
  };
}

function linesOf(facts: readonly Fact[], since: number, width: number): Fact[] {
  const chars = charsIn(width - 14, TEXT);
  const lines = facts.flatMap((one) => fit(one.text, chars, 0).map((text) => ({ ...one, text })));
  return since === 0 ? lines : [...lines, { what: "written by", text: `✎ step ${since}`, kind: "dim" }];
}

function cellHeight(cells: readonly (readonly Fact[])[]): number {
  return Math.max(1, ...cells.map((lines) => lines.length)) * STEP + 10;
}

function bandsOf(vms: readonly VmBox[], files: readonly FileBox[]): Band[] {
  return vms.flatMap(({ slots }) =>
    slots.flatMap(({ slot, box }) => {
      const shown = (files.find(({ file }) => file.inode === slot.inode)?.cells ?? []).filter(
        ({ cell }) => cell.page >= slot.first && cell.page < slot.first + slot.npages,
      );
      const [first, last] = [shown[0]?.box, shown.at(-1)?.box];
      if (first === undefined || last === undefined) return [];
      return [{ slot, from: box, to: { ...first, width: last.x + last.width - first.x } }];
    }),
  );
}

function arrowsOf(vms: readonly VmBox[], files: readonly FileBox[]): Arrow[] {
  return vms.flatMap(({ gfns }) =>
    gfns.flatMap(({ cell, box }) => {
      const { mapping } = cell;
      if (mapping === null || !mapping.fromFile) return [];
      const page = files
        .find(({ file }) => file.inode === mapping.inode)
        ?.cells.find((other) => other.cell.page === mapping.page);
      if (page === undefined) return [];
      return [
        {
          cell,
          from: { x: box.x + box.width - 14, y: box.y + box.height },
          to: { x: page.box.x + page.box.width - 14, y: page.box.y },
        },
      ];
    }),
  );
}
