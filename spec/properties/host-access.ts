/** Host access: what user space may see of guest memory. */
import { Gfn, Inode, Page, Vm, type GuestMemory, type InodeId } from "../guest-memory.ts";
import { pageText } from "./words.ts";
import { always } from "./declare.ts";

export const hostNeverMapsPrivate = always({
  name: "host-never-maps-private",
  says: "the host maps a page of guest memory only where the memory was declared to be shared with it",
  source:
    "kvm_gmem_fault_user_mapping(): SIGBUS without GUEST_MEMFD_FLAG_INIT_SHARED, fe2bf6234e94 (6.18-rc)",
  anytime: true,
  over: { inode: Inode, page: Page },
  when: (m, { inode, page }) => !mayMap(m, inode, page) && m.pageState(inode, page) !== "absent",
  holds: (m, { inode, page }) => !m.hostMaps(inode, page),
  why: (m, { inode, page }) => `the host maps ${pageText(m, page)} of the private memory ${inode}`,
});

const mayMap = (m: GuestMemory, inode: InodeId, page: number): boolean =>
  m.hostMayMapPage?.(inode, page) ?? m.hostMayMap(inode);

export const neverMappedTwice = always({
  name: "never-private-and-host-mapped",
  says: "a page that a guest maps for private access is not mapped by the host",
  source: "Documentation/virt/kvm/api.rst, KVM_CREATE_GUEST_MEMFD; memfile v5 thread, April 2022",
  anytime: true,
  over: { vm: Vm, gfn: Gfn },
  when: (m, { vm, gfn }) => {
    const mapping = m.guestMapping(vm, gfn);
    return mapping !== null && mapping.fromFile && mapping.private;
  },
  holds: (m, { vm, gfn }) => {
    const { inode, page } = m.guestMapping(vm, gfn)!.at;
    return !m.hostMaps(inode, page);
  },
  why: (m, { vm, gfn }) =>
    `frame ${gfn} of VM ${vm} maps ${pageText(m, m.guestMapping(vm, gfn)!.at.page)} privately, and so does the host`,
});

export const hostMapsNoGonePage = always({
  name: "host-maps-no-gone-page",
  says: "the host does not map a page that left the page cache",
  source: "kvm_gmem_punch_hole(): truncation unmaps under the folio lock, mm/truncate.c",
  anytime: true,
  over: { inode: Inode, page: Page },
  holds: (m, { inode, page }) => !m.hostMaps(inode, page) || m.pageState(inode, page) !== "absent",
  why: (m, { page }) => `the host still maps ${pageText(m, page)}, which is no longer in the file`,
});

export const hostAccessPromises = [hostNeverMapsPrivate, neverMappedTwice, hostMapsNoGonePage];
