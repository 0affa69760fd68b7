/** The bugs of SEV-SNP, TDX and pKVM, put back one at a time. */
import { change, goTo, retry, warnOn } from "../../../spec/language.ts";
import type { Vector } from "../../../spec/language/design.ts";
import type { GuestAccess } from "../../guest-memfd/calls/guest-access.ts";
import { lookUpSlot } from "../../guest-memfd/guest-fault.ts";
import { kvmSrcu, mmuLock } from "../../guest-memfd/locks.ts";
import type { Machine } from "../../guest-memfd/machine.ts";
import { mutant } from "../../mutants/mutant.ts";
import { snpPopulateTracked } from "../snp-populate.ts";
import { snpCpuidPage } from "./snp-cpuid-page.ts";
import { snpLaunchFinish } from "./snp-launch-finish.ts";
import { canBeSmashed, snpPsmash } from "./snp-psmash.ts";
import { snpVmsa } from "./snp-vmsa.ts";
import { afterMove, duringDeletion, ofMmapOnly } from "./layer/scenarios.ts";
import type { Confidential } from "./layer/state.ts";
import { guestCalls, technologiesMended } from "./layer/technologies.ts";
import { VM } from "../one-slot.ts";
import { tdxAlias } from "./tdx-alias.ts";
import { addPage, tdxBuild } from "./tdx-build.ts";
import { tdxKey } from "./tdx-key.ts";
import { removePage, tdxSept } from "./tdx-sept.ts";

const takingEntries = guestCalls({ whether: true, where: false });
const makingPrivateAlways = guestCalls({ whether: false, where: true });
const compareAttribute = technologiesMended.calls.guest_read.sections["compare the attribute"] as (
  s: Confidential,
  c: GuestAccess,
  m: Machine,
) => "EFAULT memory_fault private" | "EFAULT memory_fault shared" | undefined;

const overlapping: readonly Vector[] = [{ bounds: {}, mode: "overlap", quick: true }];

