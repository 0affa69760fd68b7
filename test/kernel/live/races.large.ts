/** Random racing blocks on real kernels: this machine's does nothing that is not allowed, and a stock 7.3 meets its deadlock. */
import { afterAll, describe, expect, test } from "vitest";
import type { Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { NotHere } from "../../../checkers/kernel/live/kernel.ts";
import { openQemu } from "../../../checkers/kernel/live/qemu.ts";
import { runRaces, type RacesReport } from "../../../checkers/kernel/live/races.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";
import { races } from "../../../models/guest-memfd/recording/races.ts";
import { guestMemfd6_18, guestMemfd7_3 } from "../../../models/guest-memfd/versions.ts";
import type { AnyDesign } from "../../../spec/language/design.ts";
import { UsageError } from "../../../checkers/usage-error.ts";
import { localKernel } from "./here.ts";

async function qemuKernel(): Promise<Kernel | string> {
  try {
    return await openQemu("7.3");
  } catch (error) {
    if (error instanceof NotHere || error instanceof UsageError) return error.message;
    throw error;
  }
}

const local = await localKernel();
const is6_18 = typeof local !== "string" && local.header.kernel.startsWith("6.18.");
const emulated = await qemuKernel();
afterAll(async () => {
  for (const kernel of [local, emulated]) if (typeof kernel !== "string") await kernel.close();
});

function run(
  kernel: Kernel | string,
  design: AnyDesign,
  poison: boolean,
  { runs, seed }: { readonly runs: number; readonly seed: number },
): Promise<RacesReport> {
  return runRaces(
    { kernel: kernel as Kernel, design, player },
    {
      races,
      runs,
      seed,
      only: null,
      iterations: 150,
      licence: { poison },
      careful: poison ? null : design,
      shrinkSeconds: 300,
      stop: () => null,
      told: () => {},
    },
  );
}

const why = typeof local === "string" ? ` (skipped: ${local})` : is6_18 ? "" : " (skipped: another kernel)";
describe.skipIf(!is6_18)(`6.18 of this machine${why}`, () => {
  test("does in 60 random blocks what its design allows", async () => {
    const report = await run(local, guestMemfd6_18, false, { runs: 60, seed: 2 });
    expect(report.findings).toEqual([]);
    expect(report.blocks).toBeGreaterThan(40);
    expect(report.observed).toBeGreaterThan(report.allowed / 2);
  });
});

describe.skipIf(typeof emulated === "string")(
  `7.3 in QEMU${typeof emulated === "string" ? ` (skipped: ${emulated})` : ""}`,
  () => {
    test("meets the deadlock of memory failure against punch hole in random blocks", async () => {
      const report = await run(emulated, guestMemfd7_3, true, { runs: 3, seed: 7 });
      const found = report.findings.find(({ what }) => what === "hang")!;
      const { race, trial, expected } = found.smallest;
      expect(expected.outcomes.bugs).toEqual(["no-deadlock: the threads wait for each other"]);
      const ops = race.threads.flat().map(({ op }) => op);
      expect(ops).toEqual(expect.arrayContaining(["madvise", "fallocate"]));
      expect(race.setup.map(({ op }) => op)).toEqual(["create_vm", "create_guest_memfd", "mmap"]);
      const console = trial.kind === "failed" ? trial.silence.console.join("\n") : "";
      expect(console).toContain("kvm_gmem_error_folio");
      expect(console).toContain("truncate_inode_pages_range");
    });
  },
);
