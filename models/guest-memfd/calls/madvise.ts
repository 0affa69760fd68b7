/** madvise(), mincore() and mlock() on mappings of the process. */
import { bool, disabled, goTo, ids, oneOf, upTo, type Step } from "../../../spec/language.ts";
import { Inode, Page, Vm } from "../../../spec/guest-memory.ts";
import {
  MADV_COLLAPSE,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_HUGEPAGE,
  MADV_HWPOISON,
  MADV_PAGEOUT,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_REMOVE,
  MADV_SOFT_OFFLINE,
  MADV_WILLNEED,
} from "../../../spec/abi/files.ts";
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import { faultIn, onlyInitShared, pageOfArea, type MayMap } from "../host-fault.ts";
import { filesOf, framesOf } from "../invalidate.ts";
import { folioLock, invalidateLock, mmapLock, mmuLock } from "../locks.ts";
import type { Machine } from "../machine.ts";
import { notifyHva } from "../mmu.ts";
import { truncatePage } from "../page-cache.ts";
import { endPoison, poisonFolio, zapPoison } from "../poison.ts";
import { Area, call, choice, type AreaId, type InodeId, type State, type VmId } from "../state.ts";
import { endHole, zapHole } from "./fallocate.ts";

interface Range {
  readonly area: AreaId;
  first: number;
  end: number;
}
interface Advice extends Range {
  readonly advice: number;
  /** Of a page that is given up: where it is, and whose guests may map it. */
  poisons: boolean;
  wasPoisoned: boolean;
  inode: InodeId;
  page: number;
  vm: VmId;
}

