/** How the state of the shipped ABI answers the questions of the common vocabulary. */
import { ids, positions } from "../../spec/language.ts";
import type { Made } from "../../spec/language/property.ts";
import type { GuestMemory, PageAt } from "../../spec/guest-memory.ts";
import { pageOfArea } from "./host-fault.ts";
import { fileReferences, vmReferences } from "./lifetime.ts";
import type { Machine } from "./machine.ts";
import { isInvalidating } from "./mmu.ts";
import { slotAt, NORMAL } from "./slots.ts";
import { hasPrivateMemory, type AreaId, type State, type VmId } from "./state.ts";

/** The common vocabulary, and behind it the state itself for statements about the shipped versions. */
export interface KvmView extends GuestMemory {
  readonly state: State;
  readonly machine: Machine;
}

/** Page numbers are small, or near the end of all offsets. */
const hex = (page: bigint): string => (page < 0x10000n ? String(page) : `0x${page.toString(16)}`);

export function view(s: State, m: Machine): KvmView {
  return {
    state: s,
    machine: m,
    vms: ids(s.vms),
    spaces: positions(m.sizes.spaces) as GuestMemory["spaces"],
    slots: positions(m.sizes.slots) as GuestMemory["slots"],
    gfns: positions(m.sizes.gfns),

    vmExists: (vm) => s.vms[vm].type !== "none",
    vmReferences: (vm) => vmReferences(s, vm),

    fileExists: (file) => s.files[file].kind === "guest_memfd",
    fileReferences: (file) => (s.files[file].kind === "shmem" ? 0 : fileReferences(s, file)),
    fileVm: (file) => s.files[file].vm,
    fileInode: (file) => s.files[file].inode,
    fileSize: (file) => s.inodes[s.files[file].inode].size,

    slot: (vm, space, slot) => (s.vms[vm].type === "none" ? null : s.vms[vm].slots[space][slot]),
    binding: (file, page) => (s.files[file].kind === "guest_memfd" ? s.files[file].bindings[page]! : null),

    isPrivate: (vm, gfn) => hasPrivateMemory(s.vms[vm]) && s.vms[vm].private[gfn]!,
    guestMapping: (vm, gfn) => (s.vms[vm].type === "none" ? null : s.vms[vm].sptes[gfn]!),

    pageState: (inode, page) =>
      s.inodes[inode].kind === "none" ? "absent" : s.inodes[inode].pages[page]!.folio,
    hostMaps: (inode, page) => {
      if (s.inodes[inode].kind !== "guest_memfd") return false;
      for (const pte of s.inodes[inode].pages[page]!.ptes) if (pte === "mapped") return true;
      return false;
    },
    hostMayMap: (inode) => s.inodes[inode].initShared,
    contentsDefined: (inode, page) => {
      for (const cell of s.inodes[inode].pages[page]!.contents) if (cell.value === null) return false;
      return true;
    },
    secretOf: (inode, page) => {
      if (s.inodes[inode].kind === "none") return null;
      for (const cell of s.inodes[inode].pages[page]!.contents)
        if (cell.secretOf !== null) return cell.secretOf;
      return null;
    },

    isInvalidating: (vm, gfn) => isInvalidating(s.vms[vm], gfn),
    invalidations: (vm) => s.vms[vm].invalidating,
    strayed: (vm) => s.vms[vm].type !== "none" && s.vms[vm].strayed,

    pageName: (page) => `page ${hex(m.pages.starts[page]!)}`,
    accountedPages: (vm) => s.vms[vm].slotPages,
    accesses: (made) => accessed(s, m, made),
  };
}

/** The page of a guest_memfd that an access goes to, through what is mapped, or else through slot and mapping. */
function accessed(s: State, m: Machine, { call, params }: Made): PageAt | null {
  // The error of a pre-fault is that of the first frame of its range.
  if (call.startsWith("guest_") || call === "pre_fault_memory")
    return accessedByGuest(s, params["vm"] as VmId | null, m.gfns.at(params["gpa"] as bigint));
  if (!call.startsWith("host_")) return null;
  const at = pageOfArea(s, params["area"] as AreaId, m.pages.at(params["offset"] as bigint));
  return at !== null && s.inodes[at.inode].kind === "guest_memfd" ? at : null;
}

function accessedByGuest(s: State, vm: VmId | null, gfn: number): PageAt | null {
  if (vm === null || s.vms[vm].type === "none" || gfn < 0 || gfn >= s.vms[vm].sptes.length) return null;
  const mapped = s.vms[vm].sptes[gfn]!;
  if (mapped !== null) return mapped.fromFile ? mapped.at : null;
  const id = slotAt(s.vms[vm], gfn);
  const slot = id === null ? null : s.vms[vm].slots[NORMAL][id];
  if (slot === null || slot.file === null) return null;
  const isPrivate = hasPrivateMemory(s.vms[vm]) && s.vms[vm].private[gfn]!;
  if (!isPrivate && !slot.gmemOnly) return null;
  return { inode: s.files[slot.file].inode, page: slot.first + gfn - slot.base };
}
