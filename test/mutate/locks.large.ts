/** Mutants of locks, of a design that is derived from a shipped version: it has all of that version's mutants, which takes half a minute. */
import { expect, test } from "vitest";
import { inProcess } from "../cli/gmemcheck.ts";

test("a lock that no overlap asks for is not called equivalent by runs that make one call after the other", async () => {
  const only = "models/proposals/template.ts#convert/drop-lock/1";
  const { stdout } = await inProcess([
    ...["mutate", "models/proposals/template.ts", "--only", only],
    ...["--max-states=1", "--format=json"],
  ]);
  expect(JSON.parse(stdout).mutants[0].fate.kind).toBe("not reached");
});
