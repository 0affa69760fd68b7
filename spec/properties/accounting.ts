/** Accounting: counters that the kernel keeps agree with what they count. */
import { Vm } from "../guest-memory.ts";
import { always } from "./declare.ts";
import type { GuestMemory, VmId } from "../guest-memory.ts";

export const slotPagesBalance = always({
  name: "slot-pages-balance",
  says: "the pages that a VM is charged for are those of its slots",
  source: "kvm->nr_memslot_pages, kvm_commit_memory_region(), virt/kvm/kvm_main.c",
  over: { vm: Vm },
  needs: ["accountedPages"],
  when: (m, { vm }) => m.vmExists(vm),
  holds: (m, { vm }) => m.accountedPages!(vm) === slotPages(m, vm),
  why: (m, { vm }) =>
    `VM ${vm} is charged for ${m.accountedPages!(vm)} pages and its slots have ${slotPages(m, vm)}`,
});

function slotPages(m: GuestMemory, vm: VmId): number {
  let pages = 0;
  for (const space of m.spaces) for (const slot of m.slots) pages += m.slot(vm, space, slot)?.npages ?? 0;
  return pages;
}

export const accountingPromises = [slotPagesBalance];
