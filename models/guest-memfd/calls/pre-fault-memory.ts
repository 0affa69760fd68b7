/** KVM_PRE_FAULT_MEMORY {gpa, size, flags}: a vCPU maps a range before its guest touches it. Since 6.11. */
import { goTo, retry, upTo, type Step } from "../../../spec/language.ts";
import { Vcpu } from "../../../spec/guest-memory.ts";
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import {
  cacheMmio,
  chooseSource,
  clearFolio,
  compareAttribute,
  findFile,
  findFolio,
  forgetSnapshot,
  getUserPage,
  installLeaf,
  lookUpSlot,
  type Fails,
  type GuestFault,
} from "../guest-fault.ts";
import { pinVm, unpinVm, type Pinning } from "../lifetime.ts";
import { folioLock, kvmSrcu, mmuLock } from "../locks.ts";
import { fitting, type Machine } from "../machine.ts";
import { U64 } from "../region.ts";
import { release } from "../release.ts";
import { call, choice, hasPrivateMemory, type State } from "../state.ts";
import { vmDescriptor } from "./create-vm.ts";
import { faulting } from "./guest-access.ts";

export interface PreFault extends GuestFault, Pinning {
  first: number;
  end: number;
}

type Errno = "ENOENT" | "EFAULT" | "EHWPOISON" | "EINTR";

function errnoOf(fails: Fails): Errno {
  if (fails === "mmio") return "ENOENT";
  // kvm_tdp_map_page() would try again, and sees that a signal is pending.
  if (fails === "SIGBUS BUS_MCEERR_AR") return "EINTR";
  return fails === "memory_fault EHWPOISON" ? "EHWPOISON" : "EFAULT";
}

/** An error after the first page ends the call well: the range that is left says how far it came. */
const failed = <E extends string>(c: PreFault, errno: E): Step<E, never> =>
  c.gfn === c.first ? errno : goTo("leave SRCU");

const orEnd =
  (step: (s: State, c: PreFault, m: Machine) => Fails | undefined) =>
  (s: State, c: PreFault, m: Machine): Step<Errno, never> => {
    const fails = step(s, c, m);
    return fails === undefined ? undefined : failed(c, errnoOf(fails));
  };

/** Since 6.18 (3ccbf6f47098): user space deletes the slot, and is told that it does. */
export const tellOfDeletion = (_s: State, c: PreFault): Step<"EAGAIN", never> =>
  c.invalid ? failed(c, "EAGAIN") : undefined;

/** Until 6.17: tries again, inside the read section that the deletion waits for. */
export const retryOnDeletion = (_s: State, c: PreFault): Step<never, never> =>
  c.invalid ? retry("next frame") : undefined;

const fromFile = (c: PreFault): boolean => c.fromFile;
const fromUser = (c: PreFault): boolean => !c.fromFile;
const lockOfFolio = (c: PreFault) => folioLock(c.inode, c.page);

export const preFaultMemory = call({
  kernel:
    "kvm_vcpu_pre_fault_memory(), virt/kvm/kvm_main.c; kvm_arch_vcpu_pre_fault_memory(), arch/x86/kvm/mmu/mmu.c",
  by: "vcpu",
  takes: {
    vm: vmDescriptor,
    vcpu: Vcpu,
    size: choice<bigint>(
      (m) => Array.from({ length: m.sizes.gfns }, (_, i) => BigInt(i + 1) * PAGE_SIZE),
      () => [0n, PAGE_SIZE + 1n],
    ),
    gpa: choice<bigint>(
      (m, { size }) => fitting(m.sizes.gfns, size).map((gfn) => m.gfns.bytes(gfn)),
      () => [1n, U64 - PAGE_SIZE],
    ),
    flags: choice<bigint>(
      () => [0n],
      () => [1n],
    ),
  },
  keeps: { ...faulting, gfn: upTo("gfns"), first: upTo("gfns"), end: upTo("gfns") },
  returns: ["EBADF", "EINVAL", "EOPNOTSUPP", "ENOENT", "EFAULT", "EHWPOISON", "EINTR"],
  leaves: {
    ENOENT: {
      says: "the page table remembers that there is no memory at the frame",
      source: "mark_mmio_spte(), arch/x86/kvm/mmu/mmu.c",
    },
  },
  /** The frame at which it stopped. */
  gives: upTo("gfns"),
  sections: {
    "find the vCPU": (s, c) => {
      const { vm, vcpu } = c;
      if (vm === null || s.vms[vm].type === "none" || s.vms[vm].vcpus[vcpu] !== "open") return "EBADF";
      pinVm(s, c);
    },
    "check the arguments": {
      local: true,
      run: (_s, { gpa, size, flags }) => {
        if (flags !== 0n) return "EINVAL";
        if (gpa % PAGE_SIZE !== 0n || size % PAGE_SIZE !== 0n || size === 0n || gpa + size >= U64)
          return "EINVAL";
      },
    },
    "enter SRCU": { takes: ({ vm }) => kvmSrcu(vm!) },
    "look for two-dimensional paging": {
      local: true,
      run: (_s, c, m) => {
        if (!m.tdp) return "EOPNOTSUPP";
        c.first = m.gfns.border(c.gpa);
        c.end = m.gfns.border(c.gpa + c.size);
        c.gfn = c.first;
      },
    },
    "next frame": (s, c) => {
      if (c.gfn === c.end) return goTo("leave SRCU");
      const vm = s.vms[c.vm!];
      c.write = false;
      c.private = hasPrivateMemory(vm) && vm.private[c.gfn]!;
      return vm.sptes[c.gfn] === null ? undefined : goTo("go on");
    },
    "look up the slot": lookUpSlot,
    "look whether the slot is being deleted": retryOnDeletion,
    "compare the attribute": orEnd((s, c) => {
      const fails = compareAttribute(s, c);
      if (fails === "mmio") cacheMmio(s, c);
      return fails;
    }),
    "choose the source": { local: true, run: chooseSource },
    "find the file and its binding": { when: fromFile, run: orEnd(findFile) },
    "find or allocate the folio, locked": { when: fromFile, takes: lockOfFolio, run: findFolio },
    "test for poison, clear it unless it is up to date": {
      when: fromFile,
      drops: lockOfFolio,
      run: orEnd(clearFolio),
    },
    "get the user page": { when: fromUser, run: orEnd(getUserPage) },
    "install the leaf": { under: ({ vm }) => mmuLock.read(vm!), run: installLeaf },
    "try again what was out of date": {
      local: true,
      run: (_s, { stale }) => (stale ? retry("next frame") : undefined),
    },
    "go on": {
      local: true,
      run: (_s, c) => {
        c.gfn++;
        return goTo("next frame");
      },
    },
    "leave SRCU": { local: true, drops: ({ vm }) => kvmSrcu(vm!), run: (_s, c) => ({ value: c.gfn }) },
  },
  finally: { ...forgetSnapshot, ...release, ...unpinVm },
});
