/** The thread of May 2022 on what a memfile is: bound to whom, filled when, and how shared and private memory live in one slot. */
import type { Family } from "../family.ts";
import { memfileBindConverts } from "./bind-converts.ts";
import { memfileBindFirst } from "./bind-first.ts";
import { memfileFragmentedSlots } from "./fragmented-slots.ts";
import { memfileMeasured } from "./measured.ts";
import { memfileMutants } from "./mutants.ts";
import { memfileOfATechnology } from "./of-a-technology.ts";
import { memfilePkvmInFile, memfilePkvmPinsForgotten } from "./pkvm-in-file.ts";
import { memfileTwoSlots } from "./two-slots.ts";
import { memfileV5 } from "./v5.ts";

/** What others said stands in it as quotations, whose dates `by` gives. */
const mail = {
  subject: "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory",
  date: "2022-05-03",
} as const;

const FIRST = "Andy Lutomirski (24 April, quoted)";
const SECOND = "Andy Lutomirski (25 April, quoted)";
const ANSWER = "Chao Peng (25 April, quoted)";
const LAST = "Chao Peng (28 April, quoted)";

const SHMEM_CLEARS = "shmem clears a page before anybody sees it";
const NO_POISON = "nothing is poisoned";
const STAYS_OPEN = "one file, of constant size, stays open, and its VMs with it";
const ONE_MEMORY = "the guest has no memory but the file";

