/** Bugs of in-place conversion: some that its review met, some that its locks are there to prevent. Each changes one place of the design. */
import { change, disabled, goTo, propertiesOf } from "../../spec/language.ts";
import { Inode, Vm } from "../../spec/guest-memory.ts";
import type { Scenario, Vector } from "../../spec/language/design.ts";
import { punches } from "../guest-memfd/calls/fallocate.ts";
import { clearFolio, installLeaf, type GuestFault } from "../guest-memfd/guest-fault.ts";
import { mayFault, type Fault } from "../guest-memfd/host-fault.ts";
import { folioLock, invalidateLock, mmuLock } from "../guest-memfd/locks.ts";
import { grabFolio } from "../guest-memfd/page-cache.ts";
import { bindOrDelete } from "../guest-memfd/scenarios.ts";
import { NORMAL, slotAt } from "../guest-memfd/slots.ts";
import { inPlaceConversion } from "../proposals/in-place-conversion.ts";
import { call, isShared, type InPlace } from "../proposals/in-place/attributes.ts";
import { boundFile, mapped, onFile, sharedFile } from "../proposals/in-place/scenarios.ts";
import { contentsStay, refusedOnlyWhileHeld } from "../proposals/in-place/statements.ts";
import { privateUntilConverted } from "../../spec/properties/attributes.ts";
import { copySource } from "../technology/snp-launch.ts";
import { snpPopulateInPlace } from "../technology/snp-populate.ts";
import type { State as SnpState } from "../technology/snp-state.ts";
import { mutant } from "./mutant.ts";

const { calls } = inPlaceConversion;
const { step } = propertiesOf<{ readonly state: SnpState }>();

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

/** 7.3 keeps this; in-place conversion says that it does not (`without-a-slot-all-is-mmio`), and changes nothing for it. */
export const slotDeleteTurnsPrivateIntoMmio = mutant(inPlaceConversion, {
  name: "slot-delete-turns-private-into-mmio",
  bug: "H8",
  says: "in-place conversion, held to what 7.3 promises: a frame stays private when its slot goes",
  source:
    "kvm_gmem_is_private_gfn(), linux-next 2026: without a slot or a file a frame is shared; by reading, nobody is known to have objected",
  killedBy: "private-until-converted",
  statements: [privateUntilConverted],
  scenarios: {
    race: {
      ...race("set_memory_attributes2", "set_user_memory_region2").race,
      only: { set_user_memory_region2: bindOrDelete },
    },
  },
  vectors: sequential,
});

/** The hook has to give a page back to the host that leaves the file: pKVM and SNP clear it. */
export const invalidateHookNameOverload = mutant(inPlaceConversion, {
  name: "invalidate-hook-name-overload",
  bug: "H10",
  says: "what an architecture does to a page that leaves the file is done to one that becomes shared, too: its bytes are gone",
  source: `${REVIEW}: kvm_arch_gmem_invalidate() was called for both; make_private, make_shared and reclaim since`,
  killedBy: "contents-stay-over-a-conversion",
  calls: {
    set_memory_attributes2: change(calls.set_memory_attributes2, {
      sections: {
        "store the attributes": (s, { inode, first, end, private: wanted }) => {
          for (let page = first; page < end; page++) {
            s.attributes[inode][page] = wanted;
            if (wanted || s.inodes[inode].pages[page]!.folio !== "ready") continue;
            for (const cell of s.inodes[inode].pages[page]!.contents) {
              cell.value = 0;
              cell.secretOf = null;
            }
          }
        },
      },
    }),
  },
  statements: [contentsStay],
  scenarios: {
    race: { ...race("set_memory_attributes2", "host_write").race, only: { host_write: onFile } },
  },
  vectors: sequential,
});

const populateNeedsASource = step({
  name: "populate-needs-a-source",
  says: "a page is measured with what its source holds: without one, KVM_SEV_SNP_LAUNCH_UPDATE fails",
  source:
    "KVM_SEV_SNP_LAUNCH_UPDATE, Documentation/virt/kvm/x86/amd-memory-encryption.rst, 6.11: uaddr is required but for zero pages",
  over: {},
  asksResults: true,
  when: (_before, { call, result }) => call === "launch_update" && typeof result === "object",
  holds: ({ state }) => state.sourceMapped,
  why: () => "it measured what was in the page already: there is no source",
});

/** The source of this model is there or not; that it is at address 0 is what user space means by the latter. */
export const populateNullSourceAmbiguity = mutant(snpPopulateInPlace, {
  name: "populate-null-source-ambiguity",
  bug: "H9",
  says: "a launch without a source measures the page as it is, whatever mode the VM is in, where it failed before",
  source: `${REVIEW} of v8: what a source of 0 means to programs that know nothing of in-place conversion`,
  killedBy: "populate-needs-a-source",
  calls: {
    launch_update: change(snpPopulateInPlace.calls.launch_update, {
      without: ["get the source page"],
      sections: {
        "copy the source": (s, c) => {
          if (s.sourceMapped) copySource(s, c);
        },
      },
    }),
  },
  statements: [populateNeedsASource],
  vectors: [{ bounds: {}, quick: true }],
});

export const inPlaceMutants = [
  vcpuPageRefFalseEagain,
  hostFaultWithoutInvalidateLock,
  attrQueryUnderMmuLock,
  convertWithoutUnmap,
  lruBatchFalseEagain,
  slotDeleteTurnsPrivateIntoMmio,
  populateNullSourceAmbiguity,
  invalidateHookNameOverload,
];
