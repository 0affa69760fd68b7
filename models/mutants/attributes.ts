/** The bugs of memory attributes, and of what is zapped for them, put back one at a time. */
import { change } from "../../spec/language.ts";
import type { NotAtomic, Vector } from "../../spec/language/design.ts";
import { mmuLock } from "../guest-memfd/locks.ts";
import {
  allowedLevel,
  announce,
  endConversion,
  hugePages,
  installLeaf,
  levelOf,
  mapLeaf,
  readingAttributes,
  typeOfAll,
} from "../technology/huge-pages.ts";
import { VM } from "../technology/huge-state.ts";
import { headBeginsInSlot } from "../technology/lpage-info.ts";
import { holeIsEmpty, hostFault } from "../technology/host-fault.ts";
import { beginInvalidation as beginFiltered, mirrorRoot, notifyBegin } from "../technology/mirror-root.ts";
import {
  lookWhetherSo,
  reservedAttributes,
  reserve,
  updateMixed,
} from "../technology/reserved-attributes.ts";
import { mutant } from "./mutant.ts";

const overlapping: readonly Vector[] = [{ bounds: {}, mode: "overlap", quick: true }];
const alone: readonly Vector[] = [{ bounds: {}, quick: true }];

/** What follows from a wrong mapping is not asked for again. */
const mappedWithWrongType: readonly NotAtomic[] = [
  {
    calls: ["set_memory_attributes", "guest_access"],
    says: "what is mapped with the wrong type is there for accesses that should find nothing",
    source: "9129633d568e, 6.15",
  },
];

