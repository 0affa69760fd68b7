/** `npm run test:large`: what takes minutes. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.large.ts"],
    testTimeout: 1_800_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: "100%",
    env: { GITHUB_ACTIONS: "" },
  },
});
