/** Runs that are written down, and gone on with: killed at any moment, they come to the same end. */
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasCheckpoint } from "../../checkers/explore/checkpoint.ts";
import { NO_LIMIT, type SearchOptions } from "../../checkers/explore/sweep.ts";
import { interleave } from "../../checkers/interleave/interleave.ts";
import { bounded } from "../../checkers/explore/bounded.ts";
import { UsageError } from "../../checkers/usage-error.ts";
import { entryOf } from "../../models/registry.ts";
import type { Vector } from "../../spec/language/design.ts";
import { search, settled } from "./resumed.ts";

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "checkpoint-test-"))));
afterEach(() => rmSync(dir, { recursive: true }));

const MANY: Vector = { bounds: { vms: 2, files: 1, pages: 2, slots: 2, gfns: 2 } };
const often = { checkpointSeconds: 0 };

/** Null where the process was killed before it came to its end, so long after it had begun to search. */
function runFor(ms: number, name: string, vector: Vector, options: Partial<SearchOptions>): Promise<unknown> {
  const args = ["run", ...[name, vector, options].map((arg) => JSON.stringify(arg))];
  const file = new URL("resumed.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stdout.once("data", () => {
    if (ms < Infinity) setTimeout(() => child.kill("SIGKILL"), ms);
  });
  return new Promise((resolve) => {
    child.on("close", (_code, signal) => resolve(signal === "SIGKILL" ? null : JSON.parse(text)));
  });
}

const KILLS = 3;

test.each<[string, Vector]>([["gmem-seq-m1own", MANY]])(
  "%s %o, killed again and again, ends as if it had not been",
  async (name, vector) => {
    const whole = settled(await search(name, vector, { budget: NO_LIMIT }));
    let between = 0;
    let ended: unknown = null;
    for (let kills = 0; ended === null; kills++) {
      const ms = kills < KILLS ? Math.random() * 400 : Infinity;
      const resume = hasCheckpoint(dir) ? { resume: dir } : {};
      if (hasCheckpoint(dir)) between++;
      ended = await runFor(ms, name, vector, { ...often, checkpoint: dir, ...resume });
    }
    expect(ended).toEqual(JSON.parse(JSON.stringify(whole)));
    expect(between).toBeGreaterThan(0);
    // Only what the last checkpoint tells of.
    expect(readdirSync(dir).filter((file) => file.startsWith("states")).length).toBe(1);
  },
);

describe.each<[string, Vector, number]>([
  ["gmem-seq-m1own", MANY, 5000],
  ["guest-memfd-6.12", { scenario: "guests", bounds: {} }, 200],
])("%s %o", (name, vector, some) => {
  test("stopped by its budget and gone on with, some times over", async () => {
    const whole = settled(await search(name, vector, { budget: NO_LIMIT }));
    let parts = 0;
    for (let states = some; ; states += some) {
      const budget = { ...NO_LIMIT, states };
      const resume = parts === 0 ? {} : { resume: dir };
      const part = await search(name, vector, { budget, checkpoint: dir, ...often, ...resume });
      parts++;
      if (!part.complete) continue;
      expect(settled(part)).toEqual(whole);
      break;
    }
    expect(parts).toBeGreaterThan(2);
  });

  test("stopped and gone on with, it says what a run that was stopped there says", async () => {
    const at = (states: number) => ({ budget: { ...NO_LIMIT, states } });
    const once = await search(name, vector, at(some));
    expect(once.complete).toBe(false);
    await search(name, vector, { ...at(some / 4), checkpoint: dir });
    expect(settled(await search(name, vector, { ...at(some), resume: dir }))).toEqual(settled(once));
  });

  test("at its end, it is told again", async () => {
    const whole = await search(name, vector, { budget: NO_LIMIT, checkpoint: dir });
    const again = await search(name, vector, { budget: NO_LIMIT, resume: dir });
    expect(settled(again)).toEqual(settled(whole));
  });
});

