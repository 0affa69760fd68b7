/** `npm run readme`: writes the tables of README.md anew. */
import { writeFileSync } from "node:fs";
import { everyPart, readme } from "./readme-tables.ts";

writeFileSync(new URL("../README.md", import.meta.url), readme(await everyPart()));
