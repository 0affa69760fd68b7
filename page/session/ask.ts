/** Which promises do not hold, and why: each asked for all its instances, and told of one. */
import { BUILT_IN } from "../../spec/language/kernel-bug.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import type { Breach } from "../../spec/language/trace.ts";
import type { Asked, Scene } from "../../checkers/explore/bounded.ts";
import type { Broken } from "./session.ts";

type Over = Readonly<Record<string, number>>;

/** Promises of the design, but for what must be reached some time. `first`: the breach that a trace is about, told before the others. */
export function brokenPromises(
  { properties }: Scene,
  isBroken: (breach: Breach) => boolean,
  why: (property: Asked["property"], instance: Over) => string,
  first: Breach | null,
): Broken[] {
  return properties
    .filter(({ property, unanswered }) => property.kind !== "sometimes" && unanswered.length === 0)
    .flatMap(({ property, instances }) => {
      const { name, says, source } = property;
      const broken = instances.filter((instance) => isBroken({ property: name, instance, why: "" }));
      const told = broken.find((one) => first?.property === name && isSame(one, first.instance)) ?? broken[0];
      if (told === undefined) return [];
      const count = broken.length;
      return [
        {
          property: name,
          says,
          source,
          instance: told,
          why: why(property, told),
          instances: count,
          by: "run" as const,
        },
      ];
    });
}

export function isSame(a: Over, b: Over): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** A promise that the language holds every call to. */
export function builtIn(name: string, why: string, by: Broken["by"] = "run"): Broken {
  const { says = name, source = "" } = [FAILED_CALL, ...BUILT_IN].find((one) => one.name === name) ?? {};
  return { property: name, says, source, instance: {}, why, instances: 1, by };
}

/** With the breach that a trace is about in front. What calls break together has no words of its own: those of the trace, which the run bears out. */
export function inFront(
  broken: readonly Broken[],
  { properties }: Scene,
  stored: Breach,
  by: Broken["by"],
): Broken[] {
  const found = broken.find(({ property }) => property === stored.property);
  const isPromise = properties.some(({ property }) => property.name === stored.property);
  const told = found !== undefined && isPromise ? found : builtIn(stored.property, stored.why, by);
  return [told, ...broken.filter((one) => one !== found)];
}
