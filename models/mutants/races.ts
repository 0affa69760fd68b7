/**
 * The historical races and lifetime bugs of the shipped ABI, put back one at a time: each changes one place of a version without known races, and is
 * caught by a promise that was not written for it, in the smallest scenario that has its calls.
 */
import { change, disabled, live, maybe, variant } from "../../spec/language.ts";
import type { Vector } from "../../spec/language/design.ts";
import { Gfn, Inode, Page, Slot, Vm } from "../../spec/guest-memory.ts";
import { punches } from "../guest-memfd/calls/fallocate.ts";
import { retryOnDeletion } from "../guest-memfd/calls/pre-fault-memory.ts";
import { announce } from "../guest-memfd/calls/set-memory-attributes.ts";
import {
  binds,
  commitBinding,
  getFile,
  inodeOf,
  unbind,
  unbinds,
} from "../guest-memfd/calls/set-user-memory-region.ts";
import { endInvalidation, zapFrames } from "../guest-memfd/mmu.ts";
import { filesOf, invalidateBegin } from "../guest-memfd/invalidate.ts";
import { fileReferences } from "../guest-memfd/lifetime.ts";
import { invalidateLock, kvmSrcu, mmuLock } from "../guest-memfd/locks.ts";
import {
  decideChange,
  isGuestMemfd,
  keepsReadonly,
  prepareBinding,
  storeBindings,
  unsignedOffset,
} from "../guest-memfd/region.ts";
import { NORMAL, slotAt } from "../guest-memfd/slots.ts";
import { call, type State } from "../guest-memfd/state.ts";
import { coreAndUse, dyingFile, preFaults, rmapRaces } from "../guest-memfd/vectors.ts";
import { mended } from "../proposals/repairs.ts";
import { mutant } from "./mutant.ts";

const { calls } = mended;
const { set_user_memory_region2: region2, fallocate, memory_failure, madvise } = calls;

const dyingOfTwo: readonly Vector[] = dyingFile.filter(({ overlap }) => overlap === undefined);
const dyingOfThree: readonly Vector[] = dyingFile
  .filter(({ overlap }) => overlap === 3)
  .map((vector) => ({ ...vector, quick: true as const }));
/** A VM of the default type, its vCPU, and a file. */
const oneFile = mended.scenarios["rmap-races"]!.given!;
const core: readonly Vector[] = [{ bounds: { types: "default" }, scenario: "core", quick: true }];

export const dyingFileUnbindUaf = mutant(mended, {
  name: "dying-file-unbind-uaf",
  bug: "B1",
  says: "a slot that is deleted while its file is dying stays in the file's bindings",
  source: "fixed by ae431059e75d, 6.18-rc; since 6.8; syzbot: KASAN in kvm_gmem_release()",
  killedBy: "no-use-after-free",
  calls: {
    set_user_memory_region2: change(region2, {
      sections: {
        "kvm_gmem_unbind()": {
          when: unbinds,
          under: inodeOf,
          run: (s, c) => {
            if (fileReferences(s, c.file!) > 0) unbind(s, c);
          },
        },
      },
    }),
  },
  vectors: dyingOfTwo,
});

export const dyingFileWithoutLock = mutant(mended, {
  name: "dying-file-unbind-without-invalidate-lock",
  bug: "B2",
  says: "the bindings of a dying file are erased without invalidate_lock",
  source: "fixed by 1f3359c873db, 7.3; since ae431059e75d",
  killedBy: "invalidations-end",
  calls: {
    set_user_memory_region2: change(region2, {
      sections: { "kvm_gmem_unbind()": { when: unbinds, run: getFile } },
      after: {
        "kvm_gmem_unbind()": {
          "erase the bindings of a live file": {
            when: (c) => unbinds(c) && c.holds,
            under: inodeOf,
            run: unbind,
          },
          "erase the bindings of a dying file": { when: (c) => unbinds(c) && !c.holds, run: unbind },
        },
      },
    }),
  },
  vectors: dyingOfThree,
});

