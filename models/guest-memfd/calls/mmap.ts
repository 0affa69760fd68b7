/** Mappings of the process: mmap() of a file, ordinary memory, munmap(). */
import { disabled } from "../../../spec/language.ts";
import { File } from "../../../spec/guest-memory.ts";
import { MAX_FILE_OFFSET, PROT_EXEC, PROT_READ, PROT_WRITE } from "../../../spec/abi/files.ts";
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import { freeFileId, freeInodeId } from "../lifetime.ts";
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
import { putFile, release, releasing } from "./dup-close.ts";
import { fileDescriptor } from "./fallocate.ts";

const windows = choice<AreaId>((m) => Array.from({ length: m.sizes.windows }, (_, i) => i as AreaId));

function accessOf(prot: number): "none" | "read" | "write" {
  // x86 has no mapping that can be written and not read.
  if ((prot & PROT_WRITE) !== 0) return "write";
  return (prot & (PROT_READ | PROT_EXEC)) !== 0 ? "read" : "none";
}

const roundUp = (length: bigint): bigint => ((length + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;

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
  returns: ["EBADF", "EINVAL", "EOVERFLOW", "ENODEV"],
  sections: {
    "check the place": (s, { area }) => {
      if (s.areas[area] !== null) return disabled;
    },
    "check the offset": (_s, { offset }) => {
      if (offset % PAGE_SIZE !== 0n) return "EINVAL";
    },
    "find the file": (s, { file }) => {
      if (openFile(s, file) === null) return "EBADF";
    },
    "check the range": (_s, { offset, length }) => {
      if (length === 0n) return "EINVAL";
      if (offset + roundUp(length) > MAX_FILE_OFFSET) return "EOVERFLOW";
    },
    "check the protection": () => {},
    "check the file's flags": (s, { file }) => {
      const { kind, inode } = s.files[file!];
      if (kind === "guest_memfd" && !s.inodes[inode].mmap) return "ENODEV";
    },
    "check the sharing": (s, { file, share }) => {
      if (s.files[file!].kind === "guest_memfd" && share === "private") return "EINVAL";
    },
    "map it": (s, { area, file, offset, length, prot }, m) => {
      const first = m.pages.border(offset);
      const npages = m.pages.border(offset + roundUp(length)) - first;
      s.areas[area] = { file: file!, first, npages, access: accessOf(prot) };
    },
  },
});

/** 6.18: the guest_memfd pseudo file system allows no execution (SB_I_NOEXEC); seen before the MMAP flag. */
export const refuseExec = (
  s: State,
  { prot, file }: { readonly prot: number; readonly file: FileId | null },
): "EPERM" | void => {
  if ((prot & PROT_EXEC) !== 0 && s.files[file!].kind === "guest_memfd") return "EPERM";
};

export const munmap = call({
  kernel: "do_vmi_munmap(), mm/vma.c",
  by: "task",
  takes: { area: Area },
  keeps: releasing,
  returns: [],
  sections: {
    "unmap and notify": (s, { area }) => {
      const mapping = s.areas[area];
      if (mapping === null) return disabled;
      for (const page of s.inodes[s.files[mapping.file].inode].pages) page.ptes[area] = "none";
      notifyHva(s, area, 0, mapping.npages);
    },
    "fput()": (s, c) => {
      const { file } = s.areas[c.area]!;
      s.areas[c.area] = null;
      return putFile(s, c, file);
    },
    ...release,
  },
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
