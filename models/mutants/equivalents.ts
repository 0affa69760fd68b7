/**
 * Mutants that nothing notices and that are right all the same: `gmemcheck mutate` counts them apart, with the reason. Each is named by its
 * id, and by the text that it changes, lest the name become another's.
 */
export interface Explained {
  readonly id: string;
  readonly before: string;
  readonly why: string;
}

const TABLE =
  "where a table ends is a bound of the run, behind which no limit of the kernel stands: with more of the table, calls are made that the run leaves out";
const UNMAPPED =
  "do_vmi_munmap(), mm/vma.c, answers 0 where nothing is mapped and changes nothing, as the mutant does; the design leaves such calls out";

const NOTHING_THERE =
  "an access where nothing is mapped ends with SIGSEGV SEGV_MAPERR, do_user_addr_fault(), arch/x86/mm/fault.c, and changes nothing, as the mutant says; the design leaves such accesses out";

const NEW_FILE =
  "alloc_file_pseudo(), fs/file_table.c, makes a file that no descriptor has yet, and so is an entry of the table that nobody has: the store says so to its reader";
const LOST_RMAPS =
  "7.3 uses rmaps that it has not, in fewer steps (the known breach unbound-after-first-root), so that no promise tells the mutant from it; guest-memfd-7.3-mended, which has no such breach, loses no-use-after-free by it in 26 steps of rmap-races";

export const equivalents: readonly Explained[] = [
  {
    id: "models/guest-memfd/calls/mmap.ts#mapOrdinary/drop-store/3",
    before: "s.files[file].descriptors = 0;",
    why: NEW_FILE,
  },
  {
    id: "models/guest-memfd/calls/set-user-memory-region.ts#invalidate/drop-store/2",
    before: "old.copyRmap = old.rmap;",
    why: LOST_RMAPS,
  },
  {
    id: "models/guest-memfd/lifetime.ts#lowestFree/weaken-guard/4",
    before: "index >= first && index < end",
    why: TABLE,
  },
  {
    id: "models/guest-memfd/lifetime.ts#lowestFree/weaken-guard/1",
    before: "index >= first && index < end && isFree((table as Record<number, T>)[index]!)",
    why: TABLE,
  },
  {
    id: "models/guest-memfd/lifetime.ts#lowestFree/off-by-one/2",
    before: "index < end",
    why: TABLE,
  },
  {
    id: "models/guest-memfd/calls/mmap.ts#munmap/drop-section/1",
    before: "(s, { area }) => { if (s.areas[area] === null) return disabled; }",
    why: UNMAPPED,
  },
  {
    id: "models/guest-memfd/calls/mmap.ts#munmap/drop-check/1",
    before: "if (s.areas[area] === null) return disabled;",
    why: UNMAPPED,
  },
  {
    id: "models/guest-memfd/calls/host-access.ts#faultSections/drop-section/1",
    before:
      "(s: State, { area, offset }: Access, m: Machine): HostStep => { if (pageOfArea(s, area, m.pages.at(offset)) === null) return disabled; }",
    why: NOTHING_THERE,
  },
  {
    id: "models/guest-memfd/calls/host-access.ts#faultSections/drop-check/1",
    before: "if (pageOfArea(s, area, m.pages.at(offset)) === null) return disabled;",
    why: NOTHING_THERE,
  },
  {
    id: "models/guest-memfd/calls/host-access.ts#faultSections/reorder-sections/1",
    before:
      '"find the mapping": (s: State, { area, offset }: Access, m: Machine): HostStep => { if (pageOfArea(s, area, m.pages.at(offset)) === null) return disabled; }',
    why: NOTHING_THERE,
  },
  {
    id: "models/guest-memfd/calls/memory-failure.ts#canFail/weaken-guard/2",
    before: 'memory.kind === "guest_memfd" && folio !== "absent" && folio !== "poisoned"',
    why: "a page that is poisoned already: memory_failure(), mm/memory-failure.c, answers -EHWPOISON and changes nothing, as the mutant does; the design leaves such failures out",
  },
];
