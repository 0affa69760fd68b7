/** The reference benchmark's own mutants. */
import {
  bindCheckingNoPages,
  bindCheckingOwnSlots,
  bindOfAnyFile,
  gmemSeq,
  punchWithoutZap,
} from "../gmem-seq.ts";
import { mutant } from "./mutant.ts";

const vectors = [{ bounds: { vms: 2, files: 1, pages: 1, slots: 2, gfns: 2 }, quick: true as const }];
const source = "the reference benchmark's own mutants";

export const gmemSeqMutants = [
  mutant(gmemSeq, {
    name: "gmem-seq-m1",
    bug: "benchmark M1",
    says: "bind looks at nothing of other VMs",
    source,
    killedBy: "I1",
    calls: { bind: bindOfAnyFile },
    vectors,
  }),
  mutant(gmemSeq, {
    name: "gmem-seq-m1own",
    bug: "benchmark M1own",
    says: "bind does not look at bound pages",
    source,
    killedBy: "I1",
    calls: { bind: bindCheckingNoPages },
    vectors,
  }),
  mutant(gmemSeq, {
    name: "gmem-seq-m2",
    bug: "benchmark M2",
    says: "punch leaves the guests' mappings",
    source,
    killedBy: "I4",
    calls: { punch: punchWithoutZap },
    vectors,
  }),
];

/** The benchmark's equivalent mutant: the owner check makes what it leaves out redundant, and nothing is to be reported. */
export const equivalent = mutant(gmemSeq, {
  name: "gmem-seq-m1eq",
  bug: "benchmark M1eq",
  says: "bind looks at its own VM's slots only; the owner check makes that enough",
  source,
  killedBy: "I1",
  calls: { bind: bindCheckingOwnSlots },
  vectors,
});
