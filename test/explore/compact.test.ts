/** 64 bits in place of a state: as far as no two states share them, nothing is different. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import { Queue, fingerprint, missProbability } from "../../checkers/explore/compact.ts";
import type { Explored } from "../../checkers/explore/explored.ts";
import { explore } from "../../checkers/explore/search.ts";
import type { Store } from "../../checkers/explore/store.ts";
import { NO_LIMIT, type SearchOptions } from "../../checkers/explore/sweep.ts";
import { entryOf } from "../../models/registry.ts";
import type { Vector } from "../../spec/language/design.ts";

const plain = (explored: Explored): unknown => ({ ...explored, seconds: 0, bytes: 0, missProbability: 0 });

describe.each<[string, Vector]>([
  ["guest-memfd-6.12", { scenario: "use", bounds: {} }],
  ["range-math-nonzero-offset", { scenario: "ranges", bounds: { pages: 2 } }],
  ["guest-memfd-6.12", { scenario: "use", bounds: { types: "default" }, track: "watch" }],
])("%s %o", (name, vector) => {
  const subject = bounded(entryOf(name)!.design, vector);
  const search = (options: Partial<SearchOptions>): Promise<Explored> =>
    explore(subject, { budget: NO_LIMIT, ...options });

  test("counts, outcomes and traces are those of whole states", async () => {
    const whole = await search({});
    let stored: Store | undefined;
    const compact = await search({ compaction: true, onVisited: (_, store) => (stored = store) });
    expect(stored!.words).toBe(2);
    expect(plain(compact)).toEqual(plain(whole));
    expect(whole.missProbability).toBe(0);
    expect(compact.missProbability).toBeGreaterThan(0);
    expect(compact.missProbability).toBeLessThan(1e-9);
  });

  test("stopped", async () => {
    const budget = { ...NO_LIMIT, states: 30 };
    const whole = await search({ budget });
    expect(whole.stopped).toBe("more than 30 states");
    expect(plain(await search({ budget, compaction: true }))).toEqual(plain(whole));
  });
});

test("with fingerprints in a file", async () => {
  const dir = mkdtempSync(join(tmpdir(), "compact-test-"));
  const bounds = { vms: 3, files: 2, pages: 2, slots: 2, gfns: 3 };
  const subject = bounded(entryOf("gmem-seq-m1")!.design, { bounds });
  const budget = { ...NO_LIMIT, states: 20_000 };
  const whole = await explore(subject, { budget });
  const kept = await explore(subject, { budget, compaction: true });
  const bytes = Math.floor(kept.bytes * 0.9);
  const spilled = await explore(subject, { budget: { ...budget, bytes }, spill: dir, compaction: true });
  expect(plain(kept)).toEqual(plain(whole));
  expect(plain(spilled)).toEqual(plain(whole));
  expect(kept.missProbability).toBeGreaterThan(0);
  expect(spilled.bytes).toBeLessThan(kept.bytes);
  expect(whole.found.size).toBeGreaterThan(0);
  rmSync(dir, { recursive: true });
});

test("a state that is no larger than its fingerprint is kept whole", async () => {
  const subject = bounded(entryOf("gmem-seq-m2")!.design, { bounds: { vms: 1, files: 1, pages: 1 } });
  expect(await explore(subject, { budget: NO_LIMIT, compaction: true })).toMatchObject({
    missProbability: 0,
  });
});

test("the chance of a miss is that of a birthday among 2^64 days", () => {
  expect(missProbability(2 ** 20)).toBe(2 ** -25);
  expect(missProbability(2 ** 40)).toBe(1);
});

test.each([3, 5, 12])(
  "of %d words that differ in little, each half differs as random numbers do",
  (words) => {
    const n = 200_000;
    const halves = [new Set<number>(), new Set<number>()];
    const low = new Set<number>();
    const state = new Int32Array(words);
    const print = new Int32Array(2);
    for (let i = 0; i < n; i++) {
      // Few bits, in two words, at both ends.
      state[0] = (i & 511) << 23;
      state[words - 1] = i >> 9;
      fingerprint(state, 0, words, print, 0);
      halves.forEach((seen, half) => seen.add(print[half]!));
      low.add((print[0]! & 0x3ff) | ((print[1]! & 0x3ff) << 10));
    }
    // n²/2^33 pairs are alike among random numbers of 32 bits: 4.7.
    for (const seen of halves) expect(n - seen.size).toBeLessThan(25);
    const days = 2 ** 20;
    expect(Math.abs(low.size / (days * (1 - Math.exp(-n / days))) - 1)).toBeLessThan(0.01);
  },
);

test("the queue gives back what was put in, in order, and takes no more memory than it needs", () => {
  const queue = new Queue(3);
  let put = 0;
  for (let taken = 0; taken < 50_000; taken++) {
    while (put < taken + 300) queue.push(Int32Array.of(put, put * 2, put++ * 3), 0);
    const at = queue.from(taken);
    expect(queue.words[at + 2]).toBe(taken * 3);
    expect(queue.words[queue.locate(put - 1)]).toBe(put - 1);
  }
  expect(queue.bytes).toBeLessThan(20_000);
});
