/**
 * One fault for each promise that no historical bug of this list breaks: a check, a zap, a count or a clearing left out.
 * They are nobody's bugs; they show that each promise can fail.
 */
import { change, disabled, goTo } from "../../spec/language.ts";
import type { Vector } from "../../spec/language/design.ts";
import { clearFolio, type GuestFault } from "../guest-memfd/guest-fault.ts";
import { punches } from "../guest-memfd/calls/fallocate.ts";
import { canFail } from "../guest-memfd/calls/memory-failure.ts";
import { filesOf } from "../guest-memfd/invalidate.ts";
import { binds, inodeOf, remove } from "../guest-memfd/calls/set-user-memory-region.ts";
import { dropFile } from "../guest-memfd/release.ts";
import { archPrepare, storeBindings, type Region } from "../guest-memfd/region.ts";
import { folioLock, mmapLock } from "../guest-memfd/locks.ts";
import type { State } from "../guest-memfd/state.ts";
import { coreAndUse } from "../guest-memfd/vectors.ts";
import { guestMemfd7_2, guestMemfd7_3 } from "../guest-memfd/versions.ts";
import { mutant } from "./mutant.ts";

const { calls } = guestMemfd7_3;
const { set_user_memory_region2: region2 } = calls;

const core = coreAndUse({ bounds: { types: "default" } });
const privateCore = coreAndUse({ bounds: { types: "sw_protected" } });
const lifetimes: readonly Vector[] = [{ bounds: {}, scenario: "lifetimes", quick: true }];
const twoSlots: readonly Vector[] = [
  {
    bounds: { slots: 2, gfns: 2, pages: 2, types: "default" },
    scenario: "slots",
    track: "skeleton",
    quick: true,
  },
];
const SLOT_CALLS = ["create_vm", "create_guest_memfd", "set_user_memory_region2", "fallocate"];
const bug = "seeded";
const source = "no kernel: a fault seeded to show that the promise can fail";

/** Sections of a guest's access that work on the folio. */
const lockOfFolio = (c: GuestFault) => folioLock(c.inode, c.page);
const fromFile = (c: GuestFault): boolean => c.fromFile;

const clearingTheAccount = {
  "remove the slot": {
    when: (c: Region) => c.change === "DELETE",
    run: (s: State, c: Region): void => {
      remove(s, c);
      s.vms[c.vm!].slotPages = 0;
    },
  },
};

