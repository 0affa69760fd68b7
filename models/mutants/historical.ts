/**
 * The historical bugs of this ABI that need no concurrency, put back one at a time: each changes one place of the
 * version that it is a delta of, and must be caught by the promise that it names.
 */
import { change, disabled } from "../../spec/language.ts";
import type { Vector } from "../../spec/language/design.ts";
import { File } from "../../spec/guest-memory.ts";
import { KVM_MEM_GUEST_MEMFD, KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from "../../spec/abi/kvm.ts";
import { vmDescriptor } from "../guest-memfd/calls/create-vm.ts";
import { fileDescriptor, punches, zapHole } from "../guest-memfd/calls/fallocate.ts";
import { checkMayMap } from "../guest-memfd/calls/host-access.ts";
import { binds } from "../guest-memfd/calls/set-user-memory-region.ts";
import { framesOf, type Frames } from "../guest-memfd/invalidate.ts";
import { mmuLock } from "../guest-memfd/locks.ts";
import { freeFileId } from "../guest-memfd/lifetime.ts";
import { checkFlags, decideChange, isGuestMemfd, keepsReadonly } from "../guest-memfd/region.ts";
import { prepareBinding, signedOffset, unsignedOffset } from "../guest-memfd/region.ts";
import { call, openFile, openVm, type SlotState } from "../guest-memfd/state.ts";
import { coreAndUse } from "../guest-memfd/vectors.ts";
import { guestMemfd7_3 } from "../guest-memfd/versions.ts";
import { mutant } from "./mutant.ts";

const { calls } = guestMemfd7_3;
const { set_user_memory_region2: region2, set_user_memory_region: region1 } = calls;

const one = coreAndUse({ bounds: { types: "default" } });
const twoPages: readonly Vector[] = [{ bounds: { pages: 2 }, scenario: "ranges", quick: true }];

/** A hole that zaps other frames than those at which the slot shows the pages. */
const zapping = (frames: (slot: SlotState, first: number, end: number) => Frames) => ({
  fallocate: change(calls.fallocate, {
    sections: {
      "punch: zap what is bound": {
        when: punches,
        under: ({ vm }) => mmuLock.write(vm),
        run: zapHole(frames),
      },
    },
  }),
});

const gmemSolo = "kvm_gmem_solo tree: Sean Christopherson to Michael Roth, 22 May 2023";

export const rangeMathNonzeroOffset = mutant(guestMemfd7_3, {
  name: "range-math-nonzero-offset",
  bug: "A2",
  says: "a hole zaps base_gfn + index: the slot's offset in the file is not subtracted",
  source: gmemSolo,
  killedBy: "no-mapping-to-a-gone-page",
  calls: zapping((slot, first, end) => ({
    first: slot.base + Math.max(slot.first, first),
    end: slot.base + Math.min(slot.first + slot.npages, end),
  })),
  vectors: twoPages,
});

export const straddlingPunchSkipped = mutant(guestMemfd7_3, {
  name: "straddling-punch-skipped",
  bug: "A4",
  says: "a hole that begins before a slot's pages or ends after them warns and skips the slot",
  source: gmemSolo,
  killedBy: "no-mapping-to-a-gone-page",
  calls: zapping((slot, first, end) =>
    first < slot.first || end > slot.first + slot.npages ? { first: 0, end: 0 } : framesOf(slot, first, end),
  ),
  vectors: twoPages,
});

export const secondVmAssign = mutant(guestMemfd7_3, {
  name: "no-1:1-second-vm-assign",
  bug: "A6",
  says: "a file may be bound by a VM that it was not created for",
  source: "restrictedmem v10, review of January 2023: no association of a file with one VM",
  killedBy: "bound-by-its-owner",
  calls: {
    set_user_memory_region2: change(region2, {
      sections: { "prepare the binding": { when: binds, run: prepareBinding(unsignedOffset, () => true) } },
    }),
  },
  vectors: [{ bounds: { vms: 2 }, scenario: "slots", track: "skeleton", quick: true }],
});

/** Both ioctls reach the same place. */
const deciding = (keepsFlags: Parameters<typeof decideChange>[0]) => {
  const sections = { "decide what is to change": decideChange(keepsFlags) };
  return {
    set_user_memory_region2: change(region2, { sections }),
    set_user_memory_region: change(region1, { sections }),
  };
};

const toggling =
  '"Disallow toggling KVM_MEM_GUEST_MEMFD on an existing memslot", 6.19-rc1; in 6.8 to early 6.18';

export const toggleGuestMemfdFlag = mutant(guestMemfd7_3, {
  name: "toggle-guest-memfd-flag",
  bug: "B6",
  says: "a call without KVM_MEM_GUEST_MEMFD may change a guest_memfd slot: its flags, or its place",
  source: toggling,
  killedBy: "guest-memfd-slot-immutable",
  calls: deciding(keepsReadonly),
  vectors: one,
});

export const moveGmemSlot = mutant(guestMemfd7_3, {
  name: "move-gmem-slot",
  bug: "B7",
  says: "a call without KVM_MEM_GUEST_MEMFD may move a guest_memfd slot",
  source: toggling,
  killedBy: "guest-memfd-slot-immutable",
  calls: deciding(
    (old, c) => keepsReadonly(old, c) && (old.guestMemfd === isGuestMemfd(c) || old.base !== c.base),
  ),
  vectors: [{ bounds: { gfns: 2 }, scenario: "slots", track: "skeleton", quick: true }],
});

export const signedOffsetOverflow = mutant(guestMemfd7_3, {
  name: "signed-offset-overflow",
  bug: "B8",
  says: "the end of a binding is a signed sum: at offset 2^63 - 4096 it is within every file",
  source: "kvm_gmem_bind() with loff_t, Linux 6.8 to 6.18",
  killedBy: "bound-range-within-file",
  calls: {
    set_user_memory_region2: change(region2, {
      sections: { "prepare the binding": { when: binds, run: prepareBinding(signedOffset) } },
    }),
  },
  vectors: one,
});

export const readonlyGmemSlot = mutant(guestMemfd7_3, {
  name: "readonly-gmem-slot",
  bug: "B11",
  says: "KVM_MEM_READONLY is accepted together with KVM_MEM_GUEST_MEMFD",
  source: "before e563592224e0, 6.8-rc",
  killedBy: "exclusive-flags",
  calls: {
    set_user_memory_region2: change(region2, {
      sections: {
        "check the flags": checkFlags((_vm, guestMemfd) =>
          guestMemfd ? KVM_MEM_GUEST_MEMFD | KVM_MEM_READONLY : KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY,
        ),
      },
    }),
  },
  vectors: [{ bounds: {}, scenario: "slots", quick: true }],
});

export const mmapImpliesShared = mutant(guestMemfd7_3, {
  name: "mmap-implies-shared",
  bug: "M1",
  says: "a file that can be mapped can be touched by the host, shared from the start or not",
  source: "before fe2bf6234e94, 6.18-rc: there was no GUEST_MEMFD_FLAG_INIT_SHARED",
  killedBy: "host-never-maps-private",
  calls: {
    host_read: change(calls.host_read, { sections: checkMayMap((inode) => inode.mmap) }),
    host_write: change(calls.host_write, { sections: checkMayMap((inode) => inode.mmap) }),
  },
  vectors: one,
});

/** KVM_LINK_GUEST_MEMFD: a second file, for another VM, on the same memory. */
const linkGuestMemfd = call({
  kernel: "KVM_LINK_GUEST_MEMFD, proposed 2023-24, never merged",
  by: "task",
  takes: { vm: vmDescriptor, file: fileDescriptor },
  returns: ["EBADF", "EINVAL"],
  gives: File,
  sections: {
    "find the VM and the file": (s, { vm, file }) => {
      if (openVm(s, vm) === null || openFile(s, file) === null) return "EBADF";
      if (s.files[file!].kind !== "guest_memfd") return "EINVAL";
    },
    "make the second file": (s, { vm, file }, m) => {
      const linked = freeFileId(s, 0, m.sizes.describedFiles);
      if (linked === null) return disabled;
      s.files[linked].kind = "guest_memfd";
      s.files[linked].vm = vm!;
      s.files[linked].inode = s.files[file!].inode;
      s.files[linked].descriptors = 1;
      return { value: linked };
    },
  },
});

export const linkTwoVms = mutant(guestMemfd7_3, {
  name: "link-two-vms",
  bug: "H11",
  says: "a file is linked to a second VM while the first one lives: both bind and map its pages",
  source: "KVM_LINK_GUEST_MEMFD, proposals of 2023-24; it would need the rule that the old VM is dead",
  killedBy: "page-in-one-guest",
  adds: { link_guest_memfd: linkGuestMemfd },
  scenarios: {
    "two linked VMs": {
      says: "two VMs of the default type that link, bind and read",
      calls: [
        "create_vm",
        "create_vcpu",
        "create_guest_memfd",
        "link_guest_memfd",
        "set_user_memory_region2",
        "guest_read",
      ],
      only: {
        create_guest_memfd: { flags: (flags: bigint) => flags === 1n },
        set_user_memory_region2: { flags: (flags: bigint) => flags === KVM_MEM_GUEST_MEMFD },
      },
    },
  },
  vectors: [
    {
      bounds: { vms: 2, files: 2, types: "default" },
      scenario: "two linked VMs",
      track: "no-contents",
      quick: true,
    },
  ],
});

export const historical = [
  rangeMathNonzeroOffset,
  straddlingPunchSkipped,
  secondVmAssign,
  toggleGuestMemfdFlag,
  moveGmemSlot,
  signedOffsetOverflow,
  readonlyGmemSlot,
  mmapImpliesShared,
  linkTwoVms,
];
