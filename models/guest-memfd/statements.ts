/**
 * Statements about the shipped versions alone: rules that their users meet, and states that an exploration must be able
 * to reach, lest a promise hold because nothing ever happens.
 */
import { ids, propertiesOf } from "../../spec/language.ts";
import type { Made } from "../../spec/language/property.ts";
import { File, Gfn, Inode, Page, Slot, Space, Vcpu, Vm } from "../../spec/guest-memory.ts";
import { FALLOC_FL_PUNCH_HOLE } from "../../spec/abi/files.ts";
import { KVM_CAP_MULTI_ADDRESS_SPACE, KVM_MEM_GUEST_MEMFD, PAGE_SIZE } from "../../spec/abi/kvm.ts";
import type { Region } from "./region.ts";
import { NORMAL } from "./slots.ts";
import {
  hasPrivateMemory,
  openFile,
  openVm,
  type SlotId,
  type SlotName,
  type SlotState,
  type SpaceId,
  type VmState,
} from "./state.ts";
import type { KvmView } from "./view.ts";

const { always, sometimes, step } = propertiesOf<KvmView>();

export const guestMapsPrivately = sometimes({
  name: "a-guest-maps-a-private-page",
  says: "a guest maps a page of its file for private access",
  source: "kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c, 6.8",
  over: { vm: Vm, gfn: Gfn },
  holds: (m, { vm, gfn }) => m.guestMapping(vm, gfn)?.private === true,
});

export const secretIsWritten = sometimes({
  name: "a-guest-writes-a-secret",
  says: "a guest writes to a page through a private mapping",
  source: "kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c, 6.8",
  over: { inode: Inode, page: Page },
  holds: (m, { inode, page }) => m.secretOf!(inode, page) !== null,
});

export const poisonStays = sometimes({
  name: "a-page-is-poisoned",
  says: "a page of a file is poisoned, and stays so",
  source: "kvm_gmem_error_folio(), virt/kvm/guest_memfd.c, 6.8",
  over: { inode: Inode, page: Page },
  holds: (m, { inode, page }) => m.pageState(inode, page) === "poisoned",
});

export const slotOutlivesFile = sometimes({
  name: "a-slot-outlives-its-file",
  says: "a guest_memfd slot is there and its file is not",
  source: "kvm_gmem_release(), virt/kvm/guest_memfd.c, 6.8",
  over: { vm: Vm },
  holds: ({ state }, { vm }) => {
    if (state.vms[vm].type === "none") return false;
    for (const space of state.vms[vm].slots) {
      for (const slot of space) if (slot !== null && slot.guestMemfd && slot.file === null) return true;
    }
    return false;
  },
});

export const sharedFromFile = sometimes({
  name: "a-guest-maps-a-shared-page-of-a-file",
  says: "a guest maps a page of a file for shared access",
  source: "KVM_MEMSLOT_GMEM_ONLY, 6.18",
  over: { vm: Vm, gfn: Gfn },
  holds: (m, { vm, gfn }) => {
    const mapping = m.guestMapping(vm, gfn);
    return mapping !== null && mapping.fromFile && !mapping.private;
  },
});

export const hostMapsFile = sometimes({
  name: "the-host-maps-a-page-of-a-file",
  says: "the host maps a page of a guest_memfd",
  source: "GUEST_MEMFD_FLAG_INIT_SHARED, fe2bf6234e94, 6.18",
  over: { inode: Inode, page: Page },
  holds: (m, { inode, page }) => m.hostMaps(inode, page),
});

/** The model's own books, which no view shows: what they lose is lost to every promise. */
const inodeGoesWithItsLastFile = always({
  name: "inode-goes-with-its-last-file",
  says: "an inode is there as long as a file is open on it, and no longer",
  source: "__fput() → dput() → iput() → evict(), fs/inode.c",
  over: { inode: Inode },
  holds: ({ state: s }, { inode }) => {
    const isOpen = ids(s.files).some(
      (file) => s.files[file].kind !== "none" && s.files[file].inode === inode,
    );
    return isOpen === (s.inodes[inode].kind !== "none");
  },
});

