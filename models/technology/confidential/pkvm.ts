/**
 * Question: below pKVM's host runs a hypervisor that keeps, for each page, whose it is: the host's, a guest's, or its own. A fault donates a page to
 * a guest, the guest shares it back and takes it again. Does what the two page tables say agree between any two steps, and what is left to the
 * host when a page comes back?
 *
 * Source: __pkvm_host_donate_guest(), __pkvm_guest_share_host(), __pkvm_guest_unshare_host(), __pkvm_host_share_hyp(), __pkvm_host_reclaim_page() of
 * arch/arm64/kvm/hyp/nvhe/mem_protect.c, as in Android's pKVM and in the series for upstream; guest_memfd for it is not merged.
 */
import {
  bool,
  callsOf,
  design,
  goTo,
  mutex,
  oneOf,
  per,
  propertiesOf,
  record,
  retry,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Gfn, Page, Vm } from "../../../spec/guest-memory.ts";
import { contentsPromises } from "../../../spec/properties/contents.ts";
import { exclusivityPromises } from "../../../spec/properties/exclusivity.ts";
import { hostAccessPromises } from "../../../spec/properties/host-access.ts";
import { noMappingThroughGoneSlot, noMappingToGonePage } from "../../../spec/properties/mappings.ts";
import { folioLock } from "../../guest-memfd/locks.ts";
import { INODE, VM, oneSlot, sizesOfOneSlot } from "../one-slot.ts";
import { ownersContradict, ownershipPromises, type Owning } from "../../../spec/properties/ownership.ts";

const state = record({
  pages: per(
    Page,
    record({
      present: bool,
      /**
       * What the host's stage 2 says of it: the host's; the host's, which it shares with the hypervisor; borrowed from a guest; or not its own: a
       * guest's, or the hypervisor's.
       */
      host: oneOf("owned", "shared", "borrowed", "guest", "hyp"),
      /** What the guest's stage 2 says of it. */
      guest: oneOf("none", "owned", "shared"),
      /** The process maps it: the host's stage 1, which lets nobody past its stage 2. */
      pte: bool,
      // No kernel state: what the guest takes to be shared, and whether it wrote while it was not.
      declaredShared: bool,
      secret: bool,
    }),
  ),
});
interface State extends ValueOf<typeof state> {}
interface Machine {
  readonly pages: number;
}

const { call, choice } = callsOf<State, Machine>();
const hostLock = mutex("host_mmu.lock", "struct host_mmu, arch/arm64/kvm/hyp/include/nvhe/mem_protect.h");
const guestLock = mutex("vm->lock", "struct pkvm_hyp_vm, arch/arm64/kvm/hyp/include/nvhe/pkvm.h");

const both = {
  "host_lock_component()": { takes: () => hostLock() },
  "guest_lock_component()": { takes: () => guestLock(VM) },
} as const;
const neither = {
  "unlock both": { drops: () => [guestLock(VM), hostLock()] },
} as const;

const theVcpu = choice<number>(() => [0]);
const mayTouch = ({ host }: State["pages"][number]): boolean => host !== "guest" && host !== "hyp";

const guestAccess = call({
  kernel:
    "pkvm_mem_abort(), arch/arm64/kvm/mmu.c; __pkvm_host_donate_guest(), arch/arm64/kvm/hyp/nvhe/mem_protect.c",
  by: "vcpu",
  takes: { vm: Vm, vcpu: theVcpu, gfn: Gfn, write: bool },
  returns: ["EPERM"],
  leaves: {
    EPERM: {
      says: "the page that cannot be donated stays in the file",
      source: "kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c",
    },
  },
  sections: {
    "run the guest": (s, { gfn, write }) => {
      const page = s.pages[gfn]!;
      if (page.guest === "none") return undefined;
      if (write) page.secret ||= !page.declaredShared;
      return 0;
    },
    "find or allocate the folio, locked": {
      takes: ({ gfn }) => folioLock(INODE, gfn),
      run: (s, { gfn }) => {
        s.pages[gfn]!.present = true;
      },
    },
    ...both,
    // What the hypervisor works on is not to be donated under it.
    "check the states": (s, { gfn }) => (s.pages[gfn]!.host === "owned" ? undefined : "EPERM"),
    "take it from the host": (s, { gfn }) => {
      s.pages[gfn]!.host = "guest";
    },
    "give it to the guest": (s, { gfn }) => {
      s.pages[gfn]!.guest = "owned";
      s.pages[gfn]!.declaredShared = false;
    },
    ...neither,
    "unlock the folio": { drops: ({ gfn }) => folioLock(INODE, gfn) },
    "run the guest again": { local: true, run: () => retry("run the guest") },
  },
});

