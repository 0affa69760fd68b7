/** What was found in the guest_memfd library and in the callback that followed it, put back one at a time. */
import { change, live } from "../../../spec/language.ts";
import type { Vector } from "../../../spec/language/design.ts";
import { mutant } from "../../mutants/mutant.ts";
import { lockOfFolio, writeInvalidateLock } from "./folios.ts";
import { grab, type Counting, type Grab } from "./grab.ts";
import { mapUnlocked, putGrabbed } from "./library.ts";
import { mappable } from "./mappable.ts";
import { mappableWorker } from "./mappable-worker.ts";
import { libraryMended, withTheReference, type Fault } from "./mended.ts";

const { calls } = libraryMended;

/** Two vCPUs, or one and the kernel, on a page. */
const overlapping = (scenario: string, vcpus: number): readonly Vector[] => [
  { bounds: { vcpus }, scenario, mode: "overlap", overlap: 2, quick: true },
];

/** What the host does to a pinned page, one after the other. */
const sequential: readonly Vector[] = [{ bounds: {}, quick: true }];

const REVIEW =
  "Ackerley Tng on [RFC PATCH v5 06/15] KVM: guest_memfd: Handle final folio_put() of guestmem pages";

const underTheLock: Counting = {
  ...withTheReference,
  reference: () => {},
  lockedReference: withTheReference.reference,
  lost: () => {},
};

/** As many as there are users. */
const counted: Counting = {
  ...withTheReference,
  use: (folio) => {
    if (folio.accessible === 0) return false;
    folio.accessible++;
    return true;
  },
  unuse: (folio) => {
    if (folio.accessible === 0) return "none";
    return --folio.accessible === 0 ? "last" : "left";
  },
  reuse: (folio) => {
    folio.accessible++;
  },
};

export const libraryMutants = [
  mutant(libraryMended, {
    name: "folio-refcount-vs-safe-counter",
    bug: "H1",
    says: "a guest's fault counts its reference safe when it has the folio's lock, for which it may have waited",
    source: "the last item of what is to be done in [PATCH RFC v2 0/5], Elliot Berman, 29 August 2024",
    killedBy: "linearizable",
    calls: {
      guest_access: change(calls.guest_access, {
        sections: grab<Fault, "EFAULT" | "EBUSY">(
          underTheLock,
          (c) => !c.private,
          (refusal) => refusal,
        ),
      }),
    },
    vectors: overlapping("faults", 2),
  }),
  mutant(libraryMended, {
    name: "accessible-counter-double",
    bug: "H2",
    says: "who needs a folio accessible counts a use and a safe reference, and a guest that wants it back takes one use away, whosever it is",
    source: "Paolo Bonzini on [PATCH RFC v2 0/5], 10 October 2024: when can it be other than 0 or 1?",
    killedBy: "kernel-touches-what-the-host-may",
    calls: {
      guest_access: change(calls.guest_access, {
        sections: {
          ...grab<Fault, "EFAULT" | "EBUSY">(
            counted,
            (c) => !c.private,
            (refusal) => refusal,
          ),
          "map it for the guest, unlock it": mapUnlocked((s, c) => putGrabbed(s, c, c.private ? 0 : 1)),
        },
      }),
      kernel_access: change(calls.kernel_access, {
        sections: {
          ...grab<Grab, "EBUSY">(
            counted,
            () => true,
            () => "EBUSY",
          ),
          "unlock it, begin to touch it": {
            drops: lockOfFolio,
            run: (s, { folio }) => {
              s.folios[folio].touching++;
            },
          },
          "have touched it, put it": {
            ...calls.kernel_access.sections["have touched it, put it"],
            run: (s, c) => {
              s.folios[c.folio].touching--;
              putGrabbed(s, c, 1);
            },
          },
        },
      }),
    },
    vectors: overlapping("uses", 1),
  }),
  mutant(mappableWorker, {
    name: "folio-put-callback-truncated",
    bug: "H3",
    says: "a hole leaves the callback to a folio that it takes from the file, and what it calls looks for the inode of the folio",
    source: `${REVIEW}, 22 January 2025: folio->mapping->host`,
    killedBy: "no-use-after-free",
    calls: {
      punch_hole: mappable.calls.punch_hole,
      finish_conversion: change(mappableWorker.calls.finish_conversion, {
        sections: {
          "finish the conversion": {
            drops: writeInvalidateLock,
            run: (s, { folio }) => {
              s.folios[folio].queued = s.folios[folio].registered = false;
              s.mappable[live(s.folios[folio].page, "folio->mapping")] = "guest";
            },
          },
        },
      }),
    },
    vectors: sequential,
  }),
  mutant(mappableWorker, {
    name: "folio-put-callback-atomic",
    bug: "H3",
    says: "who drops the last reference finishes the conversion, under a lock for which it has to sleep, and may be an interrupt",
    source:
      "[PATCH v7 3/7] KVM: guest_memfd: Track folio sharing within a struct kvm_gmem_private: Fuad Tabba, 3 April 2025, on why invalidate_lock would not do",
    killedBy: "no-warning",
    calls: { unpin: mappable.calls.unpin },
    vectors: sequential,
  }),
];
