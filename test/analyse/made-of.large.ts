import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { Designs } from "../../checkers/analyse/designs.ts";
import { Sources } from "../../checkers/analyse/sources.ts";
import { designNames } from "../../models/catalogue.ts";
import { ROOT } from "../cli/gmemcheck.ts";
import type { placesOf } from "./made-of.ts";

/** Asked of a process of its own: a test's modules are rewritten before they run. */
function placesAsTheyRun(names: readonly string[]): Awaited<ReturnType<typeof placesOf>> {
  const script = `
    const { placesOf } = await import(${JSON.stringify(`${ROOT}test/analyse/made-of.ts`)});
    process.stdout.write(JSON.stringify(await placesOf(${JSON.stringify(names)})));`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", script],
    { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28 },
  );
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as Awaited<ReturnType<typeof placesOf>>;
}

test("every function that a design runs is in the source that it is said to be made from", () => {
  const designs = new Designs(new Sources({ root: ROOT }));
  const missing: string[] = [];
  let seen = 0;
  for (const [name, places] of Object.entries(placesAsTheyRun(designNames))) {
    const lines = new Set<string>();
    for (const { module, node } of designs.design(name)!.closure.pieces.values()) {
      const at = (position: number): number => module.source.getLineAndCharacterOfPosition(position).line + 1;
      for (let line = at(node.getStart(module.source)); line <= at(node.getEnd()); line++)
        lines.add(`${module.path}:${line}`);
    }
    // A file begins with what it is about: on the first line is what tsx adds.
    const own = places.filter((place) => !/:1$/.test(place));
    seen += own.length;
    missing.push(...own.filter((place) => !lines.has(place)).map((place) => `${name}: ${place}`));
  }
  expect(missing).toEqual([]);
  expect(seen).toBeGreaterThan(50_000);
});
