/**
 * Is it enough to bind a memfile to a technology, and not to a VM? Then several VMs may show the same page. Where hardware or hypervisor
 * know its owner, the second guest's fault fails for a reason that the kernel does not know; where they do not, as with SEV, two guests
 * have it. Andy Lutomirski, 24 April 2022, offers both; what comes of the second is read so afterwards.
 */
import { change, variant } from "../../../spec/language.ts";
import { bindsWhere, destructive } from "./bind-first.ts";
import { memfileMeasured } from "./measured.ts";
import { reachedWithImage } from "./view.ts";

const BIND =
  "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory: Andy Lutomirski, 24 April 2022";

export const memfileOfATechnology = variant(memfileMeasured, {
  name: "memfile-of-a-technology",
  says: "a memfile is bound to a technology, and any VM of it may show it to its guest",
  source: BIND,
  calls: {
    bind: change(
      bindsWhere(() => true),
      { never: ["EINVAL"] },
    ),
  },
  statements: reachedWithImage,
  knownBreaches: [
    { property: "one-binding-per-offset", says: "two VMs have a page in their slots", source: BIND },
    { property: "slot-is-bound", says: "of two slots, the file is the first one's", source: BIND },
    { property: "bound-by-its-owner", says: "the second VM is not the first one to bind it", source: BIND },
    { property: "page-in-one-guest", says: "SEV: two guests map a page", source: BIND },
    { property: "secrets-stay-private", says: "SEV: one of them has written to it", source: BIND },
    {
      property: "no-warning",
      says: "TDX and pKVM: the page is refused to the second guest, where the kernel expects no refusal",
      source:
        "Re: [PATCH v10 1/9] mm: Introduce memfd_restricted system call to create restricted user memory: Sean Christopherson, 13 January 2023",
    },
    destructive,
  ],
});
