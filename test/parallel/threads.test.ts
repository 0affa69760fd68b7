/** A search that threads take over finds, counts and reports what it finds alone. */
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { TieredExpander } from "../../checkers/compile/tiered.ts";
import { Translated } from "../../checkers/compile/translated.ts";
import { bounded } from "../../checkers/explore/bounded.ts";
import { explore } from "../../checkers/explore/search.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { Totals, type Explored } from "../../checkers/explore/explored.ts";
import type { Hire } from "../../checkers/parallel/crew.ts";
import { entryOf } from "../../models/registry.ts";
import type { Vector } from "../../spec/language/design.ts";

function threads(design: string, vector: Vector, hands: number, file = "bin/search-worker.mjs"): Hire {
  const workerData = { job: { design, vector }, only: null };
  const url = new URL(`../../${file}`, import.meta.url);
  return { hands, from: 1000, isPatient: true, thread: () => new Worker(url, { workerData }) };
}

async function searched(design: string, vector: Vector, hire?: Hire): Promise<Explored> {
  const subject = bounded(entryOf(design)!.design, vector);
  const options = { budget: NO_LIMIT, ...(hire === undefined ? {} : { hire }) };
  return explore(subject, options, (ground) => {
    return new TieredExpander(ground, new Translated(), undefined);
  });
}

const plain = (explored: Explored) => ({
  ...explored,
  ...{ seconds: 0, bytes: 0 },
  outcomes: [...explored.outcomes].sort(),
  found: [...explored.found].sort(),
  decided: [...explored.decided].sort(),
});

const MEDIUM = { bounds: { vms: 2, files: 1, pages: 2, slots: 2, gfns: 2 } };

test.each([
  ["gmem-seq", 3],
  ["gmem-seq-m2", 2],
])("%s in %d threads: states, transitions, results, breaches and the ways there", async (design, hands) => {
  const alone = await searched(design, MEDIUM);
  let worked = 0;
  const hire = threads(design, MEDIUM, hands);
  const together = await searched(design, MEDIUM, {
    ...hire,
    thread: () => hire.thread().on("message", ({ kind }) => (worked += kind === "done" ? 1 : 0)),
  });
  expect(plain(together)).toEqual(plain(alone));
  expect(worked).toBe(hands - 1);
});

test("of two findings, that which a single thread comes upon first is kept", () => {
  const finding = (at: number, ...then: number[]) => ({ property: "p", instance: {}, why: "", at, then });
  const inOrder = [finding(3), finding(3, 1), finding(3, 2), finding(4), finding(5, 0)];
  for (const [i, one] of inOrder.entries()) {
    for (const other of inOrder.slice(i)) {
      for (const [mine, theirs] of [
        [one, other],
        [other, one],
      ] as const) {
        const [total, more] = [new Totals(), new Totals()];
        total.find(mine);
        more.find(theirs);
        total.add(more.now());
        expect(total.findings.get("p")).toEqual(one);
      }
    }
  }
});

test("a thread that dies ends the search with an error", async () => {
  const hire = threads("gmem-seq", MEDIUM, 2, "test/parallel/dies.mjs");
  await expect(searched("gmem-seq", MEDIUM, hire)).rejects.toThrow(
    "a thread of the search ended with code 3",
  );
});
