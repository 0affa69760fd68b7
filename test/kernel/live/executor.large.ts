/** All that was recorded on a kernel like this machine's is answered again, and races end as the design allows. */
import { afterAll, describe, expect, test } from "vitest";
import type { Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { litmus } from "../../../checkers/kernel/litmus.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";
import { guestMemfd6_18 } from "../../../models/guest-memfd/versions.ts";
import { localKernel, recordedHere, recordingOf } from "./here.ts";

const found = await localKernel();
const kernel = found as Kernel;
const recorded = typeof found === "string" ? null : recordedHere(found);
const why =
  typeof found === "string" ? ` (skipped: ${found})` : recorded === null ? " (skipped: another kernel)" : "";

afterAll(async () => {
  if (typeof found !== "string") await found.close();
});

describe.skipIf(recorded === null)(`6.18.44 on shadow paging${why}`, () => {
  test.each(["6.18.44-random.jsonl", "6.18.44-curated.jsonl"])("%s", async (name) => {
    for (const { id, steps } of recordingOf(name).sequences) {
      const answers = await kernel.run(steps);
      expect([id, answers]).toEqual([id, steps.map(({ result }) => result)]);
    }
  });

  test("races", async () => {
    const { blocks } = recordingOf("6.18.44-litmus.jsonl");
    for (const block of blocks) {
      const { observed } = await kernel.race(block, 300, 1);
      const again = { ...block, observed };
      const { setup, disagreements } = litmus(
        kernel.header,
        again,
        guestMemfd6_18,
        player,
        block.id,
        () => {},
      );
      expect([block.id, setup, disagreements]).toEqual([block.id, [], []]);
    }
  });
});
