import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes longest, so that no worker is left with it at the end; a clean clone knows no times. */
const LONGEST = [
  "test/gate/",
  "test/mutate/",
  "test/cli/check.test.ts",
  "test/explore/reference.test.ts",
  "test/compile/",
  "test/repository/structure.test.ts",
  "test/interleave/merging.test.ts",
  "test/compare/",
  "test/explore/tracking.test.ts",
  "test/explore/checkpoint.test.ts",
  "test/explore/consistency.test.ts",
  "test/repository/readme.test.ts",
  "test/bench/peers.test.ts",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex((start) => moduleId.includes(`/${start}`));
      return place < 0 ? LONGEST.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    // Modules keep nothing but caches; to load them anew for every file takes a minute.
    isolate: false,
    // A search has no business with a clock: a test that hangs is stopped, and a slow machine is none.
    testTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    hookTimeout: 240_000,
  },
});
