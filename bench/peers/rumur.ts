/** Rumur on the Murphi model, with one thread and no symmetry. */
import { join } from "node:path";
import { Mismatch, numberIn, type Found } from "../contestant.ts";
import { build, writeModel, type Peer } from "./peer.ts";
import { murphi } from "./murphi.ts";

const NAME = "Rumur";

export const rumur: Peer = {
  name: NAME,
  needs: ["rumur", "gcc"],
  build: ({ size }, folder) => {
    writeModel(folder, "model.m", murphi(size));
    build(folder, "rumur", ["--threads", "1", "-o", "model.c", "model.m"]);
    const flags = ["-O3", "-march=native", "-std=c11", "-mcx16"];
    build(folder, "gcc", [...flags, "model.c", "-o", "model", "-lpthread"]);
    const command = { argv: [join(folder, "model")], cwd: folder };
    return [{ name: NAME, peer: NAME, command, once: true, read: readRumur, broken: /error\(s\) found/ }];
  },
};

/** Rumur prints no depth. */
export function readRumur(output: string): Found {
  if (!output.includes("No error found")) throw new Mismatch(`${NAME}: ${output.trim().slice(-500)}`);
  const [, end = ""] = output.split("State Space Explored:");
  return {
    states: numberIn(NAME, end, /(\d+) states/),
    transitions: numberIn(NAME, end, /(\d+) rules fired/),
    depth: null,
  };
}
