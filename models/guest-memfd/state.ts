/**
 * The state of the shipped ABI: VMs with their slots, attributes and page tables; files, their inodes and page caches; the
 * mappings of the one process that makes the calls.
 */
import {
  bool,
  id,
  location,
  maybe,
  oneOf,
  per,
  pointing,
  position,
  record,
  tracked,
  upTo,
} from "../../spec/language.ts";
import { callsOf, type ValueOf } from "../../spec/language.ts";
import { File, Gfn, Inode, Page, Slot, Space, Vm, Vcpu } from "../../spec/guest-memory.ts";
import { Snapshots } from "./sequence.ts";
import type { Machine } from "./machine.ts";

/** A range of addresses of the process, as mmap() returns it. */
export const Area = id("areas");
/** A byte of a page. */
export const Cell = position("cells");
export const Byte = upTo("bytes");

export type VmId = ValueOf<typeof Vm>;
export type FileId = ValueOf<typeof File>;
export type InodeId = ValueOf<typeof Inode>;
export type SpaceId = ValueOf<typeof Space>;
export type SlotId = ValueOf<typeof Slot>;
export type AreaId = ValueOf<typeof Area>;

/**
 * A page of the page cache. `ready` stands for an up-to-date folio: its bytes are defined. `ptes` are the
 * host's page table entries for it, one for each mapping of the file; a hwpoison entry outlives the page.
 */
const PageCell = record(
  {
    folio: tracked("pages", oneOf("absent", "allocated", "ready", "poisoned")),
    ptes: tracked("pages", per(Area, oneOf("none", "mapped", "hwpoison"))),
    // `secretOf` is no kernel state: it remembers whose guest wrote here privately, for the promises.
    contents: tracked("contents", per(Cell, record({ value: maybe(Byte), secretOf: maybe(Vm) }))),
  },
  { contents: (page) => page.folio === "absent" || page.folio === "poisoned" },
);

const InodeState = record(
  {
    kind: oneOf("none", "guest_memfd", "shmem"),
    /** GUEST_MEMFD_FLAG_MMAP, GUEST_MEMFD_FLAG_INIT_SHARED */
    mmap: bool,
    initShared: bool,
    /** In pages. */
    size: upTo("pages"),
    pages: per(Page, location(PageCell)),
  },
  {
    mmap: (inode) => inode.kind !== "guest_memfd",
    initShared: (inode) => inode.kind !== "guest_memfd",
    size: (inode) => inode.kind === "none",
    pages: (inode) => inode.kind === "none",
  },
);

/** The slot that is bound to a page of a file, as `gmem->bindings` has it. */
const SlotName = record({ vm: Vm, space: Space, slot: Slot });

const FileState = record(
  {
    kind: oneOf("none", "guest_memfd", "shmem"),
    /** gmem->kvm, a counted reference. */
    vm: Vm,
    inode: Inode,
    /** Open descriptors of it. */
    descriptors: upTo("descriptors"),
    /** References that calls in flight hold: fdget(), get_file_active(). */
    held: upTo("held"),
    bindings: per(Page, maybe(SlotName)),
  },
  {
    vm: (file) => file.kind !== "guest_memfd",
    inode: (file) => file.kind === "none",
    descriptors: (file) => file.kind === "none",
    held: (file) => file.kind === "none",
    bindings: (file) => file.kind !== "guest_memfd",
  },
);

/** `npages` pages of `file` from `first` on, mapped shared. */
const AreaState = record({
  file: File,
  first: upTo("pages"),
  npages: upTo("pages"),
  access: oneOf("none", "read", "write"),
});

const SlotState = record(
  {
    base: upTo("gfns"),
    npages: upTo("gfns"),
    readonly: bool,
    logsDirty: bool,
    /** KVM_MEM_GUEST_MEMFD was given; stays true when the file has gone. */
    guestMemfd: bool,
    /** slot->gmem.file: null also when the file has been released. */
    file: maybe(File),
    /** slot->gmem.pgoff */
    first: upTo("pages"),
    /** KVM_MEMSLOT_GMEM_ONLY: shared accesses too are served from the file. Since 6.18. */
    gmemOnly: bool,
    /** userspace_addr: an area and a page in it, or an address at which nothing is mapped. */
    area: maybe(Area),
    areaPage: upTo("pages"),
    /** slot->dirty_bitmap, by guest frame. */
    dirty: per(Gfn, bool),
    /**
     * Where the slot is in its life; only an active one is there while no call is in flight. `bare`: no architecture's part yet.
     * `ready`: not in the table that vCPUs see. `invalid`: there as a copy that says KVM_MEMSLOT_INVALID. `removed`: no longer there, not yet freed.
     */
    phase: oneOf("active", "bare", "ready", "invalid", "removed"),
    /** slot->arch.rmap, which only shadow paging has; and that of the invalid copy. */
    rmap: bool,
    copyRmap: bool,
  },
  {
    copyRmap: (slot) => slot.phase !== "invalid",
    first: (slot) => slot.file === null,
    gmemOnly: (slot) => !slot.guestMemfd,
    dirty: (slot) => !slot.logsDirty,
  },
);

