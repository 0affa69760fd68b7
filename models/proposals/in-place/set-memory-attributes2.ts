/** KVM_SET_MEMORY_ATTRIBUTES2 {offset, size, attributes, flags, error_offset}: an ioctl of the file, not of the VM. */
import { bool, goTo, upTo } from "../../../spec/language.ts";
import { Inode, Vm } from "../../../spec/guest-memory.ts";
import { KVM_MEMORY_ATTRIBUTE_PRIVATE, PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import { fileDescriptor } from "../../guest-memfd/calls/fallocate.ts";
import { filesOf, invalidateBegin, invalidateEnd } from "../../guest-memfd/invalidate.ts";
import { invalidateLock, mmuLock } from "../../guest-memfd/locks.ts";
import { fitting } from "../../guest-memfd/machine.ts";
import { unmapFromHost } from "../../guest-memfd/page-cache.ts";
import { U64 } from "../../guest-memfd/region.ts";
import { dropFile, holdFile, release, releasing } from "../../guest-memfd/release.ts";
import { hasPrivateMemory, openFile, type FileId } from "../../guest-memfd/state.ts";
import { call, choice, convertsInPlace, hasReferences, releaseInode } from "./attributes.ts";

/** error_offset is the first page that somebody holds: the first of the range, or one behind it. */
export const REFUSALS = ["EAGAIN at offset", "EAGAIN behind offset"] as const;

const unmapped = {
  says: "the host's page table entries of the range are gone; its next access faults them in again",
  source: "__kvm_gmem_set_attributes(): unmap_mapping_pages() before the references are counted",
};

export const setMemoryAttributes2 = call({
  kernel: "kvm_gmem_set_attributes() and __kvm_gmem_set_attributes(), virt/kvm/guest_memfd.c, linux-next",
  by: "task",
  takes: {
    file: fileDescriptor,
    attributes: choice<bigint>(
      () => [KVM_MEMORY_ATTRIBUTE_PRIVATE, 0n],
      () => [1n],
    ),
    size: choice<bigint>(
      (m) => Array.from({ length: m.filePages }, (_, i) => BigInt(i + 1) * PAGE_SIZE),
      () => [0n, PAGE_SIZE + 1n],
    ),
    offset: choice<bigint>(
      (m, { size }) => fitting(m.filePages, size).map((page) => m.pages.bytes(page)),
      (m) => [1n, m.pages.bytes(m.filePages), U64 - PAGE_SIZE],
    ),
    flags: choice<bigint>(
      () => [0n],
      () => [1n],
    ),
    reserved: choice<bigint>(
      () => [0n],
      () => [1n],
    ),
  },
  keeps: {
    inode: Inode,
    vm: Vm,
    first: upTo("pages"),
    end: upTo("pages"),
    page: upTo("pages"),
    private: bool,
    holds: bool,
    ...releasing,
  },
  returns: ["EBADF", "ENOTTY", "EINVAL", ...REFUSALS],
  leaves: { "EAGAIN at offset": unmapped, "EAGAIN behind offset": unmapped },
  sections: {
    "find the file": (s, c, m) => {
      if (openFile(s, c.file) === null) return "EBADF";
      if (s.files[c.file!].kind !== "guest_memfd" || !convertsInPlace(m)) return "ENOTTY";
      holdFile(s, c.file!);
      c.holds = true;
    },
    "check the arguments": {
      local: true,
      run: (s, c, m) => {
        c.inode = s.files[c.file!].inode;
        c.vm = s.files[c.file!].vm;
        if (c.flags !== 0n || c.reserved !== 0n) return "EINVAL";
        if (!hasPrivateMemory(s.vms[c.vm])) return "EINVAL";
        if ((c.attributes & ~KVM_MEMORY_ATTRIBUTE_PRIVATE) !== 0n) return "EINVAL";
        if (c.size === 0n || c.offset + c.size >= U64) return "EINVAL";
        if (c.offset % PAGE_SIZE !== 0n || c.size % PAGE_SIZE !== 0n) return "EINVAL";
        if (m.pages.border(c.offset + c.size) > s.inodes[c.inode].size) return "EINVAL";
        c.private = c.attributes !== 0n;
        c.first = c.page = m.pages.border(c.offset);
        c.end = m.pages.border(c.offset + c.size);
      },
    },
    "take invalidate_lock": { takes: ({ inode }) => invalidateLock.write(inode) },
    "look whether all is so already": {
      local: true,
      run: (s, { inode, first, end, private: wanted }) => {
        for (let page = first; page < end; page++) if (s.attributes[inode][page] !== wanted) return;
        return goTo("drop invalidate_lock");
      },
    },
    "unmap it from the host": {
      when: (c) => c.private,
      run: (s, { inode, first, end }) => {
        for (let page = first; page < end; page++) unmapFromHost(s, inode, page);
      },
    },
    "look for references to the next page": {
      when: (c) => c.private && c.page < c.end,
      run: (s, c) => {
        if (hasReferences(s, c.inode, c.page))
          return c.page === c.first ? "EAGAIN at offset" : "EAGAIN behind offset";
        c.page++;
        return goTo("look for references to the next page");
      },
    },
    // Of the type that is left; one page table holds both types here, so all in the range go.
    "zap what is of the other type": {
      under: ({ vm }) => mmuLock.write(vm),
      run: (s, { inode, first, end }) => {
        for (const file of filesOf(s, inode)) invalidateBegin(s, file, first, end);
      },
    },
    // The tree is replaced at once: who reads without the lock sees the whole range as it was, or as it is.
    "store the attributes": (s, { inode, first, end, private: wanted }) => {
      for (let page = first; page < end; page++) s.attributes[inode][page] = wanted;
    },
    "end the invalidation": {
      under: ({ vm }) => mmuLock.write(vm),
      run: (s, { inode, first, end }) => {
        for (const file of filesOf(s, inode)) invalidateEnd(s, file, first, end);
      },
    },
    "drop invalidate_lock": { drops: ({ inode }) => invalidateLock.write(inode) },
  },
  finally: {
    "fput()": {
      when: ({ holds }) => holds,
      run: (s, c) => dropFile(s, c, c.file as FileId),
    },
    ...release,
    ...releaseInode,
  },
});
