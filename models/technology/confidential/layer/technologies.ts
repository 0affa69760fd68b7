/**
 * Question: do the promises of guest_memfd hold for SEV-SNP, TDX, pKVM and KVM_X86_SW_PROTECTED_VM alike, on what 7.3 does with files, slots and
 * attributes? And do hardware and KVM agree on whose a page is?
 *
 * Source: Linux 7.3.4; for pKVM, whose guest_memfd is not merged, arch/arm64/kvm/hyp/nvhe/mem_protect.c.
 */
import { bool, change, ids, propertiesOf, variant } from "../../../../spec/language.ts";
import type { KnownBreach } from "../../../../spec/language/design.ts";
import { Inode, Page, Vm } from "../../../../spec/guest-memory.ts";
import { KVM_X86_SW_PROTECTED_VM } from "../../../../spec/abi/kvm.ts";
import type { GuestFault } from "../../../guest-memfd/guest-fault.ts";
import type { Machine } from "../../../guest-memfd/machine.ts";
import { notAtomic } from "../../../guest-memfd/not-atomic.ts";
import type { KvmView } from "../../../guest-memfd/view.ts";
import { promises } from "../../../../spec/properties/promises.ts";
import { ownersContradict, ownershipPromises, type Owning } from "../../../../spec/properties/ownership.ts";
import { guestFault, launchedOnly, preFault, runTheGuest, type Asks } from "./faults.ts";
import { finishLaunch, populate } from "./launch.ts";
import { afterMove, allRaces, ofAllCalls, ofMmapOnly, scenarios, vectors } from "./scenarios.ts";
import { base, calls, choice, givesWithLeaf, type Confidential } from "./state.ts";
import { converting, flushing, poisoning, punching, releasing } from "./zaps.ts";

/** A guest of KVM_X86_SW_PROTECTED_VM has nothing to say it with. */
const encrypted = choice<boolean>(({ vmTypes }) =>
  vmTypes.includes(KVM_X86_SW_PROTECTED_VM) ? [true] : [true, false],
);

type Run<V> = (s: Confidential, c: GuestFault, m: Machine) => V;

export const guestCalls = (asks: Asks) => {
  const faults = guestFault(asks);
  // Files of guests with private memory are never mapped by a process (kvm_gmem_fault_user_mapping()), so that no slot's user page is one.
  const read = change(calls.guest_read, {
    never: ["SIGBUS BUS_MCEERR_AR"],
    returns: ["EINVAL"],
    sections: {
      ...faults,
      "run the guest": runTheGuest(false, calls.guest_read.sections["run the guest"] as Run<undefined>),
    },
    finally: releasing,
  });
  const write = change(calls.guest_write, {
    never: ["SIGBUS BUS_MCEERR_AR"],
    returns: ["EINVAL"],
    sections: {
      ...faults,
      "run the guest": runTheGuest(true, calls.guest_write.sections["run the guest"] as Run<undefined>),
    },
    finally: releasing,
  });
  return {
    guest_read: { ...read, takes: { ...read.takes, encrypted }, keeps: { ...read.keeps, refused: bool } },
    guest_write: { ...write, takes: { ...write.takes, encrypted }, keeps: { ...write.keeps, refused: bool } },
    pre_fault_memory: change(calls.pre_fault_memory, {
      never: ["EINTR"],
      sections: preFault(asks),
      after: { "look for two-dimensional paging": launchedOnly },
      finally: releasing,
    }),
  };
};

/** What 7.3 answers, and whom a page belongs to. */
interface View extends Owning, Omit<KvmView, "state"> {
  readonly state: Confidential;
}
const { sometimes } = propertiesOf<View>();

const guestOwnsPage = sometimes({
  name: "a-guest-has-a-page",
  says: "hardware has given a page of a file to a guest, which has accepted it",
  source: "RMPUPDATE and PVALIDATE; TDH.MEM.PAGE.AUG and TDG.MEM.PAGE.ACCEPT",
  over: { inode: Inode, page: Page },
  holds: ({ state }, { inode, page }) => {
    const { given, accepted } = state.owners[inode][page]!;
    return given && accepted;
  },
});

