/** Lifetimes: what the last reference takes with it. */
import { bool, ids, type Table } from "../../spec/language.ts";
import type { FileId, InodeId, State, VmId } from "./state.ts";

/** References to a VM: its descriptor, open vCPUs, guest_memfd files, calls in flight (kvm->users_count). */
export function vmReferences(s: State, vm: VmId): number {
  let count = s.vms[vm].type === "none" ? 0 : s.vms[vm].held + (s.vms[vm].open ? 1 : 0);
  for (const vcpu of s.vms[vm].vcpus) if (vcpu === "open") count++;
  for (const file of s.files) if (file.kind === "guest_memfd" && file.vm === vm) count++;
  return count;
}

/** kvm_put_kvm(): the last reference destroys the VM, its slots and its page tables. */
export function putVm(s: State, vm: VmId): void {
  if (vmReferences(s, vm) === 0) s.vms[vm].type = "none";
}

/** What a call keeps that works on a VM behind its descriptor, and holds a reference meanwhile. */
export const pinning = { pinned: bool };
export interface Pinning {
  readonly vm: VmId | null;
  pinned: boolean;
}

/** fdget(): the VM stays while the call is in flight. */
export function pinVm(s: State, c: Pinning): void {
  s.vms[c.vm!].held++;
  c.pinned = true;
}

/** Closing section of such a call. Whether it drops its reference at once or later, the VM goes with the last one. */
export const unpinVm = {
  "kvm_put_kvm()": {
    when: ({ pinned }: Pinning) => pinned,
    local: true as const,
    run: (s: State, { vm }: Pinning): void => {
      s.vms[vm!].held--;
      putVm(s, vm!);
    },
  },
};

/** References to a file: descriptors, mappings by the host, calls in flight. None is left to a dying file, whose release is under way. */
export function fileReferences(s: State, file: FileId): number {
  if (s.files[file].kind === "none") return 0;
  let count = s.files[file].descriptors + s.files[file].held;
  for (const area of s.areas) if (area !== null && area.file === file) count++;
  return count;
}

/** Frees the file, and its inode with all pages when no other file shares it. */
export function freeFile(s: State, file: FileId): void {
  const { inode } = s.files[file];
  s.files[file].kind = "none";
  if (ids(s.files).every((other) => s.files[other].kind === "none" || s.files[other].inode !== inode)) {
    s.inodes[inode].kind = "none";
  }
}

/** The lowest index of a table that is free, or null when the bound is reached. */
function lowestFree<I extends FileId | InodeId | VmId, T>(
  table: Table<I, T>,
  isFree: (entry: T) => boolean,
  first: number,
  end: number,
): I | null {
  for (const index of ids(table)) {
    if (index >= first && index < end && isFree((table as Record<number, T>)[index]!)) return index;
  }
  return null;
}

/** The lowest free description, or null when the bound is reached. */
export const freeFileId = (s: State, first: number, end: number): FileId | null =>
  lowestFree(s.files, (file) => file.kind === "none", first, end);

export const freeInodeId = (s: State): InodeId | null =>
  lowestFree(s.inodes, (inode) => inode.kind === "none", 0, s.inodes.length);
