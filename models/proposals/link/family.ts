/** Proposals that were never merged: memory that goes on to another VM, and whose attributes there are then. */
import type { Family } from "../family.ts";
import { attributesPerInode } from "./attributes-per-inode.ts";
import { attributesPerVm } from "./attributes-per-vm.ts";
import { link } from "./link.ts";
import { linkAfterDeath } from "./link-after-death.ts";
import { linkMutants } from "./mutants.ts";

const fixed = "file i is VM i's from the start, and a slot shows all of it, frame i page i";
const noBytes = "bytes are not modelled";
const noPoison = "memory that fails is not modelled";
const noLifetime = "VMs and files stay; a VM dies without being freed";

export const linkFamily: Family = {
  title: "never merged",
  source:
    "[RFC PATCH 00/11] New KVM ioctl to link a gmem inode to a new gmem file, 7 August 2023; [PATCH v7 3/7] KVM: guest_memfd: Track folio sharing within a struct kvm_gmem_private, reviewed on 2 April 2025",
  designs: [link, linkAfterDeath, attributesPerVm, attributesPerInode],
  mutants: linkMutants,
  objections: [
    {
      says: "the memory belongs to one virtual machine: another one may not use it beside that, and a handoff needs stronger guarantees about when it can happen",
      by: "Sean Christopherson",
      subject:
        "Re: [RFC PATCH v11 12/29] KVM: Add KVM_CREATE_GUEST_MEMFD ioctl() for guest-specific backing memory",
      date: "2023-08-21",
      against: { design: link, promise: "page-in-one-guest" },
      answer: { design: linkAfterDeath, promise: "page-in-one-guest" },
    },
    {
      says: "what is private is tracked on the inode: why is it changed through the VM, whose slots have to be kept still for it?",
      by: "Sean Christopherson (of one VM; that two can differ is read so afterwards)",
      subject: "Re: [PATCH v7 3/7] KVM: guest_memfd: Track folio sharing within a struct kvm_gmem_private",
      date: "2025-04-02",
      against: { design: attributesPerVm, promise: "page-has-one-type" },
      answer: { design: attributesPerInode, promise: "page-has-one-type" },
    },
  ],
  silent: {
    "one-binding-per-offset": fixed,
    "binding-names-its-slot": fixed,
    "slot-is-bound": fixed,
    "bound-range-within-file": fixed,
    "slots-disjoint": fixed,
    "exclusive-flags": fixed,
    "guest-memfd-slot-immutable": fixed,
    "bound-by-its-owner": fixed,
    "page-at-one-gfn": fixed,
    "contents-come-from-the-file": noBytes,
    "guest-sees-defined-bytes": noBytes,
    "host-sees-defined-bytes": noBytes,
    "no-undefined-byte-read": noBytes,
    "secrets-stay-private": noBytes,
    "file-size-constant": fixed,
    "no-page-beyond-size": fixed,
    "file-pins-its-vm": noLifetime,
    "vm-lives-while-referenced": noLifetime,
    "file-lives-while-referenced": noLifetime,
    "guest-maps-no-poison": noPoison,
    "host-maps-no-poison": noPoison,
    "poison-reaches-its-user": noPoison,
    "poison-reaches-nobody-else": noPoison,
    "slot-pages-balance": fixed,
  },
};
