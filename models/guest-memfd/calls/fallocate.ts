/** fallocate() on a guest_memfd: allocate pages, or punch a hole. */
import { bool, goTo, local, upTo } from "../../../spec/language.ts";
import { Inode, Vm } from "../../../spec/guest-memory.ts";
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_WRITE_ZEROES,
  FALLOC_FL_ZERO_RANGE,
  MAX_FILE_OFFSET,
} from "../../../spec/abi/files.ts";
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import { filesOf, framesOf, invalidateBegin, invalidateEnd, type Frames } from "../invalidate.ts";
import { folioLock, invalidateLock, mmuLock } from "../locks.ts";
import { grabFolio, truncatePage } from "../page-cache.ts";
import { dropFile, holdFile, release, releasing } from "../release.ts";
import { call, choice, openFile, type FileId, type InodeId, type SlotState, type State } from "../state.ts";

/** A file's descriptor: any file's, or something that is not a descriptor (null). */
export const fileDescriptor = choice<FileId | null>(
  (m) => Array.from({ length: m.sizes.describedFiles }, (_, i) => i as FileId),
  () => [null],
);

const VFS_MODES =
  FALLOC_FL_KEEP_SIZE |
  FALLOC_FL_PUNCH_HOLE |
  FALLOC_FL_COLLAPSE_RANGE |
  FALLOC_FL_ZERO_RANGE |
  FALLOC_FL_INSERT_RANGE |
  FALLOC_FL_UNSHARE_RANGE;

/** FALLOC_FL_SUPPORTED_MASK since 6.17, include/linux/falloc.h. */
export const MODES_WITH_ZEROES = VFS_MODES | FALLOC_FL_WRITE_ZEROES;

/** Operations that change the size of a file or write to its disk, and so cannot keep the size. */
const RESIZES = FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_WRITE_ZEROES;

interface Asked {
  readonly mode: number;
  readonly offset: bigint;
  readonly len: bigint;
}

/** vfs_fallocate(), fs/open.c, of a version that knows these modes. */
function checkVfs(modes: number, { mode, offset, len }: Asked): "EINVAL" | "EOPNOTSUPP" | "EFBIG" | void {
  if (offset < 0n || len <= 0n) return "EINVAL";
  if ((mode & ~modes) !== 0) return "EOPNOTSUPP";
  // Bits that stand for an operation of their own; a call has at most one.
  const operation = mode & ~FALLOC_FL_KEEP_SIZE;
  if ((operation & (operation - 1)) !== 0) return "EOPNOTSUPP";
  if (operation === FALLOC_FL_PUNCH_HOLE && (mode & FALLOC_FL_KEEP_SIZE) === 0) return "EOPNOTSUPP";
  if ((operation & RESIZES) !== 0 && (mode & FALLOC_FL_KEEP_SIZE) !== 0) return "EOPNOTSUPP";
  if (offset + len > MAX_FILE_OFFSET) return "EFBIG";
}

export const vfsFallocate = (modes: number) => local((_s: State, c: Asked) => checkVfs(modes, c));

/** A range of pages of an inode. */
interface Hole {
  readonly inode: InodeId;
  readonly first: number;
  readonly end: number;
}

/** kvm_gmem_punch_hole(): what one punched range takes from every file of the inode. */
export const zapHole =
  (frames: (slot: SlotState, first: number, end: number) => Frames) =>
  (s: State, { inode, first, end }: Hole): void => {
    for (const file of filesOf(s, inode)) invalidateBegin(s, file, first, end, frames);
  };

export function endHole(s: State, { inode, first, end }: Hole): void {
  for (const file of filesOf(s, inode)) invalidateEnd(s, file, first, end);
}

export const punches = ({ mode }: { readonly mode: number }): boolean => (mode & FALLOC_FL_PUNCH_HOLE) !== 0;
const allocates = (c: { readonly mode: number }): boolean => !punches(c);

const page = (m: { readonly filePages: number }): bigint[] =>
  Array.from({ length: m.filePages }, (_, i) => BigInt(i) * PAGE_SIZE);

