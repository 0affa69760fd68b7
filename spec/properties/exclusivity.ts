/** Exclusivity: guest memory belongs to one guest, at one place of it. */
import { Inode, Page, Slot, Space, Vm, type GuestMemory, type InodeId, type VmId } from "../guest-memory.ts";
import { hasLiveFile } from "./binding.ts";
import { pageText } from "./words.ts";
import { always } from "./declare.ts";

export const boundByOwner = always({
  name: "bound-by-its-owner",
  says: "a file is bound only by the VM that it was created for",
  source:
    "kvm_gmem_bind(): file->private_data->kvm != kvm is refused; the 1:1 rule, restrictedmem v10 review, January 2023",
  anytime: true,
  over: { vm: Vm, space: Space, slot: Slot },
  when: hasLiveFile,
  holds: (m, { vm, space, slot }) => m.fileVm(m.slot(vm, space, slot)!.file!) === vm,
  why: (m, { vm, space, slot }) => {
    const file = m.slot(vm, space, slot)!.file!;
    return `slot ${slot} of VM ${vm} is bound to file ${file}, which belongs to VM ${m.fileVm(file)}`;
  },
});

export const pageInOneGuest = always({
  name: "page-in-one-guest",
  says: "a page of guest memory is mapped by at most one guest",
  source: "SNP's RMP and TDX's S-EPT give a page one owner; restrictedmem v10 review, January 2023",
  anytime: true,
  over: { inode: Inode, page: Page },
  ofOnePage: true,
  when: (m, { inode, page }) => m.pageState(inode, page) !== "absent",
  holds: (m, { inode, page }) => {
    let owner: VmId | null = null;
    for (const vm of m.vms) {
      if (mapsOf(m, vm, inode, page) === 0) continue;
      if (owner !== null) return false;
      owner = vm;
    }
    return true;
  },
  why: (m, { inode, page }) =>
    `${pageText(m, page)} is mapped by VMs ${m.vms.filter((vm) => mapsOf(m, vm, inode, page) > 0).join(" and ")}`,
});

export const pageAtOneGfn = always({
  name: "page-at-one-gfn",
  says: "a guest maps a page of its guest memory at one guest frame only",
  source:
    "one binding per offset, and unbinding zaps: kvm_gmem_bind(), kvm_gmem_unbind(), virt/kvm/guest_memfd.c",
  anytime: true,
  over: { vm: Vm, inode: Inode, page: Page },
  ofOnePage: true,
  when: (m, { vm, inode, page }) => m.vmExists(vm) && m.pageState(inode, page) !== "absent",
  holds: (m, { vm, inode, page }) => mapsOf(m, vm, inode, page) <= 1,
  why: (m, { vm, inode, page }) =>
    `${pageText(m, page)} is mapped at frames ${m.gfns.filter((gfn) => isAt(m, vm, gfn, inode, page)).join(" and ")} of VM ${vm}`,
});

/** At how many frames a guest maps the page as its guest memory. */
function mapsOf(m: GuestMemory, vm: VmId, inode: InodeId, page: number): number {
  let count = 0;
  for (const gfn of m.gfns) if (isAt(m, vm, gfn, inode, page)) count++;
  return count;
}

function isAt(m: GuestMemory, vm: VmId, gfn: number, inode: InodeId, page: number): boolean {
  const mapping = m.guestMapping(vm, gfn);
  return mapping !== null && mapping.fromFile && mapping.at.inode === inode && mapping.at.page === page;
}

export const exclusivityPromises = [boundByOwner, pageInOneGuest, pageAtOneGfn];
