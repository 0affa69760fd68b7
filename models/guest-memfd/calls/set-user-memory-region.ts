/**
 * KVM_SET_USER_MEMORY_REGION2 and its older form: create, delete, move or re-flag a slot, section by section as
 * in kvm_set_memory_region() and kvm_set_memslot(), virt/kvm/kvm_main.c.
 */
import { maybe, oneOf, upTo } from "../../../spec/language.ts";
import { File, Inode, Slot, Space } from "../../../spec/guest-memory.ts";
import { MAX_FILE_OFFSET } from "../../../spec/abi/files.ts";
import {
  KVM_MEM_GUEST_MEMFD,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MEM_MAX_NR_PAGES,
  KVM_MEM_READONLY,
  PAGE_SIZE,
} from "../../../spec/abi/kvm.ts";
import { invalidateLock, mmuLock, slotsArchLock, slotsLock } from "../locks.ts";
import { fitting, type Machine } from "../machine.ts";
import { advanceGeneration, zapAll, zapSlot } from "../mmu.ts";
import {
  U64,
  archPrepare,
  checkFields,
  checkFlags,
  decideChange,
  eraseBindings,
  guestMemfdInPrivateVms,
  isBound,
  isGuestMemfd,
  isReadonly,
  keepsReadonly,
  locate,
  logsDirty,
  oldSlot,
  prepareBinding,
  refuseOverlap,
  signedOffset,
  storeBindings,
  type Descriptor,
  type Region,
  type UserAddress,
} from "../region.ts";
import { NORMAL } from "../slots.ts";
import { call, choice, hasPrivateMemory, openVm } from "../state.ts";
import type { AreaId, FileId, SlotState, SpaceId, State, VmId, VmState } from "../state.ts";
import { vmDescriptor } from "./create-vm.ts";

/** The new slot takes its place in the table that vCPUs see. */
function publish(s: State, c: Region, m: Machine): void {
  const vm = s.vms[c.vm!];
  const old = oldSlot(s, c);
  const slot = newSlot(s, c, m);
  // kvm_prepare_memory_region(): the dirty bitmap goes on with the slot.
  if (old !== null && old.logsDirty && slot.logsDirty) {
    slot.dirty = Array.from(slot.dirty, (_, gfn) => old.dirty[gfn - slot.base + old.base] ?? false);
  }
  vm.slots[c.space][c.id] = slot;
  vm.slotPages += slot.npages - (old?.npages ?? 0);
  if (c.change === "FLAGS_ONLY") protectFromWrites(vm, slot, c.space);
  advanceGeneration(vm);
}

function newSlot(s: State, c: Region, m: Machine): SlotState {
  return {
    base: c.base,
    npages: c.npages,
    readonly: isReadonly(c),
    logsDirty: logsDirty(c),
    guestMemfd: isGuestMemfd(c),
    file: c.file,
    first: c.first,
    gmemOnly: c.file !== null && s.inodes[c.inode].mmap,
    area: c.userspace_addr.area,
    areaPage: m.pages.border(c.userspace_addr.offset),
    dirty: Array.from(s.vms[c.vm!].private, () => false),
  };
}

/** kvm_mmu_slot_apply_flags(): with dirty logging on, the first write to a page must fault. */
function protectFromWrites(vm: VmState, slot: SlotState, space: SpaceId): void {
  if (!slot.logsDirty || space !== NORMAL) return;
  for (let gfn = slot.base; gfn < slot.base + slot.npages; gfn++) {
    const spte = vm.sptes[gfn]!;
    if (spte !== null) spte.writable = false;
  }
}

/**
 * kvm_arch_flush_shadow_memslot(): a VM without private memory drops its whole page table
 * (KVM_X86_QUIRK_SLOT_ZAP_ALL, 6.12), one with private memory the leaves of the slot.
 */
function flushSlot(s: State, c: Region): void {
  const vm = s.vms[c.vm!];
  if (!hasPrivateMemory(vm)) zapAll(vm);
  else if (c.space === NORMAL) zapSlot(vm, oldSlot(s, c)!);
}

export function remove(s: State, c: Region): void {
  const vm = s.vms[c.vm!];
  const old = oldSlot(s, c)!;
  vm.slotPages -= old.npages;
  vm.slots[c.space][c.id] = null;
  advanceGeneration(vm);
  c.first = old.first;
  c.end = old.first + old.npages;
  c.file = old.file;
  if (old.file !== null) c.inode = s.files[old.file].inode;
}