/** MEM_SHARE and MEM_UNSHARE, hypercalls of the guest. */
const share = call({
  kernel: "__pkvm_guest_share_host(), arch/arm64/kvm/hyp/nvhe/mem_protect.c",
  by: "vcpu",
  takes: { vm: Vm, vcpu: theVcpu, gfn: Gfn },
  returns: ["EPERM"],
  sections: {
    ...both,
    "check the states": (s, { gfn }) => (s.pages[gfn]!.guest === "owned" ? undefined : "EPERM"),
    "mark it shared": (s, { gfn }) => {
      s.pages[gfn]!.guest = "shared";
      // What is in it from now on is for the host to see.
      s.pages[gfn]!.declaredShared = true;
      s.pages[gfn]!.secret = false;
    },
    "let the host in": (s, { gfn }) => {
      s.pages[gfn]!.host = "borrowed";
    },
    ...neither,
  },
});

const unshare = call({
  kernel: "__pkvm_guest_unshare_host(), arch/arm64/kvm/hyp/nvhe/mem_protect.c",
  by: "vcpu",
  takes: { vm: Vm, vcpu: theVcpu, gfn: Gfn },
  returns: ["EPERM"],
  sections: {
    ...both,
    "check the states": (s, { gfn }) => (s.pages[gfn]!.guest === "shared" ? undefined : "EPERM"),
    // Whatever the host maps in its stage 1.
    "shut the host out": (s, { gfn }) => {
      s.pages[gfn]!.host = "guest";
    },
    "mark it owned": (s, { gfn }) => {
      s.pages[gfn]!.guest = "owned";
      s.pages[gfn]!.declaredShared = false;
    },
    ...neither,
  },
});

const hostAccess = call({
  kernel:
    "kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c; handle_host_mem_abort(), arch/arm64/kvm/hyp/nvhe/mem_protect.c",
  by: "task",
  takes: { page: Page },
  returns: ["SIGSEGV SEGV_ACCERR"],
  leaves: {
    "SIGSEGV SEGV_ACCERR": {
      says: "the process has its page table entry all the same",
      source: "do_page_fault(), arch/arm64/mm/fault.c",
    },
  },
  sections: {
    "fault it in": {
      under: ({ page }) => folioLock(INODE, page),
      run: (s, { page }) => {
        s.pages[page]!.present = s.pages[page]!.pte = true;
      },
    },
    "access it": (s, { page }) => {
      if (!s.pages[page]!.pte) return goTo("fault it in");
      return mayTouch(s.pages[page]!) ? 0 : "SIGSEGV SEGV_ACCERR";
    },
  },
});

/** The host shares a page of its own with the hypervisor, or takes it back. */
const shareWithHyp = call({
  kernel: "__pkvm_host_share_hyp(), __pkvm_host_unshare_hyp(), arch/arm64/kvm/hyp/nvhe/mem_protect.c",
  by: "task",
  takes: { page: Page, shared: bool },
  returns: ["EPERM"],
  sections: {
    "share, or unshare": {
      under: () => hostLock(),
      run: (s, { page, shared }) => {
        if (s.pages[page]!.host !== (shared ? "owned" : "shared")) return "EPERM";
        s.pages[page]!.host = shared ? "shared" : "owned";
      },
    },
  },
});

const donateToHyp = call({
  kernel:
    "__pkvm_host_donate_hyp(), __pkvm_hyp_donate_host(), arch/arm64/kvm/hyp/nvhe/mem_protect.c: tables of a VM",
  by: "task",
  takes: { page: Page, donated: bool },
  returns: ["EPERM"],
  sections: {
    "donate, or give back wiped": {
      under: () => hostLock(),
      run: (s, { page, donated }) => {
        if (s.pages[page]!.host !== (donated ? "owned" : "hyp")) return "EPERM";
        s.pages[page]!.host = donated ? "hyp" : "owned";
      },
    },
  },
});

