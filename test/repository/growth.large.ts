/** The measured growth of the README: its small cells, measured again. */
import { expect, test } from "vitest";
import { grownTo } from "./growth.ts";

test("the small cells are what was measured", async () => {
  expect(await grownTo(60_000)).toBeGreaterThan(10);
});
