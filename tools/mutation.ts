/** `npm run mutation`: judges the mutants of the newest shipped version again, and writes what README.md says of them. Takes long. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { mutationJson } from "../checkers/report/mutate.ts";
import { mutate } from "../cli/mutate.ts";

const DESIGN = "guest-memfd-7.3";
const RESULT = new URL("../models/mutants/mutation.json", import.meta.url);

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-mutation-"));
try {
  const out = join(folder, "report.json");
  process.exitCode = await mutate(DESIGN, {
    format: "text",
    out,
    maxStates: 6_500,
    thenStates: 20_000,
    maxSeconds: 60,
  });
  const { mutants, ...report } = JSON.parse(readFileSync(out, "utf8")) as Awaited<
    ReturnType<typeof mutationJson>
  >;
  const open = mutants
    .filter(({ fate, explained }) => explained === undefined && isOpen(fate.kind))
    .map(({ id }) => id);
  const told = mutants.filter(({ explained }) => explained !== undefined).map(({ id }) => id);
  const commit = execFileSync("git", ["rev-parse", "--short=12", "HEAD"], { encoding: "utf8" }).trim();
  writeFileSync(RESULT, `${JSON.stringify({ commit, ...report, explained: told, open }, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

function isOpen(kind: string): boolean {
  return kind === "survived" || kind === "too big";
}
