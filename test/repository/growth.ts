/** The measured growth, measured again. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { EVERYTHING } from "../../checkers/explore/bounded.ts";
import { entryOf } from "../../models/registry.ts";
import { ROOT } from "../cli/gmemcheck.ts";
import { run } from "../toy.ts";

/** All cells with fewer transitions than that; how many these are. */
export async function grownTo(most: number): Promise<number> {
  const { cells, scenario } = JSON.parse(readFileSync(`${ROOT}bench/growth.json`, "utf8"));
  const small = cells.filter((cell: { transitions?: number }) => (cell.transitions ?? Infinity) < most);
  for (const { design, bounds, track, states, transitions } of small) {
    const report = await run(entryOf(design)!.design, bounds, { scenario, track });
    expect({ design, bounds, track, states: report.states, transitions: report.transitions }).toEqual({
      design,
      bounds,
      track,
      states,
      transitions,
    });
  }
  expect(scenario).not.toBe(EVERYTHING);
  return small.length;
}