export const fallocate = call({
  kernel: "kvm_gmem_fallocate(), virt/kvm/guest_memfd.c, 6.8",
  by: "task",
  takes: {
    file: fileDescriptor,
    mode: choice<number>(
      () => [FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE],
      () => [
        0,
        FALLOC_FL_PUNCH_HOLE,
        FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE,
        FALLOC_FL_COLLAPSE_RANGE,
        FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE,
        0x100,
      ],
    ),
    offset: choice<bigint>(page, (m) => [
      1n,
      -PAGE_SIZE,
      BigInt(m.filePages) * PAGE_SIZE,
      MAX_FILE_OFFSET + 1n - PAGE_SIZE,
    ]),
    len: choice<bigint>(
      (m, { offset }) =>
        page(m)
          .map((bytes) => bytes + PAGE_SIZE)
          .filter((len) => offset + len <= BigInt(m.filePages) * PAGE_SIZE || len === PAGE_SIZE),
      (m) => [100n, 0n, BigInt(m.filePages + 1) * PAGE_SIZE],
    ),
  },
  keeps: {
    inode: Inode,
    vm: Vm,
    first: upTo("pages"),
    end: upTo("pages"),
    page: upTo("pages"),
    holds: bool,
    ...releasing,
  },
  returns: ["EBADF", "EINVAL", "EOPNOTSUPP", "EFBIG"],
  also: () => [
    // Allocation has its own bound at the end of the file.
    { file: 0 as FileId, mode: FALLOC_FL_KEEP_SIZE, offset: 0n, len: 1n << 40n },
    { file: 0 as FileId, mode: FALLOC_FL_KEEP_SIZE, offset: 0n, len: 100n },
  ],
  sections: {
    "find the file": (s, c) => {
      if (openFile(s, c.file) === null) return "EBADF";
      holdFile(s, c.file!);
      c.holds = true;
    },
    "vfs_fallocate()": vfsFallocate(VFS_MODES),
    "check the mode and the alignment": {
      local: true,
      run: (s, c) => {
        const { kind, inode, vm } = s.files[c.file!];
        c.inode = inode;
        c.vm = vm;
        if (kind !== "guest_memfd") return goTo("end");
        if ((c.mode & FALLOC_FL_KEEP_SIZE) === 0) return "EOPNOTSUPP";
        if ((c.mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0) return "EOPNOTSUPP";
        if (c.offset % PAGE_SIZE !== 0n || c.len % PAGE_SIZE !== 0n) return "EINVAL";
      },
    },
    "allocate: check the range": {
      when: allocates,
      local: true,
      run: (s, { inode, offset, len }, m) => {
        if (m.pages.border(offset + len) > s.inodes[inode].size) return "EINVAL";
      },
    },
    "find the pages": {
      local: true,
      run: (_s, c, m) => {
        c.first = c.page = m.pages.border(c.offset);
        c.end = m.pages.border(c.offset + c.len);
      },
    },
    "punch: take invalidate_lock": { when: punches, takes: ({ inode }) => invalidateLock.write(inode) },
    "punch: zap what is bound": {
      when: punches,
      under: ({ vm }) => mmuLock.write(vm),
      run: zapHole(framesOf),
    },
    "punch: truncate the next page": {
      when: ({ mode, page, end }) => punches({ mode }) && page < end,
      under: ({ inode, page }) => folioLock(inode, page),
      run: (s, c) => {
        truncatePage(s, c.inode, c.page++);
        return goTo("punch: truncate the next page");
      },
    },
    "punch: end the invalidation": { when: punches, under: ({ vm }) => mmuLock.write(vm), run: endHole },
    "punch: drop invalidate_lock": { when: punches, drops: ({ inode }) => invalidateLock.write(inode) },
    allocate: {
      when: allocates,
      under: ({ inode }) => invalidateLock.read(inode),
      run: (s, { inode, first, end }) => {
        for (let at = first; at < end; at++) grabFolio(s.inodes[inode].pages[at]!);
      },
    },
    end: { local: true, run: () => {} },
  },
  finally: {
    "fput()": {
      when: ({ holds }) => holds,
      run: (s, c) => dropFile(s, c, c.file!),
    },
    ...release,
  },
});
