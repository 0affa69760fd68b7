/** Bugs of in-place conversion: some that its review met, some that its locks are there to prevent. Each changes one place of the design. */
import { change, disabled, goTo } from "../../spec/language.ts";
import { Inode, Vm } from "../../spec/guest-memory.ts";
import type { Scenario, Vector } from "../../spec/language/design.ts";
import { punches } from "../guest-memfd/calls/fallocate.ts";
import { clearFolio, installLeaf, type GuestFault } from "../guest-memfd/guest-fault.ts";
import { mayFault, type Fault } from "../guest-memfd/host-fault.ts";
import { folioLock, invalidateLock, mmuLock } from "../guest-memfd/locks.ts";
import { grabFolio } from "../guest-memfd/page-cache.ts";
import { NORMAL, slotAt } from "../guest-memfd/slots.ts";
import { inPlaceConversion } from "../proposals/in-place-conversion.ts";
import { call, isShared, type InPlace } from "../proposals/in-place/attributes.ts";
import { boundFile, mapped, onFile, sharedFile } from "../proposals/in-place/scenarios.ts";
import { refusedOnlyWhileHeld } from "../proposals/in-place/statements.ts";
import { mutant } from "./mutant.ts";

const { calls } = inPlaceConversion;

const bounds = { types: "sw_protected" } as const;
const sequential: readonly Vector[] = [{ bounds, scenario: "race", quick: true }];
const overlap: readonly Vector[] = [
  { bounds: { ...bounds, tasks: 2 }, scenario: "race", mode: "overlap", quick: true },
];
const REVIEW = "guest_memfd in-place conversion, review of v5 to v8, 2026";

/** A shared page that both sides can map, and what meets on it. */
const race = (...met: readonly string[]): { readonly race: Scenario } => ({
  race: {
    says: "a shared page of a private VM's file that both sides can map",
    given: [...sharedFile(), boundFile(), mapped()],
    legal: true,
    calls: met,
    only: met.includes("host_read") ? { host_read: onFile } : {},
  },
});

/** The page's reference stays with the fault until its leaf is there. */
export const vcpuPageRefFalseEagain = mutant(inPlaceConversion, {
  name: "vcpu-page-ref-false-eagain",
  bug: "H5",
  says: "kvm_gmem_get_pfn() hands a reference to the page out: a conversion takes the guest's fault for a user of the page",
  source: `${REVIEW}; until 7.3 the caller of kvm_gmem_get_pfn() drops it when the leaf is there`,
  killedBy: "linearizable",
  calls: {
    guest_read: change(calls.guest_read, {
      sections: {
        "test for poison, clear it unless it is up to date": {
          when: ({ fromFile }: GuestFault) => fromFile,
          drops: (c: GuestFault) => [folioLock(c.inode, c.page), invalidateLock.read(c.inode)],
          run: (s: InPlace, c: GuestFault) => {
            if (clearFolio(s, c) !== undefined)
              return c.private ? "EHWPOISON memory_fault private" : "EHWPOISON memory_fault shared";
            s.references[c.inode][c.page]!++;
            return undefined;
          },
        },
        "install the leaf": {
          under: ({ vm }: GuestFault) => mmuLock.read(vm!),
          run: (s: InPlace, c: GuestFault) => {
            installLeaf(s, c);
            if (c.fromFile) s.references[c.inode][c.page]!--;
          },
        },
      },
    }),
  },
  scenarios: race("set_memory_attributes2", "guest_read"),
  vectors: overlap,
});

export const hostFaultWithoutInvalidateLock = mutant(inPlaceConversion, {
  name: "host-fault-without-invalidate-lock",
  bug: "M7",
  says: "the host's fault looks at the attribute, and for the folio, without the lock under which both change",
  source: "kvm_gmem_fault_user_mapping(), 7.3 and older, where the answer cannot change",
  killedBy: "host-never-maps-private",
  calls: {
    host_read: change(calls.host_read, {
      without: ["take invalidate_lock", "drop invalidate_lock"],
      sections: {
        "check the end of the file and the attribute": (s: InPlace, c: Fault) =>
          mayFault(isShared)(s, c) ?? undefined,
      },
    }),
  },
  scenarios: race("set_memory_attributes2", "host_read"),
  vectors: overlap,
});

