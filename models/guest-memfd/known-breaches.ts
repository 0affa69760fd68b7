/** Promises that shipped versions break: knowledge, with its source, and not a failure of the check. */
import type { KnownBreach } from "../../spec/language/design.ts";

const overflow = {
  says: "the end of a binding is a signed sum: at offset 2^63 - 4096 it is negative, and within every file",
  source:
    "kvm_gmem_bind() with loff_t, Linux 6.8 to 6.18; answered 0 by 6.12.107 and 6.18.44, EINVAL since 7.2",
};

/** The slot is bound behind the end of the file, and an access puts a page there. */
export const signedOffsetAccepted: readonly KnownBreach[] = [
  { property: "bound-range-within-file", ...overflow },
  { property: "no-page-beyond-size", ...overflow },
];

const toggled = {
  says: "a call without KVM_MEM_GUEST_MEMFD turns a guest_memfd slot into an ordinary one, or moves it, and its binding stays",
  source:
    '"Disallow toggling KVM_MEM_GUEST_MEMFD on an existing memslot", 6.19-rc1, stable series of 6.12 and 6.18',
};

/** What follows from a binding to a slot that is bound no more: its leaves are found by nobody. */
export const toggling: readonly KnownBreach[] = [
  "guest-memfd-slot-immutable",
  "binding-names-its-slot",
  "no-mapping-through-a-gone-slot",
  "no-mapping-to-a-gone-page",
  "guest-maps-no-poison",
  "poison-reaches-its-user",
  "guest-sees-defined-bytes",
  "no-undefined-byte-read",
].map((property) => ({ property, ...toggled }));
