/** limit.cpp, the physical limit: a program for this one model. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { numberIn, type Found } from "../contestant.ts";
import { build, type Peer } from "./peer.ts";

const NAME = "C++";
const SOURCE = fileURLToPath(new URL("limit.cpp", import.meta.url));

export const limit: Peer = {
  name: NAME,
  needs: ["g++"],
  build: ({ size }, folder) => {
    const sizes = Object.entries(size).map(([name, value]) => `-D${name.toUpperCase()}=${value}`);
    build(folder, "g++", ["-O3", "-march=native", ...sizes, SOURCE, "-o", "limit"]);
    const command = { argv: [join(folder, "limit")] };
    return [{ name: NAME, peer: NAME, command, read: readLimit, broken: /^violated/ }];
  },
};

export function readLimit(output: string): Found {
  return {
    states: numberIn(NAME, output, /states (\d+)/),
    transitions: numberIn(NAME, output, /transitions (\d+)/),
    depth: numberIn(NAME, output, /depth (\d+)/),
  };
}
