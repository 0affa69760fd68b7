/** Mappings of the process: mmap() of a file, ordinary memory, munmap(). */
import { bool, disabled, local } from "../../../spec/language.ts";
import { File } from "../../../spec/guest-memory.ts";
import { MAX_FILE_OFFSET, PROT_EXEC, PROT_READ, PROT_WRITE } from "../../../spec/abi/files.ts";
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import type { Machine } from "../machine.ts";
import { freeFileId, freeInodeId } from "../lifetime.ts";
import { mmapLock } from "../locks.ts";
import { notifyHva } from "../mmu.ts";
import {
  Area,
  call,
  choice,
  openFile,
  type AreaId,
  type FileId,
  type InodeId,
  type State,
} from "../state.ts";
import { dropFile, holdFile, putFile, release, releasing, type Releasing } from "../release.ts";
import { fileDescriptor } from "./fallocate.ts";

const windows = choice<AreaId>((m) => Array.from({ length: m.sizes.windows }, (_, i) => i as AreaId));

function accessOf(prot: number): "none" | "read" | "write" {
  // x86 has no mapping that can be written and not read.
  if ((prot & PROT_WRITE) !== 0) return "write";
  return (prot & (PROT_READ | PROT_EXEC)) !== 0 ? "read" : "none";
}

