/**
 * The common vocabulary: what every design of guest private memory can be asked, whatever it is made of. The promises in
 * spec/properties are written in these words, and each design says how its state answers them.
 */
import { id, position, type ValueOf } from "./language/domain.ts";
import type { Made } from "./language/property.ts";

export const Vm = id("vms");
/** An open guest_memfd as one VM sees it (`struct file`). */
export const File = id("files");
/** The memory behind one or several files (`struct inode` and its page cache). */
export const Inode = id("inodes");
/** A page offset of a file, its index in the page cache. */
export const Page = position("pages");
/** A slot address space: 0 is the normal one, 1 is that of SMM. */
export const Space = id("spaces");
export const Slot = id("slots");
export const Gfn = position("gfns");
export const Vcpu = id("vcpus");

export type VmId = ValueOf<typeof Vm>;
export type FileId = ValueOf<typeof File>;
export type InodeId = ValueOf<typeof Inode>;
export type SpaceId = ValueOf<typeof Space>;
export type SlotId = ValueOf<typeof Slot>;
export type VcpuId = ValueOf<typeof Vcpu>;

/** A memory slot: `npages` guest frames from `base` on; with a file, its pages from `first` on. */
export interface SlotView {
  readonly base: number;
  readonly npages: number;
  readonly readonly: boolean;
  readonly logsDirty: boolean;
  /** Created with KVM_MEM_GUEST_MEMFD; stays so when the file has gone. */
  readonly guestMemfd: boolean;
  /** The bound file, or null: not a guest_memfd slot, or the file has been released. */
  readonly file: FileId | null;
  readonly first: number;
}

/** The slot that a file's binding names. */
export interface SlotName {
  readonly vm: VmId;
  readonly space: SpaceId;
  readonly slot: SlotId;
}

export interface PageAt {
  readonly inode: InodeId;
  readonly page: number;
}

/** A leaf of a guest's second-level page table. */
export interface GuestMapping {
  readonly at: PageAt;
  /** Mapped for a private access. */
  readonly private: boolean;
  /** Came from the slot's guest_memfd, and not through its userspace_addr. */
  readonly fromFile: boolean;
}

/** `absent`: not in the page cache. `allocated`: there, contents undefined. `ready`: contents defined. */
export type PageState = "absent" | "allocated" | "ready" | "poisoned";

/** Questions about what does not exist are answered with null or false, never with an error. */
export interface GuestMemory {
  /** Every index of the run, for questions that range over all of one kind. */
  readonly vms: readonly VmId[];
  readonly spaces: readonly SpaceId[];
  readonly slots: readonly SlotId[];
  readonly gfns: readonly number[];

  vmExists(vm: VmId): boolean;
  /** What keeps the VM: its descriptor, its vCPUs' descriptors, its guest_memfd files. */
  vmReferences?(vm: VmId): number;

  /** True for a guest_memfd file; files of other kinds are not part of the vocabulary. */
  fileExists(file: FileId): boolean;
  /** What keeps the file: descriptors, and mappings by the host. */
  fileReferences?(file: FileId): number;
  fileVm(file: FileId): VmId;
  fileInode(file: FileId): InodeId;
  /** In pages. */
  fileSize(file: FileId): number;

  slot(vm: VmId, space: SpaceId, slot: SlotId): SlotView | null;
  /** Which slot the file itself says is bound to its page. */
  binding(file: FileId, page: number): SlotName | null;

  /** The attribute of a guest frame; absent where the design has none. */
  isPrivate?(vm: VmId, gfn: number): boolean;
  guestMapping(vm: VmId, gfn: number): GuestMapping | null;

  pageState(inode: InodeId, page: number): PageState;
  hostMaps(inode: InodeId, page: number): boolean;
  /** The memory was declared to be shared with the host: only then may the host touch it. */
  hostMayMap(inode: InodeId): boolean;
  /** The same of one page, where a design tells the pages of a file apart. */
  hostMayMapPage?(inode: InodeId, page: number): boolean;
  /** False while somebody who mapped the page could read bytes that nobody wrote or zeroed for them. */
  contentsDefined?(inode: InodeId, page: number): boolean;
  /** The VM whose guest wrote to the page through a private mapping, if any. */
  secretOf?(inode: InodeId, page: number): VmId | null;

  /**
   * An invalidation of the frame is under way: what is mapped there may still be what it takes away, and no fault maps anything new until it
   * ends. Never while no call is in flight.
   */
  isInvalidating?(vm: VmId, gfn: number): boolean;
  /** How many invalidations of a VM have begun and not ended. */
  invalidations?(vm: VmId): number;
  /** A guest's access to a frame that shows a file's page has gone to other memory, at any time so far. */
  strayed?(vm: VmId): boolean;

  /** Pages in all slots of a VM, as the kernel counts them. */
  accountedPages?(vm: VmId): number;
  /** What people call the page at a position, where the position is not its number: "page 0x7ffffffffffff". */
  pageName?(page: number): string;
  /** The page that a call accesses for its caller, judged in the state before the call; null when there is none. */
  accesses?(made: Made): PageAt | null;
}
