/**
 * The shipped ABI, version by version. Read from top to bottom, this is its history: each version is what it
 * changes of the one before.
 */
import { change, design, ids, local, variant } from "../../spec/language.ts";
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
import { fallocate, MODES_WITH_ZEROES, vfsFallocate } from "./calls/fallocate.ts";
import { fstat, ftruncate, lseek, pread, pwrite, read, write } from "./calls/file-calls.ts";
import { getDirtyLog } from "./calls/get-dirty-log.ts";
import { guestExecute, guestRead, guestWrite } from "./calls/guest-access.ts";
import { hostRead, hostReadSyscall, hostWrite } from "./calls/host-access.ts";
import { madvise, mincore, mlock } from "./calls/madvise.ts";
import { memoryFailure } from "./calls/memory-failure.ts";
import { preFaultMemory, tellOfDeletion } from "./calls/pre-fault-memory.ts";
import { setMemoryAttributes } from "./calls/set-memory-attributes.ts";
import {
  binds,
  bindWith,
  changes,
  commitBinding,
  flushSlot,
  inodeOf,
  mmuOf,
  prepareBeforeBinding,
  setUserMemoryRegion,
  setUserMemoryRegion2,
  unbind,
  unbinds,
  zaps,
} from "./calls/set-user-memory-region.ts";
import {
  flushAndObsoleteRoots,
  loadFirstRoot,
  reloadObsoleteRoot,
  retryOnObsoleteRoot,
  rootStays,
  staleOnObsoleteRoot,
} from "./roots.ts";
import { SIGNALS } from "./host-fault.ts";
import { BOUND_RULES, legend, machineFor, type Machine } from "./machine.ts";
import {
  checkFlags,
  decideChange,
  guestMemfdInEveryVm,
  keepsReadonlyAndGuestMemfd,
  prepareBinding,
  unsignedOffset,
  type Region,
} from "./region.ts";
import { notAtomic } from "./not-atomic.ts";
import { scenarios } from "./scenarios.ts";
import {
  bindingRules,
  dirtyPagesStayDirty,
  everyVersion,
  since6_18,
  smmAliasImpossible,
  writesAreLogged,
} from "./statements.ts";
import {
  boundBeforeReady,
  dyingFileKeepsBindings,
  dyingFileUnlocked,
  emulationByUserspaceAddr,
  memoryFailureAgainstHole,
  preFaultForEver,
  signedOffsetAccepted,
  toggling,
  unboundAfterFirstRoot,
} from "./known-breaches.ts";
import { state, type AreaId, type State } from "./state.ts";
import { dirtyLogs, everyPair, vectorsOf6_12, vectorsOf6_18, vectorsOf6_8 } from "./vectors.ts";
import { view } from "./view.ts";
import { zapsInRange } from "./zaps-in-range.ts";

/** The process has ordinary memory, as much as a VM has frames and a table has pages, and has touched all of it. */
export function init(s: State, m: Machine): void {
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

/** What faults meet of files that are shared, or mapped by the host. */
const ofMappedFiles = ["EHWPOISON memory_fault shared", "SIGBUS BUS_MCEERR_AR"] as const;

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
    guest_read: change(guestRead, { never: ofMappedFiles }),
    guest_write: change(guestWrite, { never: ofMappedFiles }),
    guest_execute: guestExecute,
    get_dirty_log: getDirtyLog,
    memory_failure: memoryFailure,
  },
  view,
  legend,
  promises,
  statements: [...everyVersion, ...bindingRules("EINVAL")],
  knownBreaches: [
    ...signedOffsetAccepted,
    ...toggling,
    ...dyingFileKeepsBindings,
    ...memoryFailureAgainstHole,
  ],
  notAtomic,
  scenarios,
  vectors: vectorsOf6_8,
});

const { calls: of6_8 } = guestMemfd6_8;

/** Both ioctls. */
const regionsOf6_12 = {
  sections: {
    // "Disallow toggling KVM_MEM_GUEST_MEMFD on an existing memslot"
    "decide what is to change": local(decideChange(keepsReadonlyAndGuestMemfd)),
    "flush what the old slot mapped": { when: zaps, under: mmuOf, run: flushAndObsoleteRoots },
  },
  after: {
    // ae431059e75d: the bindings go also when the file is dying; without the lock, until 7.3 (1f3359c873db).
    "kvm_gmem_unbind()": {
      "kvm_gmem_unbind() of a dying file": { when: (c: Region) => unbinds(c) && !c.holds, run: unbind },
    },
  },
} as const;

export const guestMemfd6_12 = variant(guestMemfd6_8, {
  name: "guest-memfd-6.12",
  says: "vCPUs can map memory before their guest touches it; a guest_memfd slot can no longer be turned into another one",
  source: "Linux 6.12.107; KVM_PRE_FAULT_MEMORY since 6.11; the toggling fix came with 6.12.y",
  calls: {
    check_extension: change(of6_8.check_extension, {
      sections: { answer: answer({ offers: offersToPrivateVms, flags: noFlags, preFault: true }) },
    }),
    set_user_memory_region2: change(of6_8.set_user_memory_region2, regionsOf6_12),
    set_user_memory_region: change(of6_8.set_user_memory_region, regionsOf6_12),
    guest_read: change(of6_8.guest_read, { after: { "run the guest": reloadObsoleteRoot } }),
    guest_write: change(of6_8.guest_write, { after: { "run the guest": reloadObsoleteRoot } }),
  },
  adds: {
    pre_fault_memory: {
      ...change(preFaultMemory, {
        never: ["EINTR"],
        sections: staleOnObsoleteRoot,
        after: {
          "look for two-dimensional paging": loadFirstRoot,
          "look up the slot": retryOnObsoleteRoot,
        },
      }),
      leaves: rootStays,
    },
  },
  statements: [...everyVersion, ...bindingRules("EINVAL")],
  knownBreaches: [
    ...signedOffsetAccepted,
    ...dyingFileUnlocked,
    ...memoryFailureAgainstHole.filter(({ property }) => property !== "calls-end"),
    ...preFaultForEver,
    // No slot of 6.12 shows a file to a shared access.
    ...emulationByUserspaceAddr.filter(({ property }) => property === "linearizable"),
  ],
  vectors: vectorsOf6_12,
});