/** Switching the log on, and asking it, protect what is mapped from writes: the next write faults, and is told. */
export const writesAreLogged = always({
  name: "writes-are-logged",
  says: "a page of a slot whose writes are logged is dirty as soon as a guest can write it without a fault",
  source: "kvm_mmu_slot_apply_flags(), arch/x86/kvm/x86.c; kvm_get_dirty_log_protect(), virt/kvm/kvm_main.c",
  over: { vm: Vm, gfn: Gfn },
  when: ({ state: s }, { vm, gfn }) => loggedAt(s.vms[vm], gfn) !== null && s.vms[vm].sptes[gfn] !== null,
  holds: ({ state: s }, { vm, gfn }) =>
    !s.vms[vm].sptes[gfn]!.writable || loggedAt(s.vms[vm], gfn)!.dirty[gfn] === true,
  why: (_m, { vm, gfn }) =>
    `frame ${gfn} of VM ${vm} can be written without a fault, and its slot's bitmap has it clean`,
});

/** The bitmap goes on with the slot; only who asks for it, or switches it off, clears it. */
export const dirtyPagesStayDirty = step({
  name: "dirty-pages-stay-dirty",
  says: "a page that was written stays dirty while its slot is moved or changed, as long as its writes are logged",
  source: "kvm_prepare_memory_region(), virt/kvm/kvm_main.c: the new slot takes the old one's dirty_bitmap",
  over: { vm: Vm, space: Space, slot: Slot },
  when: ({ state: s }, { call }, { vm, space, slot }) =>
    call !== "get_dirty_log" && s.vms[vm].slots[space][slot]?.logsDirty === true,
  holds: ({ state: before }, _made, { state: after }, { vm, space, slot }) => {
    const old = before.vms[vm].slots[space][slot]!;
    const now = after.vms[vm].slots[space][slot];
    if (now?.logsDirty !== true) return true;
    for (let page = 0; page < old.npages; page++) {
      if (old.dirty[old.base + page] === true && now.dirty[now.base + page] !== true) return false;
    }
    return true;
  },
  why: (_before, { call }, _after, { vm, slot }) =>
    `${call} cleared what was dirty in slot ${slot} of VM ${vm}`,
});

/** The slot of the normal address space that has a frame, where its writes are logged. */
function loggedAt(vm: VmState, gfn: number): SlotState | null {
  for (const slot of vm.slots[NORMAL]) {
    const isHere = slot !== null && gfn >= slot.base && gfn < slot.base + slot.npages;
    if (isHere && slot.phase === "active" && slot.logsDirty) return slot;
  }
  return null;
}

const mappedWithinAreas = always({
  name: "process-maps-within-its-areas",
  says: "the process's page table has entries for a page only where an area maps it",
  source: "unmap_vmas() and free_pgtables(), which munmap() ends with, mm/vma.c",
  over: { inode: Inode, page: Page },
  when: ({ state: s }, { inode }) => s.inodes[inode].kind !== "none",
  holds: ({ state: s }, { inode, page }) => {
    const { ptes } = s.inodes[inode].pages[page]!;
    return ids(ptes).every((id) => {
      const area = s.areas[id];
      if (ptes[id] === "none") return true;
      if (area === null || s.files[area.file].inode !== inode) return false;
      return page >= area.first && page < area.first + area.npages;
    });
  },
});

const allocatedIsThere = step({
  name: "allocated-pages-are-there",
  says: "after fallocate() has allocated a range, the page cache has a folio for every page of it",
  source: "kvm_gmem_allocate(), virt/kvm/guest_memfd.c",
  over: { file: File, page: Page },
  asksResults: true,
  when: ({ state: s, machine: m }, { call, params, result }, { file, page }) => {
    const { mode, offset, len } = params as unknown as Allocation;
    if (call !== "fallocate" || result !== 0 || params["file"] !== file) return false;
    if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0) return false;
    if (s.files[file].kind !== "guest_memfd") return false;
    return page >= m.pages.border(offset) && page < m.pages.border(offset + len);
  },
  holds: (before, _made, after, { file, page }) => after.pageState(before.fileInode(file), page) !== "absent",
});

