/** Every stored counterexample shows in a session what the command line says of it. */
import { expect, test } from "vitest";
import { isAsOnTheCommandLine } from "./same-as-command-line.ts";
import { stored } from "./stored.ts";

test("there are counterexamples", () => {
  expect(stored.length).toBeGreaterThan(200);
});

test.each(stored)("%s", isAsOnTheCommandLine);
