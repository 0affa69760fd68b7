/** Loads and stores of the process in its mappings, and reads that the kernel makes for it. */
import { disabled, goTo, maybe, type Step } from "../../../spec/language.ts";
import { Inode, Page } from "../../../spec/guest-memory.ts";
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import {
  SIGNALS,
  cellOf,
  clearFolio,
  faultIn,
  findFolio,
  mapAround,
  mapFolio,
  mayFault,
  onlyInitShared,
  pageOfArea,
  rights,
  walk,
  type MayMap,
  type Signal,
} from "../host-fault.ts";
import { folioLock, mmapLock } from "../locks.ts";
import type { Machine } from "../machine.ts";
import { Area, Byte, call, choice, type AreaId, type InodeId, type State } from "../state.ts";

interface Access {
  readonly area: AreaId;
  readonly offset: bigint;
  /** Of a store. */
  readonly value?: number;
  inode: InodeId;
  page: number;
}
const kept = { inode: Inode, page: Page };

const anyPage = choice<bigint>(
  (m) => Array.from({ length: m.filePages }, (_, i) => BigInt(i) * PAGE_SIZE),
  // Mapped, but behind the end of the file.
  (m) => [BigInt(m.filePages) * PAGE_SIZE],
);

/** Values that are written; 0 is what fresh memory holds. */
export const written = choice<number>((m) => Array.from({ length: m.sizes.bytes }, (_, i) => i + 1));

type HostStep = Step<Signal, never>;

/** What an access does to the byte that it reaches. */
type Reach<V> = (s: State, c: Access, m: Machine) => V;

/** The process runs in the second section; the others are the kernel's side of a fault, until it runs again. */
const faultSections = <V extends 0 | { readonly value: number | null }>(
  write: boolean,
  mayMap: MayMap,
  access: Reach<V>,
) => ({
  "find the mapping": (s: State, { area, offset }: Access, m: Machine): HostStep => {
    if (pageOfArea(s, area, m.pages.at(offset)) === null) return disabled;
  },
  "run the process": (s: State, c: Access, m: Machine): HostStep | V => {
    const at = pageOfArea(s, c.area, m.pages.at(c.offset));
    if (at === null) return "SIGSEGV SEGV_MAPERR";
    c.inode = at.inode;
    c.page = at.page;
    const refused = rights(s, c, write);
    if (refused !== null) return refused;
    const found = walk(s, c, m);
    if (found === "mapped") return access(s, c, m);
    return found === "none" ? undefined : found;
  },
  "take mmap_lock, look the mapping up": {
    takes: () => mmapLock.read(),
    run: (s: State, { area, offset }: Access, m: Machine): HostStep =>
      pageOfArea(s, area, m.pages.at(offset)) === null ? "SIGSEGV SEGV_MAPERR" : undefined,
  },
  "check the end of the file and INIT_SHARED": {
    local: true as const,
    run: (s: State, c: Access): HostStep => mayFault(mayMap)(s, c) ?? undefined,
  },
  "find or allocate the folio, locked": {
    takes: (c: Access) => folioLock(c.inode, c.page),
    run: findFolio,
  },
  "clear it unless it is up to date": { local: true as const, run: clearFolio },
  "map it": {
    drops: (c: Access) => folioLock(c.inode, c.page),
    run: (s: State, c: Access, m: Machine): HostStep => {
      if (!write) mapAround(s, c, m);
      return mapFolio(s, c, m) ?? undefined;
    },
  },
  "drop mmap_lock": {
    local: true as const,
    drops: () => mmapLock.read(),
    run: () => goTo("run the process"),
  },
});

const contents = (s: State, c: Access, m: Machine) =>
  s.inodes[c.inode].pages[c.page]!.contents[cellOf(c.offset, m)]!;

const load = (s: State, c: Access, m: Machine) => ({ value: contents(s, c, m).value });

function store(s: State, c: Access, m: Machine): 0 {
  const cell = contents(s, c, m);
  cell.value = c.value!;
  cell.secretOf = null;
  return 0;
}

const kernel = "kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c, 6.18; shmem_fault(), mm/shmem.c";

export const hostRead = call({
  kernel,
  by: "task",
  takes: { area: Area, offset: anyPage },
  keeps: kept,
  returns: SIGNALS,
  gives: maybe(Byte),
  sections: faultSections(false, onlyInitShared, load),
});

export const hostWrite = call({
  kernel,
  by: "task",
  takes: { area: Area, offset: anyPage, value: written },
  keeps: kept,
  returns: SIGNALS,
  sections: faultSections(true, onlyInitShared, store),
});

/** What a version with another rule changes in `host_read` and `host_write`. */
export const checkMayMap = (mayMap: MayMap) => ({
  "check the end of the file and INIT_SHARED": faultSections(false, mayMap, load)[
    "check the end of the file and INIT_SHARED"
  ],
});

/** The kernel's own access for its caller, all at once. */
export const copyFromUser = <S extends State>(mayMap: MayMap<S>) => ({
  "copy_from_user()": (s: S, c: Access, m: Machine): Step<"EFAULT", number | null> => {
    const at = pageOfArea(s, c.area, m.pages.at(c.offset));
    if (at === null) return disabled;
    c.inode = at.inode;
    c.page = at.page;
    if (faultIn(mayMap)(s, c, false, m) !== null) return "EFAULT";
    return { value: contents(s, c, m).value };
  },
});

export const hostReadSyscall = call({
  kernel: "write() from a mapping, fs/read_write.c: copy_from_user() faults as a load does",
  by: "task",
  takes: { area: Area, offset: anyPage },
  keeps: kept,
  returns: ["EFAULT"],
  gives: maybe(Byte),
  sections: copyFromUser(onlyInitShared),
});
