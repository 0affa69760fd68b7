/** The discussions: what models/proposals/README.md shows is current, each argument is executable, and each promise is asked or not for a reason. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { pins } from "../../models/pins.ts";
import { families } from "../../models/proposals/families.ts";
import type { Claim } from "../../models/proposals/family.ts";
import { entryOf } from "../../models/registry.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import { promises } from "../../spec/properties/promises.ts";
import { asked, proposals, reasonsFor } from "../../tools/proposals-tables.ts";
import { ROOT } from "../cli/gmemcheck.ts";

const text = readFileSync(`${ROOT}models/proposals/README.md`, "utf8");

test("the tables are what the pins say; npm run proposals writes them", () => {
  expect(text).toBe(proposals());
});

test("links lead somewhere", () => {
  const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target!);
  expect(links.length).toBeGreaterThan(100);
  for (const target of new Set(links))
    expect([target, existsSync(`${ROOT}models/proposals/${target}`)]).toEqual([target, true]);
});

/** The runs of a design that break a promise. */
const breaking = ({ design, promise }: Claim): AnyDesign["vectors"] =>
  design.vectors.filter((vector) => promise in pins[design.name]![vectorKey(vector)]!.violated);

describe.each(families)("$title", (family) => {
  const { designs, mutants, objections, silentOf = {} } = family;

  test.each(objections.map((objection) => [objection.says, objection] as const))(
    "%s",
    (_says, { against, answer, subject, date }) => {
      for (const { design } of [against, answer]) expect(entryOf(design.name)?.design).toBe(design);
      expect(breaking(against).length).toBeGreaterThan(0);
      expect(asked(answer.design)).toContain(answer.promise);
      expect(breaking(answer)).toEqual([]);
      expect([subject.length > 0, date]).toEqual([true, expect.stringMatching(/^20\d\d-[01]\d-[0-3]\d$/)]);
    },
  );

  test.each(designs.map((design) => [design.name, design] as const))(
    "each common promise is asked of %s, or not with a reason",
    (_name, design) => {
      const reasons = reasonsFor(family, design);
      for (const { name } of promises)
        expect([name, name in reasons]).toEqual([name, !asked(design).has(name)]);
      for (const name of Object.keys(reasons))
        expect(promises.map((promise) => promise.name)).toContain(name);
    },
  );

  test("is in the registry, and whoever is silent alone is one of its designs", () => {
    for (const design of [...designs, ...mutants.map((mutant) => mutant.design)])
      expect(entryOf(design.name)?.design).toBe(design);
    expect(designs.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(silentOf)));
  });
});
