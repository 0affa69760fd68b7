/** The whole registry in the formats: what is as pinned is no alert, whatever it breaks. */
import { expect, test } from "vitest";
import { gmemcheck } from "../cli/gmemcheck.ts";
import { expectForGitHub } from "./for-github.ts";
import { resultsOf, type Log } from "./sarif-log.ts";

test("a registry as pinned has no alerts, and every mutant is expected to be broken", async () => {
  const { code, stdout } = await gmemcheck(["check", "--all", "--quick", "--format", "sarif"]);
  expect(code).toBe(0);
  const log = JSON.parse(stdout) as Log;
  expectForGitHub(log);
  expect(resultsOf(log)).toEqual([]);
});