const creates = (c: Region): boolean => c.change === "CREATE";
const deletes = (c: Region): boolean => c.change === "DELETE";
const moves = (c: Region): boolean => c.change === "MOVE";
export const binds = (c: Region): boolean => creates(c) && isGuestMemfd(c);
export const inodeOf = (c: Region) => invalidateLock.write(c.inode);

const sections = {
  "take slots_lock": { takes: (c: Region) => slotsLock(c.vm!) },
  "check the flags": checkFlags(guestMemfdInPrivateVms),
  "check the fields": checkFields,
  "find the slot": locate,
  "decide what is to change": decideChange(keepsReadonly),
  "refuse an overlap of frames": { when: (c: Region) => creates(c) || moves(c), run: refuseOverlap },
  "prepare the binding": { when: binds, run: prepareBinding(signedOffset) },
  bind: {
    when: binds,
    under: inodeOf,
    run: (s: State, c: Region): "EINVAL" | void => {
      if (isBound(s, c)) return "EINVAL";
      storeBindings(s, c);
    },
  },
  "take slots_arch_lock": { takes: (c: Region) => slotsArchLock(c.vm!) },
  "prepare the architecture's part": {
    when: (c: Region) => !deletes(c),
    run: (s: State, c: Region, m: Machine) => {
      const error = archPrepare(s, c, m);
      if (error !== undefined && binds(c)) eraseBindings(s, c);
      return error;
    },
  },
  "flush what the old slot mapped": {
    when: (c: Region) => deletes(c) || moves(c),
    under: (c: Region) => mmuLock.write(c.vm!),
    run: flushSlot,
  },
  "publish the slot": { when: (c: Region) => !deletes(c), run: publish },
  "remove the slot": { when: deletes, run: remove },
  "drop slots_arch_lock": { drops: (c: Region) => slotsArchLock(c.vm!) },
  "kvm_gmem_unbind()": {
    when: (c: Region) => deletes(c) && c.file !== null,
    under: inodeOf,
    run: (s: State, c: Region) => eraseBindings(s, c),
  },
  "drop slots_lock": { drops: (c: Region) => slotsLock(c.vm!) },
} as const;

const keeps = {
  id: Slot,
  space: Space,
  change: oneOf("CREATE", "DELETE", "MOVE", "FLAGS_ONLY"),
  base: upTo("gfns"),
  npages: upTo("gfns"),
  file: maybe(File),
  inode: Inode,
  first: upTo("pages"),
  end: upTo("pages"),
};

const slotNumber = choice<number>(
  (m) => m.slotIds,
  (m) => [m.maxSlotId + 1, 0xffff],
);
const addressSpace = choice<number>(
  (m) => Array.from({ length: m.addressSpaces }, (_, i) => i),
  (m) => [m.addressSpaces],
);
const memorySize = choice<bigint>(
  (m, { flags }) => {
    const most = flags === KVM_MEM_GUEST_MEMFD ? Math.min(m.sizes.gfns, m.filePages) : m.sizes.gfns;
    const sizes = Array.from({ length: most }, (_, i) => BigInt(i + 1) * PAGE_SIZE);
    return flags === 0n ? [...sizes, 0n] : sizes;
  },
  () => [100n, (KVM_MEM_MAX_NR_PAGES + 1n) * PAGE_SIZE],
);
const guestPhysAddr = choice<bigint>(
  (m, { memory_size }) =>
    memory_size === 0n ? [0n] : fitting(m.sizes.gfns, memory_size).map((gfn) => m.gfns.bytes(gfn)),
  (m) => [1n, 1n << BigInt(m.gpaBits), U64 - PAGE_SIZE],
);
/**
 * The ordinary memory, page for frame; or its first page, so that a slot can move and keep its memory. Odd: an address with
 * nothing behind it, an unaligned one, a kernel's.
 */
const userspaceAddr = choice<UserAddress>(
  (m, { memory_size, guest_phys_addr }) => {
    if (memory_size === 0n) return [{ area: null, offset: 0n }];
    const area = m.sizes.windows as AreaId;
    const pageForFrame = { area, offset: guest_phys_addr as bigint };
    return guest_phys_addr === 0n ? [pageForFrame] : [pageForFrame, { area, offset: 0n }];
  },
  (m) => [
    { area: null, offset: 0n },
    { area: m.sizes.windows as AreaId, offset: 1n },
    { area: null, offset: 0xffff800000000000n },
  ],
);

