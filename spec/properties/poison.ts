/** Poison: memory that the hardware gave up is delivered to whoever uses it, and to nobody else. */
import { Gfn, Inode, Page, Vm, type GuestMemory } from "../guest-memory.ts";
import type { Made } from "../language/property.ts";
import { pageText } from "./words.ts";
import { always, step } from "./declare.ts";
import { isMapped } from "./mappings.ts";

export const guestMapsNoPoison = always({
  name: "guest-maps-no-poison",
  says: "a guest maps no poisoned page",
  source: "kvm_gmem_error_folio() zaps; kvm_gmem_get_pfn() answers EHWPOISON, virt/kvm/guest_memfd.c",
  over: { vm: Vm, gfn: Gfn },
  when: isMapped,
  holds: (m, { vm, gfn }) => {
    const { inode, page } = m.guestMapping(vm, gfn)!.at;
    return m.pageState(inode, page) !== "poisoned";
  },
  why: (m, { vm, gfn }) =>
    `frame ${gfn} of VM ${vm} maps ${pageText(m, m.guestMapping(vm, gfn)!.at.page)}, which is poisoned`,
});

export const hostMapsNoPoison = always({
  name: "host-maps-no-poison",
  says: "the host maps no poisoned page",
  source: "memory_failure() replaces page table entries by hwpoison ones, mm/memory-failure.c",
  over: { inode: Inode, page: Page },
  when: (m, { inode, page }) => m.pageState(inode, page) === "poisoned",
  holds: (m, { inode, page }) => !m.hostMaps(inode, page),
  why: (m, { page }) => `the host maps ${pageText(m, page)}, which is poisoned`,
});

export const poisonReachesItsUser = step({
  name: "poison-reaches-its-user",
  says: "an access to a poisoned page never returns or changes a byte of it",
  source: "kvm_gmem_get_pfn(): EHWPOISON with KVM_EXIT_MEMORY_FAULT; host: SIGBUS BUS_MCEERR_AR",
  over: {},
  needs: ["accesses"],
  ofOnePage: true,
  asksResults: true,
  when: accessesPoison,
  holds: (_before, made) => !succeeded(made),
  why: (_before, { call }) => `${call} went through to a poisoned page`,
});

export const poisonReachesNobodyElse = step({
  name: "poison-reaches-nobody-else",
  says: "a guest is told of poison only when the page that it accesses is poisoned",
  source: "kvm_gmem_get_pfn(): the poison test is on the folio of the faulting index, virt/kvm/guest_memfd.c",
  over: {},
  needs: ["accesses"],
  ofOnePage: true,
  asksResults: true,
  when: (_before, made) => made.by === "vcpu" && isToldOfPoison(made),
  holds: accessesPoison,
  why: (_before, { call, result }) => `${call} ended with ${String(result)} and its page is not poisoned`,
});

function accessesPoison(before: GuestMemory, made: Made): boolean {
  const at = before.accesses!(made);
  return at !== null && before.pageState(at.inode, at.page) === "poisoned";
}

function isToldOfPoison({ result }: Made): boolean {
  return typeof result === "string" && result.startsWith("EHWPOISON");
}

function succeeded({ result }: Made): boolean {
  return result === 0 || typeof result === "object";
}

export const poisonPromises = [
  guestMapsNoPoison,
  hostMapsNoPoison,
  poisonReachesItsUser,
  poisonReachesNobodyElse,
];
