/** The launch of an SEV-SNP guest: KVM_SEV_SNP_LAUNCH_UPDATE and _FINISH, arch/x86/kvm/svm/sev.c. */
import { bool, goTo, local, upTo } from "../../spec/language.ts";
import { Gfn, Vm, type VmId } from "../../spec/guest-memory.ts";
import { folioLock, invalidateLock, kvmLock, mmapLock, slotsLock } from "../guest-memfd/locks.ts";
import { INODE, call, choice, grabFolio, writeAsHost, type State } from "./snp-state.ts";

/** What populate knows of itself. */
export interface Populate {
  readonly vm: VmId;
  readonly gfn: number;
  readonly npages: number;
  /** The frame whose page the firmware refuses. */
  readonly refused: number | null;
  /** A fatal signal comes while the page of this frame is at work. */
  readonly killedAt: number | null;
  /** The frame at work. */
  at: number;
  stopped: boolean;
}

/** One of the frames of the range, or none; for a range of all frames, the first that is tried. */
const frameOrNone = choice<number | null>(
  () => [null],
  (_m, { gfn, npages }) => Array.from({ length: npages }, (_, i) => gfn + i),
);

/** The page does not become the guest's, and the loop ends with it. */
export function stop(c: Populate) {
  c.stopped = true;
  return goTo("drop invalidate_lock");
}

/** memcpy() to the page, which the RMP was just seen to leave to the host. */
export function copySource(s: State, { at }: Populate): void {
  writeAsHost(s.pages[at]!);
}

export const launchUpdate = call({
  kernel:
    "snp_launch_update(), sev_gmem_post_populate(), arch/x86/kvm/svm/sev.c; kvm_gmem_populate(), virt/kvm/guest_memfd.c, 7.0",
  by: "task",
  takes: {
    vm: Vm,
    gfn: Gfn,
    npages: choice<number>((m, { gfn }) =>
      Array.from({ length: m.pages - gfn }, (_, i) => m.pages - gfn - i),
    ),
    refused: frameOrNone,
    killedAt: frameOrNone,
  },
  keeps: { at: upTo("gfns"), stopped: bool },
  returns: ["EIO"],
  leaves: {
    EIO: {
      says: "the page that could not be populated stays in the file",
      source: "kvm_gmem_populate() puts the folio and does not remove it, virt/kvm/guest_memfd.c",
    },
  },
  /** Pages done: by so much gfn_start, uaddr and len are moved, and the caller goes on from there. */
  gives: upTo("pages"),
  sections: {
    "take kvm->lock": { takes: ({ vm }) => kvmLock(vm) },
    "take slots_lock": { takes: ({ vm }) => slotsLock(vm) },
    "find the slot": local((_s: State, c: Populate) => {
      c.at = c.gfn;
    }),
    "next page": local((_s: State, { at, gfn, npages }: Populate) =>
      at === gfn + npages ? goTo("drop slots_lock") : undefined,
    ),
    // Any error but the first page's ends the loop with what was done.
    "look for a signal": local((_s: State, { at, killedAt }: Populate) =>
      killedAt !== null && at > killedAt ? goTo("drop slots_lock") : undefined,
    ),
    // 2a62345b3052 (7.0): before invalidate_lock, for user space's page faults take that under mmap_lock with in-place conversion.
    "get the source page": {
      under: () => mmapLock.read(),
      run: ({ sourceMapped }) => (sourceMapped ? undefined : goTo("drop slots_lock")),
    },
    "take invalidate_lock": { takes: () => invalidateLock.write(INODE) },
    "find or allocate the folio": {
      under: ({ at }) => folioLock(INODE, at),
      run: (s, { at }) => grabFolio(s.pages[at]!),
    },
    // slots_lock keeps the attribute as it is.
    "check the attribute": local((s: State, c: Populate) =>
      s.vms[c.vm].private[c.at] ? undefined : stop(c),
    ),
    "look up the RMP entry": (s, c) => (s.pages[c.at]!.assigned ? stop(c) : undefined),
    "copy the source": copySource,
    "RMPUPDATE to private, immutable": (s, { at }) => {
      const page = s.pages[at]!;
      page.handedAssigned ||= page.assigned;
      page.assigned = true;
    },
    // It takes no page of a guest whose launch is finished. What it refuses is reclaimed, and is the host's again.
    "SNP_LAUNCH_UPDATE by the firmware": (s, c) => {
      const page = s.pages[c.at]!;
      if (c.refused === c.at || s.vms[c.vm].finished) {
        page.assigned = false;
        return stop(c);
      }
      page.measured = true;
    },
    "mark it up to date": (s, c) => {
      s.pages[c.at]!.folio = "ready";
      c.at++;
    },
    "drop invalidate_lock": {
      local: true,
      drops: () => invalidateLock.write(INODE),
      run: (_s, { stopped }) => (stopped ? undefined : goTo("next page")),
    },
    "drop slots_lock": {
      local: true,
      drops: ({ vm }) => [slotsLock(vm), kvmLock(vm)],
      run: (_s, { at, gfn }) => (at === gfn ? "EIO" : { value: at - gfn }),
    },
  },
});

export const launchFinish = call({
  kernel: "snp_launch_finish(), arch/x86/kvm/svm/sev.c",
  by: "task",
  takes: { vm: Vm },
  returns: ["EINVAL"],
  sections: {
    "finish the launch": {
      under: ({ vm }) => kvmLock(vm),
      run: (s, { vm }) => {
        // A second one finds the vCPUs' state protected: sev_es_sync_vmsa(), 9b9f7962e3e8.
        if (s.vms[vm].finished) return "EINVAL";
        s.vms[vm].finished = true;
      },
    },
  },
});