export const attributeMutants = [
  mutant(hugePages, {
    name: "hugepage-during-attribute-change",
    bug: "C1",
    says: "a conversion keeps faults off the frames that it converts alone",
    source:
      "before 9129633d568e (KVM: x86/mmu: Prevent installing hugepages when mem attributes are changing), 6.15",
    killedBy: "mapping-agrees-with-attribute",
    calls: {
      set_memory_attributes: change(hugePages.calls.set_memory_attributes, {
        sections: {
          "zap what is of the other type": { under: () => mmuLock.write(VM), run: announce(null) },
        },
      }),
    },
    notAtomic: mappedWithWrongType,
    vectors: overlapping,
  }),
  mutant(hugePages, {
    name: "lpage-info-overflow",
    bug: "C2",
    says: "of a huge range that is partly converted, only its head is looked for in the slot",
    source:
      "before 992b54bd083c (KVM: x86/mmu: x86: Don't overflow lpage_info when checking attributes), 6.9: CVE-2024-26991",
    killedBy: "no-use-after-free",
    calls: {
      set_memory_attributes: change(hugePages.calls.set_memory_attributes, {
        sections: {
          "say what is mixed, end the invalidation": {
            under: () => mmuLock.write(VM),
            run: endConversion(headBeginsInSlot),
          },
        },
      }),
    },
    vectors: alone,
  }),
  mutant(hugePages, {
    name: "max-level-private",
    bug: "M8",
    says: "a private leaf is as large as the host's mapping at userspace_addr",
    source:
      "__kvm_mmu_max_mapping_level() without its test of is_private, arch/x86/kvm/mmu/mmu.c; asked of the guest_memfd since: kvm_max_private_mapping_level(), 6.11",
    killedBy: "no-mapping-through-a-gone-slot",
    calls: {
      guest_access: change(hugePages.calls.guest_access, {
        sections: {
          "install the leaf": {
            under: () => mmuLock.read(VM),
            run: installLeaf((s, { gfn, hostLevel }) => allowedLevel(s, gfn, hostLevel)),
          },
        },
      }),
    },
    vectors: alone,
  }),
  mutant(mirrorRoot, {
    name: "gmem-zap-filter-and-tdx-overzap",
    bug: "C3",
    says: "the HVA notifier zaps frames in both roots",
    source: "before 6bd5dac21ec5 (KVM: Add member to struct kvm_gfn_range to indicate private/shared)",
    killedBy: "private-contents-last",
    calls: {
      munmap: change(mirrorRoot.calls.munmap, {
        sections: {
          "begin the invalidation, zap": { under: () => mmuLock.write(VM), run: notifyBegin("both") },
        },
      }),
    },
    vectors: alone,
  }),
  mutant(mirrorRoot, {
    name: "gmem-zap-filter-only-private-for-shared-gmem",
    bug: "C4",
    says: "a hole takes private leaves, and none else, of a file whose memory is shared",
    source:
      "before 5d3341d684be (zap filter from GUEST_MEMFD_FLAG_INIT_SHARED), 6.18-rc; latent: TDX has no such file",
    killedBy: "no-mapping-to-a-gone-page",
    calls: {
      punch_hole: change(mirrorRoot.calls.punch_hole, {
        sections: {
          "zap what is bound": {
            under: () => mmuLock.write(VM),
            run: (s, c) => {
              beginFiltered(s, c, "private");
              c.page = c.first;
            },
          },
        },
      }),
    },
    vectors: [{ bounds: { memory: "init-shared" }, quick: true }],
  }),
  mutant(reservedAttributes, {
    name: "reserved-entry-counts-as-attribute",
    bug: "C5",
    says: "a walk takes an entry that is reserved and empty for an attribute",
    source: "before 277d3623d99a (Don't treat reserved xarray entries as having memory attributes), 7.2",
    killedBy: "mixed-is-so",
    calls: {
      set_memory_attributes: change(reservedAttributes.calls.set_memory_attributes, {
        sections: {
          "look whether all is so already": lookWhetherSo((entry) => entry === "none"),
          "say what is mixed": updateMixed((entry) => entry === "none"),
        },
      }),
    },
    vectors: alone,
  }),
  mutant(reservedAttributes, {
    name: "reserved-entry-to-clear",
    bug: "C5",
    says: "entries are reserved for attributes that are taken away, too",
    source:
      "before 119e9db233ad (Don't pre-reserve xarray entries when storing empty memory attributes), 7.3",
    killedBy: "clearing-needs-no-memory",
    calls: {
      set_memory_attributes: change(reservedAttributes.calls.set_memory_attributes, {
        sections: { "reserve entries": reserve },
      }),
    },
    vectors: alone,
  }),
  mutant(hostFault, {
    name: "host-fault-during-punch",
    bug: "M7",
    says: "no bug: a promise that is too strong, of a hole that is empty when it returns",
    source: "kvm_gmem_fault_user_mapping() takes no invalidate_lock, virt/kvm/guest_memfd.c, 6.18 to 7.3",
    killedBy: "hole-is-empty",
    statements: [holeIsEmpty],
    vectors: overlapping,
  }),
  mutant(readingAttributes, {
    name: "attr-half-converted-read",
    bug: "X6",
    says: "a reader of a whole range takes no lock, and does not try again as faults do",
    source:
      "kvm_vm_set_mem_attributes() stores frame by frame, virt/kvm/kvm_main.c, 7.3; no reader of a range is known that does so",
    killedBy: "linearizable",
    calls: {
      compare_types: change(readingAttributes.calls.compare_types, {
        sections: { "look at all frames": typeOfAll },
      }),
    },
    vectors: readingAttributes.vectors,
  }),
  mutant(hugePages, {
    name: "attr-read-without-retry",
    bug: "X6",
    says: "a fault maps by the attribute that it has read, and does not ask whether it changed since",
    source: "kvm_mmu_faultin_pfn() without is_page_fault_stale() behind it, arch/x86/kvm/mmu/mmu.c",
    killedBy: "mapping-agrees-with-attribute",
    calls: {
      guest_access: change(hugePages.calls.guest_access, {
        sections: { "install the leaf": { under: () => mmuLock.read(VM), run: mapLeaf(levelOf) } },
      }),
    },
    notAtomic: mappedWithWrongType,
    vectors: overlapping,
  }),
];