const vcpuIdIsTaken = step({
  name: "vcpu-id-is-taken",
  says: "a vCPU id of a VM is given once, also when its descriptor has been closed",
  source: "kvm_vm_ioctl_create_vcpu(): -EEXIST, virt/kvm/kvm_main.c",
  over: { vm: Vm, vcpu: Vcpu },
  asksResults: true,
  when: ({ state: s }, { call, params }, { vm, vcpu }) =>
    call === "create_vcpu" &&
    params["vm"] === vm &&
    params["id"] === vcpu &&
    s.vms[vm].open &&
    s.vms[vm].vcpus[vcpu] !== "none",
  holds: (_before, { result }) => result === "EEXIST",
});

const oneAddressSpace = step({
  name: "one-address-space-is-no-extension",
  says: "a kernel with one address space has no KVM_CAP_MULTI_ADDRESS_SPACE",
  source: "kvm_vm_ioctl_check_extension_generic(): #if KVM_MAX_NR_ADDRESS_SPACES > 1, virt/kvm/kvm_main.c",
  over: {},
  asksResults: true,
  when: ({ machine: m }, { call, params }) =>
    call === "check_extension" && params["cap"] === KVM_CAP_MULTI_ADDRESS_SPACE && m.addressSpaces === 1,
  holds: (_before, { result }) => typeof result !== "object" || result.value === 0,
});

const noAttributesNoCall = step({
  name: "attributes-are-built-in-or-unknown",
  says: "a kernel that was built for no kind of VM with private memory does not know KVM_SET_MEMORY_ATTRIBUTES",
  source:
    "kvm_vm_ioctl(): #ifdef CONFIG_KVM_GENERIC_MEMORY_ATTRIBUTES, virt/kvm/kvm_main.c, 6.8; else kvm_arch_vm_ioctl(): -ENOTTY",
  over: { vm: Vm },
  asksResults: true,
  when: ({ state: s, machine: m }, { call, params }, { vm }) =>
    call === "set_memory_attributes" && params["vm"] === vm && s.vms[vm].open && !m.hasMemoryAttributes,
  holds: (_before, { result }) => result === "ENOTTY",
});

const preFaultNeedsTdp = step({
  name: "pre-fault-needs-tdp",
  says: "shadow page tables are not filled ahead of time on demand: KVM_PRE_FAULT_MEMORY is not supported on them",
  source:
    "kvm_arch_vcpu_pre_fault_memory(): if (!tdp_enabled) return -EOPNOTSUPP, arch/x86/kvm/mmu/mmu.c, 6.11",
  over: { vm: Vm, vcpu: Vcpu },
  asksResults: true,
  when: ({ state: s, machine: m }, { call, params }, { vm, vcpu }) =>
    call === "pre_fault_memory" &&
    params["vm"] === vm &&
    params["vcpu"] === vcpu &&
    s.vms[vm].vcpus[vcpu] === "open" &&
    !m.tdp,
  holds: (_before, { result }) => result === "EOPNOTSUPP" || result === "EINVAL",
});

const failureSticks = step({
  name: "failed-memory-is-poisoned",
  says: "a page that memory_failure() has handled is poisoned",
  source: "memory_failure(): TestSetPageHWPoison(), mm/memory-failure.c",
  over: { inode: Inode, page: Page },
  asksResults: true,
  when: (_before, { call, params, result }, { inode, page }) =>
    call === "memory_failure" && result === 0 && params["inode"] === inode && params["page"] === page,
  holds: (_before, _made, after, { inode, page }) => after.pageState(inode, page) === "poisoned",
});

interface Allocation {
  readonly mode: number;
  readonly offset: bigint;
  readonly len: bigint;
}

