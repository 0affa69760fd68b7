/**
 * Question: the register state of a vCPU that an SEV-SNP guest starts itself lies in a page of guest memory (the VMSA), and the vCPU's VMCB
 * names it by its physical address. No reference is kept. What holds a vCPU back from entering the guest on a page that left the file, or on
 * a VMSA that the guest has destroyed?
 *
 * Source: KVM_REQ_VMSA_PAGE_RELOAD, arch/x86/kvm/svm/sev.c, read in 7.2.13 and 7.3.4 and absent from 6.12.107; 309d28576f0a (KVM: SVM: Fix SNP AP
 * destroy race with VMRUN), 6.16.
 */
import {
  bool,
  callsOf,
  design,
  goTo,
  maybe,
  oneOf,
  per,
  propertiesOf,
  record,
  retry,
  upTo,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Page, Vm, type VcpuId } from "../../../spec/guest-memory.ts";
import { folioLock, invalidateLock, mmuLock } from "../../guest-memfd/locks.ts";
import { INODE, VM } from "../one-slot.ts";

const state = record({
  /** Pages of the guest_memfd, by what they are in the RMP: page i is frame i. A page that is in no file may be anybody's. */
  pages: per(Page, oneOf("absent", "private", "vmsa")),
  /** The vCPU that the guest starts and stops: struct vcpu_sev_es_state. */
  target: record({
    /** KVM_REQ_UPDATE_PROTECTED_GUEST_STATE, with the frame that is to be its VMSA; none after a destruction. */
    update: bool,
    pending: maybe(Page),
    /** The frame that its VMSA was found at, and whether that is to be done again: KVM_REQ_VMSA_PAGE_RELOAD. */
    gpa: maybe(Page),
    reload: bool,
    /** vmcb->control.vmsa_pa, as the page that has this address. */
    pa: maybe(Page),
    /** vcpu->mode. What is in guest mode answers a kick by leaving it. */
    inGuestMode: bool,
  }),
  /** kvm->mmu_invalidate_in_progress, and what the target's snapshot of the sequence count is worth. */
  invalidating: upTo("invalidations"),
  snapshot: oneOf("none", "current", "old"),
  /** No kernel state: the guest was told that its target is destroyed, and has not started it since. */
  destroyed: bool,
});
interface State extends ValueOf<typeof state> {}
interface Machine {
  readonly pages: number;
}

const { call, choice } = callsOf<State, Machine>();
const { always, sometimes } = propertiesOf<State>();

/** The vCPU that starts and stops the other one. */
const STARTER = 0 as VcpuId;
const TARGET = 1 as VcpuId;
const only = (vcpu: VcpuId) => choice<VcpuId>(() => [vcpu]);

const writeInvalidateLock = () => invalidateLock.write(INODE);
const writeMmuLock = () => mmuLock.write(VM);
const outsideGuestMode = (s: State): boolean => !s.target.inGuestMode;

const requests = ({ target }: State): boolean => target.update || target.reload;

const run = call({
  kernel:
    "vcpu_enter_guest(), arch/x86/kvm/x86.c; sev_snp_init_protected_guest_state(), arch/x86/kvm/svm/sev.c",
  by: "vcpu",
  takes: { vm: Vm, vcpu: only(TARGET) },
  keeps: { page: Page },
  returns: [],
  exits: ["halted", "fail_entry"],
  sections: {
    "handle the requests": (s) => {
      const { target } = s;
      if (target.update) target.gpa = target.pending;
      else if (!target.reload) return goTo("enter guest mode");
      target.update = target.reload = false;
      target.pa = null;
      // Until somebody starts it.
      if (target.gpa === null) return "halted";
      s.snapshot = "current";
    },
    "get the page": {
      under: ({ page }) => folioLock(INODE, page),
      run: (s, c) => {
        c.page = s.target.gpa!;
        if (s.pages[c.page] === "absent") s.pages[c.page] = "private";
      },
    },
    // The frame is there already: an invalidation that comes from now on asks for another reload.
    "note the address, unless it is out of date": {
      under: () => mmuLock.read(VM),
      run: (s, { page }) => {
        s.target.reload ||= s.snapshot === "old" || s.invalidating > 0;
        if (!s.target.reload) s.target.pa = page;
        s.snapshot = "none";
      },
    },
    // With interrupts off: a kick that comes now is answered by the exit. A request that came before is seen.
    "enter guest mode": (s) => {
      if (requests(s)) return retry("handle the requests");
      if (s.target.pa === null) return "halted";
      s.target.inGuestMode = true;
    },
    VMRUN: (s) => {
      s.target.inGuestMode = false;
      return s.pages[s.target.pa!] === "vmsa" ? 0 : "fail_entry";
    },
  },
});

/** The guest makes one of its pages a VMSA. */
const rmpadjust = call({
  kernel: "RMPADJUST by the guest, which faults the page in where it is not there",
  by: "vcpu",
  takes: { vm: Vm, vcpu: only(STARTER), page: Page },
  returns: [],
  sections: {
    "set the attribute": {
      under: ({ page }) => folioLock(INODE, page),
      run: (s, { page }) => {
        s.pages[page] = "vmsa";
      },
    },
  },
});

