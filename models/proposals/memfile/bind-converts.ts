/**
 * May a memfile be filled before anybody knows what for? Here it is an ordinary shared file until KVM registers its notifier, which
 * converts it; what it holds is preserved. So the bind has to say what becomes of bytes, of pages and of mappings that were there before
 * it, and does not. Chao Peng, 22 April 2022; Andy Lutomirski's answer of 24 April is memfile-bind-first.
 */
import { change, variant } from "../../../spec/language.ts";
import { destructive, memfileBindFirst } from "./bind-first.ts";
import { fallocate, mapsWhere, writesWhere } from "./host.ts";
import { allocate, punchHole, type Access } from "./state.ts";
import { reachedWithImage, viewWhere } from "./view.ts";

const SUMMARY =
  "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory: Chao Peng, 22 April 2022";
const ANSWER =
  "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory: Andy Lutomirski, 24 April 2022";

const beforeTheBind: Access = (s) => s.phase === "unbound";

export const memfileBindConverts = variant(memfileBindFirst, {
  name: "memfile-bind-converts",
  says: "a memfile is an ordinary file until it is bound, and keeps then what it holds",
  source: SUMMARY,
  calls: {
    write: writesWhere(beforeTheBind),
    mmap: mapsWhere(beforeTheBind),
    fallocate: change(fallocate, {
      never: ["EPERM"],
      sections: {
        "allocate or remove the page": (s, { page, hole }) => {
          if (hole) punchHole(s, page);
          else allocate(s, page);
        },
      },
    }),
  },
  view: viewWhere(beforeTheBind),
  statements: reachedWithImage,
  knownBreaches: [
    {
      property: "no-bytes-from-before-the-bind",
      says: "TDX: a file that is not empty is bound, and its bytes are no initial state of a TD",
      source: ANSWER,
    },
    {
      property: "never-movable-when-private",
      says: "pages from before the bind lie where they may be moved and reclaimed",
      source: ANSWER,
    },
    {
      property: "host-never-maps-private",
      says: "the bind is to fail where the file is mapped, and nothing knows whether it is",
      source: SUMMARY,
    },
    {
      property: "never-private-and-host-mapped",
      says: "a mapping from before the bind is there when the guest runs",
      source: SUMMARY,
    },
    {
      property: "secrets-stay-private",
      says: "and when it has written to the page",
      source: SUMMARY,
    },
    {
      property: "image-can-be-placed",
      says: "SEV and pKVM: nothing is written once the memory is bound, which in user space comes first",
      source: "Re: [PATCH v5 00/13]: Michael Roth, 9 May 2022: regions are registered before they are filled",
    },
    destructive,
  ],
});
