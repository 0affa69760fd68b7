/** The review of restrictedmem v10: whom a hole tells, whose a page is, and what becomes of slots that are aliases. */
import type { Family } from "../family.ts";
import { restrictedmemMutants } from "./mutants.ts";
import { restrictedmemOneInode } from "./one-inode.ts";
import { restrictedmemSharedAlias } from "./shared-alias.ts";
import { restrictedmemV10 } from "./v10.ts";
import { restrictedmemXarray } from "./xarray.ts";

/** What others said stands in it as quotations, whose dates `by` gives. */
const mail = {
  subject: "Re: [PATCH v10 1/9] mm: Introduce memfd_restricted system call to create restricted user memory",
  date: "2023-01-18",
} as const;

const SEAN = "Sean Christopherson (13 January, quoted)";
const CHAO = "Chao Peng (17 January, quoted)";

const NOBODY_MAPS = "nobody can map or read a restrictedmem file: it has no such operations";
const SHMEM_CLEARS = "shmem clears a page before anybody sees it";
const STAYS_OPEN = "files, of constant size, stay open, and VMs with them";

export const restrictedmemFamily: Family = {
  title: "restrictedmem v10: a list of notifiers, an xarray of bindings",
  source: `${mail.subject}, 18 January 2023`,
  designs: [restrictedmemV10, restrictedmemXarray, restrictedmemSharedAlias, restrictedmemOneInode],
  mutants: restrictedmemMutants,
  objections: [
    {
      ...mail,
      by: SEAN,
      says: "To invoke notifiers blindly does not scale: to convert one page is a walk through all slots.",
      against: { design: restrictedmemV10, promise: "cost-of-a-hole" },
      answer: { design: restrictedmemXarray, promise: "cost-of-a-hole" },
    },
    {
      ...mail,
      by: SEAN,
      says: "KVM cannot ensure that a guest has a page for itself; with SEV nothing else does.",
      against: { design: restrictedmemV10, promise: "page-in-one-guest" },
      answer: { design: restrictedmemXarray, promise: "page-in-one-guest" },
    },
    {
      ...mail,
      by: SEAN,
      says: "Left to the hardware of SNP and TDX, a second VM's failure comes deep in KVM, when the page is assigned.",
      against: { design: restrictedmemV10, promise: "refused-at-set-up" },
      answer: { design: restrictedmemXarray, promise: "refused-at-set-up" },
    },
    {
      ...mail,
      by: SEAN,
      says: "The ABI lets user space put garbage into memslots.",
      against: { design: restrictedmemV10, promise: "one-binding-per-offset" },
      answer: { design: restrictedmemXarray, promise: "one-binding-per-offset" },
    },
    {
      ...mail,
      by: CHAO,
      says: "QEMU's SMRAM slot, an alias of system memory, fails with EINVAL; marked as shared it passes.",
      against: { design: restrictedmemXarray, promise: "alias-is-accepted" },
      answer: { design: restrictedmemSharedAlias, promise: "alias-is-accepted" },
    },
    {
      ...mail,
      by: `${CHAO}; Sean Christopherson: a QEMU bug of sorts`,
      says: "To mark alias slots as shared is perhaps no correct fix.",
      against: { design: restrictedmemSharedAlias, promise: "guest-finds-one-memory" },
      answer: { design: restrictedmemXarray, promise: "guest-finds-one-memory" },
    },
    {
      by: "Sean Christopherson",
      subject: mail.subject,
      date: "2023-01-13",
      says: "Bindings must be stable from the begin of an invalidation to its end, so that the two balance.",
      against: { design: restrictedmemV10, promise: "no-warning" },
      answer: { design: restrictedmemXarray, promise: "no-warning" },
    },
    {
      by: "Liam Merwick (the crash; that nobody is told is read so afterwards)",
      subject: "Re: [PATCH v10 0/9] KVM: mm: fd-based approach for supporting KVM",
      date: "2023-01-24",
      says: "Memory failure looks for a page's owner on a list of inodes, and finds none that is one.",
      against: { design: restrictedmemV10, promise: "guest-maps-no-poison" },
      answer: { design: restrictedmemOneInode, promise: "guest-maps-no-poison" },
    },
    {
      by: "Christian Brauner (that a removal goes untold is read so afterwards)",
      subject: "Re: [PATCH v7 00/14] KVM: mm: fd-based approach for supporting KVM guest private memory",
      date: "2023-04-13",
      says: "It is a stacking file system: two inodes for the same pages.",
      against: { design: restrictedmemXarray, promise: "no-mapping-to-a-gone-page" },
      answer: { design: restrictedmemOneInode, promise: "no-mapping-to-a-gone-page" },
    },
  ],
  silent: {
    "bound-by-its-owner": "a restrictedmem file is made for no VM",
    "binding-names-its-slot": "a slot and its notifier come and go in one section",
    "slot-is-bound": "a slot and its notifier come and go in one section",
    "bound-range-within-file": "a slot is made for pages that the file has, and for no others",
    "exclusive-flags": "slots have no flags here",
    "guest-memfd-slot-immutable": "slots are made and deleted, and not changed",
    "host-never-maps-private": NOBODY_MAPS,
    "never-private-and-host-mapped": NOBODY_MAPS,
    "host-maps-no-gone-page": NOBODY_MAPS,
    "host-sees-defined-bytes": NOBODY_MAPS,
    "host-maps-no-poison": NOBODY_MAPS,
    "secrets-stay-private": NOBODY_MAPS,
    "guest-sees-defined-bytes": SHMEM_CLEARS,
    "no-undefined-byte-read": SHMEM_CLEARS,
    "mapping-agrees-with-attribute": "attributes are left out: all that is in the file is private",
    "contents-come-from-the-file": "accesses are not told apart: all that is in the file is private",
    "file-size-constant": STAYS_OPEN,
    "no-page-beyond-size": STAYS_OPEN,
    "file-pins-its-vm": STAYS_OPEN,
    "vm-lives-while-referenced": STAYS_OPEN,
    "file-lives-while-referenced": STAYS_OPEN,
    "slot-pages-balance": "nothing is charged for",
  },
};