export const seeded = [
  mutant(guestMemfd7_3, {
    name: "overlap-unchecked",
    bug,
    source,
    says: "bind does not look whether the pages are bound",
    killedBy: "one-binding-per-offset",
    calls: {
      set_user_memory_region2: change(region2, {
        sections: { "commit the binding": { when: binds, under: inodeOf, run: storeBindings } },
      }),
    },
    vectors: twoSlots,
  }),
  mutant(guestMemfd7_3, {
    name: "two-slots-one-page",
    bug,
    source,
    says: "bind does not look whether the pages are bound, and guests map what they find",
    killedBy: "page-at-one-gfn",
    calls: {
      set_user_memory_region2: change(region2, {
        sections: { "commit the binding": { when: binds, under: inodeOf, run: storeBindings } },
      }),
    },
    vectors: [
      {
        bounds: { slots: 2, gfns: 2, types: "default" },
        scenario: "guests",
        track: "no-contents",
        quick: true,
      },
    ],
  }),
  mutant(guestMemfd7_3, {
    name: "unbind-forgotten",
    bug,
    source,
    says: "deleting a slot leaves its bindings",
    killedBy: "binding-names-its-slot",
    calls: { set_user_memory_region2: change(region2, { without: ["kvm_gmem_unbind()"] }) },
    vectors: core,
  }),
  mutant(guestMemfd7_3, {
    name: "binding-half-stored",
    bug,
    source: "the unchecked result of the range store, Linux 7.2 and older: memory ran out in the middle",
    says: "only the first page of a slot is bound",
    killedBy: "slot-is-bound",
    calls: {
      set_user_memory_region2: change(region2, {
        sections: {
          "commit the binding": {
            when: binds,
            under: inodeOf,
            run: (s, c) => {
              storeBindings(s, c);
              for (let page = c.first + 1; page < c.end; page++) s.files[c.file!].bindings[page] = null;
            },
          },
        },
      }),
    },
    vectors: twoSlots,
  }),
  mutant(guestMemfd7_3, {
    name: "frame-overlap-unchecked",
    bug,
    source,
    says: "a slot may cover frames that another one covers",
    killedBy: "slots-disjoint",
    calls: { set_user_memory_region2: change(region2, { without: ["refuse an overlap of frames"] }) },
    vectors: twoSlots,
  }),
  mutant(guestMemfd7_3, {
    name: "punch-without-zap",
    bug,
    source,
    says: "a hole is punched under the guests",
    killedBy: "no-mapping-to-a-gone-page",
    calls: {
      fallocate: change(calls.fallocate, {
        without: ["punch: zap what is bound", "punch: end the invalidation"],
      }),
    },
    vectors: core,
  }),
  mutant(guestMemfd7_3, {
    name: "punch-without-unmap",
    bug,
    source,
    says: "a hole is punched under the host",
    killedBy: "host-maps-no-gone-page",
    calls: {
      fallocate: change(calls.fallocate, {
        sections: {
          "punch: truncate the next page": {
            when: ({ mode, page, end }) => punches({ mode }) && page < end,
            under: ({ inode, page }) => folioLock(inode, page),
            run: (s, c) => {
              s.inodes[c.inode].pages[c.page++]!.folio = "absent";
              return goTo("punch: truncate the next page");
            },
          },
        },
      }),
    },
    vectors: core,
  }),
  mutant(guestMemfd7_3, {
    name: "delete-without-zap",
    bug,
    source,
    says: "a slot is deleted and its frames stay mapped",
    killedBy: "no-mapping-through-a-gone-slot",
    calls: { set_user_memory_region2: change(region2, { without: ["flush what the old slot mapped"] }) },
    vectors: core,
  }),
  mutant(guestMemfd7_3, {
    name: "convert-without-zap",
    bug,
    source,
    says: "attributes change and the frames stay mapped as they were",
    killedBy: "mapping-agrees-with-attribute",
    calls: {
      set_memory_attributes: change(calls.set_memory_attributes, {
        sections: { "zap what is of the other type": { when: () => false } },
      }),
    },
    vectors: privateCore,
  }),
  mutant(guestMemfd7_3, {
    name: "fault-without-clearing",
    bug,
    source,
    says: "a guest's fault maps a new page as it is",
    killedBy: "guest-sees-defined-bytes",
    calls: {
      guest_read: change(calls.guest_read, {
        sections: {
          "test for poison, clear it unless it is up to date": {
            when: fromFile,
            drops: lockOfFolio,
            run: (s, c) => {
              dropFile(s, c, c.file!);
              const page = s.inodes[c.inode].pages[c.page]!;
              if (page.folio === "poisoned")
                return c.private ? "EHWPOISON memory_fault private" : "EHWPOISON memory_fault shared";
              page.folio = "ready";
              c.writable = true;
            },
          },
        },
      }),
    },
    vectors: core,
  }),
  mutant(guestMemfd7_3, {
    name: "host-fault-without-clearing",
    bug,
    source,
    says: "the host's fault maps a new page as it is",
    killedBy: "host-sees-defined-bytes",
    calls: {
      host_read: change(calls.host_read, {
        sections: {
          "clear it unless it is up to date": {
            local: true,
            run: (s, { inode, page }) => {
              const cell = s.inodes[inode].pages[page]!;
              if (cell.folio === "allocated") cell.folio = "ready";
            },
          },
        },
      }),
    },
    vectors: core,
  }),
  mutant(guestMemfd7_3, {
    name: "poison-without-zap",
    bug,
    source,
    says: "memory fails and the guests keep it mapped",
    killedBy: "guest-maps-no-poison",
    calls: {
      memory_failure: change(calls.memory_failure, {
        sections: {
          "zap it from the guests": { when: () => false },
          "end the invalidation": { when: () => false },
        },
      }),
    },
    vectors: core,
  }),
  mutant(guestMemfd7_3, {
    name: "poison-under-the-host",
    bug,
    source,
    says: "memory fails and the host keeps it mapped",
    killedBy: "host-maps-no-poison",
    calls: {
      memory_failure: change(calls.memory_failure, {
        sections: {
          "lock the folio, unmap it from the host": {
            takes: ({ inode, page }) => folioLock(inode, page),
            run: (s, c) => {
              if (!canFail(s, c.inode, c.page)) return disabled;
              c.vm = s.files[filesOf(s, c.inode)[0]!].vm;
              s.inodes[c.inode].pages[c.page]!.folio = "poisoned";
            },
          },
        },
      }),
    },
    vectors: core,
  }),
  mutant(guestMemfd7_3, {
    name: "poison-of-a-neighbour",
    bug,
    source,
    says: "a guest's fault is refused when any page of the file is poisoned",
    killedBy: "poison-reaches-nobody-else",
    calls: {
      guest_read: change(calls.guest_read, {
        sections: {
          "test for poison, clear it unless it is up to date": {
            when: fromFile,
            drops: lockOfFolio,
            run: (s, c) => {
              for (const { folio } of s.inodes[c.inode].pages) {
                if (folio !== "poisoned") continue;
                dropFile(s, c, c.file!);
                return c.private ? "EHWPOISON memory_fault private" : "EHWPOISON memory_fault shared";
              }
              clearFolio(s, c);
            },
          },
        },
      }),
    },
    vectors: coreAndUse({ bounds: { pages: 2, types: "default" }, track: "no-contents" }),
  }),
  mutant(guestMemfd7_3, {
    name: "file-does-not-pin",
    bug,
    source,
    says: "a VM goes with its last descriptor, files or not",
    killedBy: "file-pins-its-vm",
    calls: {
      close_vm: change(calls.close_vm, {
        sections: {
          "kvm_put_kvm()": (s, { vm }) => {
            for (const vcpu of s.vms[vm!].vcpus) if (vcpu === "open") return;
            s.vms[vm!].type = "none";
          },
        },
      }),
    },
    vectors: lifetimes,
  }),
  mutant(guestMemfd7_3, {
    name: "vm-is-leaked",
    bug,
    source,
    says: "closing the last vCPU drops no reference to the VM",
    killedBy: "vm-lives-while-referenced",
    calls: { close_vcpu: change(calls.close_vcpu, { without: ["kvm_put_kvm()"] }) },
    vectors: lifetimes,
  }),
  mutant(guestMemfd7_3, {
    name: "file-is-leaked",
    bug,
    source,
    says: "unmapping the last window drops no reference to the file",
    killedBy: "file-lives-while-referenced",
    calls: {
      munmap: change(calls.munmap, {
        sections: {
          "unmap and notify, fput()": {
            under: () => mmapLock.write(),
            run: (s, { area }) => {
              s.areas[area] = null;
            },
          },
        },
      }),
    },
    vectors: lifetimes,
  }),
  mutant(guestMemfd7_3, {
    name: "size-changes",
    bug,
    source,
    says: "ftruncate() changes the size of a guest_memfd",
    killedBy: "file-size-constant",
    calls: { ftruncate: change(calls.ftruncate, { without: ["kvm_gmem_setattr()"] }) },
    scenarios: {
      truncation: { says: "making, binding and truncating files", calls: [...SLOT_CALLS, "ftruncate"] },
    },
    vectors: [{ bounds: {}, scenario: "truncation", quick: true }],
  }),
  mutant(guestMemfd7_3, {
    name: "allocation-unbounded",
    bug,
    source,
    says: "pages can be allocated behind the end of the file",
    killedBy: "no-page-beyond-size",
    calls: { fallocate: change(calls.fallocate, { without: ["allocate: check the range"] }) },
    vectors: core,
  }),
  mutant(guestMemfd7_3, {
    name: "charge-of-all-returned",
    bug,
    source,
    says: "deleting a slot takes the pages of all slots off the VM's account",
    killedBy: "slot-pages-balance",
    calls: {
      set_user_memory_region2: change(region2, { sections: clearingTheAccount }),
      set_user_memory_region: change(calls.set_user_memory_region, { sections: clearingTheAccount }),
    },
    vectors: twoSlots,
  }),
  mutant(guestMemfd7_2, {
    name: "failed-bind-stays",
    bug,
    source:
      "the order of Linux 7.2 and older: the binding is stored before the architecture's part, which can fail",
    says: "a creation that fails after it was bound leaves the binding",
    killedBy: "failed-call-changes-nothing",
    calls: {
      set_user_memory_region2: change(guestMemfd7_2.calls.set_user_memory_region2, {
        sections: {
          "prepare the architecture's part": { when: (c) => c.change !== "DELETE", run: archPrepare },
        },
      }),
    },
    vectors: core,
  }),
];
