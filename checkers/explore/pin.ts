/** Pinned verdicts: what a run of the registry must find again, exactly. */
import type { Vector } from "../../spec/language/design.ts";
import type { Pin } from "../../spec/language/pin.ts";
import { modeText, stepsText } from "./mode.ts";
import type { RunReport } from "./check.ts";
import { EVERYTHING } from "./bounded.ts";

/** `core full vms=2,files=1`, `overlap 2 core full vms=2`: a vector as the pins name it. */
export function vectorKey({ scenario, track, bounds, mode, overlap }: Vector): string {
  const given = Object.entries(bounds).map(([name, value]) => `${name}=${value}`);
  const how = mode === undefined || mode === "sequential" ? "" : `${modeText(mode, overlap ?? 2)} `;
  return `${how}${scenario ?? EVERYTHING} ${track ?? "full"} ${given.length === 0 ? "defaults" : given.join(",")}`;
}

export function pinOf(run: RunReport): Pin {
  const violated = run.properties
    .filter((p) => p.verdict === "violated")
    .map((p) => [p.name, p.steps!] as const);
  const { states, transitions, depth } = run;
  const held = run.properties.filter(
    ({ verdict, kind }) => verdict === "holds" && kind !== "sometimes",
  ).length;
  return { states, transitions, depth, held, violated: Object.fromEntries(violated) };
}

/** In what a run differs from its pin, in words; empty when it is as pinned. */
export function differences(pin: Pin | undefined, run: RunReport): string[] {
  if (pin === undefined) return ["nothing is pinned for this vector; run npm run pins"];
  if (!run.complete) return [`${run.verdict}: ${run.reason ?? "not exhausted"}`];
  const found = pinOf(run);
  const words: string[] = [];
  for (const key of ["states", "transitions", "depth", "held"] as const) {
    if (found[key] !== pin[key]) words.push(`${found[key]} ${key}, pinned ${pin[key]}`);
  }
  for (const name of new Set([...Object.keys(pin.violated), ...Object.keys(found.violated)])) {
    const [was, is] = [pin.violated[name], found.violated[name]];
    if (was === is) continue;
    if (is === undefined) words.push(`${name} holds; it is pinned as violated after ${stepsText(run, was!)}`);
    else if (was === undefined)
      words.push(`${name} is violated after ${stepsText(run, is)}; it is pinned as holding`);
    else words.push(`${name} is violated after ${stepsText(run, is)}, pinned ${was}`);
  }
  return words;
}