export const bindBeforeSlotMetadata = mutant(mended, {
  name: "bind-before-slot-metadata",
  bug: "B3",
  says: "a new slot is bound before its rmaps are allocated",
  source: "fixed by 3fe5d2944e5a and 83411f32b8ad, 7.3",
  killedBy: "no-use-after-free",
  calls: {
    set_user_memory_region2: change(region2, {
      without: ["commit the binding"],
      after: {
        "allocate the slot": { "bind early": { when: binds, under: inodeOf, run: commitBinding } },
      },
    }),
  },
  vectors: rmapRaces,
});

export const bindOnNonCreate = mutant(mended, {
  name: "bind-on-non-create",
  bug: "B5",
  says: "a change of a slot that is there may bind: nothing but the refusal of KVM_MEM_GUEST_MEMFD on it kept that from happening",
  source: "hardened by 513333a55460, 7.3",
  killedBy: "guest-memfd-slot-immutable",
  calls: {
    set_user_memory_region2: change(region2, {
      sections: {
        "decide what is to change": {
          local: true,
          run: (s, c, m) => {
            const isBinding = isGuestMemfd(c) && s.vms[c.vm!].slots[c.space][c.id]?.guestMemfd === true;
            if (!isBinding) return decideChange(keepsReadonly)(s, c, m);
            c.change = "FLAGS_ONLY";
            return undefined;
          },
        },
        "prepare the binding": {
          when: (c) => isGuestMemfd(c),
          run: prepareBinding(unsignedOffset),
        },
      },
      after: {
        "publish the slot": {
          "bind what was there": {
            when: (c) => isGuestMemfd(c) && c.change === "FLAGS_ONLY",
            under: inodeOf,
            run: storeBindings,
          },
        },
      },
    }),
  },
  vectors: [{ bounds: { pages: 2 }, scenario: "slots", track: "skeleton", quick: true }],
});

export const swProtectedWithoutTdpMmu = mutant(mended, {
  name: "sw-protected-without-tdp-mmu",
  bug: "B12",
  says: "VMs with private memory run on shadow paging, whose zaps go by slot and know nothing of attributes",
  source: '"Restrict KVM_SW_PROTECTED_VM to TDP MMU", 6.8-rc',
  killedBy: "mapping-agrees-with-attribute",
  calls: {
    set_memory_attributes: change(calls.set_memory_attributes, {
      sections: {
        "zap what is of the other type": {
          under: ({ vm }) => mmuLock.write(vm!),
          run: (s, c, m) => {
            if (m.tdp) announce(s, c);
          },
        },
      },
    }),
  },
  vectors: coreAndUse({ bounds: { types: "sw_protected", paging: "shadow" } }),
});

export const prefaultSpinOnInvalidSlot = mutant(mended, {
  name: "prefault-spin-on-invalid-slot",
  bug: "C7",
  says: "a pre-fault that meets a slot which is being deleted tries again, inside the read section that the deletion waits for",
  source: "fixed by 3ccbf6f47098, 6.18",
  killedBy: "calls-end",
  calls: {
    pre_fault_memory: change(calls.pre_fault_memory, {
      never: ["EAGAIN"],
      sections: { "look whether the slot is being deleted": retryOnDeletion },
    }),
  },
  vectors: preFaults,
});

export const notifierLockDropped = mutant(mended, {
  name: "notifier-lock-dropped-between-start-and-end",
  bug: "A10",
  says: "a hole drops the lock on the bindings between the begin and the end of its invalidation",
  source: "restrictedmem v10, review of patch 1, January 2023",
  killedBy: "no-warning",
  calls: {
    fallocate: change(fallocate, {
      after: {
        "punch: zap what is bound": {
          "punch: let others bind": { when: punches, drops: ({ inode }) => invalidateLock.write(inode) },
        },
        "punch: truncate the next page": {
          "punch: take invalidate_lock again": {
            when: punches,
            takes: ({ inode }) => invalidateLock.write(inode),
          },
        },
      },
    }),
  },
  vectors: [{ bounds: { types: "default", tasks: 2 }, scenario: "rmap-races", mode: "overlap", quick: true }],
});

