/** Guest mappings: what a guest's page table may point to. */
import { Gfn, Vm, type GuestMapping, type GuestMemory, type SlotView, type VmId } from "../guest-memory.ts";
import { pageText } from "./words.ts";
import { always } from "./declare.ts";

export function isMapped(m: GuestMemory, { vm, gfn }: { readonly vm: VmId; readonly gfn: number }): boolean {
  return m.guestMapping(vm, gfn) !== null;
}

/** What is mapped here is about to go. */
function isInvalidating(m: GuestMemory, vm: VmId, gfn: number): boolean {
  return m.isInvalidating?.(vm, gfn) === true;
}

export const invalidationsEnd = always({
  name: "invalidations-end",
  says: "what has begun to invalidate a guest's mappings has ended when no call is in flight: faults need not wait for ever",
  source: "kvm_mmu_invalidate_begin() and _end() balance mmu_invalidate_in_progress, virt/kvm/kvm_main.c",
  over: { vm: Vm },
  needs: ["invalidations"],
  when: (m, { vm }) => m.vmExists(vm),
  holds: (m, { vm }) => m.invalidations!(vm) === 0,
  why: (m, { vm }) => `${m.invalidations!(vm)} invalidations of VM ${vm} have begun and never end`,
});

export const noMappingToGonePage = always({
  name: "no-mapping-to-a-gone-page",
  says: "a guest does not map a page that left the file",
  source:
    "kvm_gmem_punch_hole() and kvm_gmem_release() invalidate before they truncate, virt/kvm/guest_memfd.c",
  anytime: true,
  over: { vm: Vm, gfn: Gfn },
  when: isMapped,
  holds: (m, { vm, gfn }) => {
    const { inode, page } = m.guestMapping(vm, gfn)!.at;
    return m.pageState(inode, page) !== "absent" || isInvalidating(m, vm, gfn);
  },
  why: (m, { vm, gfn }) =>
    `frame ${gfn} of VM ${vm} maps ${pageText(m, m.guestMapping(vm, gfn)!.at.page)}, which is no longer in the file`,
});

export const noMappingThroughGoneSlot = always({
  name: "no-mapping-through-a-gone-slot",
  says: "a guest frame is mapped only while a slot covers it, and to the page that the slot gives it",
  source:
    "kvm_arch_flush_shadow_memslot() before a slot goes; kvm_gmem_get_pfn() checks the binding, virt/kvm/guest_memfd.c",
  over: { vm: Vm, gfn: Gfn },
  when: isMapped,
  holds: (m, { vm, gfn }) => {
    const mapping = m.guestMapping(vm, gfn)!;
    const slot = slotAt(m, vm, gfn);
    return slot !== null && (!mapping.fromFile || givesPage(m, slot, gfn, mapping));
  },
  why: (m, { vm, gfn }) => {
    const slot = slotAt(m, vm, gfn);
    const what =
      slot === null
        ? "no slot covers it"
        : slot.file === null
          ? "its slot has no file any more"
          : "its slot gives it another page";
    return `frame ${gfn} of VM ${vm} is mapped although ${what}`;
  },
});

/** The slot of the normal address space that covers a frame. */
function slotAt(m: GuestMemory, vm: VmId, gfn: number): SlotView | null {
  for (const slot of m.slots) {
    const view = m.slot(vm, m.spaces[0]!, slot);
    if (view !== null && gfn >= view.base && gfn < view.base + view.npages) return view;
  }
  return null;
}

function givesPage(m: GuestMemory, slot: SlotView, gfn: number, mapping: GuestMapping): boolean {
  return (
    slot.file !== null &&
    m.fileExists(slot.file) &&
    m.fileInode(slot.file) === mapping.at.inode &&
    slot.first + gfn - slot.base === mapping.at.page
  );
}

export const mappingAgreesWithAttribute = always({
  name: "mapping-agrees-with-attribute",
  says: "a guest frame is mapped for private access exactly where its attribute says private",
  source:
    "kvm_vm_set_mem_attributes() zaps the other type, virt/kvm/kvm_main.c; kvm_mmu_faultin_pfn() compares, arch/x86/kvm/mmu/mmu.c",
  anytime: true,
  over: { vm: Vm, gfn: Gfn },
  needs: ["isPrivate"],
  when: isMapped,
  holds: (m, { vm, gfn }) =>
    m.guestMapping(vm, gfn)!.private === m.isPrivate!(vm, gfn) || isInvalidating(m, vm, gfn),
  why: (m, { vm, gfn }) => {
    const is = (yes: boolean): string => (yes ? "private" : "shared");
    return `frame ${gfn} of VM ${vm} is ${is(m.isPrivate!(vm, gfn))} and mapped as ${is(m.guestMapping(vm, gfn)!.private)}`;
  },
});

export const mappingPromises = [
  noMappingToGonePage,
  noMappingThroughGoneSlot,
  mappingAgreesWithAttribute,
  invalidationsEnd,
];
