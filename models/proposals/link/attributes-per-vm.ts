/**
 * Memory attributes of a VM's frames, as since 6.8, on memory that the host can map in place and that two VMs show.
 *
 * Question: whose attribute does a page have? Each VM has its own, and the host's fault asks the one of the file through which it comes. The mappability
 * series of 2024-25 changed what it tracked on the inode through the VM: [PATCH v7 3/7], reviewed on 2 April 2025.
 *
 *     npx gmemcheck check models/proposals/link/attributes-per-vm.ts
 */
import { bool, ids, variant } from "../../../spec/language.ts";
import { Page, Vm } from "../../../spec/guest-memory.ts";
import { slotsLock } from "../../guest-memfd/locks.ts";
import { privateUntilConverted, pageHasOneType } from "../../../spec/properties/attributes.ts";
import { changing, guestAccess, hostAccess, invalidating, isDead, type Change } from "./calls.ts";
import { link, usedByBoth } from "./link.ts";
import { call, unmapFromHost, vmOf, writeInvalidateLock, type Typing } from "./state.ts";
import { viewOf } from "./view.ts";
import type { VmId } from "../../../spec/guest-memory.ts";

const perVm: Typing = {
  isPrivate: (s, vm, gfn) => s.vms[vm].private[gfn]!,
  mayHostMap: (s, file, page) => !s.vms[vmOf(file)].private[page],
  isShared: (s, page) => ids(s.vms).every((vm) => !s.vms[vm].bound || !s.vms[vm].private[page]),
};

interface OfVm extends Change {
  readonly vm: VmId;
  readonly private: boolean;
}

const setMemoryAttributes = call({
  kernel: "kvm_vm_set_mem_attributes(), virt/kvm/kvm_main.c, 6.8, and an unmapping of the host",
  by: "task",
  takes: { vm: Vm, page: Page, private: bool },
  keeps: changing,
  returns: ["EIO"],
  sections: {
    "look whether the VM is dead": isDead,
    // The price of an ioctl of the VM: its slots must not change meanwhile.
    "take slots_lock": { takes: ({ vm }) => slotsLock(vm) },
    "take invalidate_lock": { takes: writeInvalidateLock },
    ...invalidating<OfVm>(
      ({ vm }, of) => of === vm,
      (s, { vm, page, private: wanted }) => {
        if (wanted) unmapFromHost(s, page);
        s.vms[vm].private[page] = wanted;
      },
    ),
    "drop the locks": { drops: ({ vm }) => [slotsLock(vm), writeInvalidateLock()] },
  },
});

export const attributesPerVm = variant(
  { ...link, promises: [...link.promises, privateUntilConverted, pageHasOneType] },
  {
    name: "attributes-per-vm",
    says: "whether memory is private is an attribute of a VM's frame; the host may map what the VM of its file says",
    source:
      "KVM_SET_MEMORY_ATTRIBUTES, 6.8, with linked files; the argument: Sean Christopherson on [PATCH v7 3/7] KVM: guest_memfd: Track folio sharing within a struct kvm_gmem_private, 2 April 2025",
    calls: { guest_access: guestAccess(perVm), host_access: hostAccess(perVm) },
    adds: { set_memory_attributes: setMemoryAttributes },
    view: viewOf(perVm),
    statements: link.statements ?? [],
    knownBreaches: [
      usedByBoth,
      {
        property: "page-has-one-type",
        says: "one VM has a page private, and another one shared",
        source: "attributes by VM: mem_attr_array of struct kvm, 6.8",
      },
      {
        property: "host-never-maps-private",
        says: "so the host maps through the one's file what is private to the other",
        source: "the file's own VM is asked",
      },
      {
        property: "never-private-and-host-mapped",
        says: "and the other guest has it mapped",
        source: "the file's own VM is asked",
      },
    ],
    vectors: [
      { bounds: {}, quick: true },
      { bounds: { pages: 2, vcpus: 2 } },
      { bounds: { tasks: 2 }, mode: "overlap", overlap: 2 },
    ],
  },
);