export const wrongSuperblockWalk = mutant(mended, {
  name: "error-page-null-deref-wrong-superblock-walk",
  bug: "A12",
  says: "memory failure looks for the owner of a page among all inodes, and takes the first",
  source: "restrictedmem v10, restrictedmem_error_page(): found with LTP madvise01",
  killedBy: "guest-maps-no-poison",
  calls: {
    memory_failure: change(memory_failure, {
      sections: {
        "zap it from the guests": {
          under: ({ vm }) => mmuLock.write(vm),
          run: (s, { page }) => {
            for (const file of filesOf(s, 0 as never)) invalidateBegin(s, file, page, page + 1);
          },
        },
        "end the invalidation": {
          under: ({ vm }) => mmuLock.write(vm),
          run: (s, { vm }) => {
            if (s.vms[vm].invalidating > 0) endInvalidation(s.vms[vm]);
          },
        },
      },
    }),
  },
  scenarios: {
    "two files": {
      says: "two files, of which either may be bound and mapped by a guest, and fail",
      given: [...oneFile, ...oneFile.filter(({ call: name }) => name === "create_guest_memfd")],
      legal: true,
      calls: ["set_user_memory_region2", "guest_read", "memory_failure"],
      only: mended.scenarios["rmap-races"]!.only!,
    },
  },
  vectors: [
    { bounds: { files: 2, types: "default" }, scenario: "two files", track: "no-contents", quick: true },
  ],
});

/** fallocate(FALLOC_FL_PUNCH_HOLE) on the shmem file that a restrictedmem file wraps. */
const punchInner = call({
  kernel: "shmem_fallocate(), mm/shmem.c, on the inner file of restrictedmem v10",
  by: "task",
  takes: { inode: Inode, page: Page },
  returns: [],
  sections: {
    "truncate the inner file": (s, { inode, page }) => {
      const memory = s.inodes[inode];
      if (memory.kind !== "guest_memfd" || memory.pages[page]!.folio === "absent") return disabled;
      memory.pages[page]!.folio = "absent";
    },
  },
});

export const stackedFile = mutant(mended, {
  name: "stacked-fs-two-inodes",
  bug: "A13",
  says: "the memory is that of another file, which can be punched behind the back of the one that is bound",
  source: "restrictedmem v10: Hugh Dickins, Christian Brauner on stacking over shmem",
  killedBy: "no-mapping-to-a-gone-page",
  adds: { punch_inner: punchInner },
  scenarios: {
    stacked: {
      says: "a guest that maps a file whose memory is another file's",
      calls: [
        "create_vm",
        "create_vcpu",
        "create_guest_memfd",
        "set_user_memory_region2",
        "guest_read",
        "punch_inner",
      ],
    },
  },
  vectors: [{ bounds: { types: "default" }, scenario: "stacked", quick: true }],
});

/** khugepaged puts two pages of a file into one large folio; the second old one is freed. */
const collapse = call({
  kernel: "collapse_file(), mm/khugepaged.c, with CONFIG_READ_ONLY_THP_FOR_FS",
  by: "kernel",
  takes: { inode: Inode },
  returns: [],
  sections: {
    "collapse two pages": (s, { inode }) => {
      const memory = s.inodes[inode];
      const [first, second] = [memory.pages[0]!, memory.pages[1]!];
      if (memory.kind !== "guest_memfd" || first.folio !== "ready" || second.folio !== "ready")
        return disabled;
      second.folio = "absent";
    },
  },
});

export const thpCollapse = mutant(mended, {
  name: "thp-collapse-gmem-folio",
  bug: "M3",
  says: "khugepaged collapses pages of a guest_memfd; two pages stand for a huge one",
  source: "fixed by dd085fe9a8eb (deny THP for files on anonymous inodes), about 7.0",
  killedBy: "no-mapping-to-a-gone-page",
  adds: { collapse_file: collapse },
  scenarios: {
    collapsing: {
      says: "a guest that maps two pages of a file, and khugepaged",
      calls: [
        "create_vm",
        "create_vcpu",
        "create_guest_memfd",
        "set_user_memory_region2",
        "guest_read",
        "collapse_file",
      ],
    },
  },
  vectors: [
    {
      bounds: { types: "default", pages: 2, gfns: 2 },
      scenario: "collapsing",
      track: "no-contents",
      quick: true,
    },
  ],
});