const { calls: of6_12 } = guestMemfd6_12;
const regionsOf6_18 = {
  sections: {
    "check the flags": local(checkFlags(guestMemfdInEveryVm)),
    "flush what the old slot mapped": { when: zaps, under: mmuOf, run: flushSlot },
  },
} as const;

export const guestMemfd6_18 = variant(guestMemfd6_12, {
  name: "guest-memfd-6.18",
  says: "every VM may use guest_memfd; a file may be mapped by the host, and be shared with it from the start",
  source: "Linux 6.18: GUEST_MEMFD_FLAG_MMAP, GUEST_MEMFD_FLAG_INIT_SHARED (fe2bf6234e94)",
  calls: {
    check_extension: change(of6_12.check_extension, {
      sections: { answer: answer({ offers: offersToEveryVm, flags: mmapAndInitShared, preFault: true }) },
    }),
    create_guest_memfd: change(of6_12.create_guest_memfd, {
      sections: { "check the flags": local(checkCreateFlags(mmapAndInitShared)) },
    }),
    fallocate: change(of6_12.fallocate, {
      sections: { "vfs_fallocate()": vfsFallocate(MODES_WITH_ZEROES) },
    }),
    host_read: hostRead,
    host_write: hostWrite,
    host_read_syscall: hostReadSyscall,
    madvise,
    guest_read: guestRead,
    guest_write: guestWrite,
    mmap: change(of6_12.mmap, { returns: ["EPERM"], sections: { "check the protection": refuseExec } }),
    set_user_memory_region2: change(of6_12.set_user_memory_region2, regionsOf6_18),
    set_user_memory_region: change(of6_12.set_user_memory_region, regionsOf6_18),
    // 3ccbf6f47098: a deletion under way is reported, and not waited for.
    pre_fault_memory: change(preFaultMemory, {
      returns: ["EAGAIN"],
      sections: { "look whether the slot is being deleted": tellOfDeletion },
    }),
  },
  statements: [...everyVersion, ...since6_18, ...bindingRules("EINVAL"), smmAliasImpossible("EINVAL")],
  knownBreaches: [
    ...signedOffsetAccepted,
    ...dyingFileUnlocked,
    ...memoryFailureAgainstHole,
    ...emulationByUserspaceAddr,
    ...boundBeforeReady,
  ],
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
        bind: { when: binds, under: inodeOf, run: bindWith("EEXIST") },
      },
    }),
  },
  statements: [...everyVersion, ...since6_18, ...bindingRules("EEXIST"), smmAliasImpossible("EEXIST")],
  knownBreaches: [
    ...dyingFileUnlocked,
    ...memoryFailureAgainstHole,
    ...emulationByUserspaceAddr,
    ...boundBeforeReady,
  ],
});

const { calls: of7_2 } = guestMemfd7_2;
const unbindUnderTheLock = { "kvm_gmem_unbind()": { when: unbinds, under: inodeOf, run: unbind } } as const;
const deadOrAlive = ["kvm_gmem_unbind(): get the file", "kvm_gmem_unbind() of a dying file"] as const;

export const guestMemfd7_3 = variant(guestMemfd7_2, {
  name: "guest-memfd-7.3",
  says: "a slot is bound only when it is ready: prepare, the architecture's part, then commit; and unbound under the lock always",
  source:
    "Linux 7.3.4: 83411f32b8ad (split bind() into prepare and commit), 3fe5d2944e5a (bind after the memslot is ready), 1f3359c873db (lock when unbinding a dying file)",
  calls: {
    set_user_memory_region2: change(of7_2.set_user_memory_region2, {
      without: ["bind", ...deadOrAlive, "undo: drop slots_arch_lock", "undo the binding"],
      sections: {
        ...unbindUnderTheLock,
        "prepare the architecture's part": { when: changes, run: prepareBeforeBinding },
      },
      after: {
        "prepare the architecture's part": {
          "commit the binding": { when: binds, under: inodeOf, run: commitBinding },
        },
      },
    }),
    set_user_memory_region: change(of7_2.set_user_memory_region, {
      without: deadOrAlive,
      sections: unbindUnderTheLock,
    }),
  },
  statements: [
    ...everyVersion,
    ...since6_18,
    ...bindingRules("EEXIST"),
    smmAliasImpossible("EEXIST"),
    zapsInRange,
    writesAreLogged,
    dirtyPagesStayDirty,
  ],
  knownBreaches: [...memoryFailureAgainstHole, ...emulationByUserspaceAddr, ...unboundAfterFirstRoot],
  vectors: [...guestMemfd7_2.vectors, ...dirtyLogs, everyPair],
});
