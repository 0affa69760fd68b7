/** `npm run mutation`: judges the mutants of the newest shipped version again, and writes what README.md says of them. Takes long. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { mutationJson } from "../checkers/report/mutate.ts";
import { contentHash } from "../cli/content.ts";
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
    thenStates: 400_000,
    maxSeconds: 60,
  });
  const { mutants, ...report } = JSON.parse(readFileSync(out, "utf8")) as Awaited<
    ReturnType<typeof mutationJson>
  >;
  const open = mutants
    .filter(({ fate, explained }) => explained === undefined && isOpen(fate.kind))
    .map(({ id }) => id);
  writeFileSync(RESULT, `${JSON.stringify({ content: contentHash(DESIGN), ...report, open }, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

function isOpen(kind: string): boolean {
  return kind === "survived" || kind === "too big";
}
