/** A search in shards, by machines that fail, against the search in one thread: the same of everything but the time. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkVector, type RunReport } from "../../checkers/explore/check.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { Abandoned, type Doer, type ShardTask } from "../../checkers/shards/tasks.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { designNamed, fresh, SETTING, sharded, told } from "./sharded.ts";

test("as one thread finds it: breaches, counts, levels and ways", async () => {
  const design = await designNamed("range-math-nonzero-offset");
  const one = await checkVector(design, design.vectors[0]!, { budget: NO_LIMIT });
  const { report, done } = await sharded(design, design.vectors[0]!, SETTING);
  expect(told(report)).toEqual(told(one));
  // They were what they are to be able to be.
  expect(Math.min(done.repeated, done.replaced)).toBeGreaterThan(0);
});

test("each location of a run that watches", async () => {
  const design = await designNamed("two-slots-one-page");
  const vector: Vector = { bounds: { pages: 2, types: "default" }, scenario: "slots", track: "watch" };
  const one = await checkVector(design, vector, { budget: NO_LIMIT });
  const { report } = await sharded(design, vector, SETTING);
  expect(told(report)).toEqual(told(one));
});

/** Does so many tasks, and then says that it does no more. */
function ending(doer: Doer, after: number): Doer {
  let left = after;
  return {
    all: async (tasks, onAnswer) => {
      left -= tasks.length;
      if (left < 0) throw new Abandoned(tasks[0]!.kind, "nobody is left");
      return doer.all(tasks, onAnswer);
    },
  };
}

test("whoever leads it is replaced, again and again: the rest is searched", async () => {
  const design = await designNamed("straddling-punch-skipped");
  const vector = design.vectors[0]!;
  const path = fresh();
  let report: RunReport | null = null;
  const states: number[] = [];
  for (let lives = 0; report?.complete !== true; lives++) {
    expect(lives).toBeLessThan(40);
    ({ report } = await sharded(
      design,
      vector,
      { ...SETTING, seed: lives },
      { path, wrap: (d) => ending(d, 6) },
    ));
    states.push(report.states);
  }
  expect(states.length).toBeGreaterThan(3);
  expect(states).toEqual([...states].sort((a, b) => a - b));
  expect(told(report)).toEqual(told(await checkVector(design, vector, { budget: NO_LIMIT })));
});

test("a task that nobody can do: the rounds that were done are told, and what they found", async () => {
  const design = await designNamed("straddling-punch-skipped");
  const vector = design.vectors[0]!;
  const wrap = (doer: Doer): Doer => {
    let rounds = 0;
    return {
      all: async (tasks, onAnswer) => {
        if (tasks[0]!.kind === "own" && ++rounds > 9) throw new Abandoned("own", "the disk is full");
        return doer.all(tasks, onAnswer);
      },
    };
  };
  const { report } = await sharded(design, vector, SETTING, { wrap });
  expect(report).toMatchObject({ complete: false, verdict: "violated", reason: "the disk is full" });
  const found = report.properties.filter(({ verdict }) => verdict === "violated").map(({ name }) => name);
  expect(found).toContain("no-mapping-to-a-gone-page");
  expect(report.properties.filter(({ verdict }) => verdict === "holds")).toEqual([]);
});

test("where no way is found to a breach, the report says of which", async () => {
  const design = await designNamed("straddling-punch-skipped");
  const wrap = (doer: Doer): Doer => ({
    all: async (tasks, onAnswer) => {
      if (tasks[0]!.kind === "seek") throw new Abandoned("seek", "nobody is left");
      return doer.all(tasks, onAnswer);
    },
  });
  const { report } = await sharded(design, design.vectors[0]!, SETTING, { wrap });
  expect(report.complete).toBe(false);
  expect(report.reason).toMatch(
    /^nobody is left; no way is known to what breaks .*no-mapping-to-a-gone-page/,
  );
});

test("it stops where it is told to, between two rounds", async () => {
  const design = await designNamed("gmem-seq");
  let asked = 0;
  const { report } = await sharded(design, design.vectors[0]!, SETTING, {
    stop: () => (++asked > 6 ? "enough" : null),
  });
  expect(report).toMatchObject({ complete: false, reason: "enough", verdict: "incomplete" });
  const one = await checkVector(design, design.vectors[0]!, { budget: NO_LIMIT });
  expect(report.levels.slice(0, -1)).toEqual(one.levels.slice(0, report.levels.length - 1));
  expect(report.levels.reduce((sum, n) => sum + n, 0)).toBe(report.states);
});

test("a model that is none is refused, as in one thread", async () => {
  const base = await designNamed("gmem-seq");
  const design = { ...base, contradiction: () => "it always contradicts itself" } as AnyDesign;
  const vector = design.vectors[0]!;
  const one = await checkVector(design, vector, { budget: NO_LIMIT });
  const { report } = await sharded(design, vector, SETTING);
  expect(one.verdict).toBe("invalid");
  expect(report).toMatchObject({ verdict: "invalid", reason: one.reason });
});

test("states that are gone are missed, and not taken for none", async () => {
  const design = await designNamed("straddling-punch-skipped");
  const path = fresh();
  const wrap = (doer: Doer): Doer => {
    let owned = 0;
    return {
      all: async <T extends ShardTask>(tasks: readonly T[], onAnswer?: (done: number) => void) => {
        if (tasks[0]!.kind === "own" && ++owned === 4)
          for (const name of readdirSync(join(path, "states"))) rmSync(join(path, "states", name));
        return doer.all(tasks, onAnswer);
      },
    };
  };
  const options = { path, wrap };
  await expect(sharded(design, design.vectors[0]!, { ...SETTING, bytes: 0 }, options)).rejects.toThrow(
    /ENOENT.*states/,
  );
});
