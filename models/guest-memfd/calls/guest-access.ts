/** KVM_RUN of a vCPU whose guest makes one access: a load, a store, an instruction fetch. */
import { bool, goTo, maybe, type Step } from "../../../spec/language.ts";
import { Inode, Page, Slot, Gfn } from "../../../spec/guest-memory.ts";
import {
  cacheMmio,
  chooseSource,
  clearFolio,
  compareAttribute,
  findFile,
  findFolio,
  getUserPage,
  installLeaf,
  lookUpSlot,
  type Fails,
  type GuestFault,
} from "../guest-fault.ts";
import { cellOf } from "../host-fault.ts";
import { folioLock, kvmSrcu, mmuLock } from "../locks.ts";
import type { Machine } from "../machine.ts";
import { Byte, Vcpu, call, choice, hasPrivateMemory, type State, type VcpuId } from "../state.ts";
import { vmDescriptor } from "./create-vm.ts";
import { written } from "./host-access.ts";

export interface GuestAccess extends GuestFault {
  readonly vcpu: VcpuId;
  readonly gpa: bigint;
}

export const faulting = {
  gfn: Gfn,
  write: bool,
  private: bool,
  slot: maybe(Slot),
  fromFile: bool,
  inode: Inode,
  page: Page,
  writable: bool,
};

export const guestAddress = choice<bigint>((m) =>
  Array.from({ length: m.sizes.gfns }, (_, i) => m.gfns.bytes(i)),
);

/** KVM_RUN fails with KVM_EXIT_MEMORY_FAULT: errno, exit, and the type of the access in its flags. */
const EXITS = [
  "EFAULT",
  "EFAULT memory_fault private",
  "EFAULT memory_fault shared",
  "EHWPOISON memory_fault private",
  "EHWPOISON memory_fault shared",
] as const;
type Exit = (typeof EXITS)[number] | "mmio";
type GuestStep = Step<Exit | "EBADF", never>;

function exitOf(fails: Fails, { private: isPrivate }: GuestFault): Exit {
  if (fails === "mmio" || fails === "EFAULT") return fails;
  const errno = fails === "memory_fault EHWPOISON" ? "EHWPOISON" : "EFAULT";
  return `${errno} memory_fault ${isPrivate ? "private" : "shared"}`;
}

const orExit =
  (step: (s: State, c: GuestFault) => Fails | undefined) =>
  (s: State, c: GuestFault): Exit | undefined => {
    const fails = step(s, c);
    return fails === undefined ? undefined : exitOf(fails, c);
  };

const fromFile = (c: GuestFault): boolean => c.fromFile;
const fromUser = (c: GuestFault): boolean => !c.fromFile;
const lockOfFolio = (c: GuestFault) => folioLock(c.inode, c.page);

/** The sections of an access; its last one, "access", is the caller's. */
const sections = (write: boolean) => ({
  "find the vCPU": (s: State, { vm, vcpu }: GuestAccess): GuestStep => {
    if (vm === null || s.vms[vm].type === "none" || s.vms[vm].vcpus[vcpu] !== "open") return "EBADF";
  },
  "walk the page table": (s: State, c: GuestAccess, m: Machine): GuestStep => {
    const vm = s.vms[c.vm!];
    c.gfn = m.gfns.at(c.gpa);
    c.write = write;
    const cached = vm.mmio[c.gfn]!;
    // handle_mmio_page_fault(): of this generation, whatever the attribute; of an older one, as a shared access.
    if (cached === "current" && hasPrivateMemory(vm)) return "mmio";
    const leaf = vm.sptes[c.gfn]!;
    if (leaf !== null && (leaf.writable || !write)) {
      c.inode = leaf.at.inode;
      c.page = leaf.at.page;
      c.private = leaf.private;
      return goTo("access");
    }
    c.private = hasPrivateMemory(vm) && cached !== "stale" && vm.private[c.gfn]!;
  },
  "enter SRCU, look up the slot": { takes: ({ vm }: GuestAccess) => kvmSrcu(vm!), run: lookUpSlot },
  "compare the attribute": (s: State, c: GuestAccess): GuestStep => {
    const fails = compareAttribute(s, c);
    if (fails === "mmio") cacheMmio(s, c);
    return fails === undefined ? undefined : exitOf(fails, c);
  },
  "choose the source": chooseSource,
  "find the file and its binding": { when: fromFile, run: orExit(findFile) },
  "find or allocate the folio, locked": { when: fromFile, takes: lockOfFolio, run: findFolio },
  "test for poison, clear it unless it is up to date": {
    when: fromFile,
    drops: lockOfFolio,
    run: orExit(clearFolio),
  },
  "get the user page": { when: fromUser, run: orExit(getUserPage) },
  "install the leaf": {
    under: ({ vm }: GuestAccess) => mmuLock.read(vm!),
    run: installLeaf,
    drops: ({ vm }: GuestAccess) => kvmSrcu(vm!),
  },
});

const contents = (s: State, c: GuestAccess, m: Machine) =>
  s.inodes[c.inode].pages[c.page]!.contents[cellOf(c.gpa, m)]!;

const kernel =
  "kvm_mmu_faultin_pfn(), arch/x86/kvm/mmu/mmu.c; kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c, 6.8";
const common = { vm: vmDescriptor, vcpu: Vcpu, gpa: guestAddress };

export const guestRead = call({
  kernel,
  by: "vcpu",
  takes: common,
  keeps: faulting,
  returns: ["EBADF", ...EXITS],
  exits: ["mmio"],
  gives: maybe(Byte),
  sections: {
    ...sections(false),
    access: (s, c, m) => ({ value: contents(s, c, m).value }),
  },
});

export const guestWrite = call({
  kernel,
  by: "vcpu",
  takes: { ...common, value: written },
  keeps: faulting,
  returns: ["EBADF", ...EXITS],
  exits: ["mmio"],
  sections: {
    ...sections(true),
    access: (s, c, m) => {
      const cell = contents(s, c, m);
      cell.value = c.value;
      cell.secretOf = c.private ? c.vm : null;
    },
  },
});

export const guestExecute = call({
  kernel,
  by: "vcpu",
  takes: common,
  keeps: faulting,
  returns: ["EBADF", ...EXITS],
  exits: ["mmio"],
  unexplored: "to this ABI a fetch is a load, which guest_read is",
  sections: { ...sections(false), access: () => 0 },
});
