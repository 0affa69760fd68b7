/**
 * Versions as they are on shadow page tables, where a fault maps its neighbours too. Seen on 6.18.44, whose vCPUs run without nested
 * paging, and on 7.3.4 with kvm_amd.npt=0.
 */
import { change, variant } from "../../spec/language.ts";
import { guestExecute, watchGuest, type GuestAccess } from "./calls/guest-access.ts";
import { mmuLock } from "./locks.ts";
import { machineFor, type Machine } from "./machine.ts";
import { installLeafAndPrefetch, prefetchAroundMmio } from "./prefetch.ts";
import { NORMAL, slotAt } from "./slots.ts";
import { signedOffsetAccepted, prefetchByUserspaceAddr } from "./known-breaches.ts";
import type { AreaId, State } from "./state.ts";
import { prefetches } from "./vectors.ts";
import { guestMemfd6_18, guestMemfd7_3, init } from "./versions.ts";

/** For the promises: the leaf that the guest is about to use is of other memory than its slot shows. */
function noteStraying(s: State, c: GuestAccess, m: Machine, write: boolean): void {
  const vm = s.vms[c.vm!];
  const gfn = m.gfns.at(c.gpa);
  const leaf = vm.sptes[gfn]!;
  if (leaf === null || leaf.fromFile || (write && !leaf.writable)) return;
  const slot = slotAt(vm, gfn);
  if (slot !== null && vm.slots[NORMAL][slot]!.gmemOnly) vm.strayed = true;
}

const installing = {
  "install the leaf": {
    under: ({ vm }: GuestAccess) => mmuLock.write(vm!),
    run: installLeafAndPrefetch,
  },
} as const;
const watched = watchGuest(noteStraying);

const { calls: of6_18 } = guestMemfd6_18;
const calls = {
  guest_read: change(of6_18.guest_read, { sections: { ...watched.guest_read, ...installing } }),
  guest_write: change(of6_18.guest_write, { sections: { ...watched.guest_write, ...installing } }),
  guest_execute: change(guestExecute, { sections: installing }),
};

const prefetchingMachine = (bounds: Parameters<typeof machineFor>[0]): Machine => ({
  ...machineFor(bounds),
  prefetches: true,
});

/** The process has touched all of its ordinary memory, and so has mapped it. */
function initTouched(s: State, m: Machine): void {
  init(s, m);
  const area = m.sizes.windows as AreaId;
  for (const inode of s.inodes)
    if (inode.kind === "shmem")
      for (const page of inode.pages) if (page.folio === "ready") page.ptes[area] = "mapped";
}

export const guestMemfd6_18Shadow = variant(guestMemfd6_18, {
  name: "guest-memfd-6.18-shadow",
  says: "6.18 on shadow page tables: a fault maps the frames beside it as well, from the memory at userspace_addr, whatever their slot shows",
  source:
    "__direct_pte_prefetch() and kvm_mmu_prefetch_sptes(), arch/x86/kvm/mmu/mmu.c; seen on 6.18.44, recordings/6.18.44-curated.jsonl, cur-6.18.44-close-t0-last",
  machine: prefetchingMachine,
  init: initTouched,
  calls,
  knownBreaches: [...signedOffsetAccepted, ...prefetchByUserspaceAddr],
  vectors: prefetches,
});

/** kvm_amd and kvm_intel mark frames without memory in the page table (enable_mmio_caching); the host of 6.18.44 does not, as was seen. */
const aroundMmio = { after: { "enter SRCU, look up the slot": prefetchAroundMmio } } as const;

export const guestMemfd7_3Shadow = variant(guestMemfd7_3, {
  name: "guest-memfd-7.3-shadow",
  says: "7.3 on shadow page tables: a fault maps the frames beside it as well, from the memory at userspace_addr, whatever their slot shows",
  source:
    "__direct_pte_prefetch() and kvm_mmu_prefetch_sptes(), arch/x86/kvm/mmu/mmu.c; seen on 7.3.4 with kvm_amd.npt=0, recordings/7.3.4-prefetch.jsonl",
  machine: prefetchingMachine,
  init: initTouched,
  calls: {
    guest_read: change(calls.guest_read, aroundMmio),
    guest_write: change(calls.guest_write, aroundMmio),
    guest_execute: change(calls.guest_execute, aroundMmio),
  },
  knownBreaches: prefetchByUserspaceAddr,
  vectors: prefetches,
});
