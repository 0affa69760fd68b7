/**
 * Proposal: KVM_LINK_GUEST_MEMFD makes a file of a second VM on the inode of a first one's, so that its memory can go on to that VM.
 *
 * Question: what keeps two VMs from using the memory at once, while both are there? "[RFC PATCH 00/11] New KVM ioctl to link a gmem inode to a
 * new gmem file", Ackerley Tng, 7 August 2023; v2 by Ryan Afranji, 16 May 2025. Nothing does, and nothing was meant to.
 *
 *     npx gmemcheck check models/proposals/link/link.ts
 */
import { design } from "../../../spec/language.ts";
import type { KnownBreach, NotAtomic } from "../../../spec/language/design.ts";
import { bind, die, guestAccess, hostAccess, linkGuestMemfd, punchHole, unbind } from "./calls.ts";
import { FIRST, allPrivate, bounds, fileOf, machineFor, sizesOf, state } from "./state.ts";
import { promises, statements, viewOf } from "./view.ts";

const SOURCE =
  "[RFC PATCH 00/11] New KVM ioctl to link a gmem inode to a new gmem file, Ackerley Tng, 7 August 2023";

export const usedByBoth: KnownBreach = {
  property: "page-in-one-guest",
  says: "the memory of a VM that lives is bound, and mapped, by another one",
  source: `the VM of the first file is not asked, ${SOURCE}`,
};

const thrownAway = {
  state: true,
  says: "a fault that is thrown away leaves its page in the file",
  source: "kvm_gmem_get_pfn() before is_page_fault_stale(): kvm_mmu_do_page_fault(), arch/x86/kvm/mmu/mmu.c",
} as const;

const notAtomic: readonly NotAtomic[] = ["unbind", "set_memory_attributes", "set_memory_attributes2"].map(
  (other) => ({ calls: ["guest_access", other], ...thrownAway }),
);

export const link = design({
  name: "link-guest-memfd",
  says: "a file can be made for another VM on the inode of a file, at any time",
  source: SOURCE,
  bounds,
  machine: machineFor,
  sizes: sizesOf,
  state,
  init: (s) => {
    s.files[fileOf(FIRST)] = true;
  },
  calls: {
    link_guest_memfd: linkGuestMemfd,
    move_from: die,
    bind,
    unbind,
    guest_access: guestAccess(allPrivate),
    host_access: hostAccess(allPrivate),
    punch_hole: punchHole,
  },
  view: viewOf(allPrivate),
  promises,
  statements,
  knownBreaches: [usedByBoth],
  notAtomic,
  scenarios: {},
  vectors: [
    { bounds: {}, quick: true },
    { bounds: { pages: 2, vcpus: 2 } },
    { bounds: { tasks: 2 }, mode: "overlap", overlap: 2 },
  ],
});
