/**
 * The shipped ABI, version by version. Read from top to bottom, this is its history: each version is what it
 * changes of the one before.
 */
import { change, design, ids, variant } from "../../spec/language.ts";
import { promises } from "../../spec/properties/promises.ts";
import { anon, memfdCreate, mmap, munmap, mapOrdinary, refuseExec } from "./calls/mmap.ts";
import { answer, checkExtension, offersToEveryVm, offersToPrivateVms } from "./calls/check-extension.ts";
import {
  checkFlags as checkCreateFlags,
  createGuestMemfd,
  mmapAndInitShared,
  noFlags,
} from "./calls/create-guest-memfd.ts";
import { closeVcpu, closeVm, createVcpu, createVm } from "./calls/create-vm.ts";
import { close, dup } from "./calls/dup-close.ts";
import { fallocate } from "./calls/fallocate.ts";
import { fstat, ftruncate, lseek, pread, pwrite, read, write } from "./calls/file-calls.ts";
import { getDirtyLog } from "./calls/get-dirty-log.ts";
import { guestExecute, guestRead, guestWrite } from "./calls/guest-access.ts";
import { hostRead, hostReadSyscall, hostWrite } from "./calls/host-access.ts";
import { madvise, mincore, mlock } from "./calls/madvise.ts";
import { memoryFailure } from "./calls/memory-failure.ts";
import { preFaultMemory } from "./calls/pre-fault-memory.ts";
import { setMemoryAttributes } from "./calls/set-memory-attributes.ts";
import { binds, inodeOf, setUserMemoryRegion, setUserMemoryRegion2 } from "./calls/set-user-memory-region.ts";
import { SIGNALS } from "./host-fault.ts";
import { BOUND_RULES, legend, machineFor, type Machine } from "./machine.ts";
import {
  archPrepare,
  checkFlags,
  decideChange,
  guestMemfdInEveryVm,
  isBound,
  keepsReadonlyAndGuestMemfd,
  prepareBinding,
  storeBindings,
  unsignedOffset,
} from "./region.ts";
import { scenarios } from "./scenarios.ts";
import { bindingRules, everyVersion, since6_18, smmAliasImpossible } from "./statements.ts";
import { signedOffsetAccepted, toggling } from "./known-breaches.ts";
import { state, type AreaId, type State } from "./state.ts";
import { vectorsOf6_12, vectorsOf6_18, vectorsOf6_8 } from "./vectors.ts";
import { view } from "./view.ts";

/** The process has ordinary memory, as much as a VM has frames and a table has pages, and has touched all of it. */
function init(s: State, m: Machine): void {
  const npages = Math.min(m.sizes.gfns, m.sizes.pages - 1);
  const last = m.sizes.files - 1;
  const file = ids(s.files)[last]!;
  const inode = ids(s.inodes)[last]!;
  mapOrdinary(s, m.sizes.windows as AreaId, file, inode, npages);
  for (let page = 0; page < npages; page++) {
    s.inodes[inode].pages[page]!.folio = "ready";
    for (const cell of s.inodes[inode].pages[page]!.contents) cell.value = 0;
  }
}

export const guestMemfd6_8 = design({
  name: "guest-memfd-6.8",
  says: "guest_memfd as it was merged: for VMs with private memory only, without flags, never mapped by the host",
  source:
    "a7800aa80ea4 (KVM: Add KVM_CREATE_GUEST_MEMFD ioctl() for guest-specific backing memory), Linux 6.8",
  bounds: BOUND_RULES,
  machine: machineFor,
  sizes: (m) => ({ ...m.sizes }),
  state,
  init,
  calls: {
    create_vm: createVm,
    create_vcpu: createVcpu,
    close_vm: closeVm,
    close_vcpu: closeVcpu,
    check_extension: checkExtension,
    create_guest_memfd: createGuestMemfd,
    memfd_create: memfdCreate,
    dup,
    close,
    anon,
    mmap,
    munmap,
    set_user_memory_region2: setUserMemoryRegion2,
    set_user_memory_region: setUserMemoryRegion,
    set_memory_attributes: setMemoryAttributes,
    fallocate,
    ftruncate,
    read,
    write,
    pread,
    pwrite,
    lseek,
    fstat,
    // No file can be mapped by the host, or serve shared accesses: what these calls answer for files is not met yet.
    host_read: change(hostRead, { never: SIGNALS }),
    host_write: change(hostWrite, { never: SIGNALS }),
    host_read_syscall: change(hostReadSyscall, { never: ["EFAULT"] }),
    mincore,
    mlock,
    madvise: change(madvise, { never: ["EFAULT", "EHWPOISON", "EBUSY"] }),
    guest_read: change(guestRead, { never: ["EHWPOISON memory_fault shared"] }),
    guest_write: change(guestWrite, { never: ["EHWPOISON memory_fault shared"] }),
    guest_execute: guestExecute,
    get_dirty_log: getDirtyLog,
    memory_failure: memoryFailure,
  },
  view,
  legend,
  promises,
  statements: [...everyVersion, ...bindingRules("EINVAL")],
  knownBreaches: [...signedOffsetAccepted, ...toggling],
  scenarios,
  vectors: vectorsOf6_8,
});

