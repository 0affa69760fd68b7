/** Spin on the Promela model, breadth first and depth first; partial orders save nothing in a model of one process. */
import { join } from "node:path";
import { Mismatch, numberIn, type Contestant, type Found } from "../contestant.ts";
import type { BenchVector } from "../vectors.ts";
import { build, writeModel, type Peer } from "./peer.ts";
import { promela } from "./promela.ts";

const NAME = "Spin";
const BROKEN = /assertion violated/;
const FLAGS = ["-O3", "-march=native", "-DSAFETY", "-DNOFAIR", "-DNOREDUCE"];

export const spin: Peer = {
  name: NAME,
  needs: ["spin", "gcc"],
  build: (vector, folder) => {
    writeModel(folder, "model.pml", promela(vector.size));
    build(folder, "spin", ["-a", "model.pml"]);
    return [breadthFirst(vector, folder), depthFirst(vector, folder)];
  },
};

/** The hash table has as many places as there are states, at the least. */
const places = ({ counts }: BenchVector): string => `-w${Math.max(10, Math.ceil(Math.log2(counts.states)))}`;

function breadthFirst(vector: BenchVector, folder: string): Contestant {
  build(folder, "gcc", [...FLAGS, "-DBFS", "pan.c", "-o", "breadth"]);
  const argv = [join(folder, "breadth"), places(vector)];
  return {
    name: `${NAME}, breadth first`,
    peer: NAME,
    command: { argv, cwd: folder },
    read: (output) => ({ ...readSpin(output), depth: numberIn(NAME, output, /depth reached (\d+)/) }),
    broken: BROKEN,
  };
}

/** The stack has a place for every state: no path is longer. */
function depthFirst(vector: BenchVector, folder: string): Contestant {
  build(folder, "gcc", [...FLAGS, "pan.c", "-o", "depth"]);
  const argv = [join(folder, "depth"), places(vector), `-m${Math.max(10_000, vector.counts.states)}`];
  return {
    name: `${NAME}, depth first`,
    peer: NAME,
    command: { argv, cwd: folder },
    read: readSpin,
    broken: BROKEN,
  };
}

/** The depth that Spin prints is here that of its stack, which says nothing of the model. */
export function readSpin(output: string): Found {
  const errors = numberIn(NAME, output, /errors: (\d+)/);
  if (errors > 0 || /max search depth too small|Search not completed/.test(output))
    throw new Mismatch(`${NAME} did not search everything\n${output.trim().slice(0, 500)}`);
  const transitions = numberIn(NAME, output, /^\s*([\d.]+(?:e\+\d+)?) transitions/m);
  return {
    states: numberIn(NAME, output, /^\s*([\d.]+(?:e\+\d+)?) states, stored/m),
    // Spin counts the step into the initial state.
    transitions: transitions - 1,
    depth: null,
    // Eight digits are printed, of a larger count the first eight.
    slack: transitions < 1e8 ? 0 : 10 ** (Math.floor(Math.log10(transitions)) - 7),
  };
}
