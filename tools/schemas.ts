/** `npm run schemas`: writes the JSON Schemas of the project's own formats to schemas/, from what decodes them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { traceSchema } from "../checkers/trace/file.ts";

const folder = new URL("../schemas/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("gmemcheck-trace-1.json", folder), `${JSON.stringify(traceSchema(), null, 2)}\n`);
