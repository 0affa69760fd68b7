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
  mapFolio,
  mayFault,
  onlyInitShared,
  pageOfArea,
  rights,
  walk,
  type MayMap,
  type Signal,
} from "../host-fault.ts";
import { folioLock } from "../locks.ts";
import type { Machine } from "../machine.ts";
import { Area, Byte, call, choice, type AreaId, type InodeId, type State } from "../state.ts";

interface Access {
  readonly area: AreaId;
  readonly offset: bigint;
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

/** Sections that bring the page in, unless it is mapped already: the process's side of a fault. */
const faultSections = (write: boolean, mayMap: MayMap) => ({
  "walk the page table": (s: State, c: Access, m: Machine): HostStep => {
    const at = pageOfArea(s, c.area, m.pages.at(c.offset));
    if (at === null) return disabled;
    c.inode = at.inode;
    c.page = at.page;
    const refused = rights(s, c, write);
    if (refused !== null) return refused;
    const found = walk(s, c);
    if (found === "mapped") return goTo("access");
    return found === "none" ? undefined : found;
  },
  "check the end of the file and INIT_SHARED": (s: State, c: Access): HostStep =>
    mayFault(mayMap)(s, c) ?? undefined,
  "find or allocate the folio, locked": {
    takes: (c: Access) => folioLock(c.inode, c.page),
    run: findFolio,
  },
  "clear it unless it is up to date": clearFolio,
  "map it": {
    drops: (c: Access) => folioLock(c.inode, c.page),
    run: (s: State, c: Access): HostStep => mapFolio(s, c) ?? undefined,
  },
});

const contents = (s: State, c: Access, m: Machine) =>
  s.inodes[c.inode].pages[c.page]!.contents[cellOf(c.offset, m)]!;

const kernel = "kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c, 6.18; shmem_fault(), mm/shmem.c";

export const hostRead = call({
  kernel,
  by: "task",
  takes: { area: Area, offset: anyPage },
  keeps: kept,
  returns: SIGNALS,
  gives: maybe(Byte),
  sections: {
    ...faultSections(false, onlyInitShared),
    access: (s, c, m) => ({ value: contents(s, c, m).value }),
  },
});

export const hostWrite = call({
  kernel,
  by: "task",
  takes: { area: Area, offset: anyPage, value: written },
  keeps: kept,
  returns: SIGNALS,
  sections: {
    ...faultSections(true, onlyInitShared),
    access: (s, c, m) => {
      const cell = contents(s, c, m);
      cell.value = c.value;
      cell.secretOf = null;
    },
  },
});

/** What a version with another rule changes in `host_read` and `host_write`. */
export const checkMayMap = (mayMap: MayMap) => ({
  "check the end of the file and INIT_SHARED": faultSections(false, mayMap)[
    "check the end of the file and INIT_SHARED"
  ],
});

export const hostReadSyscall = call({
  kernel: "write() from a mapping, fs/read_write.c: copy_from_user() faults as a load does",
  by: "task",
  takes: { area: Area, offset: anyPage },
  keeps: kept,
  returns: ["EFAULT"],
  gives: maybe(Byte),
  sections: {
    "copy_from_user()": (s, c, m) => {
      const at = pageOfArea(s, c.area, m.pages.at(c.offset));
      if (at === null) return disabled;
      c.inode = at.inode;
      c.page = at.page;
      if (faultIn(onlyInitShared)(s, c, false) !== null) return "EFAULT";
      return { value: contents(s, c, m).value };
    },
  },
});
