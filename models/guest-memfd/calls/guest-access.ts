/** KVM_RUN of a vCPU whose guest makes one access: a load, a store, an instruction fetch. */
import { bool, goTo, maybe, retry, type Step } from "../../../spec/language.ts";
import { File, Gfn, Inode, Page, Slot, Vcpu } from "../../../spec/guest-memory.ts";
import { emulate } from "../emulate.ts";
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
import { cellOf } from "../host-fault.ts";
import { pinVm, pinning, unpinVm, type Pinning } from "../lifetime.ts";
import { folioLock, kvmSrcu, mmuLock, slotsArchLock } from "../locks.ts";
import type { Machine } from "../machine.ts";
import { release, releasing } from "../release.ts";
import { allocateRmaps, needsRmaps } from "../rmaps.ts";
import { Byte, call, choice, hasPrivateMemory, type State } from "../state.ts";
import { vmDescriptor } from "./create-vm.ts";
import { written } from "./host-access.ts";

export interface GuestAccess extends GuestFault, Pinning {
  readonly gpa: bigint;
  /** The first root of a shadow page table is to be made. */
  firstRoot: boolean;
}

export const faulting = {
  ...pinning,
  ...releasing,
  gfn: Gfn,
  write: bool,
  private: bool,
  slot: maybe(Slot),
  invalid: bool,
  file: maybe(File),
  fromFile: bool,
  inode: Inode,
  page: Page,
  writable: bool,
  stale: bool,
  firstRoot: bool,
};

export const guestAddress = choice<bigint>((m) =>
  Array.from({ length: m.sizes.gfns }, (_, i) => m.gfns.bytes(i)),
);

/**
 * KVM_RUN fails with KVM_EXIT_MEMORY_FAULT: errno, exit, and the type of the access in its flags. Of a poisoned page behind userspace_addr its
 * thread gets a signal, and KVM_RUN ends with EINTR for it.
 */
const EXITS = [
  "SIGBUS BUS_MCEERR_AR",
  "EFAULT",
  "EFAULT memory_fault private",
  "EFAULT memory_fault shared",
  "EHWPOISON memory_fault private",
  "EHWPOISON memory_fault shared",
] as const;
type Exit = Exclude<(typeof EXITS)[number], "mmio">;
type GuestStep = Step<Exit | "mmio" | "EBADF", never>;

function exitOf(fails: Exclude<Fails, "mmio">, { private: isPrivate }: GuestFault): Exit {
  if (fails === "EFAULT" || fails === "SIGBUS BUS_MCEERR_AR") return fails;
  const errno = fails === "memory_fault EHWPOISON" ? "EHWPOISON" : "EFAULT";
  return `${errno} memory_fault ${isPrivate ? "private" : "shared"}`;
}

const orExit =
  (step: (s: State, c: GuestFault, m: Machine) => Fails | undefined) =>
  (s: State, c: GuestFault, m: Machine): GuestStep => {
    const fails = step(s, c, m);
    if (fails === undefined) return undefined;
    return fails === "mmio" ? goTo("emulate the access") : exitOf(fails, c);
  };

const fromFile = (c: GuestFault): boolean => c.fromFile;
const fromUser = (c: GuestFault): boolean => !c.fromFile;
const lockOfFolio = (c: GuestFault) => folioLock(c.inode, c.page);
const srcuOf = ({ vm }: GuestFault) => kvmSrcu(vm!);

/** Which access it is: what it does to the byte that it reaches. */
type Access<V> = (s: State, c: GuestAccess, m: Machine) => V;

/** The guest makes its access through a leaf that allows it; what else happens to the access is the other sections'. */
const runTheGuest =
  <V>(write: boolean, access: Access<V>) =>
  (s: State, c: GuestAccess, m: Machine): GuestStep | V => {
    const vm = s.vms[c.vm!];
    c.gfn = m.gfns.at(c.gpa);
    c.write = write;
    const cached = vm.mmio[c.gfn]!;
    // handle_mmio_page_fault(): of this generation, whatever the attribute; of an older one, as a shared access.
    if (cached === "current" && hasPrivateMemory(vm)) return goTo("enter SRCU to emulate");
    const leaf = vm.sptes[c.gfn]!;
    if (leaf !== null && (leaf.writable || !write)) {
      c.inode = leaf.at.inode;
      c.page = leaf.at.page;
      c.private = leaf.private;
      return access(s, c, m);
    }
    c.private = hasPrivateMemory(vm) && cached !== "stale" && vm.private[c.gfn]!;
    return undefined;
  };

