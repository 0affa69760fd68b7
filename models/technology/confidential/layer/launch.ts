/**
 * The launch of a guest, page by page: KVM_SEV_SNP_LAUNCH_UPDATE and _FINISH, KVM_TDX_INIT_MEM_REGION and KVM_TDX_FINALIZE_VM, as far as they are
 * the same: kvm_gmem_populate(), virt/kvm/guest_memfd.c. What meets them is the question of snp-populate and of tdx-build.
 */
import { Gfn, Inode, Page } from "../../../../spec/guest-memory.ts";
import { guestAddress } from "../../../guest-memfd/calls/guest-access.ts";
import { vmDescriptor } from "../../../guest-memfd/calls/create-vm.ts";
import { fileReferences, pinVm, pinning, unpinVm } from "../../../guest-memfd/lifetime.ts";
import { invalidateLock, kvmLock, mmuLock, slotsLock } from "../../../guest-memfd/locks.ts";
import { clearUnlessReady, grabFolio } from "../../../guest-memfd/page-cache.ts";
import { NORMAL, slotAt } from "../../../guest-memfd/slots.ts";
import { openVm } from "../../../guest-memfd/state.ts";

import { call, give, givesWithLeaf, hasLaunch } from "./state.ts";

export const populate = call({
  kernel:
    "sev_gmem_populate(), arch/x86/kvm/svm/sev.c; tdx_gmem_post_populate(), arch/x86/kvm/vmx/tdx.c; kvm_gmem_populate(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { vm: vmDescriptor, gpa: guestAddress },
  keeps: { ...pinning, gfn: Gfn, inode: Inode, page: Page },
  returns: ["EBADF", "EINVAL", "EIO"],
  leaves: {
    EIO: {
      says: "the page that could not be populated stays in the file",
      source: "kvm_gmem_populate() puts the folio and does not remove it, virt/kvm/guest_memfd.c",
    },
  },
  sections: {
    "find the VM": (s, c) => {
      if (openVm(s, c.vm) === null) return "EBADF";
      pinVm(s, c);
    },
    "take kvm->lock": { takes: ({ vm }) => kvmLock(vm!) },
    "look whether the guest is being launched": (s, { vm }) =>
      hasLaunch(s.vms[vm!]) && !s.launched[vm!] ? undefined : "EINVAL",
    "take slots_lock": { takes: ({ vm }) => slotsLock(vm!) },
    "find the file": (s, c, m) => {
      const vm = s.vms[c.vm!];
      c.gfn = m.gfns.at(c.gpa);
      const id = slotAt(vm, c.gfn);
      const slot = id === null ? null : vm.slots[NORMAL][id]!;
      if (slot === null || slot.file === null || fileReferences(s, slot.file) === 0) return "EINVAL";
      c.inode = s.files[slot.file].inode;
      c.page = slot.first + c.gfn - slot.base;
    },
    "take invalidate_lock": { takes: ({ inode }) => invalidateLock.write(inode) },
    "find or allocate the folio": (s, { inode, page }) => {
      const cell = s.inodes[inode].pages[page]!;
      grabFolio(cell);
      return cell.folio === "poisoned" ? "EIO" : undefined;
    },
    // slots_lock keeps the attribute as it is; a page that is the guest's already was populated before.
    "check the attribute, and whose the page is": (s, { vm, gfn, inode, page }) =>
      s.vms[vm!].private[gfn] && !s.owners[inode][page]!.given ? undefined : "EIO",
    "copy the source, give the page": {
      under: ({ vm }) => mmuLock.read(vm!),
      run: (s, { vm, gfn, inode, page }) => {
        clearUnlessReady(s.inodes[inode].pages[page]!);
        give(s, inode, page, { vm: vm!, gfn });
        // What is measured needs no acceptance.
        s.owners[inode][page]!.accepted = true;
        if (givesWithLeaf(s.vms[vm!]))
          s.vms[vm!].sptes[gfn] = { at: { inode, page }, private: true, fromFile: true, writable: true };
      },
    },
    "drop the locks": {
      drops: ({ vm, inode }) => [invalidateLock.write(inode), slotsLock(vm!), kvmLock(vm!)],
    },
  },
  finally: unpinVm,
});

export const finishLaunch = call({
  kernel: "snp_launch_finish(), arch/x86/kvm/svm/sev.c; tdx_td_finalize(), arch/x86/kvm/vmx/tdx.c",
  by: "task",
  takes: { vm: vmDescriptor },
  keeps: pinning,
  returns: ["EBADF", "EINVAL"],
  sections: {
    "find the VM": (s, c) => {
      if (openVm(s, c.vm) === null) return "EBADF";
      pinVm(s, c);
    },
    "finish the launch": {
      under: ({ vm }) => kvmLock(vm!),
      run: (s, { vm }) => {
        if (!hasLaunch(s.vms[vm!]) || s.launched[vm!]) return "EINVAL";
        s.launched[vm!] = true;
      },
    },
  },
  finally: unpinVm,
});
