/** The whole registry at its quick vectors, as `npm start` searches it, and CI behind the tests. */
import { expect, test } from "vitest";
import { registry } from "../../models/registry.ts";
import { gmemcheck } from "./gmemcheck.ts";

const quick = registry.flatMap(({ design }) => design.vectors.filter((vector) => vector.quick === true));

test("is as pinned at its quick vectors, and says so", async () => {
  const { code, stdout } = await gmemcheck(["check", "--all", "--quick"]);
  expect(stdout).toContain(
    `${registry.length} designs, ${quick.length} runs: every verdict, count and length is as pinned.`,
  );
  for (const { design } of registry) expect(stdout).toContain(`  ${design.name} `);
  expect(code).toBe(0);
});