const create = call({
  kernel: "sev_snp_ap_creation(), SVM_VMGEXIT_AP_CREATE, arch/x86/kvm/svm/sev.c",
  by: "vcpu",
  takes: { vm: Vm, vcpu: only(STARTER), page: Page },
  returns: [],
  sections: {
    "ask for the new state": (s, { page }) => {
      s.target.pending = page;
      s.target.update = true;
      s.destroyed = false;
    },
  },
});

const destroy = call({
  kernel:
    "sev_snp_ap_creation(), SVM_VMGEXIT_AP_DESTROY, arch/x86/kvm/svm/sev.c; kvm_make_request_and_kick()",
  by: "vcpu",
  takes: { vm: Vm, vcpu: only(STARTER) },
  returns: [],
  sections: {
    "ask for no state": (s) => {
      s.target.pending = null;
      s.target.update = true;
    },
    // 309d28576f0a: the kick waits.
    "wait until the target has left the guest": { until: outsideGuestMode },
    "tell the guest": (s) => {
      s.destroyed = true;
    },
  },
});

const punchHole = call({
  kernel:
    "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c; sev_gmem_invalidate_range(), arch/x86/kvm/svm/sev.c",
  by: "task",
  takes: { page: Page },
  returns: [],
  sections: {
    "take invalidate_lock": { takes: writeInvalidateLock },
    "take mmu_lock, begin the invalidation": {
      takes: writeMmuLock,
      run: (s) => {
        s.invalidating++;
      },
    },
    "ask for a reload": (s, { page }) => {
      if (s.target.gpa === page) s.target.reload = true;
    },
    "wait until the target has left the guest": { until: outsideGuestMode },
    "drop mmu_lock": { drops: writeMmuLock },
    "truncate the page": {
      under: ({ page }) => folioLock(INODE, page),
      run: (s, { page }) => {
        s.pages[page] = "absent";
      },
    },
    "end the invalidation": {
      under: writeMmuLock,
      run: (s) => {
        s.invalidating--;
        if (s.snapshot === "current") s.snapshot = "old";
      },
    },
    "drop invalidate_lock": { drops: writeInvalidateLock },
  },
});

const runsOnAPageOfTheFile = always({
  name: "runs-on-a-page-of-the-file",
  says: "a vCPU enters its guest only on a VMSA whose page is in the file: one that left it may hold anybody's registers",
  source: "KVM_REQ_VMSA_PAGE_RELOAD, arch/x86/kvm/svm/sev.c, 7.2.13",
  anytime: true,
  over: {},
  when: ({ target }) => target.inGuestMode,
  holds: ({ pages, target }) => pages[target.pa!] !== "absent",
  why: ({ target }) => `the VMCB names page ${target.pa}, which is no longer in the file`,
});

const runsNoDestroyedVmsa = always({
  name: "runs-no-destroyed-vmsa",
  says: "when the guest is told that a vCPU is destroyed, that vCPU is not on its VMSA, and does not come back to it",
  source: "309d28576f0a (KVM: SVM: Fix SNP AP destroy race with VMRUN), 6.16",
  anytime: true,
  over: {},
  when: ({ destroyed }) => destroyed,
  holds: ({ target }) => !target.inGuestMode,
  why: ({ target }) => `the guest was told so, and the vCPU is on its way into VMRUN on page ${target.pa}`,
});

const findsItsPageAgain = sometimes({
  name: "a-vmsa-is-found-again",
  says: "a vCPU whose VMSA was punched goes on with the page that is there now, which is none: the guest's doing and user space's",
  source: "VMEXIT_INVALID, KVM_EXIT_FAIL_ENTRY: pre_svm_run(), svm_handle_exit(), arch/x86/kvm/svm",
  over: { page: Page },
  holds: ({ pages, target }, { page }) => target.pa === page && pages[page] === "private",
});

export const snpVmsa = design({
  name: "snp-vmsa",
  says: "an invalidation asks the vCPU whose VMSA it takes to look for it again, a destruction takes it away; both wait until the vCPU is out of the guest",
  source: "KVM_REQ_VMSA_PAGE_RELOAD and kvm_make_request_and_kick(), arch/x86/kvm, 7.3.4",
  bounds: {
    pages: { says: "pages of the file, and frames of the guest", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 1, most: 2 },
  },
  machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]) }),
  sizes: ({ pages }) => ({ vms: 1, vcpus: 2, pages, invalidations: 1 }),
  state,
  calls: { run, rmpadjust, create, destroy, punch_hole: punchHole },
  view: (s: State) => s,
  promises: [runsOnAPageOfTheFile, runsNoDestroyedVmsa],
  statements: [findsItsPageAgain],
  notAtomic: ["create", "destroy", "punch_hole"].map((other) => ({
    calls: ["run", other] as const,
    state: true,
    says: "a page in which a VMSA was looked for stays in the file, also when another one is to be taken meanwhile",
    source: "kvm_gmem_get_pfn() allocates it, virt/kvm/guest_memfd.c",
  })),
  scenarios: {},
  vectors: [
    { bounds: {}, quick: true },
    { bounds: {}, mode: "overlap", quick: true },
    { bounds: { pages: 2, tasks: 2 }, mode: "overlap", overlap: 3 },
  ],
});
