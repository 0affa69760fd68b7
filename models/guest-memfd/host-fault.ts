/**
 * Page faults of the process on its mappings: kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c; shmem_fault(),
 * mm/shmem.c. Each step is a function, so that a call can let others in between two of them.
 */
import { clearUnlessReady, grabFolio } from "./page-cache.ts";
import type { Machine } from "./machine.ts";
import type { AreaId, InodeId, InodeState, PageCell, State } from "./state.ts";

/** A signal with its si_code, as the process sees it. */
export const SIGNALS = [
  "SIGBUS BUS_ADRERR",
  "SIGBUS BUS_MCEERR_AR",
  "SIGSEGV SEGV_ACCERR",
  "SIGSEGV SEGV_MAPERR",
] as const;
export type Signal = (typeof SIGNALS)[number];

/** A page of a mapping: the inode behind it, and its position there, which may lie behind the file's end. */
export interface Touched {
  readonly inode: InodeId;
  readonly page: number;
}
/** fault_around_bytes, in pages. */
const AROUND = 16n;

export interface Fault extends Touched {
  readonly area: AreaId;
}

/** The page that an address of a mapping stands for; null when nothing is mapped there. */
export function pageOfArea(s: State, area: AreaId, at: number): Touched | null {
  const mapping = s.areas[area];
  if (mapping === null || at < 0 || at >= mapping.npages) return null;
  return { inode: s.files[mapping.file].inode, page: mapping.first + at };
}

const cellAt = (s: State, { inode, page }: Touched): PageCell => s.inodes[inode].pages[page]!;

export function rights(s: State, { area }: Fault, write: boolean): "SIGSEGV SEGV_ACCERR" | null {
  const { access } = s.areas[area]!;
  return access === "none" || (write && access !== "write") ? "SIGSEGV SEGV_ACCERR" : null;
}

/** The process's entries for a page are kept: those of ordinary memory decide nothing but what is mapped ahead of time. */
const keepsEntries = (s: State, { inode }: Touched, m: Machine): boolean =>
  s.inodes[inode].kind === "guest_memfd" || m.prefetches;

/** What the process's page table says: mapped, to be faulted in, or poisoned for good. */
export function walk(s: State, fault: Fault, m: Machine): "mapped" | "none" | "SIGBUS BUS_MCEERR_AR" {
  const { ptes, folio } = cellAt(s, fault);
  const pte = ptes[fault.area];
  if (pte === "hwpoison") return "SIGBUS BUS_MCEERR_AR";
  if (!keepsEntries(s, fault, m)) return folio === "ready" && inFile(s, fault) ? "mapped" : "none";
  return pte;
}

const inFile = (s: State, { inode, page }: Touched): boolean => page < s.inodes[inode].size;

/** Whether a version lets the host map a page of a guest_memfd. */
export type MayMap<S extends State = State> = (inode: InodeState, s: S, at: Touched) => boolean;

/** Only with GUEST_MEMFD_FLAG_INIT_SHARED: fe2bf6234e94, 6.18-rc. */
export const onlyInitShared: MayMap = (inode) => inode.initShared;

export const mayFault =
  <S extends State>(mayMap: MayMap<S>) =>
  (s: S, fault: Fault): "SIGBUS BUS_ADRERR" | null => {
    const memory = s.inodes[fault.inode];
    const allowed = memory.kind !== "guest_memfd" || mayMap(memory, s, fault);
    return inFile(s, fault) && allowed ? null : "SIGBUS BUS_ADRERR";
  };

export function findFolio(s: State, fault: Fault): void {
  grabFolio(cellAt(s, fault));
}

export function clearFolio(s: State, fault: Fault): void {
  clearUnlessReady(cellAt(s, fault));
}

/** The core maps the folio; it finds poison only now. */
export function mapFolio(s: State, fault: Fault, m: Machine): "SIGBUS BUS_MCEERR_AR" | null {
  const cell = cellAt(s, fault);
  if (cell.folio === "poisoned") return "SIGBUS BUS_MCEERR_AR";
  if (keepsEntries(s, fault, m)) cell.ptes[fault.area] = "mapped";
  return null;
}

/**
 * do_fault_around(), mm/memory.c: where a read of ordinary memory faults, the process maps what is cached of the 64 KiB around it as well. Of a run of
 * pages that a position stands for, all or none.
 */
export function mapAround(s: State, { area, inode, page }: Fault, m: Machine): void {
  if (!m.prefetches || s.inodes[inode].kind !== "shmem") return;
  const mapping = s.areas[area]!;
  const window = m.pages.starts[page - mapping.first]! / AROUND;
  for (let at = 0; at < mapping.npages; at++) {
    const cell = s.inodes[inode].pages[mapping.first + at];
    if (cell === undefined || cell.folio !== "ready" || !inFile(s, { inode, page: mapping.first + at }))
      continue;
    const isInside =
      m.pages.starts[at]! / AROUND === window && (m.pages.starts[at + 1]! - 1n) / AROUND === window;
    if (isInside) cell.ptes[area] = "mapped";
  }
}

/** The whole fault at once: get_user_pages() and its like. */
export const faultIn =
  <S extends State>(mayMap: MayMap<S>) =>
  (s: S, fault: Fault, write: boolean, m: Machine): Signal | null => {
    const refused = rights(s, fault, write);
    if (refused !== null) return refused;
    const found = walk(s, fault, m);
    if (found === "mapped") return null;
    if (found !== "none") return found;
    const signal = mayFault(mayMap)(s, fault);
    if (signal !== null) return signal;
    findFolio(s, fault);
    clearFolio(s, fault);
    if (!write) mapAround(s, fault, m);
    return mapFolio(s, fault, m);
  };

/** The model's cell for a byte address. */
export function cellOf(offset: bigint, m: Machine): number {
  return m.cells.length === 1 ? 0 : m.cells.indexOf(Number(offset % 4096n));
}
