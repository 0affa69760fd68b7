/**
 * When is the initial state of private memory defined? Here by the bind: a memfile can be bound or closed and nothing else, and is from
 * then on what the technology of its VM makes it: never touched by user space for TDX, open to it for SEV and pKVM, whose image is put
 * there. Andy Lutomirski, 24 April 2022. It says nothing of the moment at which user space must let go.
 */
import { design } from "../../../spec/language.ts";
import { Vm } from "../../../spec/guest-memory.ts";
import type { KnownBreach, Vector } from "../../../spec/language/design.ts";
import { oneBindingPerOffset, slotIsBound, slotsDisjoint } from "../../../spec/properties/binding.ts";
import { contentsComeFromTheFile, secretsStayPrivate } from "../../../spec/properties/contents.ts";
import { boundByOwner, pageInOneGuest } from "../../../spec/properties/exclusivity.ts";
import { hostAccessPromises } from "../../../spec/properties/host-access.ts";
import { mappingAgreesWithAttribute, noMappingToGonePage } from "../../../spec/properties/mappings.ts";
import { guestAccess, launch } from "./guest.ts";
import { addPage, fallocate, mapsWhere, munmap, writesWhere } from "./host.ts";
import { bounds, call, machineFor, sizesOf, state, type Access, type State } from "./state.ts";
import { memfilePromises, reachedWithImage, viewWhere } from "./view.ts";

/** Whether a VM may bind the file when others have. */
type MayBind = (s: State) => boolean;

export const bindsWhere = (mayBind: MayBind) =>
  call({
    kernel:
      "KVM_SET_USER_MEMORY_REGION with KVM_MEM_PRIVATE: memfile_register_notifier(), mm/memfile_notifier.c, v5",
    by: "task",
    takes: { vm: Vm },
    returns: ["EEXIST", "EINVAL"],
    sections: {
      "register the notifier": (s, { vm }) => {
        if (s.vms[vm].bound) return "EEXIST";
        if (!mayBind(s)) return "EINVAL";
        s.vms[vm].bound = true;
        if (s.phase === "unbound") s.phase = "bound";
      },
    },
  });

const byOneVm = bindsWhere((s) => [...s.vms].every(({ bound }) => !bound));

/** The technology has user space put the image where it will be. */
export const openWhileBound: Access = (s, m) => s.phase === "bound" && m.imageInPlace;

/** Each technology alone, and two of all indices. */
export const vectors: readonly Vector[] = ["tdx", "sev", "pkvm"].flatMap((technology): Vector[] => [
  { bounds: { technology }, quick: true },
  { bounds: { technology, vms: 2, pages: 2 } },
]);

export const destructive: KnownBreach = {
  property: "conversion-keeps-bytes",
  says: "fallocate() and holes convert, and what the page held is lost: pKVM wants to keep it",
  source: "Chao Peng, 22 April 2022: only destructive conversions at run time",
};

const BOUND_BY = "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory";

export const memfileBindFirst = design({
  name: "memfile-bind-first",
  says: "a memfile is bound before anything else, and its state is from then on what the VM's technology makes it",
  source: `${BOUND_BY}: Andy Lutomirski, 24 April 2022`,
  bounds,
  machine: machineFor,
  sizes: sizesOf,
  state,
  calls: {
    bind: byOneVm,
    write: writesWhere(openWhileBound),
    mmap: mapsWhere(openWhileBound),
    munmap,
    fallocate,
    add_page: addPage,
    launch,
    guest_access: guestAccess,
  },
  view: viewWhere(openWhileBound),
  promises: [
    oneBindingPerOffset,
    slotIsBound,
    slotsDisjoint,
    boundByOwner,
    pageInOneGuest,
    ...hostAccessPromises,
    noMappingToGonePage,
    mappingAgreesWithAttribute,
    contentsComeFromTheFile,
    secretsStayPrivate,
    ...memfilePromises,
  ],
  statements: reachedWithImage,
  knownBreaches: [
    {
      property: "never-private-and-host-mapped",
      says: "SEV and pKVM: what user space has mapped since the bind stays mapped when the guest runs",
      source: `${BOUND_BY}: Chao Peng, 25 April 2022`,
    },
    {
      property: "secrets-stay-private",
      says: "SEV and pKVM: it is mapped still when the guest has written to the page",
      source: `${BOUND_BY}: Andy Lutomirski, 25 April 2022: faults, or incoherent caches`,
    },
    {
      property: "initial-state-defined-once",
      says: "SEV and pKVM: user space writes to a page on which the guest runs",
      source: `${BOUND_BY}: Chao Peng, 25 April 2022`,
    },
    destructive,
  ],
  scenarios: {},
  vectors,
});
