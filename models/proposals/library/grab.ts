/** guest_memfd_grab_folio() of the library, mm/guest_memfd.c: a folio, locked, and accessible to the host or not, as its caller wants it. */
import { bool, callsOf, per, record, retry, upTo, type ValueOf } from "../../../spec/language.ts";
import {
  Folio,
  addFolio,
  deadWhenFree,
  isFree,
  lockOfFolio,
  ofFile,
  ofFolio,
  putFolio,
  unmapFromHost,
  type FolioId,
  type Machine,
} from "./folios.ts";

export const state = record({
  ...ofFile,
  folios: per(
    Folio,
    record(
      {
        ...ofFolio,
        /** Users that expect the folio to be accessible to the host. */
        accessible: upTo("references"),
        /** References whose holders know that this can change, without those of the file. */
        safe: upTo("references"),
        /** Both are in memory of their own, which folio->private points to. */
        allocated: bool,
        /** Taken from it with GUEST_MEMFD_FLAG_REMOVE_DIRECT_MAP. */
        inDirectMap: bool,
        /** No kernel state: how many are at work on its bytes, in the kernel. */
        touching: upTo("tasks"),
      },
      {
        ...deadWhenFree,
        accessible: isFree,
        safe: isFree,
        allocated: isFree,
        inDirectMap: isFree,
        touching: isFree,
      },
    ),
  ),
});
export interface Library extends ValueOf<typeof state> {}
export type LibraryFolio = Library["folios"][FolioId];

export const { call, choice } = callsOf<Library, Machine>();

/** A call that grabs a folio. */
export interface Grab {
  readonly page: number;
  folio: FolioId;
  /** There was none, and the call brings it. */
  adds: boolean;
  /** The folio left the file while the call waited for its lock. */
  gone: boolean;
  /** It is as the caller wants it. */
  done: boolean;
}
export const grabbing = { folio: Folio, adds: bool, gone: bool, done: bool };

/** ->prepare_accessible() says no, or somebody has a reference that is not safe. */
export type Refusal = "EFAULT" | "EBUSY" | undefined;

/** What the counters count. */
export interface Counting {
  /** A reference, before the folio is locked. */
  readonly reference: (folio: LibraryFolio) => void;
  /** A reference, with the folio locked. */
  readonly lockedReference: (folio: LibraryFolio) => void;
  /** A reference of which only the former was counted. */
  readonly lost: (folio: LibraryFolio) => void;
  readonly added: (folio: LibraryFolio, accessible: boolean) => void;
  /** A use that keeps an accessible folio so; false where it is not accessible. */
  readonly use: (folio: LibraryFolio) => boolean;
  /** The end of a use; whether others are left, or the folio was not accessible at all. */
  readonly unuse: (folio: LibraryFolio) => "left" | "last" | "none";
  readonly makeAccessible: (s: Library, folio: LibraryFolio, m: Machine) => Refusal;
  /** What a refusal undoes. */
  readonly reuse: (folio: LibraryFolio) => void;
}

/** What has not become equal after the 10 ms of wait_event_timeout() is not waited for. */
export const hasUnsafe = ({ references, safe }: LibraryFolio): boolean => references !== safe;

/** ->prepare_accessible(): pKVM looks whether the page is lent; Gunyah reclaims it where the guest has given it back. */
export function prepareAccessible(s: Library, folio: LibraryFolio, { owner }: Machine): Refusal {
  if (owner === "gunyah" && s.shared[folio.page!]) folio.lent = false;
  return folio.lent ? "EFAULT" : undefined;
}

export function grab<C extends Grab, R extends string>(
  counting: Counting,
  wantsAccessible: (c: C) => boolean,
  resultOf: (refusal: "EFAULT" | "EBUSY") => R,
) {
  const refuse = (s: Library, { folio }: C, refusal: Refusal) => {
    if (refusal === undefined) return undefined;
    s.folios[folio].safe--;
    putFolio(s, folio);
    return resultOf(refusal);
  };
  const converts = (c: C): boolean => !c.adds && !c.done && !wantsAccessible(c);
  return {
    "look for the folio": (s: Library, c: C): void => {
      const id = s.cache[c.page]!;
      c.adds = id === null;
      c.done = false;
      if (id === null) return;
      c.folio = id;
      s.folios[id].references++;
      counting.reference(s.folios[id]);
    },
    // filemap_add_folio() fails with EEXIST where somebody else was first, and the folio is looked for again.
    "lock it, or add a new one, locked": {
      takes: lockOfFolio,
      run: (s: Library, c: C): void => {
        c.gone = c.adds ? s.cache[c.page] !== null : s.folios[c.folio].page === null;
        if (c.gone) return;
        if (c.adds) c.folio = addFolio(s, c.page);
        const folio = s.folios[c.folio];
        if (c.adds) counting.added(folio, wantsAccessible(c));
        else counting.lockedReference(folio);
      },
    },
    "look again": {
      when: ({ gone }: C) => gone,
      drops: lockOfFolio,
      run: (s: Library, c: C) => {
        if (!c.adds) {
          counting.lost(s.folios[c.folio]);
          putFolio(s, c.folio);
        }
        return retry("look for the folio");
      },
    },
    "zero it": {
      when: ({ adds }: C) => adds,
      run: (s: Library, { folio }: C): void => {
        s.folios[folio].state = "ready";
      },
    },
    "guest_memfd_make_accessible()": {
      when: (c: C) => !c.adds && wantsAccessible(c),
      run: (s: Library, c: C, m: Machine) => {
        const folio = s.folios[c.folio];
        return counting.use(folio) ? undefined : refuse(s, c, counting.makeAccessible(s, folio, m));
      },
    },
    "guest_memfd_make_inaccessible(): drop a use": {
      when: converts,
      run: (s: Library, c: C) => {
        const uses = counting.unuse(s.folios[c.folio]);
        c.done = uses === "none";
        return uses === "left" ? refuse(s, c, "EBUSY") : undefined;
      },
    },
    "unmap it from the host": { when: converts, run: (s: Library, { folio }: C) => unmapFromHost(s, folio) },
    "compare the references": {
      when: converts,
      run: (s: Library, c: C) => {
        const folio = s.folios[c.folio];
        if (hasUnsafe(folio)) {
          counting.reuse(folio);
          return refuse(s, c, "EBUSY");
        }
        folio.inDirectMap = false;
        return undefined;
      },
    },
  } as const;
}