const roundUp = (length: bigint): bigint => ((length + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;

interface Mapping extends Releasing {
  holds: boolean;
  readonly area: AreaId;
  readonly file: FileId | null;
  readonly offset: bigint;
  readonly length: bigint;
  readonly prot: number;
  readonly share: "shared" | "private";
}

export const mmap = call({
  kernel: "ksys_mmap_pgoff() and do_mmap(), mm/mmap.c; kvm_gmem_mmap(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: {
    /** Where the mapping goes: addresses that nothing is mapped at. */
    area: windows,
    file: fileDescriptor,
    offset: choice<bigint>(
      () => [0n],
      (m) => [1n, BigInt(m.filePages) * PAGE_SIZE, MAX_FILE_OFFSET + 1n - PAGE_SIZE],
    ),
    length: choice<bigint>(
      (m) => [BigInt(m.filePages) * PAGE_SIZE],
      () => [0n],
    ),
    prot: choice<number>(
      () => [PROT_READ | PROT_WRITE],
      () => [0, PROT_READ, PROT_READ | PROT_EXEC],
    ),
    share: choice<"shared" | "private">(
      () => ["shared"],
      () => ["private"],
    ),
  },
  keeps: { holds: bool, ...releasing },
  returns: ["EBADF", "EINVAL", "EOVERFLOW", "ENODEV"],
  sections: {
    "take mmap_lock, check the place": {
      takes: () => mmapLock.write(),
      run: (s, { area }) => {
        if (s.areas[area] !== null) return disabled;
      },
    },
    // Found, checked and mapped in one go: the file is held, so that a close in between comes after the call as well.
    "check the offset": local((_s: State, { offset }: Mapping) => {
      if (offset % PAGE_SIZE !== 0n) return "EINVAL" as const;
      return undefined;
    }),
    "find the file": local((s: State, c: Mapping) => {
      if (openFile(s, c.file) === null) return "EBADF" as const;
      holdFile(s, c.file!);
      c.holds = true;
      return undefined;
    }),
    "check the range": local((_s: State, { offset, length }: Mapping) => {
      if (length === 0n) return "EINVAL" as const;
      if (offset + roundUp(length) > MAX_FILE_OFFSET) return "EOVERFLOW" as const;
      return undefined;
    }),
    "check the protection": local(() => {}),
    "check the file's flags": local((s: State, { file }: Mapping) => {
      const { kind, inode } = s.files[file!];
      if (kind === "guest_memfd" && !s.inodes[inode].mmap) return "ENODEV" as const;
      return undefined;
    }),
    "check the sharing": local((s: State, { file, share }: Mapping) => {
      if (s.files[file!].kind === "guest_memfd" && share === "private") return "EINVAL" as const;
      return undefined;
    }),
    "map it": local((s: State, { area, file, offset, length, prot }: Mapping, m: Machine) => {
      const first = m.pages.border(offset);
      const npages = m.pages.border(offset + roundUp(length)) - first;
      s.areas[area] = { file: file!, first, npages, access: accessOf(prot) };
    }),
    "drop mmap_lock": { drops: () => mmapLock.write() },
  },
  finally: {
    "fput()": { when: ({ holds }) => holds, local: true, run: (s, c) => dropFile(s, c, c.file!) },
    ...release,
  },
});

/** 6.18: the guest_memfd pseudo file system allows no execution (SB_I_NOEXEC); seen before the MMAP flag. */
export const refuseExec = local((s: State, { prot, file }: Mapping) => {
  if ((prot & PROT_EXEC) !== 0 && s.files[file!].kind === "guest_memfd") return "EPERM" as const;
  return undefined;
});

export const munmap = call({
  kernel: "do_vmi_munmap(), mm/vma.c",
  by: "task",
  takes: { area: Area },
  keeps: releasing,
  returns: [],
  sections: {
    "find the mapping": (s, { area }) => {
      if (s.areas[area] === null) return disabled;
    },
    "unmap and notify, fput()": {
      under: () => mmapLock.write(),
      run: (s, c) => {
        const mapping = s.areas[c.area];
        // Somebody else has unmapped it meanwhile.
        if (mapping === null) return;
        for (const page of s.inodes[s.files[mapping.file].inode].pages) page.ptes[c.area] = "none";
        notifyHva(s, c.area, 0, mapping.npages);
        s.areas[c.area] = null;
        putFile(s, c, mapping.file);
      },
    },
  },
  finally: release,
});

export const anon = call({
  kernel: "mmap() of MAP_SHARED | MAP_ANONYMOUS, mm/mmap.c: ordinary memory",
  by: "task",
  takes: {
    area: choice<AreaId>((m) =>
      Array.from({ length: m.sizes.areas - m.sizes.windows }, (_, i) => (m.sizes.windows + i) as AreaId),
    ),
    size: choice<bigint>((m) => [BigInt(m.sizes.gfns) * PAGE_SIZE]),
  },
  returns: [],
  unexplored: "the initial state of an exploration has its ordinary memory",
  sections: {
    "map zeroed memory": (s, { area, size }, m) => {
      const file = freeFileId(s, m.sizes.describedFiles, m.sizes.files);
      const inode = freeInodeId(s);
      if (s.areas[area] !== null || file === null || inode === null) return disabled;
      mapOrdinary(s, area, file, inode, m.pages.border(roundUp(size)));
    },
  },
});

/** An ordinary shared mapping of `npages` pages, none of them touched. */
export function mapOrdinary(s: State, area: AreaId, file: FileId, inode: InodeId, npages: number): void {
  s.files[file].kind = "shmem";
  s.files[file].inode = inode;
  s.files[file].descriptors = 0;
  s.inodes[inode].kind = "shmem";
  s.inodes[inode].size = npages;
  s.areas[area] = { file, first: 0, npages, access: "write" };
}

export const memfdCreate = call({
  kernel: "memfd_create() and ftruncate(), mm/memfd.c: a descriptor of another kind",
  by: "task",
  takes: { size: choice<bigint>((m) => [BigInt(m.filePages) * PAGE_SIZE]) },
  returns: [],
  gives: File,
  unexplored: "descriptors of other kinds stand for it in explorations",
  sections: {
    "create it": (s, { size }, m) => {
      const file = freeFileId(s, 0, m.sizes.describedFiles);
      const inode = freeInodeId(s);
      if (file === null || inode === null) return disabled;
      s.files[file].kind = "shmem";
      s.files[file].inode = inode;
      s.files[file].descriptors = 1;
      s.inodes[inode].kind = "shmem";
      s.inodes[inode].size = m.pages.border(roundUp(size));
      return { value: file };
    },
  },
});