const recoverHugePages = call({
  kernel: "recover_huge_pages_range() and kvm_mmu_max_mapping_level(), arch/x86/kvm/mmu",
  by: "kernel",
  takes: { vm: Vm },
  keeps: { inode: Inode },
  returns: [],
  sections: {
    "take mmu_lock, find the slot": {
      takes: ({ vm }) => mmuLock.write(vm),
      run: (s, c) => {
        const vm = s.vms[c.vm];
        const id = vm.type === "none" ? null : slotAt(vm, 0);
        const file = id === null ? null : vm.slots[NORMAL][id]!.file;
        if (file === null) return disabled;
        c.inode = s.files[file].inode;
      },
    },
    "ask whether the page is private": { under: ({ inode }) => invalidateLock.read(inode) },
    "drop mmu_lock": { drops: ({ vm }) => mmuLock.write(vm) },
  },
});

export const attrQueryUnderMmuLock = mutant(inPlaceConversion, {
  name: "attr-query-under-mmu-lock",
  bug: "H7",
  says: "what recovers huge pages asks for the attribute under mmu_lock, and the attributes need a lock that sleeps",
  source: `${REVIEW}, v5: the recovery must not ask for attributes of a file; they are read under RCU since`,
  killedBy: "lock-order",
  adds: { recover_huge_pages: recoverHugePages },
  scenarios: race("set_memory_attributes2", "recover_huge_pages"),
  vectors: overlap,
});

export const convertWithoutUnmap = mutant(inPlaceConversion, {
  name: "convert-without-unmap",
  bug: "seeded",
  says: "a page is made private under the host: neither is it unmapped, nor do mappings count as references",
  source: "no kernel: what unmap_mapping_pages() and folio_mapped() in __kvm_gmem_set_attributes() prevent",
  killedBy: "host-never-maps-private",
  calls: {
    set_memory_attributes2: change(calls.set_memory_attributes2, {
      without: ["unmap it from the host"],
      sections: {
        "look for references to the next page": {
          when: (c) => c.private && c.page < c.end,
          run: (s, c) => {
            if (s.references[c.inode][c.page]! > 0)
              return c.page === c.first ? "EAGAIN at offset" : "EAGAIN behind offset";
            c.page++;
            return goTo("look for references to the next page");
          },
        },
      },
    }),
  },
  scenarios: race("set_memory_attributes2", "host_read"),
  vectors: sequential,
});

export const lruBatchFalseEagain = mutant(inPlaceConversion, {
  name: "lru-batch-false-eagain",
  bug: "H4",
  says: "a new page waits in a CPU's batch for the LRU list, which holds a reference, and a conversion does not drain it",
  source: `${REVIEW}: lru_cache_drain_for_folio() before the references are counted`,
  killedBy: "refused-only-while-held",
  calls: {
    fallocate: change(calls.fallocate, {
      sections: {
        allocate: {
          when: (c) => !punches(c),
          under: ({ inode }) => invalidateLock.read(inode),
          run: (s, { inode, first, end }) => {
            for (let page = first; page < end; page++) {
              const cell = s.inodes[inode].pages[page]!;
              if (cell.folio === "absent") s.references[inode][page] = 1;
              grabFolio(cell);
            }
          },
        },
      },
    }),
  },
  statements: [refusedOnlyWhileHeld],
  scenarios: race("set_memory_attributes2", "fallocate"),
  vectors: sequential,
});

export const inPlaceMutants = [
  vcpuPageRefFalseEagain,
  hostFaultWithoutInvalidateLock,
  attrQueryUnderMmuLock,
  convertWithoutUnmap,
  lruBatchFalseEagain,
];
