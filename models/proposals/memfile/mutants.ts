/** What a memfile could get wrong, put into the designs that get it right. */
import { change } from "../../../spec/language.ts";
import { mutant } from "../../mutants/mutant.ts";
import { memfileMeasured } from "./measured.ts";
import { mapsPageWhere, memfilePkvmInFile } from "./pkvm-in-file.ts";

const THREAD = "Re: [PATCH v5 00/13] KVM: mm: fd-based approach for supporting KVM guest private memory";

const onlyPkvm = [{ bounds: { technology: "pkvm" }, quick: true as const }];

export const memfileMutants = [
  mutant(memfileMeasured, {
    name: "bind-measure-state-ambiguity",
    bug: "A1",
    says: "memory is made private while user space has it mapped: nobody says whose affair that is",
    source: `${THREAD}: Andy Lutomirski, Chao Peng, Quentin Perret, April and May 2022`,
    killedBy: "never-private-and-host-mapped",
    calls: {
      measure_and_make_private: change(memfileMeasured.calls.measure_and_make_private, {
        never: ["EBUSY"],
        without: ["look whether the file is mapped"],
      }),
    },
    vectors: [{ bounds: { technology: "sev" }, quick: true }],
  }),
  mutant(memfilePkvmInFile, {
    name: "mmap-without-the-guest",
    bug: "seeded",
    says: "mmap() of a private page shares it, and the guest is not asked",
    source: `${THREAD}: Chao Peng, 25 April 2022, taken at its word: mmap() toggles`,
    killedBy: "secrets-stay-private",
    calls: { mmap: mapsPageWhere((s) => s.phase !== "unbound") },
    vectors: onlyPkvm,
  }),
];
