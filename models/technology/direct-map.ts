/**
 * Memory that is not in the kernel's direct map (KVM_GMEM_NO_DIRECT_MAP): KVM puts a page back while it has to touch it. How many do so
 * at the moment is counted, and the first and the last of them change the map.
 */
import {
  bool,
  callsOf,
  design,
  per,
  position,
  propertiesOf,
  record,
  upTo,
  type Bounds,
  type ValueOf,
} from "../../spec/language.ts";
import { folioLock } from "../guest-memfd/locks.ts";

const Page = position("pages");

const state = record({
  pages: per(
    Page,
    record({
      /** The sharing refcount. */
      sharers: upTo("users"),
      /** In the direct map. PG_private says that it is not. */
      mapped: bool,
      /** No kernel state: how many are at work on the bytes, by the page's address in the direct map. */
      touching: upTo("users"),
    }),
  ),
});
type State = ValueOf<typeof state>;

interface Machine {
  readonly pages: number;
  readonly users: number;
}

interface Sharer {
  readonly page: number;
  /** The count went from none to one, or from one to none. */
  turns: boolean;
}

const { call } = callsOf<State, Machine>();
const { always, sometimes } = propertiesOf<State>();

const lockOfFolio = ({ page }: Sharer) => folioLock(0, page);

const accessPage = call({
  kernel: "gpc_map(), gpc_unmap(), virt/kvm/pfncache.c, with kvm_gmem_folio_share() and _unshare()",
  by: "task",
  takes: { page: Page },
  keeps: { turns: bool },
  returns: [],
  sections: {
    "share: lock the folio": { takes: lockOfFolio },
    "share: count": (s, c) => {
      c.turns = s.pages[c.page]!.sharers++ === 0;
    },
    "share: restore the direct map": {
      when: ({ turns }) => turns,
      run: (s, { page }) => {
        s.pages[page]!.mapped = true;
      },
    },
    "share: unlock the folio": { drops: lockOfFolio },
    "begin to touch it": (s, { page }) => {
      s.pages[page]!.touching++;
    },
    "have touched it": (s, { page }) => {
      s.pages[page]!.touching--;
    },
    "unshare: lock the folio": { takes: lockOfFolio },
    "unshare: count": (s, c) => {
      c.turns = --s.pages[c.page]!.sharers === 0;
    },
    "unshare: remove it from the direct map": {
      when: ({ turns }) => turns,
      run: (s, { page }) => {
        s.pages[page]!.mapped = false;
      },
    },
    "unshare: unlock the folio": { drops: lockOfFolio },
  },
});

const touchesWhatIsMapped = always({
  name: "touches-what-is-mapped",
  says: "the kernel touches a page by its address in the direct map only while it is there",
  source:
    "[RFC PATCH 6/8] kvm: gmem: Temporarily restore direct map entries when needed, Patrick Roy, 9 July 2024",
  anytime: true,
  over: { page: Page },
  when: ({ pages }, { page }) => pages[page]!.touching > 0,
  holds: ({ pages }, { page }) => pages[page]!.mapped,
  why: (_s, { page }) => `page ${page} is touched and is not in the direct map: a page fault of the kernel`,
});

const mappedWhileShared = always({
  name: "mapped-while-shared",
  says: "when nobody is on the way, a page is in the direct map exactly while somebody shares it",
  source: '[RFC PATCH 009/008] kvm: gmem: Introduce "sharing refcount", Patrick Roy, August 2024',
  over: { page: Page },
  holds: ({ pages }, { page }) => pages[page]!.mapped === pages[page]!.sharers > 0,
});

const sharedTwice = sometimes({
  name: "a-page-is-touched-by-two",
  says: "two are at work on one page",
  source: "the kvm-clocks of two vCPUs in one page: [RFC PATCH 009/008], Patrick Roy, August 2024",
  anytime: true,
  over: { page: Page },
  holds: ({ pages }, { page }) => pages[page]!.touching > 1,
});

export const directMap = design({
  name: "direct-map",
  says: "a page of a guest_memfd is in the direct map while the kernel touches it, as a sharing refcount under the folio lock says",
  source: "KVM_GMEM_NO_DIRECT_MAP, RFC of July and August 2024, Patrick Roy",
  bounds: {
    pages: { says: "pages", default: 1, most: 2 },
    tasks: { says: "threads that touch them", default: 2, most: 3 },
  },
  machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]), users: Number(bounds["tasks"]) }),
  sizes: ({ pages, users }) => ({ pages, users }),
  state,
  calls: { access_page: accessPage },
  view: (s: State) => s,
  promises: [touchesWhatIsMapped, mappedWhileShared],
  statements: [sharedTwice],
  scenarios: {},
  vectors: [
    { bounds: {}, mode: "overlap", overlap: 2, quick: true },
    { bounds: { pages: 2, tasks: 3 }, mode: "overlap", overlap: 3 },
  ],
});
