/**
 * Which pages and frames a program tells apart.
 *
 * A program names some bytes of an address space of 2^64. Every page that it touches becomes a position of its own, every range
 * begins and ends at a border of positions, and a cut in one space is a cut in each space that a slot or a
 * mapping lays over it, so that ranges that are laid over one another have the same number of positions.
 */
import { UnplayableStep } from "../../../spec/recording.ts";
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import { Axis } from "../axis.ts";
import { PREFETCH_GROUP } from "../prefetch.ts";
import { offset as loff, unsigned, type Args } from "./steps.ts";

/** Guest frames, or pages of files and mappings. */
type Space = "frames" | "pages";

/** Pages first … first + count - 1 of one space are laid over as many of another. */
interface Overlay {
  readonly from: Space;
  readonly fromFirst: bigint;
  readonly to: Space;
  readonly toFirst: bigint;
  readonly count: bigint;
}

/** More than any program of a recording needs; beyond it, overlaid ranges cut one another without end. */
const MOST_CUTS = 4096;

export interface Layout {
  readonly frames: Axis;
  readonly pages: Axis;
  /** Bytes of a page that the program reads or writes. */
  readonly cells: readonly number[];
}

/** `groups`: of each frame that a guest touches, the neighbours are told apart that a fault may map with it. */
export function layOut(program: readonly Args[], groups: boolean): Layout {
  const cuts: Record<Space, Set<bigint>> = { frames: new Set([0n]), pages: new Set([0n]) };
  const overlays: Overlay[] = [];
  const cells = new Set<number>([0]);
  const cut = (space: Space, page: bigint): void => void (page >= 0n && cuts[space].add(page));
  const touch = (space: Space, bytes: bigint): void => {
    const page = bytes / PAGE_SIZE;
    cut(space, page);
    cut(space, page + 1n);
    cells.add(Number(((bytes % PAGE_SIZE) + PAGE_SIZE) % PAGE_SIZE));
  };
  const range = (space: Space, start: bigint, size: bigint): void => {
    cut(space, start / PAGE_SIZE);
    cut(space, (start + size + PAGE_SIZE - 1n) / PAGE_SIZE);
  };
  for (const step of program) {
    switch (step.op) {
      case "create_guest_memfd":
      case "memfd_create":
      case "anon":
        range("pages", 0n, unsigned(step.size));
        break;
      case "ftruncate":
        range("pages", 0n, loff(step.size));
        break;
      case "mmap":
        range("pages", unsigned(step.offset), unsigned(step.length));
        range("pages", 0n, unsigned(step.length));
        overlays.push(overlay("pages", 0n, "pages", unsigned(step.offset), unsigned(step.length)));
        break;
      case "set_user_memory_region":
      case "set_user_memory_region2": {
        const size = unsigned(step.memory_size);
        const gpa = unsigned(step.guest_phys_addr);
        range("frames", gpa, size);
        const { userspace_addr: address } = step;
        const hva = typeof address === "object" ? unsigned(address.offset) : unsigned(address);
        range("pages", hva, size);
        overlays.push(overlay("frames", gpa, "pages", hva, size));
        if (step.op === "set_user_memory_region2") {
          const first = unsigned(step.guest_memfd_offset);
          range("pages", first, size);
          overlays.push(overlay("frames", gpa, "pages", first, size));
        }
        break;
      }
      case "set_memory_attributes":
        range("frames", unsigned(step.address), unsigned(step.size));
        break;
      case "pre_fault_memory":
        range("frames", unsigned(step.gpa), unsigned(step.size));
        break;
      case "fallocate":
        range("pages", loff(step.offset), loff(step.len));
        break;
      case "madvise":
      case "mlock":
        range("pages", unsigned(step.offset), unsigned(step.length));
        break;
      case "guest_read":
      case "guest_write":
      case "guest_execute":
        touch("frames", unsigned(step.gpa));
        if (groups) for (const frame of groupOf(unsigned(step.gpa) / PAGE_SIZE)) cut("frames", frame);
        break;
      case "host_read":
      case "host_write":
      case "host_read_syscall":
      case "mincore":
        touch("pages", unsigned(step.offset));
        break;
      default:
    }
  }
  closeUnder(overlays, cuts);
  const axis = (space: Space): Axis => new Axis([...cuts[space]].sort((a, b) => (a < b ? -1 : 1)));
  return { frames: axis("frames"), pages: axis("pages"), cells: [...cells].sort((a, b) => a - b) };
}

/** The borders of all frames of a frame's group. */
function groupOf(frame: bigint): bigint[] {
  const first = frame - (frame % PREFETCH_GROUP);
  return Array.from({ length: Number(PREFETCH_GROUP) + 1 }, (_, i) => first + BigInt(i));
}

function overlay(from: Space, fromBytes: bigint, to: Space, toBytes: bigint, size: bigint): Overlay {
  const count = (size + PAGE_SIZE - 1n) / PAGE_SIZE;
  return { from, fromFirst: fromBytes / PAGE_SIZE, to, toFirst: toBytes / PAGE_SIZE, count };
}

/** Carries every cut through every overlay that it lies in, both ways, until nothing is new. */
function closeUnder(overlays: readonly Overlay[], cuts: Record<Space, Set<bigint>>): void {
  const waiting: [Space, bigint][] = [];
  for (const space of ["frames", "pages"] as const)
    for (const page of cuts[space]) waiting.push([space, page]);
  const carry = (to: Space, page: bigint): void => {
    if (cuts[to].has(page)) return;
    cuts[to].add(page);
    waiting.push([to, page]);
    if (cuts[to].size > MOST_CUTS) {
      throw new UnplayableStep(
        `the program lays large ranges over one another at different offsets, so that over ${MOST_CUTS} pages are told apart`,
      );
    }
  };
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [space, page] = next;
    for (const { from, fromFirst, to, toFirst, count } of overlays) {
      if (space === from && page >= fromFirst && page <= fromFirst + count)
        carry(to, toFirst + page - fromFirst);
      if (space === to && page >= toFirst && page <= toFirst + count) carry(from, fromFirst + page - toFirst);
    }
  }
}