/** Slots that bind a page which the call asks for, where nothing but that can be wrong with it; none otherwise. */
function wouldBindAgain({ state: s, machine: m }: KvmView, { call, params }: Made): SlotName[] {
  if (call !== "set_user_memory_region2") return [];
  const c = params as unknown as Region;
  const vm = openVm(s, c.vm);
  const { guest_memfd: fd, guest_memfd_offset: offset = 0n } = c;
  if (vm === null || c.flags !== KVM_MEM_GUEST_MEMFD || c.memory_size === 0n || typeof fd !== "number")
    return [];
  const file = openFile(s, fd);
  if (file === null || file.kind !== "guest_memfd" || file.vm !== c.vm) return [];
  const spaces = hasPrivateMemory(vm) ? 1 : m.addressSpaces;
  const id = m.slotIds.indexOf(c.slot);
  if (c.as_id >= spaces || id < 0 || vm.slots[c.as_id as SpaceId][id as SlotId] !== null) return [];
  const isOdd = [c.memory_size, c.guest_phys_addr, offset, c.userspace_addr.offset].some(
    (n) => n % PAGE_SIZE !== 0n,
  );
  const end = c.guest_phys_addr + c.memory_size;
  if (isOdd || end > m.gfns.bytes(m.gfns.length - 1) + PAGE_SIZE || c.userspace_addr.offset >= 1n << 40n)
    return [];
  const [base, top] = [m.gfns.border(c.guest_phys_addr), m.gfns.border(end)];
  for (const other of vm.slots[c.as_id as SpaceId]) {
    if (other !== null && base < other.base + other.npages && other.base < top) return [];
  }
  const last = m.pages.border(offset + c.memory_size);
  if (last > s.inodes[file.inode].size) return [];
  return bound(file.bindings, m.pages.border(offset), last);
}

function bound(bindings: Iterable<SlotName | null>, first: number, end: number): SlotName[] {
  return [...bindings].slice(first, end).filter((name) => name !== null);
}

/** A second binding is refused with `errno`: EINVAL like a wrong argument until 6.18, EEXIST from 7.2 on. */
export const overlapErrno = (errno: "EINVAL" | "EEXIST") =>
  step({
    name: "overlap-errno",
    says: `binding pages that are bound already ends with ${errno}`,
    source: errno === "EEXIST" ? "kvm_gmem_bind(), Linux 7.2" : "kvm_gmem_bind(), Linux 6.8 to 6.18",
    over: {},
    asksResults: true,
    when: (before, made) => wouldBindAgain(before, made).length > 0,
    holds: (_before, { result }) => result === errno,
    why: (_before, { result }) => `it ended with ${String(result)}`,
  });

/** As user space met it with restrictedmem v10: a slot for SMRAM that aliases memory which another slot binds. */
export const smramAliasRefused = (errno: "EINVAL" | "EEXIST") =>
  step({
    name: "smram-alias-slot-einval",
    says: `a second slot of a VM on pages that its first slot binds is refused (${errno}): memory of a file has no alias`,
    source:
      "restrictedmem v10 thread, January 2023: slot#2, the SMRAM window, got -22; the rule is one binding per offset",
    over: {},
    asksResults: true,
    when: (before, made) => wouldBindAgain(before, made).some(({ vm }) => vm === made.params["vm"]),
    holds: (_before, { result }) => result === errno,
  });

/** Ordinary memory can be shown in both address spaces; pages of a file cannot. */
export const smmAliasImpossible = (errno: "EINVAL" | "EEXIST") =>
  step({
    name: "smm-alias-impossible",
    says: `the SMM address space cannot show pages that the normal one binds (${errno}); different pages serve`,
    source: "kvm_gmem_bind(): the binding is of the file's offset, whatever the address space",
    over: {},
    asksResults: true,
    when: (before, made) =>
      made.params["as_id"] === 1 && wouldBindAgain(before, made).some(({ space }) => space === 0),
    holds: (_before, { result }) => result === errno,
  });

/** What every version can reach, and keeps. */
export const everyVersion = [
  guestMapsPrivately,
  secretIsWritten,
  poisonStays,
  slotOutlivesFile,
  inodeGoesWithItsLastFile,
  mappedWithinAreas,
  allocatedIsThere,
  vcpuIdIsTaken,
  oneAddressSpace,
  noAttributesNoCall,
  preFaultNeedsTdp,
  failureSticks,
];
/** What only versions from 6.18 on can reach. */
export const since6_18 = [sharedFromFile, hostMapsFile];

export const bindingRules = (errno: "EINVAL" | "EEXIST") => [overlapErrno(errno), smramAliasRefused(errno)];
