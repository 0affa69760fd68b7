/**
 * What KVM_SET_USER_MEMORY_REGION and KVM_SET_USER_MEMORY_REGION2 check, and the rules in which versions differ:
 * check_memory_region_flags(), kvm_set_memory_region(), virt/kvm/kvm_main.c; kvm_gmem_bind(), virt/kvm/guest_memfd.c.
 */
import { goTo } from "../../spec/language.ts";
import { MAX_FILE_OFFSET } from "../../spec/abi/files.ts";
import {
  KVM_MEM_GUEST_MEMFD,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MEM_MAX_NR_PAGES,
  KVM_MEM_READONLY,
  PAGE_SIZE,
} from "../../spec/abi/kvm.ts";
import type { Pinning } from "./lifetime.ts";
import type { Machine } from "./machine.ts";
import { dropFile, holdFile, type Releasing } from "./release.ts";
import { addressSpacesOf, hasPrivateMemory, openFile } from "./state.ts";
import type { AreaId, FileId, InodeId, SlotId, SlotState, SpaceId, State, VmId, VmState } from "./state.ts";

/** An address of the process: a byte of a mapping, or (area null) an absolute one at which nothing is mapped. */
export interface UserAddress {
  readonly area: AreaId | null;
  readonly offset: bigint;
}

/** A descriptor argument: a file, something that is not open (null), or a descriptor of another kind. */
export type Descriptor = FileId | null | "other";

/** What the sections of both ioctls work on; the old one has no guest_memfd. */
export interface Region extends Releasing, Pinning {
  readonly vm: VmId | null;
  readonly slot: number;
  readonly as_id: number;
  readonly flags: bigint;
  readonly memory_size: bigint;
  readonly guest_phys_addr: bigint;
  readonly userspace_addr: UserAddress;
  readonly guest_memfd?: Descriptor;
  readonly guest_memfd_offset?: bigint;
  /** Slot id and address space as the model counts them. */
  id: SlotId;
  space: SpaceId;
  change: "CREATE" | "DELETE" | "MOVE" | "FLAGS_ONLY";
  /** Guest frames, and pages of the file, as positions. */
  base: number;
  npages: number;
  file: FileId | null;
  inode: InodeId;
  first: number;
  end: number;
  /** The call holds a reference to the file that it binds. */
  holds: boolean;
}

export const U64 = 1n << 64n;
/** TASK_SIZE_MAX with four-level page tables. */
const USER_END = (1n << 47n) - PAGE_SIZE;

const isAligned = (bytes: bigint): boolean => bytes % PAGE_SIZE === 0n;
const wraps = (start: bigint, size: bigint): boolean => start + size >= U64;

export const isGuestMemfd = (c: Region): boolean => (c.flags & KVM_MEM_GUEST_MEMFD) !== 0n;
export const logsDirty = (c: Region): boolean => (c.flags & KVM_MEM_LOG_DIRTY_PAGES) !== 0n;
export const isReadonly = (c: Region): boolean => (c.flags & KVM_MEM_READONLY) !== 0n;
export const oldSlot = (s: State, c: Region): SlotState | null => s.vms[c.vm!].slots[c.space][c.id];

/**
 * access_ok(), __access_ok() in arch/x86/include/asm/uaccess_64.h: the range ends below TASK_SIZE_MAX. An address of a mapping is its offset
 * from where that begins; where it begins is not known here and counts as 0.
 */
function isUserRange({ offset }: UserAddress, size: bigint): boolean {
  return !wraps(offset, size) && offset + size <= USER_END;
}

/** The flags that a slot may have, by VM and by whether a guest_memfd is asked for. */
export type ValidFlags = (vm: VmState, guestMemfd: boolean) => bigint;

/** Until 6.17: guest_memfd only where the VM type has private memory (kvm_arch_has_private_mem()). */
export const guestMemfdInPrivateVms: ValidFlags = (vm, guestMemfd) =>
  guestMemfd && hasPrivateMemory(vm) ? KVM_MEM_GUEST_MEMFD : KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY;

/** Since 6.18: in every VM. Dirty logging and read-only stay for memory that KVM reaches through userspace_addr. */
export const guestMemfdInEveryVm: ValidFlags = (_vm, guestMemfd) =>
  guestMemfd ? KVM_MEM_GUEST_MEMFD : KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY;

export const checkFlags =
  (valid: ValidFlags) =>
  (s: State, c: Region): "EINVAL" | void => {
    if ((c.flags & ~valid(s.vms[c.vm!], isGuestMemfd(c))) !== 0n) return "EINVAL";
  };

export function checkFields(s: State, c: Region, m: Machine): "EINVAL" | void {
  if (!isAligned(c.memory_size)) return "EINVAL";
  if (!isAligned(c.guest_phys_addr)) return "EINVAL";
  if (!isAligned(c.userspace_addr.offset) || !isUserRange(c.userspace_addr, c.memory_size)) return "EINVAL";
  if (isGuestMemfd(c)) {
    const offset = c.guest_memfd_offset ?? 0n;
    // Checked also when memory_size is 0.
    if (!isAligned(offset) || wraps(offset, c.memory_size)) return "EINVAL";
  }
  if (c.as_id >= addressSpacesOf(s.vms[c.vm!], m)) return "EINVAL";
  if (wraps(c.guest_phys_addr, c.memory_size)) return "EINVAL";
  if (c.memory_size / PAGE_SIZE > KVM_MEM_MAX_NR_PAGES) return "EINVAL";
}

