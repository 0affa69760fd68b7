/** KVM_CREATE_GUEST_MEMFD {size, flags, reserved}. */
import { disabled, maybe, local } from "../../../spec/language.ts";
import { File } from "../../../spec/guest-memory.ts";
import { MAX_FILE_OFFSET } from "../../../spec/abi/files.ts";
import { GUEST_MEMFD_FLAG_INIT_SHARED, GUEST_MEMFD_FLAG_MMAP, PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import { freeFileId, freeInodeId, pinVm, pinning, unpinVm } from "../lifetime.ts";
import { call, choice, hasPrivateMemory, openVm, type State, type VmId, type VmState } from "../state.ts";
import { vmDescriptor } from "./create-vm.ts";
import type { Machine } from "../machine.ts";

/** What KVM_CAP_GUEST_MEMFD_FLAGS answers for a VM; nothing before 6.18. */
export type FlagsOf = (vm: VmState | null) => bigint;

export const noFlags: FlagsOf = () => 0n;

/** kvm_gmem_get_valid_flags(), since 6.18: what is private at first cannot be shared from the start. */
export const mmapAndInitShared: FlagsOf = (vm) =>
  vm !== null && hasPrivateMemory(vm)
    ? GUEST_MEMFD_FLAG_MMAP
    : GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;

export const checkFlags =
  (supported: FlagsOf) =>
  (s: State, { vm, flags }: { readonly vm: VmId | null; readonly flags: bigint }): "EINVAL" | void => {
    if ((flags & ~supported(s.vms[vm!])) !== 0n) return "EINVAL";
  };

export const createGuestMemfd = call({
  kernel: "kvm_gmem_create(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: {
    vm: vmDescriptor,
    flags: choice<bigint>(
      () => [0n, 1n, 2n, 3n],
      () => [4n, 1n << 63n],
    ),
    size: choice<bigint>(
      (m) => (m.filePages > 1 ? [BigInt(m.filePages) * PAGE_SIZE, PAGE_SIZE] : [PAGE_SIZE]),
      () => [0n, PAGE_SIZE + 1n, 1n << 63n],
    ),
    // Not checked: the values of the reserved words mean nothing.
    reserved: choice<bigint>(
      () => [0n],
      () => [1n],
    ),
  },
  keeps: { file: maybe(File), ...pinning },
  returns: ["EBADF", "EINVAL"],
  gives: File,
  finally: unpinVm,
  sections: {
    "find the VM": (s, c) => {
      if (openVm(s, c.vm) === null) return "EBADF";
      pinVm(s, c);
    },
    "check the flags": local(checkFlags(noFlags)),
    "check the size": {
      local: true,
      run: (_s, { size }) => {
        // loff_t: a size of 2^63 and more is negative.
        if (size === 0n || size > MAX_FILE_OFFSET || size % PAGE_SIZE !== 0n) return "EINVAL";
      },
    },
    "__kvm_gmem_create()": {
      local: true,
      run: (s, c, m: Machine) => {
        const file = freeFileId(s, 0, m.sizes.describedFiles);
        const inode = freeInodeId(s);
        // The bound is reached; no kernel limit stands behind it.
        if (file === null || inode === null) {
          s.vms[c.vm!].held--;
          return disabled;
        }
        s.inodes[inode].kind = "guest_memfd";
        s.inodes[inode].mmap = (c.flags & GUEST_MEMFD_FLAG_MMAP) !== 0n;
        s.inodes[inode].initShared = (c.flags & GUEST_MEMFD_FLAG_INIT_SHARED) !== 0n;
        s.inodes[inode].size = m.pages.border(c.size);
        s.files[file].kind = "guest_memfd";
        s.files[file].vm = c.vm!;
        s.files[file].inode = inode;
        s.files[file].descriptors = 1;
        c.file = file;
      },
    },
    // Nobody else knows the file before: the whole call is one step.
    "install the descriptor": { local: true, run: (_s, { file }) => ({ value: file! }) },
  },
});
