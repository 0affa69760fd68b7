/** The peers' models, where their programs are; what takes a second to compile is among the large tests, but for one of each. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { limit } from "../../bench/peers/limit.ts";
import { build } from "../../bench/peers/peer.ts";
import { SMALL, TINY, type BenchVector } from "../../bench/vectors.ts";
import { bugs, describeCounts, describeInC, describeInMurphi, describeInPromela, folder } from "./peers.ts";

const FILES: BenchVector = {
  name: "files",
  size: { vms: 2, files: 2, pages: 1, slots: 1, gfns: 1 },
  counts: { states: 1_481, transitions: 14_578, depth: 12 },
};

describeCounts(limit, [TINY, FILES, SMALL]);
bugs.forEach(describeInC);
describeInPromela(bugs[0]!);
describeInMurphi(bugs[0]!);

test("a build that fails says why", () => {
  expect(() => build(folder, "sh", ["-c", "echo no such thing >&2; exit 3"])).toThrow(
    "sh failed: no such thing",
  );
  expect(() => build(folder, "no-such-program", [])).toThrow(
    "no-such-program failed: spawnSync no-such-program ENOENT",
  );
  expect(readdirSync(folder)).not.toContain("no-such-program");
});
