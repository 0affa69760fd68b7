/** The registry: everything in it is pinned, sourced, and every promise has something that breaks it. */
import { describe, expect, test } from "vitest";
import { inScenario } from "../../checkers/explore/instances.ts";
import { resolveBounds, scenarioOf } from "../../checkers/explore/bounded.ts";
import { vectorKey } from "../../checkers/explore/pin.ts";
import { BOUND_RULES } from "../../models/guest-memfd/machine.ts";
import { catalogue, entryNamed } from "../../models/catalogue.ts";
import { pins } from "../../models/pins.ts";
import { families } from "../../models/proposals/families.ts";
import { entryOf, registry } from "../../models/registry.ts";
import { promises } from "../../spec/properties/promises.ts";
import { BUILT_IN } from "../../spec/language/kernel-bug.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";

const shipped = registry.filter(({ kind }) => kind === "shipped");
const names = registry.map(({ design }) => design.name);

test("names are unique, and each design has a quick vector", () => {
  expect(new Set(names).size).toBe(names.length);
  for (const { design } of registry)
    expect(design.vectors.filter(({ quick }) => quick).length).toBeGreaterThan(0);
});

test.each(catalogue.map((part) => [part.names.join(", "), part] as const))(
  "the catalogue names what it loads: %s",
  async (_names, part) => {
    expect((await part.load()).map(({ design }) => design.name)).toEqual(part.names);
  },
);

test("a design is found by its name, and nothing by another", async () => {
  for (const entry of registry) expect((await entryNamed(entry.design.name))?.design).toBe(entry.design);
  expect(await entryNamed("no-such-design")).toBeUndefined();
});

test("every design and mutant of a discussion is in the registry", () => {
  const discussed = families.flatMap(({ designs, mutants }) => [
    ...designs,
    ...mutants.map(({ design }) => design),
  ]);
  const listed = new Set(registry.map(({ design }) => design));
  expect(discussed.filter((design) => !listed.has(design)).map(({ name }) => name)).toEqual([]);
});

test("each design, call, property and bug says where it comes from", () => {
  for (const { design } of registry) {
    expect(design.says.length * design.source.length * design.place.length).toBeGreaterThan(0);
    for (const { kernel, place } of Object.values(design.calls))
      expect(kernel.length * place.length).toBeGreaterThan(0);
    for (const { says, source } of [...design.promises, ...(design.statements ?? [])])
      expect(says.length * source.length).toBeGreaterThan(0);
  }
});

test("every vector of every design is pinned, and nothing else is", () => {
  const vectors = registry.map(({ design }) => [design.name, design.vectors.map(vectorKey).sort()]);
  const pinned = Object.entries(pins).map(([name, of]) => [name, Object.keys(of).sort()]);
  expect(Object.fromEntries(pinned)).toEqual(Object.fromEntries(vectors));
});

test.each(registry.map((entry) => [entry.design.name, entry] as const))(
  "%s breaks what the registry says",
  (name, entry) => {
    const broken = new Set(Object.values(pins[name]!).flatMap(({ violated }) => Object.keys(violated)));
    if (entry.kind === "mutant") for (const promise of entry.breaks) expect(broken).toContain(promise);
    else expect([...broken].sort()).toEqual([...entry.breaks].sort());
  },
);

test.each([...promises, FAILED_CALL, ...BUILT_IN].map(({ name }) => name))(
  "some design of the registry breaks %s",
  (promise) => {
    const breaking = Object.entries(pins).filter(([, vectors]) =>
      Object.values(vectors).some(({ violated }) => promise in violated),
    );
    expect(breaking.map(([name]) => name)).not.toEqual([]);
  },
);

const ofVersions = shipped.filter(({ isDelta }) => isDelta !== true);

describe.each(ofVersions.map(({ design }) => [design.name, design] as const))("%s", (_name, design) => {
  test("has two of every index between its vectors, and three pages and frames where ranges matter", () => {
    const largest = (bound: string): number =>
      Math.max(...design.vectors.map(({ bounds }) => Number(resolveBounds(design, bounds)[bound])));
    const indices = Object.entries(BOUND_RULES).filter(([, rule]) => typeof rule.default === "number");
    for (const [bound] of indices.filter(([of]) => !["maps", "dups", "bytes"].includes(of)))
      expect([bound, largest(bound)]).toEqual([bound, expect.toSatisfy((n: number) => n >= 2)]);
    // Only a file that the host may map has windows on it.
    if (!["guest-memfd-6.8", "guest-memfd-6.12"].includes(design.name)) {
      expect([largest("maps"), largest("bytes"), largest("dups")]).toEqual([2, 2, 1]);
    }
    expect(design.vectors.some(({ bounds }) => bounds["types"] === "default")).toBe(true);
    const ranges = design.vectors.find(({ scenario }) => scenario === "ranges");
    const wanted = design.name === "guest-memfd-6.8" ? 2 : 3;
    expect(ranges?.bounds).toMatchObject({ pages: wanted, gfns: wanted });
  });

  test("leaves no call out of all its scenarios, but those that set a scene", () => {
    const scenarios = design.vectors.map(({ scenario }) => scenarioOf(design, scenario));
    const never = Object.entries(design.calls)
      .filter(([name, call]) => !scenarios.some((scenario) => inScenario(name, call, scenario)))
      .map(([, call]) => call.unexplored);
    expect(never.every((why) => why !== undefined)).toBe(true);
  });
});

/** The fewest calls, or steps of calls that overlap, after which a version breaks a promise; null where it never does. */
function soonest(version: string, promise: string): number | null {
  const lengths = Object.values(pins[`guest-memfd-${version}`]!).flatMap(
    ({ violated }) => violated[promise] ?? [],
  );
  return lengths.length === 0 ? null : Math.min(...lengths);
}
const versions = ["6.8", "6.12", "6.18", "7.2", "7.3"];

test.each([
  // The binding at offset 2^63 - 4096.
  ["bound-range-within-file", [3, 3, 3, null, null]],
  ["guest-memfd-slot-immutable", [4, null, null, null, null]],
  // Memory failure against a hole, in every version.
  ["no-deadlock", [4, 4, 4, 4, 4]],
  ["lock-order", [4, 4, 4, 4, 4]],
  // The bindings of a dying file: not erased, then erased without the lock, then with it.
  ["invalidations-end", [null, 22, 22, 22, null]],
  // Emulation through userspace_addr.
  ["contents-come-from-the-file", [null, null, 12, 12, 12]],
  // 6.12: a pre-fault on an obsolete root, one call after the other.
  ["calls-end", [14, 6, 14, 14, 14]],
] as const)("%s is broken after as many calls or steps, by version, as is known", (promise, lengths) => {
  expect(versions.map((version) => soonest(version, promise))).toEqual(lengths);
});

test("7.3 without its known races keeps every promise", () => {
  expect(entryOf("guest-memfd-7.3-mended")!.breaks).toEqual([]);
});

const mutants = registry.filter(({ kind, design }) => kind === "mutant" && design.inherits !== undefined);
test.each(mutants.map((entry) => [entry.design.name, entry] as const))(
  "%s changes one place of its base",
  (_name, { design }) => {
    const changed = Object.entries(design.calls).filter(([name, call]) => design.inherits?.[name] !== call);
    // The two region ioctls share their code, as do reads and writes of the host.
    // One states a promise that is too strong, and changes no call.
    if ((design.statements ?? []).length === 0) expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThanOrEqual(2);
  },
);