/** A leaf of the second-level page table of the normal address space. */
const Spte = record({
  at: record({ inode: Inode, page: Page }),
  private: bool,
  fromFile: bool,
  writable: bool,
});
const pathOf = ({ inode, page }: { readonly inode: number; readonly page: number }): string =>
  `inodes[${inode}].pages[${page}]`;

const isPrivateType = (type: string): boolean => type !== "none" && type !== "default";

const VmState = record(
  {
    /** No shipped version's part knows the last three: models/technology/confidential does. */
    type: oneOf("none", "default", "sw_protected", "snp", "tdx", "pkvm"),
    /** The VM's descriptor is open. */
    open: bool,
    vcpus: per(Vcpu, oneOf("none", "open", "closed")),
    slots: per(Space, per(Slot, maybe(SlotState))),
    /** References that calls in flight hold. */
    held: upTo("held"),
    /** kvm->mmu_invalidate_in_progress, and the one range that all invalidations under way are merged to. */
    invalidating: upTo("held"),
    from: upTo("gfns"),
    to: upTo("gfns"),
    /**
     * What each vCPU's snapshot of kvm->mmu_invalidate_seq is worth. The counter has no bound, and all that is ever asked of it is whether it
     * moved since: so each end of an invalidation makes every snapshot that is taken an old one. Obsolete roots do the same.
     */
    snapshots: Snapshots,
    /** A vCPU's root of the page table, where a version's calls tell the difference (6.12). */
    roots: per(Vcpu, oneOf("none", "valid", "obsolete")),
    /** kvm_shadow_root_allocated(): slots need rmaps from now on. Only with shadow paging. */
    shadowed: bool,
    /** No kernel state: a guest's access went to other memory than its slot shows, for the promises. */
    strayed: bool,
    /** kvm->nr_memslot_pages */
    slotPages: upTo("slotPages"),
    /** kvm->mem_attr_array: KVM_MEMORY_ATTRIBUTE_PRIVATE */
    private: per(Gfn, bool),
    sptes: tracked("mappings", per(Gfn, pointing("at", pathOf, maybe(Spte)))),
    /** Frames cached as MMIO, by the slot generation of the entry: of now, or of before the last slot change. */
    mmio: tracked("caches", per(Gfn, oneOf("none", "current", "stale"))),
  },
  {
    open: (vm) => vm.type === "none",
    vcpus: (vm) => vm.type === "none",
    slots: (vm) => vm.type === "none",
    held: (vm) => vm.type === "none",
    invalidating: (vm) => vm.type === "none",
    from: (vm) => vm.type === "none" || vm.invalidating === 0,
    to: (vm) => vm.type === "none" || vm.invalidating === 0,
    snapshots: (vm) => vm.type === "none",
    roots: (vm) => vm.type === "none",
    shadowed: (vm) => vm.type === "none",
    strayed: (vm) => vm.type === "none",
    slotPages: (vm) => vm.type === "none",
    private: (vm) => !isPrivateType(vm.type),
    sptes: (vm) => vm.type === "none",
    // Without private memory a stale entry changes no answer.
    mmio: (vm) => !isPrivateType(vm.type),
  },
);

export const state = record({
  vms: per(Vm, VmState),
  files: per(File, FileState),
  inodes: per(Inode, InodeState),
  areas: per(Area, maybe(AreaState)),
});

// Interfaces, so that the compiler's messages name them.
export interface State extends ValueOf<typeof state> {}
export interface VmState extends ValueOf<typeof VmState> {}
export interface FileState extends ValueOf<typeof FileState> {}
export interface InodeState extends ValueOf<typeof InodeState> {}
export interface PageCell extends ValueOf<typeof PageCell> {}
export interface AreaState extends ValueOf<typeof AreaState> {}
export interface SlotState extends ValueOf<typeof SlotState> {}
export interface SlotName extends ValueOf<typeof SlotName> {}

export const { call, choice } = callsOf<State, Machine>();

/** kvm_arch_has_private_mem(); of the types that the shipped versions' runs create, KVM_X86_SW_PROTECTED_VM. */
export const hasPrivateMemory = (vm: VmState): boolean => isPrivateType(vm.type);

/** The VM behind an open descriptor, or null: not a descriptor (any more). */
export function openVm(s: State, vm: VmId | null): VmState | null {
  return vm !== null && s.vms[vm].type !== "none" && s.vms[vm].open ? s.vms[vm] : null;
}

/** The file behind an open descriptor, or null: not a descriptor (any more). */
export function openFile(s: State, file: FileId | null): FileState | null {
  return file !== null && s.files[file].kind !== "none" && s.files[file].descriptors > 0
    ? s.files[file]
    : null;
}

/** kvm->nr_memslots_as: SMM has its own slots only in VMs without private memory. */
export function addressSpacesOf(vm: VmState, m: Machine): number {
  return hasPrivateMemory(vm) ? 1 : m.addressSpaces;
}
