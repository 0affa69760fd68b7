/**
 * What ends the time in which user space may fill private memory? A third operation, "measure and make private": it looks that nobody has
 * the file mapped, and bars user space from then on; no guest is launched before. It calls back into the backing store, whose flags so
 * change with the state. Technologies that copy their image have no use for it. Chao Peng and Andy Lutomirski, 25 and 28 April 2022.
 */
import { change, variant } from "../../../spec/language.ts";
import { destructive, memfileBindFirst, openWhileBound } from "./bind-first.ts";
import { call } from "./state.ts";
import { reachedWithImage, viewWhere } from "./view.ts";

export const measureAndMakePrivate = call({
  kernel: "the third operation of the thread; memfile_notifier's callback into its backing store",
  by: "task",
  takes: {},
  returns: ["EOPNOTSUPP", "EINVAL", "EBUSY"],
  sections: {
    "look at the state": (s, _c, m) => {
      if (!m.imageInPlace) return "EOPNOTSUPP";
      return s.phase === "bound" ? undefined : "EINVAL";
    },
    "look whether the file is mapped": (s) =>
      [...s.pages].some(({ hostMaps }) => hostMaps) ? "EBUSY" : undefined,
    "bar user space": (s) => {
      s.phase = "private";
    },
  },
});

export const memfileMeasured = variant(memfileBindFirst, {
  name: "memfile-measured",
  says: "a third operation ends the access of user space, before a guest is launched whose image was put in place",
  source:
    "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory: Chao Peng, 28 April 2022",
  calls: {
    launch: change(memfileBindFirst.calls.launch, {
      sections: {
        "let the vCPU run": (s, { vm }, m) => {
          if (!s.vms[vm].bound || s.vms[vm].launched) return "EINVAL";
          if (m.imageInPlace && s.phase !== "private") return "EINVAL";
          s.vms[vm].launched = true;
        },
      },
    }),
  },
  adds: { measure_and_make_private: measureAndMakePrivate },
  view: viewWhere(openWhileBound),
  statements: reachedWithImage,
  knownBreaches: [destructive],
});
