/** `npm run schemas`: writes the JSON Schemas of the project's own formats to schemas/, from what decodes them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { checkSchema } from "../checkers/report/check-schema.ts";
import { diffSchema } from "../checkers/report/diff-json.ts";
import { fuzzSchema } from "../checkers/report/fuzz-schema.ts";
import { gateSchema } from "../checkers/report/gate-json.ts";
import { mutateSchema } from "../checkers/report/mutate-schema.ts";
import { traceSchema } from "../checkers/trace/file.ts";

const folder = new URL("../schemas/", import.meta.url);
mkdirSync(folder, { recursive: true });
const write = (name: string, schema: unknown): void =>
  writeFileSync(new URL(name, folder), `${JSON.stringify(schema, null, 2)}\n`);
write("gmemcheck-trace-1.json", traceSchema());
write("gmemcheck-diff-1.json", diffSchema());
write("gmemcheck-check-1.json", checkSchema());
write("gmemcheck-gate-1.json", gateSchema());
write("gmemcheck-fuzz-1.json", fuzzSchema());
write("gmemcheck-mutate-1.json", mutateSchema());
