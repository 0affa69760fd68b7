/**
 * KVM_SET_USER_MEMORY_REGION2 and its older form: create, delete, move or re-flag a slot, section by section as
 * in kvm_set_memory_region() and kvm_set_memslot(), virt/kvm/kvm_main.c.
 */
import { bool, goTo, live, local, maybe, oneOf, upTo } from "../../../spec/language.ts";
import { File, Inode, Slot, Space } from "../../../spec/guest-memory.ts";
import { MAX_FILE_OFFSET } from "../../../spec/abi/files.ts";
import {
  KVM_MEM_GUEST_MEMFD,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MEM_MAX_NR_PAGES,
  KVM_MEM_READONLY,
  PAGE_SIZE,
} from "../../../spec/abi/kvm.ts";
import { fileReferences, pinVm, pinning, unpinVm } from "../lifetime.ts";
import { invalidateLock, kvmSrcu, mmuLock, slotsArchLock, slotsLock } from "../locks.ts";
import { fitting, type Machine } from "../machine.ts";
import { advanceGeneration, zapAll, zapSlot } from "../mmu.ts";
import {
  U64,
  archPrepare,
  checkFields,
  checkFlags,
  decideChange,
  dropPrepared,
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
import { holdFile, release, releasing } from "../release.ts";
import { NORMAL } from "../slots.ts";
import { call, choice, hasPrivateMemory, openVm } from "../state.ts";
import type { AreaId, FileId, SlotState, SpaceId, State, VmId, VmState } from "../state.ts";
import { vmDescriptor } from "./create-vm.ts";

/** The slot that a creation makes; the others see it only when it is bound, or published. */
function allocateSlot(s: State, c: Region, m: Machine): void {
  s.vms[c.vm!].slots[c.space][c.id] = newSlot(s, c, m);
}

/** kvm_alloc_memslot_metadata(): what the architecture keeps of a slot. */
export function archAllocate(s: State, c: Region): void {
  const vm = s.vms[c.vm!];
  const slot = oldSlot(s, c)!;
  slot.rmap = vm.shadowed;
  slot.phase = "ready";
}

/** The new slot, or what changes of the old one, takes its place in the table that vCPUs see. */
function publish(s: State, c: Region, m: Machine): void {
  const vm = s.vms[c.vm!];
  const old = oldSlot(s, c)!;
  if (c.change === "CREATE") {
    old.phase = "active";
    vm.slotPages += old.npages;
  } else {
    vm.slots[c.space][c.id] = {
      ...changed(old, newSlot(s, c, m)),
      phase: "active",
      rmap: old.rmap || old.copyRmap,
    };
    if (c.change === "FLAGS_ONLY") protectFromWrites(vm, oldSlot(s, c)!, c.space);
  }
  advanceGeneration(vm);
}

/** kvm_prepare_memory_region(): the dirty bitmap goes on with the slot. */
function changed(old: SlotState, slot: SlotState): SlotState {
  if (!old.logsDirty || !slot.logsDirty) return slot;
  const isOf = (gfn: number): boolean => gfn >= slot.base && gfn < slot.base + slot.npages;
  return {
    ...slot,
    dirty: Array.from(slot.dirty, (_, gfn) => isOf(gfn) && old.dirty[gfn - slot.base + old.base]!),
  };
}

function newSlot(s: State, c: Region, m: Machine): SlotState {
  return {
    base: c.base,
    npages: c.npages,
    readonly: isReadonly(c),
    logsDirty: logsDirty(c),
    guestMemfd: isGuestMemfd(c),
    file: null,
    first: c.first,
    gmemOnly: c.file !== null && s.inodes[c.inode].mmap,
    area: c.userspace_addr.area,
    areaPage: m.pages.border(c.userspace_addr.offset),
    dirty: Array.from(s.vms[c.vm!].private, () => false),
    phase: "bare",
    rmap: false,
    copyRmap: false,
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
export function flushSlot(s: State, c: Region): void {
  const vm = s.vms[c.vm!];
  if (!hasPrivateMemory(vm)) zapAll(vm);
  else if (c.space === NORMAL) zapSlot(vm, oldSlot(s, c)!);
}

/** A copy of the slot that says KVM_MEMSLOT_INVALID takes its place: from now on no vCPU finds the slot. */
function invalidate(s: State, c: Region): void {
  // What is being created has no old slot: kvm_invalidate_memslot() would follow NULL.
  const old = live(creates(c) ? null : oldSlot(s, c), "the old slot, of which there is none,");
  old.phase = "invalid";
  old.copyRmap = old.rmap;
}

export function remove(s: State, c: Region): void {
  const vm = s.vms[c.vm!];
  const old = oldSlot(s, c)!;
  // The architecture's part may have changed in the copy.
  old.rmap = old.copyRmap;
  old.phase = "removed";
  vm.slotPages -= old.npages;
  advanceGeneration(vm);
  c.file = old.file;
  if (old.file !== null) c.inode = s.files[old.file].inode;
}

/** kvm_gmem_unbind(): the file's bindings to the slot go. A release may have been there first. */
export function unbind(s: State, c: Region): void {
  const slot = oldSlot(s, c)!;
  if (slot.file === null) return;
  c.first = slot.first;
  c.end = slot.first + slot.npages;
  eraseBindings(s, c);
  slot.file = null;
}

/** get_file_active(): fails for a file that is dying. */
export function getFile(s: State, c: Region): void {
  const { file } = oldSlot(s, c)!;
  if (file === null || fileReferences(s, file) === 0) return;
  holdFile(s, file);
  c.holds = true;
}

/** kvm_free_memslot() */
export function freeSlot(s: State, c: Region): void {
  s.vms[c.vm!].slots[c.space][c.id] = null;
}

const creates = (c: Region): boolean => c.change === "CREATE";
const deletes = (c: Region): boolean => c.change === "DELETE";
const moves = (c: Region): boolean => c.change === "MOVE";
export const binds = (c: Region): boolean => creates(c) && isGuestMemfd(c);
export const zaps = (c: Region): boolean => deletes(c) || moves(c);
export const changes = (c: Region): boolean => !deletes(c);
export const mmuOf = (c: Region) => mmuLock.write(c.vm!);
export const inodeOf = (c: Region) => invalidateLock.write(c.inode);

/** kvm_gmem_bind(): from here on, whoever walks the file's bindings reaches the slot. What is bound already is refused. */
export const bindWith =
  <const E extends "EINVAL" | "EEXIST">(errno: E) =>
  (s: State, c: Region): E | void => {
    dropPrepared(s, c);
    if (isBound(s, c)) return undo(s, c, errno);
    storeBindings(s, c);
  };

/** kvm_gmem_bind() of 7.3, when all that can fail has been done; the file is held until the call returns. */
export function commitBinding(s: State, c: Region): "EEXIST" | void {
  if (isBound(s, c)) return undo(s, c, "EEXIST");
  storeBindings(s, c);
}

/** kvm_arch_prepare_memory_region() of a slot that is not bound yet. */
export function prepareBeforeBinding(s: State, c: Region, m: Machine): "EINVAL" | void {
  const error = archPrepare(s, c, m);
  if (error !== undefined) return creates(c) ? undo(s, c, error) : error;
  if (creates(c)) archAllocate(s, c);
}

/** The creation fails: nobody else has seen the slot. */
function undo<const E>(s: State, c: Region, errno: E): E {
  freeSlot(s, c);
  return errno;
}

export const unbinds = (c: Region): boolean => deletes(c) && c.file !== null;

const sections = {
  "take slots_lock": { takes: (c: Region) => slotsLock(c.vm!) },
  // Slots change under slots_lock alone: what is found here stays so.
  "check the flags": local(checkFlags(guestMemfdInPrivateVms)),
  "check the fields": local(checkFields),
  "find the slot": local(locate),
  "decide what is to change": local(decideChange(keepsReadonly)),
  "refuse an overlap of frames": {
    when: (c: Region) => creates(c) || moves(c),
    local: true as const,
    run: refuseOverlap,
  },
  "prepare the binding": { when: binds, run: prepareBinding(signedOffset) },
  "allocate the slot": { when: creates, local: true as const, run: allocateSlot },
  bind: { when: binds, under: inodeOf, run: bindWith("EINVAL") },
  "take slots_arch_lock": { takes: (c: Region) => slotsArchLock(c.vm!) },
  "prepare the architecture's part": {
    when: changes,
    run: (s: State, c: Region, m: Machine) => {
      const error = archPrepare(s, c, m);
      if (error === undefined) return creates(c) ? archAllocate(s, c) : undefined;
      if (creates(c)) return binds(c) ? goTo("undo: drop slots_arch_lock") : undo(s, c, error);
      return error;
    },
  },
  "replace the slot by an invalid copy": { when: zaps, run: invalidate },
  "drop slots_arch_lock for the readers": {
    when: zaps,
    drops: (c: Region) => slotsArchLock(c.vm!),
  },
  "wait until no vCPU works on the slot": {
    when: zaps,
    synchronizes: (c: Region) => kvmSrcu(c.vm!),
  },
  "flush what the old slot mapped": {
    when: zaps,
    under: mmuOf,
    run: flushSlot,
  },
  "take slots_arch_lock again": {
    when: zaps,
    takes: (c: Region) => slotsArchLock(c.vm!),
  },
  "publish the slot": { when: changes, run: publish },
  "remove the slot": { when: deletes, run: remove },
  "drop slots_arch_lock": { drops: (c: Region) => slotsArchLock(c.vm!) },
  "wait until no vCPU sees the old table": {
    synchronizes: (c: Region) => kvmSrcu(c.vm!),
    // What a reader of the old table has cached since is of an old generation as well.
    run: (s: State, c: Region): void => advanceGeneration(s.vms[c.vm!]),
  },
  "kvm_gmem_unbind(): get the file": { when: unbinds, run: getFile },
  "kvm_gmem_unbind()": { when: (c: Region) => c.holds && deletes(c), under: inodeOf, run: unbind },
  "free the slot": { when: deletes, run: freeSlot },
  "drop slots_lock": { drops: (c: Region) => slotsLock(c.vm!), local: true as const, run: () => goTo("end") },
  "undo: drop slots_arch_lock": { drops: (c: Region) => slotsArchLock(c.vm!) },
  "undo the binding": {
    under: inodeOf,
    run: (s: State, c: Region) => {
      eraseBindings(s, c);
      return undo(s, c, "EINVAL");
    },
  },
  end: { local: true as const, run: () => {} },
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
  holds: bool,
  ...pinning,
  ...releasing,
};

const closing = {
  "fput()": {
    when: (c: Region) => c.holds,
    run: dropPrepared,
  },
  ...release,
  ...unpinVm,
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
    "find the VM": (s, c) => {
      if (openVm(s, c.vm) === null) return "EBADF";
      pinVm(s, c);
    },
    "check the slot number": local((_s: State, { slot }: Region, m: Machine) => {
      if (slot > m.maxSlotId) return "EINVAL" as const;
      return undefined;
    }),
    ...sections,
  },
  finally: closing,
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
    "find the VM": (s, c) => {
      if (openVm(s, c.vm) === null) return "EBADF";
      pinVm(s, c);
    },
    "check the old ioctl's flags": local((_s: State, { flags }: Region) => {
      if ((flags & ~(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)) !== 0n) return "EINVAL" as const;
      return undefined;
    }),
    "check the slot number": local((_s: State, { slot }: Region, m: Machine) => {
      if (slot > m.maxSlotId) return "EINVAL" as const;
      return undefined;
    }),
    ...sections,
  },
  finally: closing,
});
