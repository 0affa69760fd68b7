/** Programs in which a page of guest memory, of a mapping or of a file is left out: what lies behind it moves down, and what lies over it loses a page. */
import type { Smaller } from "../../../spec/programs.ts";
import type { RecordedStep } from "../../../spec/recording.ts";
import { BASE, PAGE } from "./world.ts";

type Steps = readonly RecordedStep[];

/** Where a step says which pages of something it is about: where they begin, and how long they are, null for a byte. */
interface Extent {
  readonly start: string;
  readonly size: string | null;
}

const GUEST: Readonly<Record<string, Extent>> = {
  set_user_memory_region2: { start: "guest_phys_addr", size: "memory_size" },
  set_user_memory_region: { start: "guest_phys_addr", size: "memory_size" },
  set_memory_attributes: { start: "address", size: "size" },
  pre_fault_memory: { start: "gpa", size: "size" },
  guest_read: { start: "gpa", size: null },
  guest_write: { start: "gpa", size: null },
  guest_execute: { start: "gpa", size: null },
};

/** More than any universe has. */
const MOST_PAGES = 64;

/** The part of a step that lies on numbered pages; null where it is far from them. */
interface Placed {
  readonly first: number;
  readonly pages: number;
}

function placed(step: RecordedStep, { start, size }: Extent, base: number): Placed | null {
  const from = step[start];
  if (typeof from !== "number" || from < base || from >= base + MOST_PAGES * PAGE) return null;
  const first = Math.floor((from - base) / PAGE);
  return { first, pages: size === null ? 1 : Math.max(1, Math.ceil(Number(step[size]) / PAGE)) };
}

function withoutPage(step: RecordedStep, extent: Extent, base: number, left: number): RecordedStep {
  const at = placed(step, extent, base);
  if (at === null) return step;
  const { start, size } = extent;
  if (at.first > left) return { ...step, [start]: Number(step[start]) - PAGE };
  if (size === null || at.first + at.pages <= left || Number(step[size]) <= PAGE) return step;
  return { ...step, [size]: Number(step[size]) - PAGE };
}

function* leavingOut(
  steps: Steps,
  pages: number,
  what: (page: number) => string,
  without: (page: number) => Steps,
): Iterable<Smaller> {
  for (let page = pages - 1; page >= 0; page--) {
    const to = without(page);
    if (to.some((step, i) => step !== steps[i])) yield { kind: "bound", what: what(page), to };
  }
}

function placedInGuest(step: RecordedStep): Placed | null {
  const extent = GUEST[step.op];
  return extent === undefined ? null : placed(step, extent, BASE);
}

export function* fewerPages(steps: Steps): Iterable<Smaller> {
  const ends = steps.map((step) => {
    const at = placedInGuest(step);
    return at === null ? 0 : at.first + at.pages;
  });
  const frames = Math.max(0, ...ends);
  yield* leavingOut(
    steps,
    frames,
    (frame) => `without frame ${frame} of the guest, and the pages behind it`,
    (frame) => withoutWhatIsBehind(withoutFrame(steps, frame), steps, frame),
  );
  yield* leavingOut(
    steps,
    frames,
    (frame) => `without frame ${frame} of the guest`,
    (frame) => withoutFrame(steps, frame),
  );
  for (const { op, map, size, length } of steps) {
    if (op !== "anon" && op !== "mmap") continue;
    const pages = Math.min(MOST_PAGES, Math.ceil(Number(op === "anon" ? size : length) / PAGE));
    yield* leavingOut(
      steps,
      pages,
      (page) => `without page ${page} of mapping ${map}`,
      (page) => steps.map((step) => withoutPageOfMapping(step, map, page)),
    );
  }
  for (const { op, file, size } of steps) {
    if (op !== "create_guest_memfd" || typeof size !== "number") continue;
    const pages = Math.min(MOST_PAGES, Math.ceil(size / PAGE));
    yield* leavingOut(
      steps,
      pages,
      (page) => `without page ${page} of file ${file}`,
      (page) => withoutPageOfFile(steps, file, page),
    );
  }
}

function withoutFrame(steps: Steps, frame: number): Steps {
  return steps.map((step) =>
    GUEST[step.op] === undefined ? step : withoutPage(step, GUEST[step.op]!, BASE, frame),
  );
}

/** Of each slot over the frame, the page of its file and of its ordinary memory. */
function withoutWhatIsBehind(steps: Steps, before: Steps, frame: number): Steps {
  let left = steps;
  for (const slot of before) {
    const at = placedInGuest(slot);
    if (slot["userspace_addr"] === undefined || at === null) continue;
    const page = frame - at.first;
    if (page < 0 || page >= at.pages) continue;
    const { guest_memfd: file, guest_memfd_offset: inFile, userspace_addr: address } = slot;
    if (typeof file === "string" && typeof inFile === "number")
      left = withoutPageOfFile(left, file, Math.floor(inFile / PAGE) + page);
    if (typeof address !== "object" || address === null) continue;
    const { map, offset } = address as { readonly map: unknown; readonly offset: unknown };
    if (typeof offset !== "number") continue;
    left = left.map((step) => withoutPageOfMapping(step, map, Math.floor(offset / PAGE) + page));
  }
  return left;
}

/** One page less, of what has more. */
function shorter(step: RecordedStep, field: string): RecordedStep {
  return Number(step[field]) > PAGE ? { ...step, [field]: Number(step[field]) - PAGE } : step;
}

function withoutPageOfMapping(step: RecordedStep, map: unknown, page: number): RecordedStep {
  const { userspace_addr: address } = step;
  if (typeof address === "object" && address !== null && (address as { map: unknown }).map === map) {
    const { offset } = address as { readonly offset: unknown };
    if (typeof offset !== "number" || Math.floor(offset / PAGE) <= page) return step;
    return { ...step, userspace_addr: { map, offset: offset - PAGE } };
  }
  if (step["map"] !== map) return step;
  if (step.op === "anon") return shorter(step, "size");
  if (step.op === "mmap") return shorter(step, "length");
  return withoutPage(step, { start: "offset", size: "length" in step ? "length" : null }, 0, page);
}

const IN_FILE: Readonly<Record<string, Extent>> = {
  fallocate: { start: "offset", size: "len" },
  mmap: { start: "offset", size: "length" },
};
const BOUND: Extent = { start: "guest_memfd_offset", size: null };

/** All its descriptors are followed; a window over the page loses it as well. */
function withoutPageOfFile(steps: Steps, file: unknown, page: number): Steps {
  const names = new Set([file]);
  const windows = new Map<unknown, number>();
  return steps.map((step) => {
    if (step.op === "dup" && names.has(step["file"])) names.add(step["as"]);
    if (step.op === "create_guest_memfd" && step["file"] === file) return shorter(step, "size");
    const window = windows.get(step["map"]);
    if (window !== undefined) return withoutPageOfMapping(step, step["map"], window);
    if (names.has(step["guest_memfd"])) return withoutPage(step, BOUND, 0, page);
    const extent = IN_FILE[step.op];
    if (extent === undefined || !names.has(step["file"])) return step;
    const at = placed(step, extent, 0);
    if (step.op === "mmap" && at !== null && at.first <= page && page < at.first + at.pages)
      windows.set(step["map"], page - at.first);
    return withoutPage(step, extent, 0, page);
  });
}
