/** `npm run proposals`: writes the tables of models/proposals/README.md anew. */
import { writeFileSync } from "node:fs";
import { proposals } from "./proposals-tables.ts";

writeFileSync(new URL("../models/proposals/README.md", import.meta.url), proposals());
