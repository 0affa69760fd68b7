/**
 * Who owns a page: what hardware, or a hypervisor below the kernel, says of it, and how that agrees with what KVM and the host map. The RMP of
 * SEV-SNP, the S-EPT of TDX and the page tables of pKVM answer the same question.
 */
import { positions, propertiesOf } from "../language.ts";
import { Gfn, Inode, Page, Vm, type GuestMemory, type InodeId, type VmId } from "../guest-memory.ts";
import { pageText } from "./words.ts";

/** A page's owner, and the frame at which that guest has it. */
export interface Owner {
  readonly vm: VmId;
  readonly gfn: number;
}

/** The common vocabulary, and whom a page belongs to. */
export interface Owning extends GuestMemory {
  /** The guest that the page is given to; null: it is the host's, who may touch it. */
  ownerOf(inode: InodeId, page: number): Owner | null;
  /** False of a VM whose pages nobody below the kernel tells from the host's: KVM_X86_SW_PROTECTED_VM. */
  ownersAreKept?(vm: VmId): boolean;
  /** A page is given to this guest with the leaf that maps it, and goes back with it. */
  givesWithLeaf?(vm: VmId): boolean;
}

/** An owner that is none, or two answers about it of which one is wrong. */
export function ownersContradict(
  m: Owning,
  { inodes = 0, pages = 0 }: Readonly<Record<string, number>>,
): string | null {
  for (const vm of m.vms)
    if (m.givesWithLeaf?.(vm) === true && m.ownersAreKept?.(vm) === false)
      return `pages are given to VM ${vm} with their leaves, and nobody keeps what belongs to it`;
  for (const inode of positions(inodes) as readonly InodeId[]) {
    for (const page of positions(pages)) {
      const owner = m.ownerOf(inode, page);
      if (owner === null) continue;
      const says = `page ${page} of inode ${inode} belongs to VM ${owner.vm} at frame ${owner.gfn}`;
      if (!m.vms.includes(owner.vm) || !m.gfns.includes(owner.gfn))
        return `${says}, and there is no such frame`;
      if (m.ownersAreKept?.(owner.vm) === false) return `${says}, and nobody keeps what belongs to it`;
    }
  }
  return null;
}

const { always, step } = propertiesOf<Owning>();

const gonePageIsTheHosts = always({
  name: "gone-page-is-the-hosts",
  says: "a page that left its file belongs to no guest any more",
  source:
    "kvm_arch_gmem_invalidate() from kvm_gmem_free_folio(), virt/kvm/guest_memfd.c; tdx_sept_remove_private_spte(), arch/x86/kvm/vmx/tdx.c",
  anytime: true,
  over: { inode: Inode, page: Page },
  when: (m, { inode, page }) => m.pageState(inode, page) === "absent",
  holds: (m, { inode, page }) => m.ownerOf(inode, page) === null,
  why: (m, { inode, page }) =>
    `${pageText(m, page)} left the file, and is VM ${m.ownerOf(inode, page)!.vm}'s still`,
});

interface Frame {
  readonly vm: VmId;
  readonly gfn: number;
}
const mapsPrivately = (m: Owning, { vm, gfn }: Frame): boolean => {
  const mapping = m.guestMapping(vm, gfn);
  return mapping !== null && mapping.private && mapping.fromFile;
};
const ownerOfMapped = (m: Owning, { vm, gfn }: Frame): Owner | null => {
  const { inode, page } = m.guestMapping(vm, gfn)!.at;
  return m.ownerOf(inode, page);
};
const isGoing = (m: Owning, { vm, gfn }: Frame): boolean => m.isInvalidating?.(vm, gfn) === true;

const mappedPageIsTheGuests = always({
  name: "mapped-page-is-the-guests",
  says: "what a guest maps privately belongs to it: anything else it cannot access, and faults for ever",
  source: "sev_gmem_prepare() comes before mmu_lock, arch/x86/kvm/svm/sev.c; kvm_gmem_solo tree, 22 May 2023",
  anytime: true,
  over: { vm: Vm, gfn: Gfn },
  when: (m, frame) => mapsPrivately(m, frame) && m.ownersAreKept?.(frame.vm) !== false,
  holds: (m, frame) => ownerOfMapped(m, frame)?.vm === frame.vm || isGoing(m, frame),
  why: (m, frame) => {
    const owner = ownerOfMapped(m, frame);
    return `frame ${frame.gfn} of VM ${frame.vm} is mapped, and its page is ${owner === null ? "the host's" : `VM ${owner.vm}'s`}`;
  },
});

