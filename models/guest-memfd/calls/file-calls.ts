/** File operations that a guest_memfd does not have, and fstat(). */
import { ids, upTo } from "../../../spec/language.ts";
import { notifyArea, truncatePage } from "../page-cache.ts";
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import { call, choice, openFile, type FileId, type InodeId, type State } from "../state.ts";
import { fileDescriptor } from "./fallocate.ts";

const isGuestMemfd = (s: State, file: FileId | null): boolean => s.files[file!].kind === "guest_memfd";
const length = choice<bigint>(() => [16n]);
const position = choice<bigint>(
  () => [0n],
  () => [-1n],
);

/** A page behind the new end goes from wherever it is mapped. Which of ordinary memory is mapped is not kept: all mappings are told. */
function unmapPage(s: State, inode: InodeId, page: number): void {
  truncatePage(s, inode, page);
  for (const area of ids(s.areas)) {
    const mapping = s.areas[area];
    if (mapping !== null && s.files[mapping.file].inode === inode) notifyArea(s, area, page);
  }
}

export const ftruncate = call({
  kernel: "do_sys_ftruncate(), fs/open.c; kvm_gmem_setattr(), virt/kvm/guest_memfd.c, 6.8",
  by: "task",
  takes: {
    file: fileDescriptor,
    size: choice<bigint>(
      (m) => [0n, BigInt(m.filePages) * PAGE_SIZE],
      () => [-1n],
    ),
  },
  returns: ["EINVAL", "EBADF"],
  sections: {
    "check the size": (_s, { size }) => {
      if (size < 0n) return "EINVAL";
    },
    "find the file": (s, { file }) => {
      if (openFile(s, file) === null) return "EBADF";
    },
    "kvm_gmem_setattr()": (s, { file }) => {
      if (isGuestMemfd(s, file)) return "EINVAL";
    },
    "shmem: resize": (s, { file, size }, m) => {
      const { inode } = s.files[file!];
      s.inodes[inode].size = m.pages.border(size);
      for (let page = s.inodes[inode].size; page < s.inodes[inode].pages.length; page++)
        unmapPage(s, inode, page);
    },
  },
});

/** read() and write(): there is no operation behind them. */
const withoutOperation = (kernel: string) =>
  call({
    kernel,
    by: "task",
    takes: { file: fileDescriptor, length },
    returns: ["EBADF", "EINVAL"],
    gives: upTo("transferred"),
    sections: {
      "find the file": (s, { file }) => {
        if (openFile(s, file) === null) return "EBADF";
      },
      "look for the operation": (s, { file, length: bytes }) => {
        if (isGuestMemfd(s, file)) return "EINVAL";
        return { value: Number(bytes) };
      },
    },
  });

/** pread() and pwrite(): the descriptor has no position, so it is refused as a pipe is. */
const atPosition = (kernel: string) =>
  call({
    kernel,
    by: "task",
    takes: { file: fileDescriptor, offset: position, length },
    returns: ["EINVAL", "EBADF", "ESPIPE"],
    gives: upTo("transferred"),
    sections: {
      "check the position": (_s, { offset }) => {
        if (offset < 0n) return "EINVAL";
      },
      "find the file": (s, { file }) => {
        if (openFile(s, file) === null) return "EBADF";
      },
      "look whether it has positions": (s, { file, length: bytes }) => {
        if (isGuestMemfd(s, file)) return "ESPIPE";
        return { value: Number(bytes) };
      },
    },
  });

export const read = withoutOperation("ksys_read(), vfs_read(), fs/read_write.c");
export const write = withoutOperation("ksys_write(), vfs_write(), fs/read_write.c");
export const pread = atPosition("ksys_pread64(), fs/read_write.c");
export const pwrite = atPosition("ksys_pwrite64(), fs/read_write.c");

const SEEK_MAX = 4;

export const lseek = call({
  kernel: "ksys_lseek(), fs/read_write.c",
  by: "task",
  takes: {
    file: fileDescriptor,
    offset: position,
    whence: choice<number>(
      () => [0, 2],
      () => [SEEK_MAX + 1],
    ),
  },
  returns: ["EBADF", "EINVAL", "ESPIPE"],
  gives: upTo("transferred"),
  sections: {
    "find the file": (s, { file }) => {
      if (openFile(s, file) === null) return "EBADF";
    },
    "check whence": (_s, { whence }) => {
      if (whence < 0 || whence > SEEK_MAX) return "EINVAL";
    },
    "look whether it has positions": (s, { file, offset }) => {
      if (isGuestMemfd(s, file)) return "ESPIPE";
      return { value: Number(offset) };
    },
  },
});

export const fstat = call({
  kernel: "kvm_gmem_getattr(), virt/kvm/guest_memfd.c, 6.8",
  by: "task",
  takes: { file: fileDescriptor },
  returns: ["EBADF"],
  /** The size, in pages. */
  gives: upTo("pages"),
  sections: {
    "read the attributes": (s, { file }) => {
      if (openFile(s, file) === null) return "EBADF";
      return { value: s.inodes[s.files[file!].inode].size };
    },
  },
});
