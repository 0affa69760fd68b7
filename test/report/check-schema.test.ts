/** What `check --format json` prints, by the published schema. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { checkSchema } from "../../checkers/report/check-schema.ts";
import { inProcess, ROOT } from "../cli/gmemcheck.ts";

const published = JSON.parse(readFileSync(`${ROOT}schemas/gmemcheck-check-1.json`, "utf8")) as object;
const valid = new Ajv2020({ strict: true }).compile(published);
/** What is printed and not in the schema is found too. */
const known = new Ajv2020({ strict: true }).compile(closed(published) as object);

function closed(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return "properties" in schema && "type" in schema ? { ...inner, additionalProperties: false } : inner;
}

describe("the published schema of a check", () => {
  test("is what npm run schemas writes", () => {
    expect(published).toEqual(checkSchema());
  });

  test.each([
    ["a breach", ["forgotten-pin", "--quick"]],
    ["calls that overlap", ["dying-file-unbind-uaf", "--property", "no-use-after-free"]],
    ["a run that was cut off", ["template", "--max-states", "100"]],
    ["a profile", ["template", "--profile"]],
    ["sections", ["template", "--sections", "--max-states", "100"]],
    ["names taken for interchangeable", ["template", "--symmetry", "--max-states", "1000"]],
  ])("accepts %s", async (_, args) => {
    const { stdout } = await inProcess(["check", ...args, "--format", "json"]);
    const report = JSON.parse(stdout) as { readonly results: readonly { readonly complete?: boolean }[] };
    expect([known(report), known.errors]).toEqual([true, null]);
    expect(valid(report)).toBe(true);
    const results = report.results.map(({ complete: _, ...rest }) => rest);
    expect(valid({ ...report, results })).toBe(false);
  });
});
