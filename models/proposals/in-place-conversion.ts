/**
 * Proposal: in-place conversion, as it is on its way to 7.4. Whether memory is private is an attribute of the file's page, and not of the guest's
 * frame; a page is converted where it is.
 *
 * Question: do conversions, the guests' faults and the host's exclude each other, and what changes for user space?
 *
 *     npx gmemcheck check models/proposals/in-place-conversion.ts
 */
import { change, local, positions, variant } from "../../spec/language.ts";
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_CAP_MEMORY_ATTRIBUTES,
} from "../../spec/abi/kvm.ts";
import { answer, offersToEveryVm } from "../guest-memfd/calls/check-extension.ts";
import { checkFlags, type FlagsOf } from "../guest-memfd/calls/create-guest-memfd.ts";
import { punches } from "../guest-memfd/calls/fallocate.ts";
import { copyFromUser } from "../guest-memfd/calls/host-access.ts";
import { followAdvice, populateRange } from "../guest-memfd/calls/madvise.ts";
import { binds } from "../guest-memfd/calls/set-user-memory-region.ts";
import { folioLock, invalidateLock } from "../guest-memfd/locks.ts";
import { truncatePage } from "../guest-memfd/page-cache.ts";
import { oldSlot } from "../guest-memfd/region.ts";
import { openVm } from "../guest-memfd/state.ts";
import {
  SOURCE,
  base,
  calls,
  convertsInPlace,
  initAttributes,
  isPrivateGfn,
  isShared,
  releaseInode,
} from "./in-place/attributes.ts";
import { guestFault, hostFault, preFault } from "./in-place/faults.ts";
import { knownBreaches, notAtomic } from "./in-place/exceptions.ts";
import { scenarios, vectors } from "./in-place/scenarios.ts";
import { setMemoryAttributes2 } from "./in-place/set-memory-attributes2.ts";
import { statements } from "./in-place/statements.ts";

/** kvm_arch_supports_gmem_init_shared(), arch/x86/kvm/x86.c: for every VM, now that a page can be converted later. */
const everyFlag: FlagsOf = () => GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED;
const answerOthers = answer({ offers: offersToEveryVm, flags: everyFlag, preFault: true });

export const inPlaceConversion = variant(base, {
  name: "in-place-conversion",
  says: "whether memory is private is an attribute of the file's page, and a page is converted where it is",
  source: SOURCE,
  calls: {
    check_extension: change(calls.check_extension, {
      sections: {
        // kvm_supported_vm_mem_attributes(): what takes its place has no settled number yet.
        answer: (s, c, m) => (c.cap === KVM_CAP_MEMORY_ATTRIBUTES ? { value: 0 } : answerOthers(s, c, m)),
      },
    }),
    create_guest_memfd: change(calls.create_guest_memfd, {
      sections: { "check the flags": local(checkFlags(everyFlag)) },
      after: {
        "__kvm_gmem_create()": {
          "kvm_gmem_init_inode()": {
            local: true,
            run: (s, { file }) => initAttributes(s, s.files[file!].inode),
          },
        },
      },
    }),
    // KVM_MEMSLOT_GMEM_ONLY: kvm_gmem_prepare_memory_region().
    set_user_memory_region2: change(calls.set_user_memory_region2, {
      after: {
        "allocate the slot": {
          "serve every access from the file": {
            when: binds,
            local: true,
            run: (s, c, m) => {
              if (convertsInPlace(m)) oldSlot(s, c)!.gmemOnly = true;
            },
          },
        },
      },
      finally: releaseInode,
    }),
    set_user_memory_region: change(calls.set_user_memory_region, { finally: releaseInode }),
    set_memory_attributes: change(calls.set_memory_attributes, {
      kernel: "kvm_vm_ioctl(), virt/kvm/kvm_main.c, linux-next: only without in-place conversion",
      never: ["EINVAL"],
      sections: { "find the VM": (s, { vm }) => (openVm(s, vm) === null ? "EBADF" : "ENOTTY") },
      without: [
        "check the arguments",
        "take slots_lock",
        "look whether all is so already",
        "zap what is of the other type",
        "begin with the first frame",
        "store the next attribute",
        "end the invalidation",
        "drop slots_lock",
      ],
    }),
    guest_read: change(calls.guest_read, { ...guestFault, finally: releaseInode }),
    guest_write: change(calls.guest_write, { ...guestFault, finally: releaseInode }),
    guest_execute: change(calls.guest_execute, { ...guestFault, finally: releaseInode }),
    pre_fault_memory: change(calls.pre_fault_memory, { ...preFault, finally: releaseInode }),
    host_read: change(calls.host_read, hostFault),
    host_write: change(calls.host_write, hostFault),
    host_read_syscall: change(calls.host_read_syscall, { sections: copyFromUser(isShared) }),
    madvise: change(calls.madvise, { sections: followAdvice(isShared) }),
    mlock: change(calls.mlock, { sections: populateRange(isShared) }),
    close: change(calls.close, { finally: releaseInode }),
    munmap: change(calls.munmap, { finally: releaseInode }),
    fallocate: change(calls.fallocate, {
      sections: {
        "punch: truncate the next page": {
          when: ({ mode, page, end }) => punches({ mode }) && page < end,
          under: ({ inode, page }) => folioLock(inode, page),
          run: (s, c) => {
            s.punched[c.inode][c.page] = true;
            truncatePage(s, c.inode, c.page++);
            return { to: "punch: truncate the next page" };
          },
        },
        "punch: drop invalidate_lock": {
          when: punches,
          drops: ({ inode }) => invalidateLock.write(inode),
          run: (s, { inode }) => {
            for (const page of positions(s.punched[inode].length)) s.punched[inode][page] = false;
          },
        },
      },
      finally: releaseInode,
    }),
  },
  adds: { set_memory_attributes2: setMemoryAttributes2 },
  view: (s, m) => {
    const common = base.view(s, m);
    return {
      ...common,
      // Of the page that is mapped, where one is; else of the one that the slot shows there.
      isPrivate: (vm, gfn) => {
        const leaf = common.guestMapping(vm, gfn);
        if (!convertsInPlace(m) || leaf === null || !leaf.fromFile) return isPrivateGfn(s, m, vm, gfn);
        return s.attributes[leaf.at.inode][leaf.at.page]!;
      },
      hostMayMap: (inode) => positions(s.inodes[inode].size).some((page) => !s.attributes[inode][page]),
      hostMayMapPage: (inode, page) => !s.attributes[inode][page],
    };
  },
  statements,
  knownBreaches,
  notAtomic,
  scenarios,
  vectors,
});
