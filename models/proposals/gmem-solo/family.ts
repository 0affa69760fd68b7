/** The thread that gave guest_memfd its name, where Michael Roth and Sean Christopherson settle what SNP needs of it. */
import type { Family } from "../family.ts";
import { atAllocation, preFault, underMmuLock } from "./conversion.ts";
import { gmemSolo } from "./gmem-solo.ts";
import { mutableSlots } from "./mutable-slots.ts";
import { fallocatePreparesTooEarly, unbindHookGap } from "./mutants.ts";
import { indexAsFrame, skipWithoutWord, warnAndSkip } from "./range-arithmetic.ts";
import { unbindHook, unmapHook, untoldHook } from "./unmap-hook.ts";

const mail = {
  by: "Sean Christopherson",
  subject:
    "Re: Rename restrictedmem => guardedmem? (was: Re: [PATCH v10 0/9] KVM: mm: fd-based approach for supporting KVM)",
  date: "2023-05-22",
} as const;

const NO_HOST_MAPPING = "the file cannot be mapped by the host: kvm_gmem_fops has no mmap() before 6.18";
const NO_BYTES = "the bytes of a page are not in question; folios are cleared when they are allocated";
const ONE_FILE = "one file, of constant size, stays open, and its VM with it";
const NO_POISON = "nothing is poisoned";

export const gmemSoloFamily: Family = {
  title: "kvm_gmem_solo: hooks, ranges and the RMP",
  source: `${mail.subject}, 22 May 2023`,
  designs: [
    indexAsFrame,
    warnAndSkip,
    skipWithoutWord,
    untoldHook,
    unmapHook,
    unbindHook,
    mutableSlots,
    underMmuLock,
    atAllocation,
    preFault,
    gmemSolo,
  ],
  mutants: [unbindHookGap, fallocatePreparesTooEarly],
  objections: [
    {
      ...mail,
      says: "The arithmetic of an invalidation is wrong where a slot begins inside the file.",
      against: { design: indexAsFrame, promise: "no-mapping-to-a-gone-page" },
      answer: { design: gmemSolo, promise: "no-mapping-to-a-gone-page" },
    },
    {
      ...mail,
      says: "No new hook for invalidations: kvm_unmap_gfn_range() is one, but must be told that what is zapped is private.",
      against: { design: untoldHook, promise: "assignment-lasts" },
      answer: { design: unmapHook, promise: "assignment-lasts" },
    },
    {
      ...mail,
      says: "That leaves a gap at unbind(): kvm_unmap_gfn_range() is called only where a slot overlaps.",
      against: { design: unmapHook, promise: "gone-page-is-the-hosts" },
      answer: { design: gmemSolo, promise: "gone-page-is-the-hosts" },
    },
    {
      ...mail,
      says: "It should be settled what unbind() does: the code relies on private slots being immutable.",
      against: { design: mutableSlots, promise: "no-mapping-to-a-gone-page" },
      answer: { design: gmemSolo, promise: "no-mapping-to-a-gone-page" },
    },
    {
      ...mail,
      says: "No hook to initialise private memory: the fault only has to convert the RMP before it takes mmu_lock.",
      against: { design: underMmuLock, promise: "mapped-page-is-the-guests" },
      answer: { design: gmemSolo, promise: "mapped-page-is-the-guests" },
    },
    {
      ...mail,
      says: "To convert when memory is allocated would need the hook; a generic ioctl that faults memory in is better.",
      against: { design: atAllocation, promise: "allocation-converts-nothing" },
      answer: { design: preFault, promise: "allocation-converts-nothing" },
    },
  ],
  silent: {
    "mapping-agrees-with-attribute": "there are no attributes: all memory is private",
    "host-never-maps-private": NO_HOST_MAPPING,
    "never-private-and-host-mapped": NO_HOST_MAPPING,
    "host-maps-no-gone-page": NO_HOST_MAPPING,
    "contents-come-from-the-file": NO_BYTES,
    "guest-sees-defined-bytes": NO_BYTES,
    "host-sees-defined-bytes": NO_BYTES,
    "no-undefined-byte-read": NO_BYTES,
    "secrets-stay-private": NO_BYTES,
    "file-size-constant": ONE_FILE,
    "no-page-beyond-size": ONE_FILE,
    "file-pins-its-vm": ONE_FILE,
    "vm-lives-while-referenced": ONE_FILE,
    "file-lives-while-referenced": ONE_FILE,
    "guest-maps-no-poison": NO_POISON,
    "host-maps-no-poison": NO_POISON,
    "poison-reaches-its-user": NO_POISON,
    "poison-reaches-nobody-else": NO_POISON,
    "slot-pages-balance": "nobody counts pages",
  },
};
