import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: "100%",
    // A search has no business with a clock: a test that hangs is stopped, and a slow machine is none.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