export const memfileFamily: Family = {
  title: "memfile v5: bind, measure, and private pages that hide shared ones",
  source: `${mail.subject}, 3 May 2022`,
  designs: [
    memfileV5,
    memfileBindConverts,
    memfileBindFirst,
    memfileMeasured,
    memfileOfATechnology,
    memfileTwoSlots,
    memfileFragmentedSlots,
    memfilePkvmPinsForgotten,
    memfilePkvmInFile,
  ],
  mutants: memfileMutants,
  objections: [
    {
      ...mail,
      by: FIRST,
      says: "A file that is filled before it is bound is what TDX cannot handle cleanly.",
      against: { design: memfileBindConverts, promise: "no-bytes-from-before-the-bind" },
      answer: { design: memfileBindFirst, promise: "no-bytes-from-before-the-bind" },
    },
    {
      ...mail,
      by: FIRST,
      says: "For SEV, data is written before anybody knows that its memory must not be reclaimed or moved.",
      against: { design: memfileBindConverts, promise: "never-movable-when-private" },
      answer: { design: memfileBindFirst, promise: "never-movable-when-private" },
    },
    {
      ...mail,
      by: "nobody here: read so afterwards, and Sean Christopherson's argument of January 2023",
      says: "A memfile that is bound to a technology only, which Andy Lutomirski offers beside a VM (24 April, quoted), may be shown by two VMs.",
      against: { design: memfileOfATechnology, promise: "page-in-one-guest" },
      answer: { design: memfileMeasured, promise: "page-in-one-guest" },
    },
    {
      ...mail,
      by: FIRST,
      says: "Are shared pages allowed in a TDX memfile at all? If not, that is what the hardware does.",
      against: { design: memfileBindConverts, promise: "never-private-and-host-mapped" },
      answer: { design: memfileMeasured, promise: "never-private-and-host-mapped" },
    },
    {
      ...mail,
      by: FIRST,
      says: "I/O, and even DMA, could be done on a memfile whose pages are converted back and forth.",
      against: { design: memfilePkvmPinsForgotten, promise: "never-private-and-host-mapped" },
      answer: { design: memfilePkvmInFile, promise: "never-private-and-host-mapped" },
    },
    {
      ...mail,
      by: ANSWER,
      says: "What a bind does differs by technology: SEV's user space may reach the file after it, that of TDX must not.",
      against: { design: memfileBindConverts, promise: "image-can-be-placed" },
      answer: { design: memfileBindFirst, promise: "image-can-be-placed" },
    },
    {
      ...mail,
      by: ANSWER,
      says: "Before the first launch a third operation must look that what was mapped is unmapped.",
      against: { design: memfileBindFirst, promise: "never-private-and-host-mapped" },
      answer: { design: memfileMeasured, promise: "never-private-and-host-mapped" },
    },
    {
      ...mail,
      by: ANSWER,
      says: "It must prevent later access by user space, so that the initialization is complete once.",
      against: { design: memfileBindFirst, promise: "initial-state-defined-once" },
      answer: { design: memfileMeasured, promise: "initial-state-defined-once" },
    },
    {
      ...mail,
      by: SECOND,
      says: "To let user space map SEV's pages is not wise either: it faults, or caches become incoherent.",
      against: { design: memfileBindFirst, promise: "secrets-stay-private" },
      answer: { design: memfileMeasured, promise: "secrets-stay-private" },
    },
    {
      ...mail,
      by: LAST,
      says: "A static flag does not do; the backing store has to change its flags by a callback, as a state machine.",
      against: { design: memfileV5, promise: "image-can-be-placed" },
      answer: { design: memfileMeasured, promise: "image-can-be-placed" },
    },
    {
      ...mail,
      by: SECOND,
      says: "SEV has one set of page tables, and no natural way to resolve private and shared slots that overlap.",
      against: { design: memfileTwoSlots, promise: "contents-come-from-the-file" },
      answer: { design: memfileMeasured, promise: "contents-come-from-the-file" },
    },
    {
      ...mail,
      by: SECOND,
      says: "Where both slots have valid pages at a frame, the guest may not find what its ABI says, even on TDX.",
      against: { design: memfileTwoSlots, promise: "mapping-agrees-with-attribute" },
      answer: { design: memfileMeasured, promise: "mapping-agrees-with-attribute" },
    },
    {
      ...mail,
      by: SECOND,
      says: "Memslots could be fragmented instead, if their code were efficient enough.",
      against: { design: memfileFragmentedSlots, promise: "conversion-leaves-the-rest" },
      answer: { design: memfileMeasured, promise: "conversion-leaves-the-rest" },
    },
    {
      ...mail,
      by: ANSWER,
      says: "pKVM wants private and shared memory in one file, converted by mmap() and munmap() and not by holes.",
      against: { design: memfileMeasured, promise: "conversion-keeps-bytes" },
      answer: { design: memfilePkvmInFile, promise: "conversion-keeps-bytes" },
    },
  ],
  silent: {
    "binding-names-its-slot": "the file keeps a list of notifiers, which stay as long as the slots do",
    "page-at-one-gfn": "frame i shows page i, and nothing else",
    "no-mapping-through-a-gone-slot": "slots are made once and never changed",
    "bound-range-within-file": "a slot shows the whole file, and no other range",
    "exclusive-flags": "slots have no flags here",
    "guest-memfd-slot-immutable": "slots are made once and never changed",
    "invalidations-end": "an invalidation is one section with what it is for",
    "guest-sees-defined-bytes": SHMEM_CLEARS,
    "host-sees-defined-bytes": SHMEM_CLEARS,
    "no-undefined-byte-read": SHMEM_CLEARS,
    "file-size-constant": STAYS_OPEN,
    "no-page-beyond-size": STAYS_OPEN,
    "file-pins-its-vm": STAYS_OPEN,
    "vm-lives-while-referenced": STAYS_OPEN,
    "file-lives-while-referenced": STAYS_OPEN,
    "guest-maps-no-poison": NO_POISON,
    "host-maps-no-poison": NO_POISON,
    "poison-reaches-its-user": NO_POISON,
    "poison-reaches-nobody-else": NO_POISON,
    "slot-pages-balance": "nothing is charged for",
  },
  silentOf: {
    [memfilePkvmInFile.name]: { "contents-come-from-the-file": ONE_MEMORY },
    [memfilePkvmPinsForgotten.name]: { "contents-come-from-the-file": ONE_MEMORY },
  },
};
