/**
 * `npm run bench`: measures gmemcheck beside a program written for the one model (peers/limit.cpp), Spin and Rumur, on gmem-seq; `-- --help` says what can be
 * chosen. Tables go to stdout, progress to stderr, all numbers to bench/results.json.
 */
import { CommanderError } from "commander";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { UsageError } from "../checkers/usage-error.ts";
import { EXIT, signalExit } from "../cli/exit.ts";
import { makeFolder, print, writeWhole } from "../cli/output.ts";
import { Mismatch } from "./contestant.ts";
import { contest } from "./contest.ts";
import { measureDesigns, measureStartUps } from "./extras.ts";
import { oneWorker, symmetric, twoWorkers } from "./gmemcheck.ts";
import { commit, machine } from "./machine.ts";
import { Interrupted, measureBy, type Measure } from "./measure.ts";
import { optionsFrom, type BenchOptions } from "./options.ts";
import { limit } from "./peers/limit.ts";
import type { Peer } from "./peers/peer.ts";
import { rumur } from "./peers/rumur.ts";
import { spin } from "./peers/spin.ts";
import { withResults } from "./readme.ts";
import { report } from "./report.ts";
import { emptyResults, readResults, type Heat, type Results, type Skipped } from "./results.ts";
import { ALL_TWOS, LARGE, MEDIUM } from "./vectors.ts";
import { buildPeer, buildRusage, obtainPeers, type Workshop } from "./workshop.ts";

const README = new URL("../README.md", import.meta.url);

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

/** Runs the command; the result is the process's exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = optionsFrom(args);
    return options.readme ? writeReadme(options) : await bench(options);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.asExpected : EXIT.usage;
    if (!(error instanceof UsageError || error instanceof Mismatch)) throw error;
    say(error.message);
    return error instanceof Mismatch ? EXIT.violated : EXIT.usage;
  }
}

function writeReadme({ out }: BenchOptions): number {
  writeFileSync(README, withResults(readFileSync(README, "utf8"), readResults(out)));
  return EXIT.asExpected;
}

/** Measures all that was asked for; when that is interrupted, what there is by then is printed, and nothing written. */
async function bench(options: BenchOptions): Promise<number> {
  // Found out before the work, not after it.
  makeFolder(join(resolve(options.out), ".."));
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort(signal));
  const folder =
    options.build === null ? mkdtempSync(join(tmpdir(), "gmemcheck-bench-")) : resolve(options.build);
  if (options.build !== null) makeFolder(folder);
  try {
    return await measureAll(options, folder, interrupt.signal);
  } finally {
    if (options.build === null) rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(options: BenchOptions, folder: string, stop: AbortSignal): Promise<number> {
  const skipped: Skipped[] = [];
  const skip = (one: Skipped): void => {
    skipped.push(one);
    say(`${one.what}: skipped: ${one.reason}`);
  };
  const workshop: Workshop = { folder, install: options.install, say, skip };
  const measure = measureBy(buildRusage(workshop), stop);
  const peers = obtainPeers([limit, spin, ...(options.rumur ? [rumur] : [])], workshop);
  const about = { date: new Date().toISOString(), commit: commit(), machine: machine() };
  const results: Results = { ...emptyResults({ ...about, rounds: options.rounds }), skipped };
  try {
    await measureStartUps(results, measure, say);
    await measureSizes(results, options, peers, workshop, measure);
    if (options.designs) await measureDesigns(results, options.designSeconds, measure, say);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    say(`interrupted by ${stop.reason}; this was measured by then`);
    print(report(results));
    return signalExit(stop.reason as NodeJS.Signals);
  }
  print(report(results));
  writeWhole(resolve(options.out), `${JSON.stringify(results, null, 2)}\n`);
  return EXIT.asExpected;
}

async function measureSizes(
  results: Results,
  { vectors, rounds }: BenchOptions,
  peers: readonly Peer[],
  workshop: Workshop,
  measure: Measure,
): Promise<void> {
  const { say, skip } = workshop;
  for (const vector of vectors) {
    const heat: Heat = { vector, entries: [] };
    results.heats.push(heat);
    const contestants = [
      ...peers
        .filter((peer) => peer !== rumur || vector === MEDIUM)
        .flatMap((peer) => buildPeer(peer, vector, workshop)),
      oneWorker(vector),
      ...(vector === ALL_TWOS || vector === LARGE ? [twoWorkers(vector)] : []),
      ...(vector === ALL_TWOS ? [symmetric(vector)] : []),
    ];
    await contest(heat, contestants, { rounds, measure, say, skip });
  }
}