const punchHole = call({
  kernel:
    "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c; __pkvm_host_reclaim_page(), arch/arm64/kvm/hyp/nvhe/mem_protect.c",
  by: "task",
  takes: { page: Page },
  returns: ["EBUSY"],
  sections: {
    "lock the folio": { takes: ({ page }) => folioLock(INODE, page) },
    ...both,
    "look for what the hypervisor uses": (s, { page }) =>
      ["owned", "guest", "borrowed"].includes(s.pages[page]!.host) ? undefined : "EBUSY",
    "unmap it": (s, { page }) => {
      s.pages[page]!.pte = false;
    },
    "take it from the guest": (s, { page }) => {
      s.pages[page]!.guest = "none";
    },
    "wipe it": (s, { page }) => {
      s.pages[page]!.secret = false;
    },
    "give it to the host, who frees it": (s, { page }) => {
      s.pages[page]!.host = "owned";
      s.pages[page]!.present = false;
    },
    ...neither,
    "unlock the folio": { drops: ({ page }) => folioLock(INODE, page) },
  },
});

function view(s: State, { pages }: Machine): Owning {
  return {
    ...oneSlot(pages),
    guestMapping: (_vm, gfn) => {
      const { guest } = s.pages[gfn]!;
      if (guest === "none") return null;
      return { at: { inode: INODE, page: gfn }, private: guest === "owned", fromFile: true };
    },
    pageState: (_inode, page) => (s.pages[page]!.present ? "ready" : "absent"),
    // An entry that its stage 2 stops maps nothing.
    hostMaps: (_inode, page) => s.pages[page]!.pte && mayTouch(s.pages[page]!),
    hostMayMap: () => false,
    hostMayMapPage: (_inode, page) => s.pages[page]!.guest === "none" || s.pages[page]!.declaredShared,
    secretOf: (_inode, page) => (s.pages[page]!.secret ? VM : null),
    ownerOf: (_inode, page) => (s.pages[page]!.host === "guest" ? { vm: VM, gfn: page } : null),
  };
}

const { sometimes } = propertiesOf<Owning>();

const sharesWithHost = sometimes({
  name: "a-guest-shares-with-the-host",
  says: "the host maps a page that a guest has shared with it",
  source: "ARM_SMCCC_VENDOR_HYP_KVM_MEM_SHARE_FUNC_ID, include/linux/arm-smccc.h",
  over: { vm: Vm, gfn: Gfn },
  holds: (m, { vm, gfn }) => m.guestMapping(vm, gfn)?.private === false && m.hostMaps(INODE, gfn),
});

export const pkvm = design({
  name: "pkvm-ownership",
  says: "a page is the host's, a guest's or the hypervisor's, which alone moves it: donated by a fault, shared and unshared by its guest, wiped when it comes back",
  source: "arch/arm64/kvm/hyp/nvhe/mem_protect.c, pKVM",
  bounds: {
    pages: { says: "pages of the file, and frames of the guest", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 1, most: 2 },
  },
  machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]) }),
  sizes: ({ pages }) => sizesOfOneSlot(pages),
  state,
  calls: {
    guest_access: guestAccess,
    share,
    unshare,
    host_access: hostAccess,
    share_with_hyp: shareWithHyp,
    donate_to_hyp: donateToHyp,
    punch_hole: punchHole,
  },
  view,
  contradiction: ownersContradict,
  promises: [
    ...exclusivityPromises,
    ...hostAccessPromises,
    noMappingToGonePage,
    noMappingThroughGoneSlot,
    ...contentsPromises.filter(({ needs }) => needs?.includes("secretOf")),
    ...ownershipPromises,
  ],
  statements: [sharesWithHost],
  scenarios: {},
  vectors: [
    { bounds: { pages: 2 } },
    { bounds: {}, mode: "overlap", quick: true },
    { bounds: { tasks: 2 }, mode: "overlap" },
  ],
});