const { calls: of6_8 } = guestMemfd6_8;

/** "Disallow toggling KVM_MEM_GUEST_MEMFD on an existing memslot": both ioctls. */
const disallowToggling = { "decide what is to change": decideChange(keepsReadonlyAndGuestMemfd) };

export const guestMemfd6_12 = variant(guestMemfd6_8, {
  name: "guest-memfd-6.12",
  says: "vCPUs can map memory before their guest touches it; a guest_memfd slot can no longer be turned into another one",
  source: "Linux 6.12.107; KVM_PRE_FAULT_MEMORY since 6.11; the toggling fix came with 6.12.y",
  calls: {
    check_extension: change(of6_8.check_extension, {
      sections: { answer: answer({ offers: offersToPrivateVms, flags: noFlags, preFault: true }) },
    }),
    set_user_memory_region2: change(of6_8.set_user_memory_region2, { sections: disallowToggling }),
    set_user_memory_region: change(of6_8.set_user_memory_region, { sections: disallowToggling }),
  },
  adds: { pre_fault_memory: preFaultMemory },
  statements: [...everyVersion, ...bindingRules("EINVAL")],
  knownBreaches: signedOffsetAccepted,
  vectors: vectorsOf6_12,
});

const { calls: of6_12 } = guestMemfd6_12;
const inEveryVm = { "check the flags": checkFlags(guestMemfdInEveryVm) };

export const guestMemfd6_18 = variant(guestMemfd6_12, {
  name: "guest-memfd-6.18",
  says: "every VM may use guest_memfd; a file may be mapped by the host, and be shared with it from the start",
  source: "Linux 6.18: GUEST_MEMFD_FLAG_MMAP, GUEST_MEMFD_FLAG_INIT_SHARED (fe2bf6234e94)",
  calls: {
    check_extension: change(of6_12.check_extension, {
      sections: { answer: answer({ offers: offersToEveryVm, flags: mmapAndInitShared, preFault: true }) },
    }),
    create_guest_memfd: change(of6_12.create_guest_memfd, {
      sections: { "check the flags": checkCreateFlags(mmapAndInitShared) },
    }),
    host_read: hostRead,
    host_write: hostWrite,
    host_read_syscall: hostReadSyscall,
    madvise,
    guest_read: guestRead,
    guest_write: guestWrite,
    mmap: change(of6_12.mmap, { returns: ["EPERM"], sections: { "check the protection": refuseExec } }),
    set_user_memory_region2: change(of6_12.set_user_memory_region2, { sections: inEveryVm }),
    set_user_memory_region: change(of6_12.set_user_memory_region, { sections: inEveryVm }),
  },
  statements: [...everyVersion, ...since6_18, ...bindingRules("EINVAL"), smmAliasImpossible("EINVAL")],
  knownBreaches: signedOffsetAccepted,
  vectors: vectorsOf6_18,
});

const { calls: of6_18 } = guestMemfd6_18;

export const guestMemfd7_2 = variant(guestMemfd6_18, {
  name: "guest-memfd-7.2",
  says: "a second binding is told from a wrong argument (EEXIST), and the end of a binding is computed without a sign",
  source: "Linux 7.2.13: kvm_gmem_bind() with uoff_t, virt/kvm/guest_memfd.c",
  calls: {
    set_user_memory_region2: change(of6_18.set_user_memory_region2, {
      sections: {
        "prepare the binding": { when: binds, run: prepareBinding(unsignedOffset) },
        bind: {
          when: binds,
          under: inodeOf,
          run: (s, c) => {
            if (isBound(s, c)) return "EEXIST";
            storeBindings(s, c);
          },
        },
      },
    }),
  },
  statements: [...everyVersion, ...since6_18, ...bindingRules("EEXIST"), smmAliasImpossible("EEXIST")],
});

const { calls: of7_2 } = guestMemfd7_2;

export const guestMemfd7_3 = variant(guestMemfd7_2, {
  name: "guest-memfd-7.3",
  says: "a slot is bound only when it is ready: prepare, the architecture's part, then commit",
  source:
    "Linux 7.3.4: 83411f32b8ad (split bind() into prepare and commit), 3fe5d2944e5a (bind after the memslot is ready)",
  calls: {
    set_user_memory_region2: change(of7_2.set_user_memory_region2, {
      without: ["bind"],
      sections: {
        "prepare the architecture's part": { when: (c) => c.change !== "DELETE", run: archPrepare },
      },
      after: {
        "prepare the architecture's part": {
          "commit the binding": {
            when: binds,
            under: inodeOf,
            run: (s, c) => {
              if (isBound(s, c)) return "EEXIST";
              storeBindings(s, c);
            },
          },
        },
      },
    }),
  },
  statements: [...everyVersion, ...since6_18, ...bindingRules("EEXIST"), smmAliasImpossible("EEXIST")],
});
