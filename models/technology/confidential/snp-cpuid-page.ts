/**
 * Question: KVM_SEV_SNP_LAUNCH_UPDATE of a CPUID page tells user space, by its source page, what the firmware would have accepted. With
 * which rights may KVM write there, and does what it wrote last?
 *
 * Source: f13e90059908 (the source page of a CPUID page is pinned for writing) and 97cd21d57e9b (it is marked dirty), Linux 7.2.
 */
import {
  bool,
  callsOf,
  design,
  goTo,
  oneOf,
  propertiesOf,
  record,
  type ValueOf,
} from "../../../spec/language.ts";
import { mmapLock } from "../../guest-memfd/locks.ts";

const state = record({
  /** What user space may do with the source page. Read-only, it may be a page that others see: the page of a file, the zero page. */
  access: oneOf("read", "write"),
  /** The values in it: those of the caller, or those that the firmware would have accepted. */
  values: oneOf("own", "corrected"),
  /** Those that its file has, or its place in swap. */
  stored: oneOf("own", "corrected"),
  /** PG_dirty: what is in memory goes to its file, or to swap, before the page is reclaimed. */
  dirty: bool,
});
interface State extends ValueOf<typeof state> {}

const { call, choice } = callsOf<State, {}>();

const mprotect = call({
  kernel: "do_mprotect_pkey(), mm/mprotect.c",
  by: "task",
  takes: { access: oneOf("read", "write") },
  returns: [],
  sections: {
    "change the rights": {
      under: () => mmapLock.write(),
      run: (s, { access }) => {
        s.access = access;
      },
    },
  },
});

const fill = call({
  kernel: "a store of user space to the source page",
  by: "task",
  takes: {},
  returns: ["SIGSEGV SEGV_ACCERR"],
  sections: {
    store: (s) => {
      if (s.access === "read") return "SIGSEGV SEGV_ACCERR";
      s.values = "own";
      s.dirty = true;
    },
  },
});

const launchUpdate = call({
  kernel: "sev_gmem_populate(), sev_gmem_post_populate(), arch/x86/kvm/svm/sev.c, 7.2: a page of type CPUID",
  by: "task",
  takes: {
    refused: choice<boolean>(
      () => [false],
      () => [true],
    ),
  },
  returns: ["EIO"],
  leaves: {
    EIO: {
      says: "the source page has the values that the firmware would have accepted",
      source: "KVM_SEV_SNP_LAUNCH_UPDATE, Documentation/virt/kvm/x86/amd-memory-encryption.rst",
      cells: /^(values|dirty)$/,
    },
  },
  sections: {
    "get_user_pages_fast(), FOLL_WRITE": (s) => (s.access === "read" ? "EIO" : undefined),
    "SNP_LAUNCH_UPDATE by the firmware": (_s, { refused }) => (refused ? undefined : goTo("put the page")),
    "copy the corrected page back": (s) => {
      s.values = "corrected";
    },
    "mark it dirty": (s) => {
      s.dirty = true;
      return "EIO";
    },
    "put the page": { local: true, run: () => {} },
  },
});

/** Memory is short: the page is written out if it is dirty, dropped, and read again when it is needed. */
const reclaim = call({
  kernel: "shrink_folio_list(), mm/vmscan.c",
  by: "kernel",
  takes: {},
  returns: [],
  sections: {
    "write it out, or drop it": (s) => {
      if (s.dirty) s.stored = s.values;
      s.values = s.stored;
      s.dirty = false;
    },
  },
});

const { sometimes, step } = propertiesOf<State>();

const writesWhereUserMay = step({
  name: "kernel-writes-where-its-user-may",
  says: "the kernel changes memory for user space only where user space could do so itself",
  source: "f13e90059908: the source of a CPUID page is pinned for writing, 7.2",
  over: {},
  asksResults: true,
  when: (_before, { call }) => call === "launch_update",
  holds: (before, _made, after) => before.access === "write" || before.values === after.values,
  why: () => "the values in a page that user space may only read are others now",
});

const storesLast = step({
  name: "cpuid-page-outlives-reclaim",
  says: "memory that was reclaimed comes back with what was stored there last, by whom ever",
  source: "97cd21d57e9b: the source of a CPUID page is marked dirty, 7.2",
  over: {},
  asksResults: true,
  when: (_before, { call }) => call === "reclaim",
  holds: (before, _made, after) => before.values === after.values,
  why: () => "the values are those of before the launch update",
});

const tellsCorrections = sometimes({
  name: "corrected-values-are-told",
  says: "user space finds the values that the firmware would have accepted",
  source: "KVM_SEV_SNP_LAUNCH_UPDATE, Documentation/virt/kvm/x86/amd-memory-encryption.rst",
  over: {},
  holds: ({ values }) => values === "corrected",
});

export const snpCpuidPage = design({
  name: "snp-cpuid-page",
  says: "the source of a CPUID page is pinned for writing, and is dirty when KVM has written to it",
  source: "f13e90059908 and 97cd21d57e9b, Linux 7.2",
  bounds: { tasks: { says: "threads of the process", default: 1, most: 2 } },
  machine: () => ({}),
  sizes: () => ({}),
  state,
  calls: { mprotect, fill, launch_update: launchUpdate, reclaim },
  view: (s: State) => s,
  promises: [writesWhereUserMay, storesLast],
  statements: [tellsCorrections],
  scenarios: {},
  vectors: [{ bounds: {}, quick: true }],
});
