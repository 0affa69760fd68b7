/** Lifetimes: what the last reference takes with it. */
import { ids, type Table } from "../../spec/language.ts";
import type { FileId, InodeId, State, VmId } from "./state.ts";

/** References to a VM: its descriptor, open vCPUs, guest_memfd files (kvm->users_count). */
export function vmReferences(s: State, vm: VmId): number {
  let count = s.vms[vm].type !== "none" && s.vms[vm].open ? 1 : 0;
  for (const vcpu of s.vms[vm].vcpus) if (vcpu === "open") count++;
  for (const file of s.files) if (file.kind === "guest_memfd" && file.vm === vm) count++;
  return count;
}

/** kvm_put_kvm(): the last reference destroys the VM, its slots and its page tables. */
export function putVm(s: State, vm: VmId): void {
  if (vmReferences(s, vm) === 0) s.vms[vm].type = "none";
}

/** References to a file: descriptors, and mappings by the host. */
export function fileReferences(s: State, file: FileId): number {
  let count = s.files[file].kind === "none" ? 0 : s.files[file].descriptors;
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
