/** How the state of the family answers the questions of the common vocabulary, and what its designs are asked beside. */
import { ids, propertiesOf } from "../../../spec/language.ts";
import { Inode, Page, type GuestMemory } from "../../../spec/guest-memory.ts";
import {
  guestSeesDefinedBytes,
  hostSeesDefinedBytes,
  secretsStayPrivate,
} from "../../../spec/properties/contents.ts";
import { hostAccessPromises } from "../../../spec/properties/host-access.ts";
import { mappingPromises } from "../../../spec/properties/mappings.ts";
import { oneSlot } from "../../technology/one-slot.ts";
import { INODE, VM, type Folios, type Machine } from "./folios.ts";

export interface FolioView extends GuestMemory {
  readonly state: Folios;
  /** Somebody of the host has the page in hand other than by a mapping, or the kernel is about to see that nobody has. */
  isHeld(page: number): boolean;
}

export function view(s: Folios, { pages }: Machine): FolioView {
  const folioOf = (page: number) => {
    const id = s.cache[page];
    return id === null || id === undefined ? null : s.folios[id];
  };
  return {
    state: s,
    ...oneSlot(pages),

    // The guest says so, and tells the hypervisor.
    isPrivate: (_vm, gfn) => !s.shared[gfn]!,
    guestMapping: (_vm, gfn) =>
      s.leaves[gfn] === "none"
        ? null
        : { at: { inode: INODE, page: gfn }, private: s.leaves[gfn] === "private", fromFile: true },

    pageState: (_inode, page) => {
      const folio = folioOf(page);
      return folio === null ? "absent" : folio.state === "ready" ? "ready" : "allocated";
    },
    hostMaps: (_inode, page) => folioOf(page)?.mapped === true,
    hostMayMap: () => [...s.folios].every(({ state, lent }) => state === "free" || !lent),
    hostMayMapPage: (_inode, page) => folioOf(page)?.lent !== true,
    contentsDefined: (_inode, page) => folioOf(page)?.state === "ready",
    // A guest that shares a page shares what it wrote there.
    secretOf: (_inode, page) => (folioOf(page)?.lent === true ? VM : null),

    isInvalidating: (_vm, gfn) => s.invalidating[gfn]!,
    isHeld: (page) => folioOf(page)?.pinned === true,
    invalidations: () => [...s.invalidating].filter((under) => under).length,
  };
}

const { sometimes, step } = propertiesOf<FolioView>();

const refusedOnlyWhileHeld = step({
  name: "conversion-refused-only-while-held",
  says: "between calls nothing but a pin of the host keeps the guest from having its page back",
  source:
    "[PATCH RFC v2 2/5] mm: guest_memfd: Allow folios to be accessible to host, Elliot Berman, 29 August 2024: the references but the safe ones must be gone",
  over: {},
  asksResults: true,
  when: (_before, { call, result }) => call === "guest_access" && (result === "EBUSY" || result === "EAGAIN"),
  holds: (before, { params }) => before.isHeld(params["page"] as number),
});

const outlives = sometimes({
  name: "a-folio-outlives-its-place-in-the-file",
  says: "the host holds a folio that a hole has taken from the file",
  source: "pins keep no inode: Vishal Annapurve on [PATCH RFC v2 2/5], 10 October 2024",
  over: {},
  holds: ({ state }) =>
    ids(state.folios).some((id) => state.folios[id].state !== "free" && state.folios[id].page === null),
});

const givenBack = sometimes({
  name: "the-host-maps-what-the-guest-has-shared",
  says: "the host maps a page that the guest shares with it",
  source: "the virtqueues of a protected guest: [PATCH RFC v2 2/5], Elliot Berman, 29 August 2024",
  over: { inode: Inode, page: Page },
  holds: (m, { inode, page }) => m.hostMaps(inode, page) && m.state.shared[page]!,
});

/** The common promises that the view can answer, and what the family is asked beside. */
export const promises = [
  ...hostAccessPromises,
  ...mappingPromises,
  guestSeesDefinedBytes,
  hostSeesDefinedBytes,
  secretsStayPrivate,
  refusedOnlyWhileHeld,
];
export const statements = [outlives, givenBack];
