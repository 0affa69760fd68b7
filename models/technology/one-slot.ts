/** What the common vocabulary asks of slots and files, answered for one VM with one slot, which shows page i of its one guest_memfd at frame i and never changes. */
import { positions } from "../../spec/language.ts";
import type { FileId, GuestMemory, InodeId, SlotId, SpaceId, VmId } from "../../spec/guest-memory.ts";

export const VM = 0 as VmId;
export const INODE = 0 as InodeId;
const FILE = 0 as FileId;
const SPACE = 0 as SpaceId;
const SLOT = 0 as SlotId;

type Asked = Omit<GuestMemory, "guestMapping" | "pageState" | "hostMaps" | "hostMayMap">;

export function oneSlot(pages: number): Asked {
  const slot = { base: 0, npages: pages, readonly: false, logsDirty: false, guestMemfd: true, first: 0 };
  return {
    vms: [VM],
    spaces: [SPACE],
    slots: [SLOT],
    gfns: positions(pages),
    vmExists: () => true,
    fileExists: () => true,
    fileVm: () => VM,
    fileInode: () => INODE,
    fileSize: () => pages,
    slot: () => ({ ...slot, file: FILE }),
    binding: () => ({ vm: VM, space: SPACE, slot: SLOT }),
  };
}

/** How many of each index such a design has. */
export const sizesOfOneSlot = (pages: number) => ({
  vms: 1,
  files: 1,
  inodes: 1,
  spaces: 1,
  slots: 1,
  pages,
  gfns: pages,
});
