/** What tells memory attributes of a VM's frames from those of an inode's pages. */
import { Gfn, Inode, Page, Vm, type GuestMemory, type InodeId, type VmId } from "../guest-memory.ts";
import { always, step } from "./declare.ts";

export const privateUntilConverted = step({
  name: "private-until-converted",
  says: "a frame of a guest that is private stays so until somebody converts it: that its slot or its file goes makes it absent, and not shared",
  source:
    "KVM_SET_MEMORY_ATTRIBUTES, Documentation/virt/kvm/api.rst, 6.8: attributes are of guest physical addresses",
  over: { vm: Vm, gfn: Gfn },
  needs: ["isPrivate"],
  when: (before, { call }, { vm, gfn }) => before.isPrivate!(vm, gfn) && !call.includes("attributes"),
  holds: (_before, _made, after, { vm, gfn }) => !after.vmExists(vm) || after.isPrivate!(vm, gfn),
  why: (_before, { call }, _after, { vm, gfn }) =>
    `${call} made frame ${gfn} of VM ${vm} shared, where an access of the guest now ends as MMIO`,
});

export const pageHasOneType = always({
  name: "page-has-one-type",
  says: "a page that several slots show is private in all of them, or in none",
  source:
    "Sean Christopherson on [PATCH v7 3/7] KVM: guest_memfd: Track folio sharing, 2 April 2025: what is tracked on the inode is not to be changed through the VM",
  over: { inode: Inode, page: Page },
  needs: ["isPrivate"],
  when: (m, { inode, page }) => typesOf(m, inode, page).length > 1,
  holds: (m, { inode, page }) => new Set(typesOf(m, inode, page)).size === 1,
  why: (_m, { page }) => `page ${page} is private in one slot, and shared in another`,
});

/** Of each frame that shows the page. */
function typesOf(m: GuestMemory, inode: InodeId, page: number): boolean[] {
  return m.vms.flatMap((vm) =>
    m.gfns.filter((gfn) => shows(m, vm, gfn, inode, page)).map((gfn) => m.isPrivate!(vm, gfn)),
  );
}

function shows(m: GuestMemory, vm: VmId, gfn: number, inode: InodeId, page: number): boolean {
  return m.slots.some((slot) => {
    const view = m.slot(vm, m.spaces[0]!, slot);
    if (view === null || view.file === null || gfn < view.base || gfn >= view.base + view.npages)
      return false;
    return m.fileInode(view.file) === inode && view.first + gfn - view.base === page;
  });
}