export const setUserMemoryRegion2 = call({
  kernel: "kvm_vm_ioctl_set_memory_region(), virt/kvm/kvm_main.c, 6.8",
  by: "task",
  takes: {
    vm: vmDescriptor,
    slot: slotNumber,
    as_id: addressSpace,
    flags: choice<bigint>(
      () => [KVM_MEM_GUEST_MEMFD, 0n, KVM_MEM_READONLY, KVM_MEM_LOG_DIRTY_PAGES],
      () => [KVM_MEM_GUEST_MEMFD | KVM_MEM_READONLY, KVM_MEM_GUEST_MEMFD | KVM_MEM_LOG_DIRTY_PAGES, 8n],
    ),
    memory_size: memorySize,
    guest_phys_addr: guestPhysAddr,
    userspace_addr: userspaceAddr,
    guest_memfd: choice<Descriptor>(
      (m, { flags }) =>
        (flags & KVM_MEM_GUEST_MEMFD) !== 0n
          ? Array.from({ length: m.sizes.describedFiles }, (_, i) => i as FileId)
          : [null],
      () => [null, "other"],
    ),
    guest_memfd_offset: choice<bigint>(
      (m, { flags, memory_size }) =>
        (flags & KVM_MEM_GUEST_MEMFD) !== 0n
          ? fitting(m.filePages, memory_size).map((page) => m.pages.bytes(page))
          : [0n],
      (m) => [1n, m.pages.bytes(m.filePages), MAX_FILE_OFFSET + 1n - PAGE_SIZE, U64 - PAGE_SIZE],
    ),
  },
  keeps,
  returns: ["EBADF", "EINVAL", "EEXIST"],
  also: (m) => [
    // An offset that is bound already, at frames that no guest has: shows which check comes first.
    {
      vm: 0 as VmId,
      slot: m.slotIds.at(-1)!,
      as_id: 0,
      flags: KVM_MEM_GUEST_MEMFD,
      memory_size: PAGE_SIZE,
      guest_phys_addr: 1n << BigInt(m.gpaBits),
      userspace_addr: { area: null, offset: 0n },
      guest_memfd: 0 as FileId,
      guest_memfd_offset: 0n,
    },
    // The size of a deletion, and an offset that is wrong all the same.
    {
      vm: 0 as VmId,
      slot: m.slotIds[0]!,
      as_id: 0,
      flags: KVM_MEM_GUEST_MEMFD,
      memory_size: 0n,
      guest_phys_addr: 0n,
      userspace_addr: { area: null, offset: 0n },
      guest_memfd: null,
      guest_memfd_offset: 1n,
    },
  ],
  sections: {
    "find the VM": (s, { vm }) => {
      if (openVm(s, vm) === null) return "EBADF";
    },
    "check the slot number": (_s, { slot }, m) => {
      if (slot > m.maxSlotId) return "EINVAL";
    },
    ...sections,
  },
});

export const setUserMemoryRegion = call({
  kernel: "kvm_vm_ioctl(), KVM_SET_USER_MEMORY_REGION, virt/kvm/kvm_main.c, 6.8",
  by: "task",
  takes: {
    vm: vmDescriptor,
    slot: slotNumber,
    as_id: addressSpace,
    flags: choice<bigint>(
      () => [0n, KVM_MEM_READONLY],
      () => [KVM_MEM_GUEST_MEMFD],
    ),
    memory_size: memorySize,
    guest_phys_addr: guestPhysAddr,
    userspace_addr: userspaceAddr,
  },
  keeps,
  returns: ["EBADF", "EINVAL", "EEXIST"],
  sections: {
    "find the VM": (s, { vm }) => {
      if (openVm(s, vm) === null) return "EBADF";
    },
    "check the old ioctl's flags": (_s, { flags }) => {
      if ((flags & ~(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)) !== 0n) return "EINVAL";
    },
    "check the slot number": (_s, { slot }, m) => {
      if (slot > m.maxSlotId) return "EINVAL";
    },
    ...sections,
  },
});
