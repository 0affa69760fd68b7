import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: "100%",
    // What is tested behaves as on a machine, also where GitHub runs the tests.
    env: { GITHUB_ACTIONS: "" },
    // Modules keep nothing but caches; to load them anew for every file takes a minute.
    isolate: false,
    // A search has no business with a clock: a test that hangs is stopped, and a slow machine is none.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
