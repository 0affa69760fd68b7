/** The pinned counts and lengths of the registry; `npm run pins` measures them anew. */
import { readFileSync } from "node:fs";
import type { Pins } from "../spec/language/pin.ts";

export const pins = JSON.parse(readFileSync(new URL("./pins.json", import.meta.url), "utf8")) as Pins;
