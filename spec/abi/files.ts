/**
 * Numbers of the calls on files and mappings.
 * Sources: include/uapi/linux/falloc.h, include/uapi/asm-generic/mman-common.h, mman.h and siginfo.h.
 */
export const FALLOC_FL_KEEP_SIZE = 0x01;
export const FALLOC_FL_PUNCH_HOLE = 0x02;
export const FALLOC_FL_NO_HIDE_STALE = 0x04;
export const FALLOC_FL_COLLAPSE_RANGE = 0x08;
export const FALLOC_FL_ZERO_RANGE = 0x10;
export const FALLOC_FL_INSERT_RANGE = 0x20;
export const FALLOC_FL_UNSHARE_RANGE = 0x40;
/** Since 6.17. */
export const FALLOC_FL_WRITE_ZEROES = 0x80;

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;

export const MADV_WILLNEED = 3;
export const MADV_DONTNEED = 4;
export const MADV_FREE = 8;
export const MADV_REMOVE = 9;
export const MADV_HUGEPAGE = 14;
export const MADV_PAGEOUT = 21;
export const MADV_POPULATE_READ = 22;
export const MADV_POPULATE_WRITE = 23;
export const MADV_COLLAPSE = 25;
export const MADV_HWPOISON = 100;
export const MADV_SOFT_OFFLINE = 101;

/** si_code of SIGBUS. */
export const BUS_ADRERR = 2;
export const BUS_MCEERR_AR = 4;
/** si_code of SIGSEGV. */
export const SEGV_ACCERR = 2;

/** The largest file offset: MAX_LFS_FILESIZE on 64-bit kernels. */
export const MAX_FILE_OFFSET = (1n << 63n) - 1n;
