/** Where peers are built, and the program that measures them; what cannot be had here is left out, with the reason. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Contestant } from "./contestant.ts";
import { CannotBuild, build, type Peer } from "./peers/peer.ts";
import { obtain, type Program, type Say } from "./programs.ts";
import type { Skipped } from "./results.ts";
import type { BenchVector } from "./vectors.ts";

const RUSAGE = fileURLToPath(new URL("rusage.c", import.meta.url));

export interface Workshop {
  readonly folder: string;
  readonly install: boolean;
  readonly say: Say;
  readonly skip: (skipped: Skipped) => void;
}

/** The compiled rusage.c; null without a compiler. */
export function buildRusage({ folder, install, say, skip }: Workshop): string | null {
  const lacking = obtain("gcc", install, say);
  try {
    if (lacking !== null) throw new CannotBuild(lacking);
    build(folder, "gcc", ["-O2", RUSAGE, "-o", "rusage"]);
    return join(folder, "rusage");
  } catch (error) {
    if (!(error instanceof CannotBuild)) throw error;
    skip({ what: "peak memory", reason: error.message });
    return null;
  }
}

/** Those peers that can be had, in the order in which they take turns. */
export function obtainPeers(peers: readonly Peer[], { install, say, skip }: Workshop): Peer[] {
  const reasons = new Map<Program, string | null>();
  const reasonFor = (program: Program): string | null => {
    if (!reasons.has(program)) reasons.set(program, obtain(program, install, say));
    return reasons.get(program)!;
  };
  return peers.filter(({ name, needs }) => {
    const lacking = needs.map(reasonFor).find((reason) => reason !== null);
    if (lacking !== undefined) skip({ what: name, reason: lacking! });
    return lacking === undefined;
  });
}

export function buildPeer(
  peer: Peer,
  vector: BenchVector,
  { folder, say, skip }: Workshop,
): readonly Contestant[] {
  say(`${vector.name}: building ${peer.name}`);
  try {
    return peer.build(vector, join(folder, `${peer.name}-${vector.name}`));
  } catch (error) {
    if (!(error instanceof CannotBuild)) throw error;
    skip({ what: `${peer.name} on ${vector.name}`, reason: error.message });
    return [];
  }
}
