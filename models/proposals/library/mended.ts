/**
 * A repair of the guest_memfd library, which nobody has posted: a reference is counted safe when it is taken, before the folio is locked; `accessible` is a
 * flag, and who needs the folio accessible keeps a reference that is not safe; both fit into folio->private.
 *
 * Question: what is left of the library when what was asked about it on 10 October 2024 is answered?
 *
 *     npx gmemcheck check models/proposals/library/mended.ts
 */
import { change, variant } from "../../../spec/language.ts";
import { lockOfFolio, putFolio, removeFolio, type Access } from "./folios.ts";
import { grab, hasUnsafe, prepareAccessible, type Counting, type Grab } from "./grab.ts";
import { library, mapForHost, mapUnlocked, notAtomic } from "./library.ts";

export const withTheReference: Counting = {
  reference: (folio) => {
    folio.safe++;
  },
  lockedReference: () => {},
  lost: (folio) => {
    folio.safe--;
  },
  added: (folio, accessible) => {
    folio.accessible = accessible ? 1 : 0;
    folio.safe = 1;
    folio.allocated = false;
    folio.inDirectMap = accessible;
    folio.touching = 0;
  },
  use: ({ accessible }) => accessible > 0,
  unuse: (folio) => {
    if (folio.accessible === 0) return "none";
    folio.accessible = 0;
    return "last";
  },
  makeAccessible: (s, folio, m) => {
    if (hasUnsafe(folio)) return "EBUSY";
    const refusal = prepareAccessible(s, folio, m);
    if (refusal !== undefined) return refusal;
    folio.inDirectMap = true;
    folio.accessible = 1;
    return undefined;
  },
  reuse: (folio) => {
    folio.accessible = 1;
  },
};

export type Fault = Grab & Access;
const { calls } = library;

export const libraryMended = variant(library, {
  name: "guest-memfd-library-mended",
  says: "references are counted safe when they are taken, and a folio is accessible or not, which fits into folio->private",
  source: "a repair of [PATCH RFC v2 0/5] mm: Introduce guest_memfd library; not sent to anybody",
  calls: {
    guest_access: change(calls.guest_access, {
      sections: {
        ...grab<Fault, "EFAULT" | "EBUSY">(
          withTheReference,
          (c) => !c.private,
          (refusal) => refusal,
        ),
        "map it for the guest, unlock it": mapUnlocked((s, { folio }) => {
          s.folios[folio].safe--;
          putFolio(s, folio);
        }),
      },
    }),
    host_access: change(calls.host_access, {
      sections: {
        ...grab<Grab, "SIGBUS BUS_ADRERR">(
          withTheReference,
          () => true,
          () => "SIGBUS BUS_ADRERR",
        ),
        "map it, unlock it": { drops: lockOfFolio, run: (s, c) => mapForHost(s, s.folios[c.folio], c) },
      },
    }),
    kernel_access: change(calls.kernel_access, {
      sections: {
        ...grab<Grab, "EBUSY">(
          withTheReference,
          () => true,
          () => "EBUSY",
        ),
        // guest_memfd_unsafe_folio()
        "unlock it, begin to touch it": {
          drops: lockOfFolio,
          run: (s, { folio }) => {
            s.folios[folio].safe--;
            s.folios[folio].touching++;
          },
        },
        "have touched it, put it": {
          ...calls.kernel_access.sections["have touched it, put it"],
          run: (s, { folio }) => {
            s.folios[folio].touching--;
            putFolio(s, folio);
          },
        },
      },
    }),
    punch_hole: change(calls.punch_hole, {
      sections: {
        "truncate the page": {
          under: lockOfFolio,
          run: (s, { page }) => {
            const id = s.cache[page];
            if (id !== null && id !== undefined) removeFolio(s, id);
          },
        },
      },
    }),
  },
  statements: library.statements ?? [],
  notAtomic,
});
