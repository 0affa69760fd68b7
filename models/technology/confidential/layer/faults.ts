/** Faults and accesses of a guest whose hardware knows whose a page is: kvm_mmu_faultin_pfn_gmem() and what it meets, arch/x86/kvm/mmu/mmu.c. */
import { goTo, retry, type Step } from "../../../../spec/language.ts";
import {
  chooseSource,
  clearFolio,
  installLeaf,
  type Fails,
  type GuestFault,
} from "../../../guest-memfd/guest-fault.ts";
import type { PreFault } from "../../../guest-memfd/calls/pre-fault-memory.ts";
import { folioLock, kvmSrcu, mmuLock } from "../../../guest-memfd/locks.ts";
import { NORMAL } from "../../../guest-memfd/slots.ts";
import type { Machine } from "../../../guest-memfd/machine.ts";
import {
  give,
  givesInGetPfn,
  givesWithLeaf,
  mayRun,
  tellsAccesses,
  wipe,
  type Confidential,
} from "./state.ts";

/** A fault of a guest that says which kind its access is: the C-bit, or the absence of the shared bit. */
interface Typed extends GuestFault {
  readonly gpa: bigint;
  readonly encrypted: boolean;
  /** The leaf is there, and the hardware lets nobody through. */
  refused: boolean;
}

/** With a root for each type, a leaf of the other type is none. */
const isOfOtherRoot = (s: Confidential, { vm, gfn, private: isPrivate }: GuestFault): boolean =>
  givesWithLeaf(s.vms[vm!]) && s.vms[vm!].sptes[gfn]!.private !== isPrivate;

/** What the hardware checks on the way to the page: that it is this guest's, for this frame; or, for a shared access, nobody's. */
function isLetThrough(s: Confidential, { vm, gfn, private: isPrivate }: GuestFault): boolean {
  const { at } = s.vms[vm!].sptes[gfn]!;
  const { given, vm: owner, gfn: frame } = s.owners[at.inode][at.page]!;
  return isPrivate ? given && owner === vm && frame === gfn : !given;
}

/** The guest runs, as it does on 7.3 where its hardware lets it. What the hardware refuses is a fault like any other. */
export const runTheGuest =
  <V>(write: boolean, ofBase: (s: Confidential, c: GuestFault, m: Machine) => V) =>
  (s: Confidential, fault: GuestFault, m: Machine): V | "EINVAL" | undefined => {
    const c = fault as Typed;
    const vm = s.vms[c.vm!];
    if (!mayRun(s, c.vm!)) return "EINVAL";
    if (!tellsAccesses(vm)) return ofBase(s, c, m);
    c.gfn = m.gfns.at(c.gpa);
    c.write = write;
    c.private = c.encrypted;
    c.refused = false;
    const leaf = vm.sptes[c.gfn]!;
    if (leaf === null) {
      // Only a shared access can be to what is remembered to be no memory.
      const result = c.private ? undefined : ofBase(s, c, m);
      c.private = c.encrypted;
      return result;
    }
    if (isOfOtherRoot(s, c) || (write && !leaf.writable)) return undefined;
    c.refused = !isLetThrough(s, c);
    if (c.refused) return undefined;
    const owner = s.owners[leaf.at.inode][leaf.at.page]!;
    if (owner.given) owner.accepted = true;
    return ofBase(s, c, m);
  };

/** What sev_gmem_make_private() and kvm_gmem_get_pfn() ask before a page becomes private in the RMP. */
export interface Asks {
  /** Whether the guest wants it privately at all. */
  readonly whether: boolean;
  /** Whether it has it already for another frame. */
  readonly where: boolean;
}

/** A shared access to a slot that shows a file alone, whose pages are private all the same. */
function isSharedOfPrivateFile(s: Confidential, c: GuestFault): boolean {
  const vm = s.vms[c.vm!];
  const { file } = vm.slots[NORMAL][c.slot!]!;
  if (!givesInGetPfn(vm) || c.private || !c.fromFile || file === null) return false;
  return !s.inodes[s.files[file].inode].initShared;
}

