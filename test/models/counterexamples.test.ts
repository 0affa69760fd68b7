/** The corpus: one shortest trace for each breach of the registry; each replays, none has a call too many. */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EVERYTHING, bounded } from "../../checkers/explore/bounded.ts";
import { makeInstance } from "../../checkers/explore/sequential.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { fileName, writeTrace } from "../../checkers/trace/text.ts";
import { replay } from "../../checkers/trace/replay.ts";
import { isBroken, runPath } from "../../checkers/trace/run.ts";
import { pins } from "../../models/pins.ts";
import { entryOf, registry } from "../../models/registry.ts";
import { BUILT_IN } from "../../spec/language/kernel-bug.ts";
import { FAILED_CALL } from "../../spec/language/property.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Trace } from "../../spec/language/trace.ts";

const folder = new URL("../../counterexamples/", import.meta.url);
const files = readdirSync(folder).flatMap((design) =>
  readdirSync(new URL(`${design}/`, folder)).map((file) => `${design}/${file}`),
);

test("there is a trace for each breach of the registry, and no other", () => {
  const wanted = registry.flatMap(({ design, breaks }) =>
    breaks.map((name) => `${fileName(design.name)}/${name}.json`),
  );
  expect([...files].sort()).toEqual(wanted.sort());
});

/** The breach with the trace's calls but one, in the same order. */
function breaksWithout(design: AnyDesign, trace: Trace, left: number): boolean {
  const { bounds, scenario } = trace;
  const subject = bounded(design, { bounds, scenario, track: "full" });
  const calls = trace.steps
    .filter((_, i) => i !== left)
    .map(({ call, params }) => makeInstance(call, design.calls[call]!, params, subject.sizes));
  const run = runPath(subject, calls);
  return run !== null && isBroken(subject, trace.breach!, run);
}

describe.each(files)("%s", (file) => {
  const text = readFileSync(new URL(file, folder), "utf8");
  const trace = readTrace(text, file);
  const { design } = entryOf(trace.design)!;

  test("replays: every call answers and changes what it says, and the promise is broken", () => {
    expect(replay(design, trace, file)).toMatchObject({ differences: [], broken: true });
  });

  test("is as short as the shortest that is pinned, and needs each of its calls", () => {
    const { property } = trace.breach!;
    const lengths = Object.values(pins[trace.design]!).flatMap(({ violated }) => violated[property] ?? []);
    expect(trace.steps.length).toBe(Math.min(...lengths));
    // A section of a call cannot be left out.
    if (trace.mode !== "sequential") return;
    trace.steps.forEach((_, i) => expect([i, breaksWithout(design, trace, i)]).toEqual([i, false]));
  });

  test("is written as it is read", () => {
    expect(writeTrace(trace)).toBe(text);
  });
});

const ofMutants = files.filter(
  (file) => entryOf(readTrace(readFileSync(new URL(file, folder), "utf8"), file).design)!.bug,
);
test.each(ofMutants)("%s is none on what the mutant is a change of", (file) => {
  const trace = readTrace(readFileSync(new URL(file, folder), "utf8"), file);
  const { design } = entryOf(trace.design)!;
  const base = registry.find(({ design: other }) => other.calls === design.inherits)!.design;
  const states = [...base.promises, ...(base.statements ?? []), FAILED_CALL, ...BUILT_IN];
  // A call, or a promise, that only the mutant has.
  if (trace.steps.some(({ call }) => base.calls[call] === undefined)) return;
  if (!states.some(({ name }) => name === trace.breach!.property)) return;
  // A scenario of the mutant's own starts where every other does, unless it is given something.
  const own = !Object.hasOwn(base.scenarios, trace.scenario) && trace.scenario !== EVERYTHING;
  if (own && design.scenarios[trace.scenario]!.given !== undefined) return;
  expect(replay(base, { ...trace, scenario: own ? EVERYTHING : trace.scenario }, file).broken).toBe(false);
});