const outlivesConversion = sometimes({
  name: "an-owned-page-is-unmapped",
  says: "a page is a guest's, and no frame of it maps the page: a legal leftover of SEV-SNP",
  source: "the RMP entry goes with the page alone: kvm_gmem_free_folio(), virt/kvm/guest_memfd.c",
  over: { vm: Vm, inode: Inode, page: Page },
  holds: (m, { vm, inode, page }) =>
    m.ownerOf(inode, page)?.vm === vm && m.gfns.every((gfn) => m.guestMapping(vm, gfn) === null),
});

const BY_READING =
  "sev_gmem_make_private(), arch/x86/kvm/svm/sev.c, 7.3.4: by reading; nobody is known to have seen or reported it";
const knownBreaches: readonly KnownBreach[] = [
  {
    property: "mapped-where-it-belongs",
    says: "a slot is deleted, and its page shown at another frame: the RMP has it at the old one",
    source: BY_READING,
  },
  {
    property: "calls-end",
    says: "a guest whose hardware lets it not through to what it maps faults for ever: a page that moved, and a shared access to a file that is private",
    source: BY_READING,
  },
];

const common = {
  create_vm: change(calls.create_vm, {
    after: {
      "check the type": {
        "begin without a launch": {
          local: true,
          run: (s) => {
            for (const vm of ids(s.vms)) if (s.vms[vm].type === "none") s.launched[vm] = false;
          },
        },
      },
    },
  }),
  fallocate: change(calls.fallocate, { sections: punching, finally: releasing }),
  memory_failure: change(calls.memory_failure, { sections: poisoning }),
  set_memory_attributes: change(calls.set_memory_attributes, { never: ["ENOTTY"], sections: converting }),
  set_user_memory_region2: change(calls.set_user_memory_region2, { sections: flushing, finally: releasing }),
  close: change(calls.close, { finally: releasing }),
};

const view = (s: Confidential, m: Machine): View => ({
  ...base.view(s, m),
  state: s,
  ownersAreKept: (vm) => s.vms[vm].type !== "sw_protected",
  givesWithLeaf: (vm) => givesWithLeaf(s.vms[vm]),
  ownerOf: (inode, page) => {
    const { given, vm, gfn } = s.owners[inode][page]!;
    return given ? { vm, gfn } : null;
  },
});

export const technologies7_3 = variant(
  { ...base, view, contradiction: ownersContradict, promises: [...promises, ...ownershipPromises] },
  {
    name: "technologies-7.3",
    says: "SEV-SNP, TDX and pKVM on the files, slots and attributes of 7.3: who owns a page, from when and until when",
    source: "Linux 7.3.4: arch/x86/kvm/svm/sev.c, arch/x86/kvm/vmx/tdx.c",
    calls: { ...common, ...guestCalls({ whether: false, where: false }) },
    // It makes no slot of a file; what it does to one is what the newer ioctl does.
    drops: ["set_user_memory_region"],
    adds: { populate, finish_launch: finishLaunch },
    statements: [guestOwnsPage, outlivesConversion],
    knownBreaches,
    notAtomic,
    scenarios,
    vectors,
  },
);

/** Nobody has proposed it: what would be enough. */
export const technologiesMended = variant(technologies7_3, {
  name: "technologies-7.3-mended",
  says: "an RMP entry for another frame is made anew for this one, and a shared access to a file that is private is told so",
  source:
    "a repair of this project's own: virt/kvm/guest_memfd.c and sev_gmem_make_private(), arch/x86/kvm/svm/sev.c, 7.3.4",
  calls: guestCalls({ whether: true, where: true }),
  statements: [guestOwnsPage, outlivesConversion],
  vectors: [ofMmapOnly, afterMove, ...ofAllCalls, allRaces],
});