const mappedWhereItBelongs = always({
  name: "mapped-where-it-belongs",
  says: "a guest maps a page that belongs to it at the frame for which it was given to it",
  source:
    "RMP check of a nested page table walk, AMD64 APM volume 2, 15.36.10: the entry's guest physical address",
  anytime: true,
  over: { vm: Vm, gfn: Gfn },
  when: (m, frame) => mapsPrivately(m, frame) && ownerOfMapped(m, frame) !== null,
  holds: (m, frame) => ownerOfMapped(m, frame)!.gfn === frame.gfn || isGoing(m, frame),
  why: (m, frame) =>
    `frame ${frame.gfn} of VM ${frame.vm} maps a page that it was given at frame ${ownerOfMapped(m, frame)!.gfn}`,
});

const hostMapsNoOwnedPage = always({
  name: "host-maps-no-owned-page",
  says: "the host maps no page that belongs to a guest: to touch it is a fault that the host does not survive",
  source: "sev_gmem_prepare(), arch/x86/kvm/svm/sev.c: only memory that the host cannot map is made private",
  anytime: true,
  over: { inode: Inode, page: Page },
  when: (m, { inode, page }) => m.ownerOf(inode, page) !== null,
  holds: (m, { inode, page }) => !m.hostMaps(inode, page),
  why: (m, { page }) => `the host maps ${pageText(m, page)}, which belongs to a guest`,
});

const ownedPageIsMapped = always({
  name: "owned-page-is-mapped",
  says: "where a page is given with the leaf that maps it, it is the guest's only while it is mapped: no zap would find it again",
  source:
    "tdx_sept_set_private_spte(), tdx_sept_remove_private_spte(), arch/x86/kvm/vmx/tdx.c: the mirror root has what the S-EPT has",
  anytime: true,
  over: { inode: Inode, page: Page },
  needs: ["givesWithLeaf"],
  when: (m, { inode, page }) => {
    const owner = m.ownerOf(inode, page);
    return owner !== null && m.givesWithLeaf!(owner.vm);
  },
  holds: (m, { inode, page }) => {
    const { vm, gfn } = m.ownerOf(inode, page)!;
    const at = m.guestMapping(vm, gfn)?.at;
    return at !== undefined && at.inode === inode && at.page === page;
  },
  why: (m, { inode, page }) => {
    const { vm, gfn } = m.ownerOf(inode, page)!;
    return `${pageText(m, page)} is VM ${vm}'s, and is no longer mapped at frame ${gfn}`;
  },
});

/** The frame at which a guest has what it wrote privately, before a call and behind it. */
const keepsItsFrame = (before: Owning, after: Owning, { vm, gfn }: Owner): boolean =>
  before.isPrivate!(vm, gfn) && after.isPrivate!(vm, gfn);

const conversionKeepsContents = step({
  name: "conversion-keeps-private-contents",
  says: "a conversion takes nothing from a frame that is private before it and behind it",
  source:
    "6bd5dac21ec5 (KVM: Add member to struct kvm_gfn_range to indicate private/shared), 6.18: what is private is not zapped",
  over: { inode: Inode, page: Page },
  needs: ["secretOf", "isPrivate"],
  when: (before, { call }, { inode, page }) =>
    call === "set_memory_attributes" &&
    before.secretOf!(inode, page) !== null &&
    before.ownerOf(inode, page) !== null,
  holds: (before, _made, after, { inode, page }) =>
    !keepsItsFrame(before, after, before.ownerOf(inode, page)!) ||
    after.secretOf!(inode, page) === before.secretOf!(inode, page),
  why: (before, _made, _after, { inode, page }) =>
    `frame ${before.ownerOf(inode, page)!.gfn} was private and is, and what its guest wrote is gone`,
});

/** Of any hardware that keeps owners. */
export const ownerPromises = [gonePageIsTheHosts, mappedPageIsTheGuests, mappedWhereItBelongs];

export const ownershipPromises = [
  ...ownerPromises,
  hostMapsNoOwnedPage,
  ownedPageIsMapped,
  conversionKeepsContents,
];
