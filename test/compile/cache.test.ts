/** Translations that are kept: the same ones come back, and none that was harmed. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { cached } from "../../checkers/compile/cache.ts";
import { compile } from "../../checkers/compile/expander.ts";
import { bounded } from "../../checkers/explore/bounded.ts";
import { TRACK_ALL } from "../../checkers/explore/codec.ts";
import { Totals } from "../../checkers/explore/explored.ts";
import { groundOf } from "../../checkers/explore/interpreted.ts";
import { toy } from "../toy.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-cache-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ground = (switches: number) =>
  groundOf(bounded(toy(), { bounds: { switches } }), TRACK_ALL, undefined, new Totals());
const refuse = (): never => {
  throw new Error("it is there already");
};

test("a translation comes back as it was; other bounds, and other sources, have their own", () => {
  const made = cached({ folder, content: () => "a" }, ground(2), () => compile(ground(2)));
  expect(cached({ folder, content: () => "a" }, ground(2), refuse)).toEqual(made);
  expect(() => cached({ folder, content: () => "a" }, ground(3), refuse)).toThrow("it is there already");
  expect(() => cached({ folder, content: () => "b" }, ground(2), refuse)).toThrow("it is there already");
});

test("a file that was harmed is made anew", () => {
  const made = cached({ folder, content: () => "c" }, ground(2), () => compile(ground(2)));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, "utf8").replace("n0", "n1"));
  }
  expect(() => cached({ folder, content: () => "c" }, ground(2), refuse)).toThrow("it is there already");
  expect(cached({ folder, content: () => "c" }, ground(2), () => compile(ground(2)))).toEqual(made);
});

test("a folder that cannot be written to is no hindrance", () => {
  expect(
    cached({ folder: join(fileURLToPath(import.meta.url), "inside"), content: () => "a" }, ground(2), () =>
      compile(ground(2)),
    ).source,
  ).toContain("chunk0");
});