export function locate(_s: State, c: Region, m: Machine): void {
  c.id = m.slotIds.indexOf(c.slot) as SlotId;
  c.space = c.as_id as SpaceId;
  c.base = m.gfns.border(c.guest_phys_addr);
  c.npages = m.gfns.border(c.guest_phys_addr + c.memory_size) - c.base;
}

/** Flags that no call may change on an existing slot. */
export type KeptFlags = (old: SlotState, c: Region) => boolean;

/** 6.8: a call without KVM_MEM_GUEST_MEMFD may turn a guest_memfd slot into another one. */
export const keepsReadonly: KeptFlags = (old, c) => old.readonly === isReadonly(c);

/** "Disallow toggling KVM_MEM_GUEST_MEMFD on an existing memslot", 6.19-rc1 and the stable series of 6.12 and 6.18. */
export const keepsReadonlyAndGuestMemfd: KeptFlags = (old, c) =>
  old.readonly === isReadonly(c) && old.guestMemfd === isGuestMemfd(c);

export const decideChange = (keepsFlags: KeptFlags) => (s: State, c: Region, m: Machine) => {
  const old = oldSlot(s, c);
  if (c.memory_size === 0n) {
    if (old === null) return "EINVAL" as const;
    c.change = "DELETE";
  } else if (old === null) {
    c.change = "CREATE";
  } else {
    // A guest_memfd slot is immutable: it can only be deleted.
    if (isGuestMemfd(c)) return "EINVAL" as const;
    if (!sameAddress(old, c, m) || old.npages !== c.npages || !keepsFlags(old, c)) return "EINVAL" as const;
    if (old.base !== c.base) c.change = "MOVE";
    else if (old.logsDirty !== logsDirty(c) || old.guestMemfd !== isGuestMemfd(c)) c.change = "FLAGS_ONLY";
    else return goTo("drop slots_lock");
  }
  return undefined;
};

function sameAddress(old: SlotState, c: Region, m: Machine): boolean {
  return old.area === c.userspace_addr.area && old.areaPage === m.pages.border(c.userspace_addr.offset);
}

/** kvm_check_memslot_overlap() */
export function refuseOverlap(s: State, c: Region): "EEXIST" | void {
  const slots = s.vms[c.vm!].slots[c.space];
  for (let id = 0; id < slots.length; id++) {
    const other = slots[id as SlotId];
    if (other === null || id === c.id) continue;
    if (c.base < other.base + other.npages && other.base < c.base + c.npages) return "EEXIST";
  }
}

/** Whether offset + size lies within the file, as a version computes the sum; `beyond` compares with i_size. */
export type WithinFile = (offset: bigint, size: bigint, beyond: (end: bigint) => boolean) => boolean;

/** loff_t until 6.18: a sum of 2^63 and more is negative, and larger than no size. */
export const signedOffset: WithinFile = (offset, size, beyond) => {
  const end = BigInt.asIntN(64, offset + size);
  return BigInt.asIntN(64, offset) >= 0n && !(end >= 0n && beyond(end));
};

/** uoff_t since 7.2. */
export const unsignedOffset: WithinFile = (offset, size, beyond) =>
  offset + size <= MAX_FILE_OFFSET && !beyond(offset + size);

/** file->private_data->kvm == kvm */
export const ownedBy = (s: State, file: FileId, vm: VmId): boolean => s.files[file].vm === vm;

/** The first half of kvm_gmem_bind(): the descriptor, its kind, its VM, the range. */
export const prepareBinding =
  (within: WithinFile, mayBind = ownedBy) =>
  (s: State, c: Region, m: Machine): "EBADF" | "EINVAL" | void => {
    const fd = c.guest_memfd ?? null;
    if (fd === "other") return "EINVAL";
    const file = openFile(s, fd);
    if (file === null) return "EBADF";
    if (file.kind !== "guest_memfd" || !mayBind(s, fd!, c.vm!)) return "EINVAL";
    const { size } = s.inodes[file.inode];
    const offset = c.guest_memfd_offset ?? 0n;
    if (!within(offset, c.memory_size, (end) => m.pages.border(end) > size)) return "EINVAL";
    c.file = fd!;
    holdFile(s, fd!);
    c.holds = true;
    c.inode = file.inode;
    c.first = m.pages.border(offset);
    c.end = m.pages.border(offset + c.memory_size);
  };

/** xa_find() over the range of the bindings. */
export function isBound(s: State, c: Region): boolean {
  const { bindings } = s.files[c.file!];
  for (let page = c.first; page < c.end; page++) if (bindings[page] !== null) return true;
  return false;
}

/** fput() of the file that was looked up for the binding; with the last reference, its release follows when the call returns. */
export function dropPrepared(s: State, c: Region): void {
  if (!c.holds) return;
  c.holds = false;
  dropFile(s, c, c.file!);
}

/** xa_store_range(): from here on, whoever walks the file's bindings reaches the slot. */
export function storeBindings(s: State, c: Region): void {
  const slot = oldSlot(s, c)!;
  slot.file = c.file;
  slot.first = c.first;
  for (let page = c.first; page < c.end; page++) {
    s.files[c.file!].bindings[page] = { vm: c.vm!, space: c.space, slot: c.id };
  }
}

export function eraseBindings(s: State, c: Region): void {
  for (let page = c.first; page < c.end; page++) s.files[c.file!].bindings[page] = null;
}

/** kvm_arch_prepare_memory_region(): no frame beyond what the guest can address. */
export function archPrepare(_s: State, c: Region, m: Machine): "EINVAL" | void {
  if (c.guest_phys_addr + c.memory_size > 1n << BigInt(m.gpaBits)) return "EINVAL";
}