/** sev_gmem_make_private(): of what it does not ask about, an entry that is assigned already is taken as it is. */
function makePrivate(s: Confidential, c: GuestFault, asks: Asks): void {
  if (!givesInGetPfn(s.vms[c.vm!]) || s.inodes[c.inode].initShared) return;
  const owner = s.owners[c.inode][c.page]!;
  if (!owner.given || (asks.where && owner.gfn !== c.gfn))
    give(s, c.inode, c.page, { vm: c.vm!, gfn: c.gfn });
}

/** The leaf; and with that of a private page the page itself, where hardware has it so. A page that is there already is left alone. */
function installAndGive(s: Confidential, c: GuestFault): void {
  const vm = s.vms[c.vm!];
  const isNew = vm.sptes[c.gfn] === null;
  installLeaf(s, c);
  if (c.stale || !isNew || !c.private || !givesWithLeaf(vm)) return;
  give(s, c.inode, c.page, { vm: c.vm!, gfn: c.gfn });
  // TDH.MEM.PAGE.AUG clears what it adds; pKVM donates a page as it is.
  if (vm.type === "tdx") wipe(s, c.inode, c.page);
}

const fromFile = (c: GuestFault): boolean => c.fromFile;
const lockOfFolio = (c: GuestFault) => folioLock(c.inode, c.page);

const installing = {
  "install the leaf": { under: ({ vm }: GuestFault) => mmuLock.read(vm!), run: installAndGive },
} as const;

function clearAndMakePrivate(s: Confidential, c: GuestFault, asks: Asks): Fails | undefined {
  const fails = clearFolio(s, c);
  if (fails === undefined) makePrivate(s, c, asks);
  return fails;
}

/** What changes of an access of a guest. */
export const guestFault = (asks: Asks) =>
  ({
    ...installing,
    "choose the source": (s: Confidential, c: GuestFault) => {
      chooseSource(s, c);
      if (asks.whether && isSharedOfPrivateFile(s, c)) return "EFAULT memory_fault shared";
      return undefined;
    },
    "test for poison, clear it unless it is up to date": {
      when: fromFile,
      drops: lockOfFolio,
      run: (s: Confidential, c: GuestFault) => {
        const fails = clearAndMakePrivate(s, c, asks);
        if (fails === undefined) return undefined;
        const errno = fails === "memory_fault EHWPOISON" ? "EHWPOISON" : "EFAULT";
        return `${errno} memory_fault ${c.private ? "private" : "shared"}` as const;
      },
    },
    "leave SRCU": {
      drops: ({ vm }: GuestFault) => kvmSrcu(vm!),
      local: true as const,
      run: (_s: Confidential, fault: GuestFault) => {
        const { stale, refused } = fault as Typed;
        return stale || refused ? retry("run the guest") : goTo("run the guest");
      },
    },
  }) as const;

/** An error after the first page ends the call well. */
const failed = <E extends string>(c: PreFault, errno: E): Step<E, never> =>
  c.gfn === c.first ? errno : goTo("leave SRCU");

/** The same of a pre-fault; which no guest makes before its launch is finished (5932ca411e53, 6.11). */
export const preFault = (asks: Asks) =>
  ({
    ...installing,
    "choose the source": (s: Confidential, c: PreFault): Step<"EFAULT", never> => {
      chooseSource(s, c);
      return asks.whether && isSharedOfPrivateFile(s, c) ? failed(c, "EFAULT") : undefined;
    },
    "test for poison, clear it unless it is up to date": {
      when: fromFile,
      drops: lockOfFolio,
      run: (s: Confidential, c: PreFault): Step<"EHWPOISON" | "EFAULT", never> => {
        const fails = clearAndMakePrivate(s, c, asks);
        if (fails === undefined) return undefined;
        return failed(c, fails === "memory_fault EHWPOISON" ? "EHWPOISON" : "EFAULT");
      },
    },
  }) as const;

export const launchedOnly = {
  "look whether the launch is finished": {
    local: true,
    run: (s: Confidential, { vm }: PreFault) => (mayRun(s, vm!) ? undefined : ("EOPNOTSUPP" as const)),
  },
} as const;
