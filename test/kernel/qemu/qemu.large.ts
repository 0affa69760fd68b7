/** A kernel of the cache, booted: it answers as it did when it was recorded, and a deadlock of it is told with its stacks. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { KernelFailure, NotHere, type Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { openQemu } from "../../../checkers/kernel/live/qemu.ts";
import { sameResult } from "../../../checkers/kernel/play.ts";
import { readRecording } from "../../../checkers/kernel/recording.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";

const RECORDED = "7.3.4";

let kernel: Kernel | null = null;
let missing = "";

beforeAll(async () => {
  try {
    kernel = await openQemu(RECORDED);
  } catch (error) {
    if (!(error instanceof NotHere)) throw error;
    missing = error.message;
  }
}, 180_000);
afterAll(() => kernel?.close());

function booted({ skip }: TestContext): Kernel {
  skip(kernel === null, missing);
  return kernel!;
}

describe.each(["curated", "mmio", "random"])("the recording %s", (set) => {
  const path = new URL(`../../../recordings/${RECORDED}-${set}.jsonl`, import.meta.url);
  const { sequences } = readRecording(readFileSync(path, "utf8"), path.pathname, player, "answered");

  test("is what the kernel answers again", async (context) => {
    const asked = booted(context);
    for (const { id, steps } of sequences) {
      const answers = await asked.run(steps);
      const other = steps.findIndex((step, i) => !sameResult(step.result!, answers[i]!));
      expect([id, other, answers[other]]).toEqual([id, -1, undefined]);
    }
  });
});

test("memory failure against a punch hangs 7.3: the stacks say where, and the kernel is booted again", async (context) => {
  const asked = booted(context);
  const setup = [
    { op: "create_vm", vm: "A", type: 0 },
    { op: "create_guest_memfd", file: "F", vm: "A", size: 4096, flags: 3 },
    { op: "mmap", map: "m", file: "F", offset: 0, length: 4096, prot: 3, share: "shared" },
    { op: "host_write", map: "m", offset: 0, value: 1 },
  ];
  const poison = { op: "madvise", map: "m", offset: 0, length: 4096, advice: 100 };
  const punch = { op: "fallocate", file: "F", mode: 3, offset: 0, len: 4096 };
  const race = asked.race({ setup, threads: [[poison], [punch]], final: [] }, 5000, 1);
  const failure = (await race.catch((error: unknown) => error)) as KernelFailure;
  expect(failure).toBeInstanceOf(KernelFailure);
  expect(failure.kind).toBe("hang");
  const console = failure.console.join("\n");
  for (const where of ["kvm_gmem_error_folio", "truncate_inode_pages_range", "kvm_gmem_fallocate"])
    expect(console).toContain(where);
  expect(await asked.run(setup)).toEqual(setup.map(() => ({ ret: 0 })));
});
