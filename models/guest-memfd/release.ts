/**
 * References to files, and the release of a guest_memfd with its last one: kvm_gmem_release(), virt/kvm/guest_memfd.c.
 */
import { bool } from "../../spec/language.ts";
import { File, Inode, Vm } from "../../spec/guest-memory.ts";
import { boundSlot, invalidateBegin, invalidateEnd } from "./invalidate.ts";
import { fileReferences, freeFile, putVm } from "./lifetime.ts";
import { invalidateLock, mmuLock, slotsLock } from "./locks.ts";
import type { FileId, InodeId, State, VmId } from "./state.ts";

/** What a call keeps that may drop the last reference to a file. */
export const releasing = {
  releases: bool,
  last: File,
  ofVm: Vm,
  ofInode: Inode,
};
export interface Releasing {
  releases: boolean;
  last: FileId;
  ofVm: VmId;
  ofInode: InodeId;
}

/** fdget(): the file stays while the call is in flight. */
export function holdFile(s: State, file: FileId): void {
  s.files[file].held++;
}

export function dropFile(s: State, c: Releasing, file: FileId): void {
  s.files[file].held--;
  putFile(s, c, file);
}

/** fput(): with the last reference the file is dying, and its release follows when the call is on its way back to user space. */
export function putFile(s: State, c: Releasing, file: FileId): void {
  if (fileReferences(s, file) > 0) return;
  const { kind, vm, inode } = s.files[file];
  if (kind !== "guest_memfd") return freeFile(s, file);
  c.releases = true;
  c.last = file;
  c.ofVm = vm;
  c.ofInode = inode;
}

const releases = (c: Releasing): boolean => c.releases;
const allPages = (s: State, { last }: Releasing): number => s.files[last].bindings.length;

/** kvm_gmem_release(), virt/kvm/guest_memfd.c, and what goes with it: closing sections of every call that can drop the last reference. */
export const release = {
  "release: take slots_lock": { when: releases, takes: ({ ofVm }: Releasing) => slotsLock(ofVm) },
  "release: forget the file in its slots": {
    when: releases,
    takes: ({ ofInode }: Releasing) => invalidateLock.write(ofInode),
    run: (s: State, { last }: Releasing): void => clearSlotFiles(s, last),
  },
  "release: zap what is bound": {
    when: releases,
    under: ({ ofVm }: Releasing) => mmuLock.write(ofVm),
    run: (s: State, c: Releasing): void => invalidateBegin(s, c.last, 0, allPages(s, c)),
  },
  "release: end the invalidation": {
    when: releases,
    under: ({ ofVm }: Releasing) => mmuLock.write(ofVm),
    run: (s: State, c: Releasing): void => invalidateEnd(s, c.last, 0, allPages(s, c)),
  },
  "release: leave the inode's list": {
    when: releases,
    local: true,
    // Whoever walks the files of the inode from now on does not meet this one.
    run: (s: State, { last }: Releasing): void => {
      const { bindings } = s.files[last];
      for (let page = 0; page < bindings.length; page++) bindings[page] = null;
    },
  },
  "release: drop invalidate_lock": {
    when: releases,
    drops: ({ ofInode }: Releasing) => invalidateLock.write(ofInode),
  },
  "release: drop slots_lock": { when: releases, drops: ({ ofVm }: Releasing) => slotsLock(ofVm) },
  "release: free the file": {
    when: releases,
    run: (s: State, { last, ofVm }: Releasing): void => {
      freeFile(s, last);
      putVm(s, ofVm);
    },
  },
} as const;

/** The slots stay, without a file. */
function clearSlotFiles(s: State, file: FileId): void {
  for (const name of s.files[file].bindings) if (name !== null) boundSlot(s, name).file = null;
}
