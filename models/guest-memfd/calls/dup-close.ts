/** dup() and close() of a file's descriptor, and the release of a guest_memfd with its last reference. */
import { disabled, goTo } from "../../../spec/language.ts";
import { File, Inode, Vm } from "../../../spec/guest-memory.ts";
import { invalidateBegin } from "../invalidate.ts";
import { fileReferences, freeFile, putVm } from "../lifetime.ts";
import { invalidateLock, mmuLock, slotsLock } from "../locks.ts";
import { call, openFile, type FileId, type InodeId, type State, type VmId } from "../state.ts";
import { fileDescriptor } from "./fallocate.ts";

/** What a call keeps that may drop the last reference to a file. */
export const releasing = { last: File, vm: Vm, inode: Inode };
export interface Releasing {
  last: FileId;
  vm: VmId;
  inode: InodeId;
}

/** fput(): goes on with the release when that was the last reference. */
export function putFile(s: State, c: Releasing, file: FileId) {
  if (fileReferences(s, file) > 0) return 0 as const;
  const { kind, vm, inode } = s.files[file];
  c.last = file;
  c.vm = vm;
  c.inode = inode;
  if (kind === "guest_memfd") return undefined;
  return goTo("free the file");
}

/** kvm_gmem_release(), virt/kvm/guest_memfd.c: sections that follow the drop of a reference. */
export const release = {
  "release: take slots_lock": { takes: ({ vm }: Releasing) => slotsLock(vm) },
  "release: take invalidate_lock": { takes: ({ inode }: Releasing) => invalidateLock.write(inode) },
  "release: forget the file in its slots, zap": {
    under: ({ vm }: Releasing) => mmuLock.write(vm),
    run: (s: State, { last }: Releasing): void => {
      invalidateBegin(s, last, 0, s.files[last].bindings.length);
      clearSlotFiles(s, last);
    },
  },
  "release: drop invalidate_lock": { drops: ({ inode }: Releasing) => invalidateLock.write(inode) },
  "release: drop slots_lock": { drops: ({ vm }: Releasing) => slotsLock(vm) },
  "free the file": (s: State, { last }: Releasing): void => freeFile(s, last),
  "kvm_put_kvm()": (s: State, { vm }: Releasing): void => putVm(s, vm),
} as const;

/** The slots stay, without a file. */
function clearSlotFiles(s: State, file: FileId): void {
  for (const name of s.files[file].bindings) {
    if (name === null) continue;
    const slot = s.vms[name.vm].slots[name.space][name.slot];
    if (slot !== null && slot.file === file) slot.file = null;
  }
}

export const dup = call({
  kernel: "ksys_dup(), fs/file.c",
  by: "task",
  takes: { file: fileDescriptor },
  returns: ["EBADF"],
  sections: {
    "install another descriptor": (s, { file }, m) => {
      if (openFile(s, file) === null) return "EBADF";
      // The bound is reached; no kernel limit stands behind it.
      if (s.files[file!].descriptors === m.sizes.descriptors) return disabled;
      s.files[file!].descriptors++;
    },
  },
});

export const close = call({
  kernel: "close_fd(), fs/file.c; kvm_gmem_release(), virt/kvm/guest_memfd.c, 6.8",
  by: "task",
  takes: { file: fileDescriptor },
  keeps: releasing,
  returns: ["EBADF"],
  sections: {
    "drop the descriptor": (s, { file }) => {
      if (openFile(s, file) === null) return "EBADF";
      s.files[file!].descriptors--;
    },
    "fput()": (s, c) => putFile(s, c, c.file!),
    ...release,
  },
});
