/** Contents: who may read which bytes. */
import { Gfn, Inode, Page, Vm, type GuestMemory, type InodeId } from "../guest-memory.ts";
import { pageText } from "./words.ts";
import { always, step } from "./declare.ts";
import { isMapped } from "./mappings.ts";

export const guestSeesDefinedBytes = always({
  name: "guest-sees-defined-bytes",
  says: "a guest maps no page whose bytes nobody zeroed or wrote",
  source: "kvm_gmem_get_pfn(): a folio that is not up to date is cleared first, virt/kvm/guest_memfd.c",
  over: { vm: Vm, gfn: Gfn },
  needs: ["contentsDefined"],
  when: isMapped,
  holds: (m, { vm, gfn }) => {
    const { inode, page } = m.guestMapping(vm, gfn)!.at;
    return hasNoBytes(m, inode, page) || m.contentsDefined!(inode, page);
  },
  why: (m, { vm, gfn }) =>
    `frame ${gfn} of VM ${vm} maps ${pageText(m, m.guestMapping(vm, gfn)!.at.page)} before anything was put there`,
});

/** The page is gone, or poisoned: that it is mapped all the same is another promise's affair. */
function hasNoBytes(m: GuestMemory, inode: InodeId, page: number): boolean {
  const state = m.pageState(inode, page);
  return state === "absent" || state === "poisoned";
}

export const hostSeesDefinedBytes = always({
  name: "host-sees-defined-bytes",
  says: "the host maps no page whose bytes nobody zeroed or wrote",
  source:
    "kvm_gmem_fault_user_mapping(): a folio that is not up to date is cleared first, virt/kvm/guest_memfd.c",
  over: { inode: Inode, page: Page },
  needs: ["contentsDefined"],
  holds: (m, { inode, page }) =>
    !m.hostMaps(inode, page) || hasNoBytes(m, inode, page) || m.contentsDefined!(inode, page),
  why: (m, { page }) => `the host maps ${pageText(m, page)} before anything was put there`,
});

export const noUndefinedByteRead = step({
  name: "no-undefined-byte-read",
  says: "no read returns a byte that nobody zeroed or wrote",
  source: "kvm_gmem_get_pfn() and kvm_gmem_fault_user_mapping() clear new folios, virt/kvm/guest_memfd.c",
  over: {},
  asksResults: true,
  when: (_before, { result }) => typeof result === "object",
  holds: (_before, { result }) => typeof result !== "object" || result.value !== null,
  why: (_before, { call }) => `${call} returned what the memory held before`,
});

export const secretsStayPrivate = always({
  name: "secrets-stay-private",
  says: "a page that a guest wrote to privately is mapped neither by the host nor by another guest",
  source: "Documentation/virt/kvm/api.rst, KVM_CREATE_GUEST_MEMFD: guest private memory",
  over: { inode: Inode, page: Page },
  needs: ["secretOf"],
  ofOnePage: true,
  when: (m, { inode, page }) => m.secretOf!(inode, page) !== null,
  holds: (m, { inode, page }) => {
    const owner = m.secretOf!(inode, page);
    if (m.hostMaps(inode, page)) return false;
    for (const vm of m.vms) {
      for (const gfn of vm === owner ? [] : m.gfns) {
        const mapping = m.guestMapping(vm, gfn);
        if (mapping !== null && mapping.at.inode === inode && mapping.at.page === page) return false;
      }
    }
    return true;
  },
  why: (m, { inode, page }) =>
    `${pageText(m, page)} holds what VM ${m.secretOf!(inode, page)} wrote privately, and ${m.hostMaps(inode, page) ? "the host" : "another VM"} maps it`,
});

export const contentsComeFromTheFile = always({
  name: "contents-come-from-the-file",
  says: "where a slot shows its guest a file and nothing else, no access of the guest goes to other memory",
  source: "KVM_MEMSLOT_GMEM_ONLY, include/linux/kvm_host.h, 6.18: all faults are served from the file",
  anytime: true,
  over: { vm: Vm },
  needs: ["strayed"],
  when: (m, { vm }) => m.vmExists(vm),
  holds: (m, { vm }) => !m.strayed!(vm),
  why: (_m, { vm }) =>
    `an access of VM ${vm} went to the memory at userspace_addr, and the slot shows its guest the file alone`,
});

export const contentsPromises = [
  contentsComeFromTheFile,
  guestSeesDefinedBytes,
  hostSeesDefinedBytes,
  noUndefinedByteRead,
  secretsStayPrivate,
];