/** MF_DELAYED is no success to memory_failure(): the page is handled, and the call says that it is not. */
const { EBUSY: _, ...leavesOfMadvise } = madvise.leaves;
export const delayedReportedFailed = mutant(mended, {
  name: "mf-delayed-reported-failed",
  bug: "M5",
  says: "MADV_HWPOISON handles the page and reports EBUSY: as 7.3, without the exception that the model makes for it",
  source: "RFC by Lisa Wang, October 2025; still so in 7.3.4: kvm_gmem_error_folio() returns MF_DELAYED",
  killedBy: "failed-call-changes-nothing",
  calls: { madvise: { ...madvise, leaves: leavesOfMadvise } },
  vectors: core,
});

/** kvm_zap_gfn_range() as device code calls it: it looks the slot up, and walks it. */
const zapGfnRange = call({
  kernel: "kvm_zap_gfn_range(), arch/x86/kvm/mmu/mmu.c",
  by: "kernel",
  takes: { vm: Vm, gfn: Gfn },
  keeps: { slot: maybe(Slot) },
  returns: [],
  sections: {
    "enter SRCU": { takes: ({ vm }) => kvmSrcu(vm) },
    "look the slot up": (s, c) => {
      c.slot = s.vms[c.vm].type === "none" ? null : slotAt(s.vms[c.vm], c.gfn);
    },
    "zap what the slot shows": {
      under: ({ vm }) => mmuLock.write(vm),
      run: (s: State, { vm, gfn, slot }) => {
        if (slot === null) return;
        live(
          s.vms[vm].slots[NORMAL][slot],
          `slot ${slot} of VM ${vm}, which kvm_zap_gfn_range() has looked up,`,
        );
        zapFrames(s.vms[vm], gfn, gfn + 1);
      },
    },
    "leave SRCU": { drops: ({ vm }) => kvmSrcu(vm) },
  },
});

export const zappingRange = variant(mended, {
  name: "zap-gfn-range",
  says: "7.3 with kvm_zap_gfn_range(), which device assignment and cache type changes call at any time",
  source: "b59a87c1ba3c (Take SRCU in kvm_zap_gfn_range()), 7.3",
  adds: { zap_gfn_range: zapGfnRange },
  scenarios: {
    "zap-races": {
      says: "a slot that is made and deleted while ranges are zapped",
      given: oneFile,
      legal: true,
      calls: ["set_user_memory_region2", "guest_read", "zap_gfn_range"],
      only: mended.scenarios["rmap-races"]!.only!,
    },
  },
  vectors: [{ bounds: { types: "default", tasks: 2 }, scenario: "zap-races", mode: "overlap", quick: true }],
});

export const zapGfnRangeWithoutSrcu = mutant(zappingRange, {
  name: "zap-gfn-range-without-srcu",
  bug: "B15",
  says: "kvm_zap_gfn_range() looks slots up outside SRCU",
  source: "fixed by b59a87c1ba3c, 7.3",
  killedBy: "no-use-after-free",
  calls: {
    zap_gfn_range: change(zappingRange.calls.zap_gfn_range, { without: ["enter SRCU", "leave SRCU"] }),
  },
  vectors: zappingRange.vectors,
});

export const races = [
  dyingFileUnbindUaf,
  dyingFileWithoutLock,
  bindBeforeSlotMetadata,
  bindOnNonCreate,
  swProtectedWithoutTdpMmu,
  prefaultSpinOnInvalidSlot,
  notifierLockDropped,
  wrongSuperblockWalk,
  stackedFile,
  thpCollapse,
  delayedReportedFailed,
  zapGfnRangeWithoutSrcu,
];
