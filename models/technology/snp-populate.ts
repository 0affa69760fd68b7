/**
 * Populate against everything that can meet it: the launch of an SEV-SNP guest, page at a time, and who owns a page in the RMP.
 */
import { change, design, local, positions, variant } from "../../spec/language.ts";
import { guestSeesDefinedBytes } from "../../spec/properties/contents.ts";
import { exclusivityPromises } from "../../spec/properties/exclusivity.ts";
import { hostAccessPromises } from "../../spec/properties/host-access.ts";
import { mappingPromises } from "../../spec/properties/mappings.ts";
import { ownersContradict } from "../../spec/properties/ownership.ts";
import { invalidateLock } from "../guest-memfd/locks.ts";
import { guestAccess, preFaultMemory } from "./snp-guest.ts";
import { hostAccess, mmap, munmap, punchHole, setMemoryAttributes } from "./snp-host.ts";
import { launchFinish, launchUpdate, type Populate } from "./snp-launch.ts";
import { INODE, bounds, machineFor, sizesOf, state, type State } from "./snp-state.ts";
import { reached, snpPromises, view } from "./snp-view.ts";

const afterFinish =
  "[PATCH] KVM: SEV: Track SNP launch state and disallow invalid userspace interactions, Jethro Beekman, 19 January 2026";

export const snpPopulate7_0 = design({
  name: "snp-populate-7.0",
  says: "KVM_SEV_SNP_LAUNCH_UPDATE goes page by page, and finds the source page before it takes invalidate_lock",
  source: "2a62345b3052 (KVM: guest_memfd: GUP source pages prior to populating guest memory), Linux 7.0",
  bounds,
  machine: machineFor,
  sizes: sizesOf,
  state,
  init: (s) => {
    s.sourceMapped = true;
    for (const vm of s.vms) for (const gfn of positions(vm.private.length)) vm.private[gfn] = true;
  },
  calls: {
    launch_update: launchUpdate,
    launch_finish: launchFinish,
    pre_fault_memory: preFaultMemory,
    guest_access: guestAccess,
    punch_hole: punchHole,
    set_memory_attributes: setMemoryAttributes,
    mmap,
    munmap,
    host_access: hostAccess,
  },
  view,
  contradiction: ownersContradict,
  promises: [
    ...exclusivityPromises,
    ...hostAccessPromises,
    ...mappingPromises,
    guestSeesDefinedBytes,
    ...snpPromises,
  ],
  statements: reached,
  knownBreaches: [
    {
      property: "host-writes-no-assigned-page",
      says: "after the launch is finished, populate copies to a page that a fault has just made the guest's",
      source: afterFinish,
    },
    {
      property: "handed-to-firmware-while-shared",
      says: "the fault comes between the copy and RMPUPDATE: the guest's page is made immutable under it",
      source: afterFinish,
    },
    {
      property: "mapped-page-is-the-guests",
      says: "the firmware refuses the page, and it is reclaimed from the guest that has mapped it",
      source: afterFinish,
    },
    {
      property: "calls-end",
      says: "a guest that runs on a reclaimed page faults in the RMP for ever",
      source: "sev_handle_rmp_fault(), arch/x86/kvm/svm/sev.c: an entry that is not assigned is warned of",
    },
    {
      property: "linearizable",
      says: "the page of a fault that has ended is reclaimed",
      source: afterFinish,
    },
  ],
  notAtomic: [
    ...["guest_access", "pre_fault_memory"].map((fault) => ({
      calls: [fault, "set_memory_attributes"] as const,
      says: "a fault that is thrown away leaves its page in the file, and private in the RMP",
      source:
        "kvm_gmem_get_pfn() before is_page_fault_stale(): kvm_mmu_do_page_fault(), arch/x86/kvm/mmu/mmu.c",
    })),
    {
      calls: ["launch_update", "punch_hole"],
      says: "a hole comes between two of its pages, of which it takes the first",
      source:
        "__kvm_gmem_populate() takes invalidate_lock for one page at a time, virt/kvm/guest_memfd.c, 7.0",
    },
    {
      calls: ["launch_update", "munmap"],
      says: "the source goes between two of its pages: the caller is told how many were done, and goes on from there",
      source: "KVM_SEV_SNP_LAUNCH_UPDATE, Documentation/virt/kvm/x86/amd-memory-encryption.rst",
    },
  ],
  scenarios: {},
  vectors: [
    { bounds: { pages: 2 }, quick: true },
    { bounds: {}, mode: "overlap", overlap: 2, quick: true },
  ],
});

/** Once the launch is finished, no page is handed to the firmware any more. */
export const snpPopulateTracked = variant(snpPopulate7_0, {
  name: "snp-populate-launch-tracked",
  says: "KVM_SEV_SNP_LAUNCH_UPDATE is refused once the launch is finished",
  source: afterFinish,
  calls: {
    launch_update: change(launchUpdate, {
      returns: ["EINVAL"],
      after: {
        "take kvm->lock": {
          "look whether the launch is finished": local((s: State, { vm }: Populate) =>
            s.vms[vm].finished ? ("EINVAL" as const) : undefined,
          ),
        },
      },
    }),
  },
  statements: reached,
  vectors: [
    { bounds: { pages: 2 }, quick: true },
    { bounds: { vcpus: 2, tasks: 2 }, mode: "overlap", overlap: 2, quick: true },
    { bounds: { pages: 2, tasks: 2 }, mode: "overlap", overlap: 2 },
  ],
});

/** What of in-place conversion meets populate: a fault of the host looks at the attribute of the page in the file, under invalidate_lock. */
export const snpPopulateInPlace = variant(snpPopulateTracked, {
  name: "snp-populate-in-place",
  says: "a fault of the host takes invalidate_lock; all pages stay private",
  source: "in-place conversion, linux-next 2026: kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c",
  calls: {
    host_access: change(hostAccess, {
      sections: {
        "look whether the memory is shared": {
          under: () => invalidateLock.read(INODE),
          run: () => "SIGBUS BUS_ADRERR",
        },
      },
    }),
  },
  // Attributes are the file's there, and change under invalidate_lock.
  drops: ["set_memory_attributes"],
  vectors: [{ bounds: { vcpus: 2, tasks: 2 }, mode: "overlap", overlap: 2, quick: true }],
});

export const populateDesigns = [snpPopulate7_0, snpPopulateTracked, snpPopulateInPlace];
