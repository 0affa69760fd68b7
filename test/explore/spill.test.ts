/** States that memory has no room for, in a file: the same counts and traces, and nothing of it left behind. */
import fs, { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bounded } from "../../checkers/explore/bounded.ts";
import type { Explored } from "../../checkers/explore/explored.ts";
import { explore } from "../../checkers/explore/search.ts";
import { Spill } from "../../checkers/explore/spill.ts";
import { Store } from "../../checkers/explore/store.ts";
import { NO_LIMIT, type SearchOptions } from "../../checkers/explore/sweep.ts";
import { interleave } from "../../checkers/interleave/interleave.ts";
import { entryOf } from "../../models/registry.ts";
import type { Vector } from "../../spec/language/design.ts";

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "spill-test-"))));
afterEach(() => rmSync(dir, { recursive: true }));

const MANY: Vector = { bounds: { vms: 2, files: 1, pages: 2, slots: 2, gfns: 2 } };

function plain(explored: Explored): unknown {
  return { ...explored, seconds: 0, bytes: 0 };
}

function search(name: string, vector: Vector, options: Partial<SearchOptions>): Promise<Explored> {
  const subject = bounded(entryOf(name)!.design, vector);
  const run = subject.mode === "sequential" ? explore : interleave;
  return run(subject, { budget: NO_LIMIT, ...options });
}

describe.each<[string, Vector, number]>([
  // The table alone takes 256 KiB, the states would take 204 KiB.
  ["gmem-seq-m2", MANY, 330_000],
  ["gmem-seq-m1own", MANY, 330_000],
  ["guest-memfd-6.12", { scenario: "core", bounds: {} }, 60_000],
  ["guest-memfd-7.3", { scenario: "dying-file", bounds: {}, mode: "overlap", overlap: 2 }, 0],
])("%s %o", (name, vector, bytes) => {
  test("with a file: counts, traces and outcomes are the same", async () => {
    const whole = await search(name, vector, {});
    const wanted = bytes === 0 ? Math.floor(whole.bytes * 0.8) : bytes;
    const budget = { ...NO_LIMIT, bytes: wanted };
    const without = await search(name, vector, { budget });
    expect(without.stopped).toBe(`more than ${wanted} bytes`);
    const spilled = await search(name, vector, { budget, spill: dir });
    expect(plain(spilled)).toEqual(plain(whole));
    expect(spilled.bytes).toBeLessThanOrEqual(wanted);
    expect(readdirSync(dir)).toEqual([]);
  });
});

test("nothing of the file is to be seen while it is used", () => {
  const spill = new Spill(dir, 2, 4096);
  spill.append(Int32Array.of(1, 2, 3, 4), 2);
  expect(spill.cache[spill.locate(1)]).toBe(3);
  expect(readdirSync(dir)).toEqual([]);
  spill.close();
});

test("pages that have grown since they were read are read again", () => {
  const spill = new Spill(dir, 1, 65536);
  for (let i = 0; i < 10_000; i++) {
    spill.append(Int32Array.of(i * 7), 1);
    expect(spill.cache[spill.locate(i)]).toBe(i * 7);
    expect(spill.cache[spill.locate(i >> 1)]).toBe((i >> 1) * 7);
  }
  spill.close();
});

test("a store whose states are mostly in the file finds each, and takes none twice", () => {
  const store = new Store(3, { parents: false, spill: { dir, cache: 20_000 } });
  const state = (i: number): Int32Array => Int32Array.of(i % 7, i, -i);
  const out = new Int32Array(3);
  const n = 20_000;
  for (let i = 0; i < n; i++) {
    expect(store.insert(state(i), 0, 0)).toBe(i);
    if (i % 1000 === 999) expect(store.spillHalf()).toBe(true);
  }
  for (let i = 0; i < n; i++) {
    const at = (i * 7919) % n;
    expect(store.insert(state(at), 0, 0)).toBe(-1 - at);
    store.read(at, out);
    expect(out).toEqual(state(at));
  }
  expect(store.find(state(n))).toBe(-1);
  store.close();
});

test("a log that was reserved goes on in the same memory", () => {
  const store = new Store(2, { parents: false, spill: { dir, cache: 2 ** 22 } });
  const states = new Int32Array(2 * 600_000);
  for (let i = 0; i < states.length; i++) states[i] = i % 2 === 0 ? i : 5;
  store.restore(states);
  const { log } = store;
  expect(store.spillHalf()).toBe(true);
  expect(store.log).toBe(log);
  for (let i = 0; i < 600_000; i += 101) expect(store.find(states, i * 2)).toBe(i);
  expect(store.insert(Int32Array.of(1, 1), 0, 0)).toBe(600_000);
  store.close();
});

test("a disk that is full ends the run: incomplete, and what was found by then is told", async () => {
  const { writeSync } = fs;
  let left = 3;
  fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
    if (left-- > 0) return writeSync(...args);
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  }) as typeof writeSync;
  syncBuiltinESMExports();
  try {
    const budget = { ...NO_LIMIT, bytes: 330_000 };
    const run = await search("gmem-seq-m2", MANY, { budget, spill: dir });
    expect(run).toMatchObject({ complete: false });
    expect(run.stopped).toMatch(/^no room for more states in .*: ENOSPC/);
    expect(run.states).toBeGreaterThan(5_000);
    expect(run.found.get("I4")?.path.length).toBe(5);
  } finally {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  }
});

test("a folder that cannot be written to is refused before the run", async () => {
  const spill = join(dir, "none");
  await expect(search("gmem-seq-m2", MANY, { spill })).rejects.toThrow(/^states cannot be put into .*none/);
});
