/**
 * Faults under the invalidate_lock: whether a page is private, and which folio it is, is found while no conversion and no hole is under
 * way. kvm_gmem_get_pfn() and kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c.
 */
import { goTo, local, type Step } from "../../../spec/language.ts";
import { cacheMmio, clearFolio, lookUpSlot, type GuestFault } from "../../guest-memfd/guest-fault.ts";
import type { PreFault } from "../../guest-memfd/calls/pre-fault-memory.ts";
import { findFolio, mapFolio, mayFault, type Fault } from "../../guest-memfd/host-fault.ts";
import { folioLock, invalidateLock, kvmSrcu } from "../../guest-memfd/locks.ts";
import type { Machine } from "../../guest-memfd/machine.ts";
import { hasPrivateMemory } from "../../guest-memfd/state.ts";
import { isPrivateGfn, isShared, type InPlace } from "./attributes.ts";

const fromFile = (c: GuestFault): boolean => c.fromFile;
const folioOf = (c: { readonly inode: GuestFault["inode"]; readonly page: number }) =>
  folioLock(c.inode, c.page);
const inodeOf = (c: { readonly inode: GuestFault["inode"] }) => invalidateLock.read(c.inode);
const bothOf = (c: GuestFault) => [folioOf(c), inodeOf(c)];

/** What the hardware does not tell: KVM_X86_SW_PROTECTED_VM copies the type of an access from the attribute. */
function copyAttribute(s: InPlace, c: GuestFault, m: Machine): void {
  const vm = s.vms[c.vm!];
  c.private = hasPrivateMemory(vm) && vm.mmio[c.gfn] !== "stale" && isPrivateGfn(s, m, c.vm!, c.gfn);
}

/** How a fault finds out whether its frame is private. */
export type IsPrivate = (s: InPlace, m: Machine, c: GuestFault) => boolean;

/** The slot is looked up again, and need not be the one that the fault has found. */
const isPrivateGfnOf: IsPrivate = (s, m, { vm, gfn }) => isPrivateGfn(s, m, vm!, gfn);

/** The access is of the type that the page has; without a slot, only MMIO is left. */
export const compareWith =
  (isPrivate: IsPrivate) =>
  (
    s: InPlace,
    c: GuestFault,
    m: Machine,
  ): Step<"EFAULT memory_fault private" | "EFAULT memory_fault shared", never> => {
    if (c.private !== isPrivate(s, m, c))
      return c.private ? "EFAULT memory_fault private" : "EFAULT memory_fault shared";
    if (c.slot === null) {
      cacheMmio(s, c);
      return goTo("emulate the access");
    }
    c.stale = c.invalid;
    return c.stale ? goTo("leave SRCU") : undefined;
  };

const lockInode = { "take invalidate_lock": { when: fromFile, takes: inodeOf } } as const;

/** What changes of an access of a guest. No reference to the page outlives the locks. */
export const guestFault = {
  without: ["enter SRCU, look up the slot"],
  sections: {
    "compare the attribute": compareWith(isPrivateGfnOf),
    "test for poison, clear it unless it is up to date": {
      when: fromFile,
      drops: bothOf,
      run: (
        s: InPlace,
        c: GuestFault,
      ): Step<"EHWPOISON memory_fault private" | "EHWPOISON memory_fault shared", never> => {
        if (clearFolio(s, c) === undefined) return undefined;
        return c.private ? "EHWPOISON memory_fault private" : "EHWPOISON memory_fault shared";
      },
    },
  },
  after: {
    "run the guest": {
      "enter SRCU, copy the attribute": { takes: ({ vm }: GuestFault) => kvmSrcu(vm!), run: copyAttribute },
      "look up the slot": lookUpSlot,
    },
    "find the file and its binding": lockInode,
  },
} as const;

/** An error after the first page ends the call well. */
const failed = <E extends string>(c: PreFault, errno: E): Step<E, never> =>
  c.gfn === c.first ? errno : goTo("leave SRCU");

export const compareForPreFault =
  (isPrivate: IsPrivate) =>
  (s: InPlace, c: PreFault, m: Machine): Step<"EFAULT" | "ENOENT", never> => {
    if (c.private !== isPrivate(s, m, c)) return failed(c, "EFAULT");
    if (c.slot !== null) return undefined;
    cacheMmio(s, c);
    return failed(c, "ENOENT");
  };

export const preFault = {
  sections: {
    "compare the attribute": compareForPreFault(isPrivateGfnOf),
    "test for poison, clear it unless it is up to date": {
      when: fromFile,
      drops: bothOf,
      run: (s: InPlace, c: PreFault): Step<"EHWPOISON", never> =>
        clearFolio(s, c) === undefined ? undefined : failed(c, "EHWPOISON"),
    },
  },
  after: {
    "next frame": {
      "copy the attribute": (s: InPlace, c: PreFault, m: Machine): void => {
        c.private = hasPrivateMemory(s.vms[c.vm!]) && isPrivateGfn(s, m, c.vm!, c.gfn);
      },
    },
    "find the file and its binding": lockInode,
  },
} as const;

/**
 * What changes of an access of the process. The lock is dropped with the folio found, which the fault holds and has locked until it is mapped.
 * Ordinary memory, where nobody else takes the lock, goes the same way.
 */
export const hostFault = {
  without: ["check the end of the file and INIT_SHARED"],
  sections: {
    "find or allocate the folio, locked": {
      takes: folioOf,
      run: (s: InPlace, c: Fault): void => {
        findFolio(s, c);
        s.references[c.inode][c.page]!++;
      },
    },
    "map it": {
      drops: folioOf,
      run: (s: InPlace, c: Fault, m: Machine) => {
        s.references[c.inode][c.page]!--;
        return mapFolio(s, c, m) ?? undefined;
      },
    },
  },
  after: {
    "take mmap_lock, look the mapping up": {
      "take invalidate_lock": { takes: inodeOf },
      "check the end of the file and the attribute": local(
        (s: InPlace, c: Fault) => mayFault(isShared)(s, c) ?? undefined,
      ),
    },
    "find or allocate the folio, locked": { "drop invalidate_lock": { drops: inodeOf } },
  },
} as const;