test("with states in a file as well", async () => {
  const whole = settled(await search("gmem-seq-m1own", MANY, { budget: NO_LIMIT }));
  const spill = { spill: dir };
  const budget = { ...NO_LIMIT, bytes: 500_000 };
  const checkpoint = join(dir, "new");
  const part = { ...budget, states: 20_000 };
  await search("gmem-seq-m1own", MANY, { budget: part, ...spill, checkpoint });
  const all = await search("gmem-seq-m1own", MANY, { budget, ...spill, checkpoint, resume: checkpoint });
  expect(settled(all)).toEqual(whole);
  expect(readdirSync(dir)).toEqual(["new"]);
});

describe("refused, in one message:", () => {
  const part = { ...NO_LIMIT, states: 2000 };
  const written = (options: Partial<SearchOptions> = {}): Promise<unknown> =>
    search("gmem-seq-m1own", MANY, { budget: part, checkpoint: dir, content: "a", ...options });
  const resumed = (name = "gmem-seq-m1own", vector = MANY, options: Partial<SearchOptions> = {}) =>
    search(name, vector, { budget: NO_LIMIT, resume: dir, content: "a", ...options });
  const refused = async (run: Promise<unknown>, message: RegExp): Promise<void> => {
    const error = await run.then(
      () => null,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
  };

  test("nothing there", () =>
    refused(resumed(), /^cannot resume from .*: there is no checkpoint.json in it$/));

  test("another design, bound, property, or text of the design", async () => {
    await written();
    await refused(
      resumed("gmem-seq-m2"),
      /: it is of another run: design was gmem-seq-m1own, and is gmem-seq-m2$/,
    );
    await refused(resumed("gmem-seq-m1own", { bounds: { vms: 1 } }), /: bounds was .*"vms":2.*"vms":1/);
    await refused(
      resumed(undefined, undefined, { only: new Set(["I1"]) }),
      /: properties was all, and is I1$/,
    );
    await refused(resumed(undefined, undefined, { content: "b" }), /: the design, or gmemcheck, has changed/);
  });

  test("a corrupt header, or one of another version", async () => {
    await written();
    const header = join(dir, "checkpoint.json");
    const text = readFileSync(header, "utf8");
    writeFileSync(header, text.replace('"count":', '"count": '));
    await refused(resumed(), /: checkpoint.json is corrupt, or of another version$/);
    writeFileSync(header, text.slice(0, 50));
    await refused(resumed(), /: checkpoint.json is corrupt/);
  });

  test("corrupt states, and some that are missing", async () => {
    await written();
    const states = join(
      dir,
      readdirSync(dir).find((name) => name.startsWith("states"))!,
    );
    const bytes = readFileSync(states);
    bytes[1000]! ^= 1;
    writeFileSync(states, bytes);
    await refused(resumed(), /: states-0 is corrupt$/);
    writeFileSync(states, bytes.subarray(0, 1000));
    await refused(resumed(), /: states-0 is missing, or too short$/);
  });

  test("calls that overlap, and fingerprints", async () => {
    const subject = bounded(entryOf("guest-memfd-7.3")!.design, {
      scenario: "dying-file",
      bounds: {},
      mode: "overlap",
      overlap: 2,
    });
    await refused(
      interleave(subject, { budget: part, checkpoint: dir }),
      /^--checkpoint is for sequential runs/,
    );
    await refused(written({ compaction: true }), /^--compaction keeps no states/);
  });
});

test("what stands behind the states of the last checkpoint is not read", async () => {
  await search("gmem-seq-m1own", MANY, { budget: { ...NO_LIMIT, states: 2000 }, checkpoint: dir });
  const states = join(
    dir,
    readdirSync(dir).find((name) => name.startsWith("states"))!,
  );
  writeFileSync(states, Buffer.concat([readFileSync(states), Buffer.from("half of a sta")]));
  const whole = await search("gmem-seq-m1own", MANY, { budget: NO_LIMIT });
  const again = await search("gmem-seq-m1own", MANY, { budget: NO_LIMIT, resume: dir });
  expect(settled(again)).toEqual(settled(whole));
});