const roundUp = (length: bigint): bigint => ((length + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;

const KNOWN = new Set([
  MADV_WILLNEED,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_REMOVE,
  MADV_HUGEPAGE,
  MADV_PAGEOUT,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_COLLAPSE,
  MADV_HWPOISON,
  MADV_SOFT_OFFLINE,
]);

/** zap_page_range_single(): the process's entries go, those of poison with them (should_zap_cows()); the page cache stays. */
function dropEntries(s: State, { area, first, end }: Advice): void {
  for (let at = first; at < end; at++) {
    const touched = pageOfArea(s, area, at);
    if (touched === null) continue;
    s.inodes[touched.inode].pages[touched.page]!.ptes[area] = "none";
  }
  notifyHva(s, area, first, end);
}

/**
 * reclaim_pages() of shmem without swap: try_to_unmap() takes the process's entries, and the page stays in the cache. Pages that another
 * mapping shows too are left alone, and a guest_memfd's cannot be evicted.
 */
function reclaim(s: State, { area, first, end }: Range): void {
  for (let at = first; at < end; at++) {
    const touched = pageOfArea(s, area, at);
    if (touched === null || s.inodes[touched.inode].kind !== "shmem") continue;
    const { ptes } = s.inodes[touched.inode].pages[touched.page]!;
    if (ptes[area] !== "mapped" || ids(ptes).some((other) => other !== area && ptes[other] === "mapped"))
      continue;
    ptes[area] = "none";
    notifyHva(s, area, at, at + 1);
  }
}

/** madvise_remove(): punches a hole through the mapping. */
function punch(s: State, { area, first, end }: Advice): void {
  const mapping = s.areas[area]!;
  const { inode } = s.files[mapping.file];
  const hole = { inode, first: mapping.first + first, end: mapping.first + end };
  zapHole(framesOf)(s, hole);
  for (let at = first; at < end; at++) {
    const touched = pageOfArea(s, area, at);
    if (touched !== null) truncatePage(s, touched.inode, touched.page);
  }
  endHole(s, hole);
  notifyHva(s, area, first, end);
}

/** madvise_populate(): faults page by page, and leaves what it brought in before an error. */
const populate =
  <S extends State>(mayMap: MayMap<S>) =>
  (
    s: S,
    { area, first, end }: Range,
    write: boolean,
    m: Machine,
  ): "EINVAL" | "EFAULT" | "EHWPOISON" | undefined => {
    for (let at = first; at < end; at++) {
      const touched = pageOfArea(s, area, at);
      if (touched === null) return undefined;
      const signal = faultIn(mayMap)(s, { area, ...touched }, write, m);
      if (signal === "SIGSEGV SEGV_ACCERR") return "EINVAL";
      if (signal !== null) return signal === "SIGBUS BUS_MCEERR_AR" ? "EHWPOISON" : "EFAULT";
    }
    return undefined;
  };

/**
 * madvise_inject_error(): brings the first page in, for memory_failure() to strike, or soft_offline_page() to give up. get_user_pages_fast() is not
 * asked to tell poison from other faults (FOLL_HWPOISON).
 */
function aim<S extends State>(mayMap: MayMap<S>, s: S, c: Advice, m: Machine): "EFAULT" | undefined {
  const touched = pageOfArea(s, c.area, c.first);
  if (touched === null) return "EFAULT";
  if (faultIn(mayMap)(s, { area: c.area, ...touched }, false, m) !== null) return "EFAULT";
  if (c.advice === MADV_SOFT_OFFLINE) return undefined;
  c.poisons = s.inodes[touched.inode].kind === "guest_memfd";
  c.inode = touched.inode;
  c.page = touched.page;
  return undefined;
}

const poisons = (c: { readonly poisons: boolean }): boolean => c.poisons;

/** memory_failure() of the page that was brought in, and reports that it could not recover from it. */
const strike = {
  "poison: lock the folio, unmap it from the host": {
    when: poisons,
    takes: ({ inode, page }: Advice) => folioLock(inode, page),
    run: (s: State, c: Advice): Step<never, never> => {
      const { folio } = s.inodes[c.inode].pages[c.page]!;
      c.wasPoisoned = folio === "poisoned";
      // Somebody else was first, or a hole took the page out of the file meanwhile.
      if (c.wasPoisoned || folio === "absent") return goTo("poison: unlock the folio");
      poisonFolio(s, c.inode, c.page);
      const [file] = filesOf(s, c.inode);
      if (file !== undefined) c.vm = s.files[file].vm;
    },
  },
  "poison: take invalidate_lock": {
    when: poisons,
    takes: ({ inode }: Advice) => invalidateLock.read(inode),
  },
  "poison: zap it from the guests": {
    when: poisons,
    under: ({ vm }: Advice) => mmuLock.write(vm),
    run: (s: State, { inode, page }: Advice) => zapPoison(s, inode, page),
  },
  "poison: end the invalidation": {
    when: poisons,
    under: ({ vm }: Advice) => mmuLock.write(vm),
    run: (s: State, { inode, page }: Advice) => endPoison(s, inode, page),
  },
  "poison: drop invalidate_lock": {
    when: poisons,
    drops: ({ inode }: Advice) => invalidateLock.read(inode),
  },
  "poison: unlock the folio": {
    when: poisons,
    drops: ({ inode, page }: Advice) => folioLock(inode, page),
    run: (_s: State, { wasPoisoned }: Advice) => (wasPoisoned ? "EHWPOISON" : "EBUSY"),
  },
} as const;

/** A guest_memfd's pages cannot be migrated. */
function isGuestMemfd(s: State, { area }: Advice): boolean {
  return s.inodes[s.files[s.areas[area]!.file].inode].kind === "guest_memfd";
}

type AdviceError = "EINVAL" | "EFAULT" | "EHWPOISON" | "EBUSY" | "ENOMEM";

function follow<S extends State>(mayMap: MayMap<S>, s: S, c: Advice, m: Machine): AdviceError | undefined {
  switch (c.advice) {
    case MADV_DONTNEED:
      return void dropEntries(s, c);
    case MADV_REMOVE:
      return void punch(s, c);
    case MADV_PAGEOUT:
      return void (m.prefetches && reclaim(s, c));
    case MADV_POPULATE_READ:
      return populate(mayMap)(s, c, false, m);
    case MADV_POPULATE_WRITE:
      return populate(mayMap)(s, c, true, m);
    case MADV_HWPOISON:
      return aim(mayMap, s, c, m);
    case MADV_SOFT_OFFLINE:
      return aim(mayMap, s, c, m) ?? (isGuestMemfd(s, c) ? "EBUSY" : undefined);
    // Of no use to shared file mappings.
    case MADV_FREE:
    case MADV_COLLAPSE:
      return "EINVAL";
    default:
      return undefined;
  }
}

const firstPage = choice<bigint>(
  () => [0n],
  () => [1n],
);
const window = choice<bigint>(
  (m) => [BigInt(m.filePages) * PAGE_SIZE],
  (m) => [0n, PAGE_SIZE, BigInt(m.filePages + 1) * PAGE_SIZE],
);

const pagesBefore = "madvise_populate() and madvise_inject_error(), mm/madvise.c: page by page";

/** By a version's rule of what the host may map. */
export const followAdvice = <S extends State>(mayMap: MayMap<S>) => ({
  "follow the advice": {
    under: () => mmapLock.read(),
    // Somebody may have unmapped it meanwhile.
    run: (s: S, c: Advice, m: Machine): Step<AdviceError, never> =>
      s.areas[c.area] === null ? "ENOMEM" : follow(mayMap, s, c, m),
  },
});

export const madvise = call({
  kernel: "do_madvise(), mm/madvise.c",
  by: "task",
  takes: {
    area: Area,
    advice: choice<number>(
      () => [MADV_HWPOISON, MADV_POPULATE_WRITE, MADV_DONTNEED, MADV_REMOVE],
      () => [MADV_POPULATE_READ, MADV_WILLNEED, MADV_FREE, MADV_SOFT_OFFLINE, 999],
    ),
    offset: firstPage,
    length: window,
  },
  keeps: {
    first: upTo("pages"),
    end: upTo("pages"),
    beyond: oneOf("no", "yes"),
    poisons: bool,
    wasPoisoned: bool,
    inode: Inode,
    page: Page,
    vm: Vm,
  },
  returns: ["EINVAL", "EFAULT", "EHWPOISON", "EBUSY", "ENOMEM"],
  also: (m) => [
    // Of ordinary memory, which is mapped from the first.
    { area: m.sizes.windows as AreaId, advice: 999, offset: 0n, length: PAGE_SIZE },
    {
      area: m.sizes.windows as AreaId,
      advice: MADV_DONTNEED,
      offset: 0n,
      length: BigInt(m.sizes.gfns + 1) * PAGE_SIZE,
    },
    // Beyond the mapping: what is mapped is handled, the rest reported.
    { area: 0 as AreaId, advice: MADV_DONTNEED, offset: 0n, length: BigInt(m.filePages + 1) * PAGE_SIZE },
  ],
  leaves: {
    EBUSY: {
      says: "the page is poisoned although the call says it failed",
      source: "kvm_gmem_error_folio() returns MF_DELAYED",
    },
    EFAULT: { says: "pages before the one that failed were brought in", source: pagesBefore },
    EHWPOISON: { says: "pages before the one that failed were brought in", source: pagesBefore },
    ENOMEM: { says: "the mapped part of the range was handled", source: "madvise_walk_vmas(), mm/madvise.c" },
  },
  sections: {
    "check the arguments": (s, c, m) => {
      const mapping = s.areas[c.area];
      if (mapping === null) return disabled;
      if (!KNOWN.has(c.advice)) return "EINVAL";
      if (c.offset % PAGE_SIZE !== 0n) return "EINVAL";
      if (c.length === 0n) return 0;
      const end = m.pages.border(c.offset + roundUp(c.length));
      c.first = m.pages.border(c.offset);
      c.end = Math.min(end, mapping.npages);
      c.beyond = end > mapping.npages ? "yes" : "no";
    },
    ...followAdvice(onlyInitShared),
    ...strike,
    "report what is not mapped": {
      local: true,
      run: (_s, { beyond }) => {
        if (beyond === "yes") return "ENOMEM";
      },
    },
  },
});

export const mincore = call({
  kernel: "__x64_sys_mincore(), mm/mincore.c",
  by: "task",
  takes: { area: Area, offset: firstPage },
  also: (m) => [{ area: m.sizes.windows as AreaId, offset: 1n }],
  returns: ["EINVAL"],
  gives: upTo("resident"),
  sections: {
    "look the page up": (s, { area, offset }, m) => {
      if (s.areas[area] === null) return disabled;
      if (offset % PAGE_SIZE !== 0n) return "EINVAL";
      const touched = pageOfArea(s, area, m.pages.at(offset));
      if (touched === null) return disabled;
      const memory = s.inodes[touched.inode];
      const { folio, ptes } = memory.pages[touched.page]!;
      const cached = folio === "ready" || folio === "poisoned";
      return { value: (cached && touched.page < memory.size) || ptes[area] !== "none" ? 1 : 0 };
    },
  },
});

/** What mlock() brings in, by a version's rule of what the host may map. */
export const populateRange = <S extends State>(mayMap: MayMap<S>) => ({
  "populate the range": (
    s: S,
    { area, offset, length }: { readonly area: AreaId; readonly offset: bigint; readonly length: bigint },
    m: Machine,
  ): Step<"ENOMEM", never> => {
    const mapping = s.areas[area];
    if (mapping === null) return disabled;
    const first = m.pages.border((offset / PAGE_SIZE) * PAGE_SIZE);
    const end = m.pages.border(roundUp(offset + length));
    const range = { area, first, end: Math.min(end, mapping.npages) };
    if (populate(mayMap)(s, range, false, m) !== undefined || end > mapping.npages) return "ENOMEM";
    return undefined;
  },
});

export const mlock = call({
  kernel: "do_mlock(), mm/mlock.c: populates what it locks",
  by: "task",
  takes: { area: Area, offset: choice<bigint>(() => [0n]), length: window },
  also: (m) => [
    { area: m.sizes.windows as AreaId, offset: 0n, length: BigInt(m.sizes.gfns + 1) * PAGE_SIZE },
  ],
  returns: ["ENOMEM"],
  leaves: {
    ENOMEM: { says: "pages before the one that failed were brought in", source: "__mm_populate(), mm/gup.c" },
  },
  sections: populateRange(onlyInitShared),
});