export const confidentialMutants = [
  mutant(snpPopulateTracked, {
    name: "populate-shared-gfn",
    bug: "P4",
    says: "populate does not ask whether the frame is private",
    source: "kvm_gmem_populate() before it populated private frames only, 6.11-rc",
    killedBy: "measured-page-is-private",
    calls: {
      launch_update: change(snpPopulateTracked.calls.launch_update, { without: ["check the attribute"] }),
    },
    vectors: [{ bounds: {}, quick: true }],
  }),
  mutant(snpVmsa, {
    name: "vmsa-stale-pfn",
    bug: "N7",
    says: "an invalidation asks nobody to look for a VMSA again: the VMCB goes on naming a page that has left the file",
    source: "before KVM_REQ_VMSA_PAGE_RELOAD, which 6.12.107 has not and 7.2.13 has",
    killedBy: "runs-on-a-page-of-the-file",
    calls: { punch_hole: change(snpVmsa.calls.punch_hole, { without: ["ask for a reload"] }) },
    vectors: overlapping,
  }),
  mutant(snpVmsa, {
    name: "ap-destroy-vs-vmrun",
    bug: "N9",
    says: "a destruction kicks its target and does not wait: the guest goes on while the target is on its way into VMRUN",
    source: "before 309d28576f0a (KVM: SVM: Fix SNP AP destroy race with VMRUN), 6.16",
    killedBy: "runs-no-destroyed-vmsa",
    calls: {
      destroy: change(snpVmsa.calls.destroy, { without: ["wait until the target has left the guest"] }),
    },
    vectors: overlapping,
  }),
  mutant(snpLaunchFinish, {
    name: "launch-finish-vs-vcpu-create",
    bug: "N10",
    says: "the launch is finished under kvm->lock alone: vCPUs go on being made and set meanwhile",
    source:
      "before CVE-2026-31591 was fixed (KVM: SEV: lock all vCPUs when synchronizing VMSAs for SNP launch finish), 2026",
    killedBy: "vmsa-is-what-was-set",
    calls: {
      launch_finish: change(snpLaunchFinish.calls.launch_finish, {
        never: ["EBUSY"],
        without: ["look for a vCPU that is being made", "lock the next vCPU"],
      }),
    },
    vectors: overlapping,
  }),
  mutant(snpCpuidPage, {
    name: "cpuid-page-writeback",
    bug: "N12",
    says: "the source of a CPUID page is pinned for reading, and written to when the firmware refuses it",
    source: "before f13e90059908, 7.2",
    killedBy: "kernel-writes-where-its-user-may",
    calls: {
      launch_update: change(snpCpuidPage.calls.launch_update, {
        without: ["get_user_pages_fast(), FOLL_WRITE"],
      }),
    },
  }),
  mutant(snpCpuidPage, {
    name: "cpuid-page-not-dirty",
    bug: "N12",
    says: "what KVM wrote to the source of a CPUID page is not marked dirty, and goes when the page is reclaimed",
    source: "before 97cd21d57e9b, 7.2",
    killedBy: "cpuid-page-outlives-reclaim",
    calls: {
      launch_update: change(snpCpuidPage.calls.launch_update, { sections: { "mark it dirty": () => "EIO" } }),
    },
  }),
  mutant(snpPsmash, {
    name: "psmash-vs-reclaim",
    bug: "N13",
    says: "a PSMASH that comes too late is warned of",
    source: "sev_handle_rmp_fault() before 71a47b7fdec3, on its way to 7.4",
    killedBy: "no-warning",
    calls: {
      guest_validates: change(snpPsmash.calls.guest_validates, {
        sections: {
          "RMP fault: PSMASH": (s, { page }) => {
            warnOn(!canBeSmashed(s, page), "sev_handle_rmp_fault(): PSMASH failed");
            s.huge = false;
          },
        },
      }),
    },
    vectors: overlapping,
  }),
  mutant(snpPsmash, {
    name: "rmp-fault-vs-reclaim",
    bug: "N13",
    says: "an RMP fault on a page that a hole has just given back is warned of",
    source: "sev_handle_rmp_fault() before 8b0c8531a5dc, on its way to 7.4",
    killedBy: "no-warning",
    calls: {
      guest_validates: change(snpPsmash.calls.guest_validates, {
        sections: {
          "RMP fault: look up the entry": (s, { page }) => {
            warnOn(!s.pages[page]!.assigned, "sev_handle_rmp_fault(): no assigned RMP entry");
            return s.huge ? undefined : goTo("leave the RMP fault");
          },
        },
      }),
    },
    vectors: overlapping,
  }),
  mutant(tdxSept, {
    name: "sept-remove-contention",
    bug: "T2",
    says: "a removal that finds the S-EPT locked is taken for a bug of the kernel",
    source:
      "tdx_sept_remove_private_spte() without tdx_no_vcpus_enter_start(): review of TDX MMU part 2, before 6.16",
    killedBy: "no-warning",
    calls: {
      punch_hole: change(tdxSept.calls.punch_hole, { sections: { "TDH.MEM.PAGE.REMOVE": removePage } }),
    },
    vectors: overlapping,
  }),
  mutant(tdxSept, {
    name: "access-before-accept",
    bug: "T8",
    says: "a notifier of user memory zaps the leaves of both roots: an accepted page comes again pending",
    source: "before 6bd5dac21ec5 (KVM: Add member to struct kvm_gfn_range to indicate private/shared)",
    killedBy: "tdx-guest-dies-of-its-own-fault",
    calls: {
      munmap: change(tdxSept.calls.munmap, {
        sections: {
          "begin the invalidation": {
            under: () => mmuLock.write(VM),
            run: (s, { gfn }) => {
              s.invalidating[gfn]!++;
              s.sept[gfn] = "none";
            },
          },
        },
      }),
    },
    vectors: [{ bounds: {}, quick: true }],
  }),
  mutant(tdxBuild, {
    name: "init-mem-region-vs-finalize",
    bug: "T4",
    says: "pages are added under slots_lock, and the measurement is closed under kvm->lock: one into the middle of the other",
    source:
      "tdx_vcpu_init_mem_region(), tdx_td_finalize(), arch/x86/kvm/vmx/tdx.c, before tdx_vm_state_guard, 6.19",
    killedBy: "no-warning",
    calls: {
      init_mem_region: change(tdxBuild.calls.init_mem_region, {
        without: ["take kvm->lock", "lock the next vCPU", "unlock all vCPUs", "drop kvm->lock"],
      }),
      finalize: change(tdxBuild.calls.finalize, {
        without: ["lock the next vCPU", "take slots_lock", "drop slots_lock", "unlock all vCPUs"],
      }),
    },
    vectors: overlapping,
  }),
  mutant(tdxBuild, {
    name: "map-private-pfn-no-stale-check",
    bug: "T5",
    says: "a page is added through whatever root the vCPU has",
    source:
      "kvm_tdp_mmu_map_private_pfn() before f7a3be227619, 698b8c88e159 and 6415d9c4ee19, on their way to 7.4",
    killedBy: "owned-page-is-mapped",
    calls: {
      init_mem_region: change(tdxBuild.calls.init_mem_region, {
        sections: {
          "load a root": (s, { vcpu }) => {
            if (s.roots[vcpu] === "none") s.roots[vcpu] = "valid";
          },
          "map the page, TDH.MEM.PAGE.ADD": { under: () => mmuLock.read(VM), run: addPage },
        },
      }),
    },
    vectors: [{ bounds: {}, quick: true }],
  }),
  mutant(tdxAlias, {
    name: "prefault-alias-bits",
    bug: "T7",
    says: "a pre-fault may name a frame with the shared bit",
    source: "KVM_PRE_FAULT_MEMORY before direct bits were rejected, 6.16",
    killedBy: "pre-fault-maps-what-it-names",
    calls: {
      pre_fault_memory: change(tdxAlias.calls.pre_fault_memory, {
        never: ["EINVAL"],
        without: ["refuse an alias"],
      }),
    },
  }),
  mutant(tdxAlias, {
    name: "memslot-alias-bits",
    bug: "T7",
    says: "a slot may be at a frame with the shared bit",
    source: "kvm_arch_prepare_memory_region() before aliases were refused, 6.15",
    killedBy: "slots-are-reached",
    calls: { set_slot: change(tdxAlias.calls.set_slot, { never: ["EINVAL"], without: ["refuse an alias"] }) },
  }),
  mutant(technologiesMended, {
    name: "rebind-other-gpa-stale-rmp",
    bug: "X3",
    says: "an RMP entry that is assigned is taken as it is, whatever frame it is for",
    source: "sev_gmem_make_private(), arch/x86/kvm/svm/sev.c, 7.3.4; by reading",
    killedBy: "mapped-where-it-belongs",
    calls: { guest_read: takingEntries.guest_read, pre_fault_memory: takingEntries.pre_fault_memory },
    vectors: [afterMove],
  }),
  mutant(technologiesMended, {
    name: "mmap-only-snp-shared-fault",
    bug: "X4",
    says: "a shared access to a slot that shows a file alone makes the page private, and faults for ever",
    source:
      "kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c, 7.3.4: a file with GUEST_MEMFD_FLAG_MMAP alone; by reading",
    killedBy: "calls-end",
    calls: { guest_read: makingPrivateAlways.guest_read },
    vectors: [ofMmapOnly],
  }),
  mutant(technologiesMended, {
    name: "retry-loop-holds-srcu",
    bug: "T1",
    says: "a fault that has to try again does so inside the SRCU read section, for which the deletion of its slot waits",
    source:
      "tdx_handle_ept_violation() before 2bc2694fe20b (KVM: TDX: Do not retry locally when the retry is caused by invalid memslot), 6.18",
    killedBy: "calls-end",
    calls: {
      guest_read: change(technologiesMended.calls.guest_read, {
        sections: {
          "enter SRCU, look up the slot": { takes: ({ vm }) => kvmSrcu(vm!) },
          "compare the attribute": (s, c, m) => {
            const result = compareAttribute(s, c, m);
            return c.invalid ? retry("look up the slot") : result;
          },
        },
        after: { "enter SRCU, look up the slot": { "look up the slot": lookUpSlot } },
      }),
    },
    vectors: [duringDeletion],
  }),
  mutant(tdxKey, {
    name: "hkid-freed-before-gmem",
    bug: "T9",
    says: "the key goes with the descriptor of the VM",
    source: "the order that tdx_mmu_release_hkid() from kvm_destroy_vm() prevents, arch/x86/kvm/vmx/tdx.c",
    killedBy: "key-outlives-its-pages",
    calls: {
      close_vm: change(tdxKey.calls.close_vm, {
        after: {
          "drop the descriptor": {
            "tdx_mmu_release_hkid()": (s) => {
              s.key = false;
            },
          },
        },
      }),
    },
  }),
];
