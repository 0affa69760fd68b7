/**
 * The guest_memfd library of 2024, and the callback that was to take the place of its counters. That Paolo Bonzini would rather have its file in
 * virt/lib is no question for a model.
 */
import type { Family } from "../family.ts";
import { inPlaceConversion } from "../in-place-conversion.ts";
import { library } from "./library.ts";
import { mappable } from "./mappable.ts";
import { mappableWorker } from "./mappable-worker.ts";
import { libraryMended } from "./mended.ts";
import { libraryMutants } from "./mutants.ts";

const mail = {
  subject: "Re: [PATCH RFC v2 0/5] mm: Introduce guest_memfd library",
  date: "2024-10-10",
} as const;

const oneVm = "one VM with one slot, whose frame i shows page i of its one file from the start";
const constantFile = "the file is there from the start and is not closed";
const noPoison =
  "memory that fails is not modelled: gmem_error_folio() invalidates as a hole does, and keeps the folio";

export const libraryFamily: Family = {
  title: "guest_memfd library",
  source: "Re: [PATCH RFC v2 0/5] mm: Introduce guest_memfd library, 10 October 2024",
  designs: [library, libraryMended, mappable, mappableWorker],
  mutants: libraryMutants,
  objections: [
    {
      ...mail,
      says: "a folio whose reference has been taken, and not yet been counted safe because its taker waits for the folio's lock, cannot be converted, though nothing is wrong with that",
      by: "Elliot Berman (29 August, quoted)",
      against: { design: library, promise: "linearizable" },
      answer: { design: libraryMended, promise: "linearizable" },
    },
    {
      ...mail,
      says: "how are the counts used, and when can `accessible` be other than 0 or 1?",
      by: "Paolo Bonzini",
      against: { design: library, promise: "kernel-touches-what-the-host-may" },
      answer: { design: libraryMended, promise: "kernel-touches-what-the-host-may" },
    },
    {
      ...mail,
      says: "eight bytes of memory for each folio, and a pointer to follow, where the pointer itself has 64 bits",
      by: "Paolo Bonzini",
      against: { design: library, promise: "bookkeeping-fits-the-folio" },
      answer: { design: libraryMended, promise: "bookkeeping-fits-the-folio" },
    },
    {
      says: "the callback on the last reference finds no inode where the folio was truncated, or the file closed",
      by: "Ackerley Tng",
      subject: "Re: [RFC PATCH v5 06/15] KVM: guest_memfd: Handle final folio_put() of guestmem pages",
      date: "2025-01-22",
      against: { design: mappable, promise: "no-use-after-free" },
      answer: { design: mappableWorker, promise: "no-use-after-free" },
    },
    {
      says: "what waits for the callback has to be restored when the folio is truncated",
      by: "Ackerley Tng",
      subject: "Re: [RFC PATCH v5 06/15] KVM: guest_memfd: Handle final folio_put() of guestmem pages",
      date: "2025-02-06",
      against: { design: mappable, promise: "nobodys-only-while-held" },
      answer: { design: mappableWorker, promise: "nobodys-only-while-held" },
    },
    {
      says: "the callback can come from an interrupt, where it cannot take invalidate_lock",
      by: "Fuad Tabba",
      subject: "Re: [PATCH v7 3/7] KVM: guest_memfd: Track folio sharing within a struct kvm_gmem_private",
      date: "2025-04-03",
      against: { design: mappable, promise: "no-warning" },
      answer: { design: inPlaceConversion, promise: "no-warning" },
    },
  ],
  silent: {
    "one-binding-per-offset": oneVm,
    "binding-names-its-slot": oneVm,
    "slot-is-bound": oneVm,
    "bound-range-within-file": oneVm,
    "slots-disjoint": oneVm,
    "exclusive-flags": oneVm,
    "guest-memfd-slot-immutable": oneVm,
    "bound-by-its-owner": oneVm,
    "page-in-one-guest": oneVm,
    "page-at-one-gfn": oneVm,
    "contents-come-from-the-file": "no guest memory but the file",
    "no-undefined-byte-read": "bytes are not read: whether the page was zeroed is asked of whoever maps it",
    "file-size-constant": constantFile,
    "no-page-beyond-size": constantFile,
    "file-pins-its-vm": constantFile,
    "vm-lives-while-referenced": constantFile,
    "file-lives-while-referenced": constantFile,
    "guest-maps-no-poison": noPoison,
    "host-maps-no-poison": noPoison,
    "poison-reaches-its-user": noPoison,
    "poison-reaches-nobody-else": noPoison,
    "slot-pages-balance": oneVm,
  },
};
