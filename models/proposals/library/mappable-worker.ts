/**
 * A repair of the last-put callback, after its review: who drops the last reference queues work, and a worker finishes the conversion if the folio is
 * still in the file; a hole gives back to the guest what waits.
 *
 * Question: can a conversion be finished by whoever lets the page go, wherever that is?
 *
 *     npx gmemcheck check models/proposals/library/mappable-worker.ts
 */
import { change, disabled, variant } from "../../../spec/language.ts";
import { Folio, lockOfFolio, removeFolio, writeInvalidateLock } from "./folios.ts";
import { call, dropPin, mappable } from "./mappable.ts";

const { calls } = mappable;

const finishConversion = call({
  kernel: "a worker in the place of kvm_gmem_handle_folio_put()",
  by: "kernel",
  takes: { folio: Folio },
  returns: [],
  sections: {
    "take the work": (s, { folio }) => (s.folios[folio].queued ? undefined : disabled),
    "take invalidate_lock": { takes: writeInvalidateLock },
    "finish the conversion": {
      drops: writeInvalidateLock,
      run: (s, { folio: id }) => {
        const folio = s.folios[id];
        const waits = folio.queued && folio.registered && folio.references === 0;
        folio.queued = false;
        // The guest has shared it again, or it has left the file: nobody waits.
        if (!waits || folio.page === null) return;
        folio.registered = false;
        s.mappable[folio.page] = "guest";
      },
    },
  },
});

export const mappableWorker = variant(mappable, {
  name: "guest-memfd-mappable-worker",
  says: "the last reference of the host queues work that finishes the conversion; a hole gives back what waits",
  source:
    "a repair, after Ackerley Tng on [RFC PATCH v5 06/15], 22 January and 6 February 2025: look at folio->mapping, restore NONE to GUEST; the worker is ours",
  calls: {
    unpin: change(calls.unpin, {
      without: [
        "kvm_gmem_handle_folio_put(): find the inode",
        "take invalidate_lock",
        "finish the conversion",
      ],
      sections: {
        "drop the reference": (s, c) => {
          const step = dropPin(s, c);
          if (step !== disabled && c.last) s.folios[c.folio].queued = true;
          return step;
        },
      },
    }),
    punch_hole: change(calls.punch_hole, {
      sections: {
        "truncate the page": {
          under: lockOfFolio,
          run: (s, { page }) => {
            if (s.mappable[page] === "none") s.mappable[page] = "guest";
            const id = s.cache[page];
            if (id === null || id === undefined) return;
            s.folios[id].registered = s.folios[id].queued = false;
            removeFolio(s, id);
          },
        },
      },
    }),
  },
  adds: { finish_conversion: finishConversion },
  statements: mappable.statements ?? [],
});
