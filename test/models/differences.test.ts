/** What each version changes: every difference that was found is known, every change that is known was found, and a small comparison finds no other. */
import { describe, expect, test } from "vitest";
import { compareDesigns } from "../../checkers/compare/compare.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import {
  changeBehind,
  differenceText,
  knownChanges,
  versionDifferences,
} from "../../models/guest-memfd/differences.ts";
import { entryOf, registry } from "../../models/registry.ts";
import type { Vector } from "../../spec/language/design.ts";

const all = versionDifferences();

test("each version is compared with the one before it", () => {
  const versions = registry.filter(({ kind, isDelta }) => kind === "shipped" && isDelta !== true);
  const names = versions.map(({ design }) => design.name);
  expect(all.map(({ a, b }) => [a, b])).toEqual(names.slice(1).map((b, i) => [names[i], b]));
});

describe.each(all.map((one) => [`${one.a} → ${one.b}`, one] as const))(
  "%s",
  (_name, { a, b, differences }) => {
    test("every difference is a change of the kernel that is known", () => {
      const unknown = differences.filter((difference) => changeBehind(b, difference) === undefined);
      expect(unknown.map(differenceText)).toEqual([]);
    });

    test("every change that is known was found", () => {
      const known = knownChanges.filter(({ version }) => version === b).flatMap(({ shows }) => shows);
      const found = differences.map(differenceText);
      expect(known.filter((text) => !found.includes(text))).toEqual([]);
    });

    const small: readonly Vector[] = [
      { bounds: { slots: 2, types: "default" }, scenario: "slots" },
      { bounds: { types: "sw_protected" }, scenario: "ranges" },
    ];
    test("small bounds show no other", async () => {
      const options = { budget: NO_LIMIT, promises: false };
      const comparison = await compareDesigns(entryOf(a)!.design, entryOf(b)!.design, small, options);
      expect(comparison.complete).toBe(true);
      const found = differences.map(differenceText);
      expect(comparison.differences.map(differenceText).filter((text) => !found.includes(text))).toEqual([]);
    });
  },
);