/** The sections of an access. The guest runs in the first; the others are KVM's, until it runs again. */
const sections = <V extends 0 | { readonly value: number | null }>(write: boolean, access: Access<V>) => ({
  "find the vCPU": (s: State, c: GuestAccess, m: Machine): GuestStep => {
    const { vm, vcpu } = c;
    if (vm === null || s.vms[vm].type === "none" || s.vms[vm].vcpus[vcpu] !== "open") return "EBADF";
    pinVm(s, c);
    c.firstRoot = needsRmaps(s.vms[vm], m);
  },
  "make the first shadow root": {
    when: ({ firstRoot }: GuestAccess) => firstRoot,
    under: ({ vm }: GuestAccess) => slotsArchLock(vm!),
    run: (s: State, { vm }: GuestAccess): void => allocateRmaps(s.vms[vm!]),
  },
  "run the guest": runTheGuest(write, access),
  "enter SRCU, look up the slot": { takes: srcuOf, run: lookUpSlot },
  "compare the attribute": (s: State, c: GuestAccess): GuestStep => {
    const fails = compareAttribute(s, c);
    if (fails === "mmio") {
      cacheMmio(s, c);
      return goTo("emulate the access");
    }
    if (fails !== undefined) return exitOf(fails, c);
    c.stale = c.invalid;
    return c.stale ? goTo("leave SRCU") : undefined;
  },
  "choose the source": { local: true as const, run: chooseSource },
  "find the file and its binding": { when: fromFile, run: orExit(findFile) },
  "find or allocate the folio, locked": { when: fromFile, takes: lockOfFolio, run: findFolio },
  "test for poison, clear it unless it is up to date": {
    when: fromFile,
    drops: lockOfFolio,
    run: orExit(clearFolio),
  },
  "get the user page": { when: fromUser, run: orExit(getUserPage) },
  "install the leaf": { under: ({ vm }: GuestAccess) => mmuLock.read(vm!), run: installLeaf },
  "leave SRCU": {
    drops: srcuOf,
    local: true as const,
    run: (_s: State, { stale }: GuestAccess) => (stale ? retry("run the guest") : goTo("run the guest")),
  },
  "enter SRCU to emulate": { takes: srcuOf },
  "emulate the access": { drops: srcuOf, run: emulate(access) },
});

const contents = (s: State, c: GuestAccess, m: Machine) =>
  s.inodes[c.inode].pages[c.page]!.contents[cellOf(c.gpa, m)]!;

const load = (s: State, c: GuestAccess, m: Machine) => ({ value: contents(s, c, m).value });

function store(s: State, c: GuestAccess, m: Machine): 0 {
  const cell = contents(s, c, m);
  cell.value = (c as unknown as { readonly value: number }).value;
  cell.secretOf = c.private ? c.vm : null;
  return 0;
}

/** What a design changes whose leaves may show a guest other memory than its slot does: `before` sees every run of the guest. */
export function watchGuest(before: (s: State, c: GuestAccess, m: Machine, write: boolean) => void) {
  const watched = <V>(write: boolean, access: Access<V>) => {
    const run = runTheGuest(write, access);
    return {
      "run the guest": (s: State, c: GuestAccess, m: Machine): GuestStep | V => {
        before(s, c, m, write);
        return run(s, c, m);
      },
    };
  };
  return { guest_read: watched(false, load), guest_write: watched(true, store) };
}

const kernel =
  "kvm_mmu_faultin_pfn(), arch/x86/kvm/mmu/mmu.c; kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c, 6.8";
const common = { vm: vmDescriptor, vcpu: Vcpu, gpa: guestAddress };
/** Whatever the access ends with, the root of the page table has been made. */
const root = {
  says: "the root of the page table stays, and with the first one of shadow paging the rmaps of the slots",
  source: "kvm_mmu_load(), mmu_first_shadow_root_alloc(), arch/x86/kvm/mmu/mmu.c",
  cells: /^vms\[\d+\]\.(shadowed$|roots\b|slots\b.*\.rmap$)/,
};
const leaves = Object.fromEntries(EXITS.map((exit) => [exit, root]));
const closing = { ...forgetSnapshot, ...release, ...unpinVm };

export const guestRead = call({
  kernel,
  by: "vcpu",
  takes: common,
  keeps: faulting,
  returns: ["EBADF", ...EXITS],
  leaves,
  exits: ["mmio"],
  gives: maybe(Byte),
  sections: sections(false, load),
  finally: closing,
});

export const guestWrite = call({
  kernel,
  by: "vcpu",
  takes: { ...common, value: written },
  keeps: faulting,
  returns: ["EBADF", ...EXITS],
  leaves,
  exits: ["mmio"],
  sections: sections(true, store),
  finally: closing,
});

export const guestExecute = call({
  kernel,
  by: "vcpu",
  takes: common,
  keeps: faulting,
  returns: ["EBADF", ...EXITS],
  leaves,
  exits: ["mmio"],
  unexplored: "to this ABI a fetch is a load, which guest_read is",
  sections: sections(false, () => 0),
  finally: closing,
});
