/**
 * Which call comes next. A run makes a subset of the calls only (swarm testing: what is left out cannot undo what the others build up), those that it
 * has made seldom sooner than those that it has made often, and the calls of its goals in any case.
 */
import type { Instance } from "../explore/sequential.ts";
import type { Goal } from "./coverage.ts";
import type { Recent } from "./draw.ts";
import type { Ground } from "./ground.ts";
import { Random } from "./random.ts";

/** What a run is given beside its commands. */
export interface Course {
  /** From 0 on: what else the run decides once follows from it. */
  readonly seed: number;
  /** Results that no run before has reached. */
  readonly goals: readonly Goal[];
}

/** Of 8 runs so many make every call; the others leave each out with one of these probabilities. */
const LEAVES_OUT = [0, 0, 0.2, 0.2, 0.4, 0.4, 0.6, 0.6];
/** How much sooner the first of many values come up (draw.ts), in one run or another. */
const LOWNESS = [0, 1, 2, 4, 8, 8];
/** How often a step that leaves less than there was is taken back, in one run or another: a random run closes as much as it opens, and gets nowhere. */
const KEEPS = [0, 0.5, 0.8, 0.95];

export class Steering {
  private readonly ground: Ground;
  private readonly names: readonly string[];
  private readonly times = new Map<string, number>();
  private readonly tried = new Map<string, number>();
  private readonly lowness: number;
  private readonly keeps: number;
  private readonly recent: Recent = new Map();

  constructor(ground: Ground, { seed, goals }: Course) {
    const { drawing } = ground;
    const random = new Random(seed);
    const leavesOut = random.of(LEAVES_OUT);
    const wanted = new Set(goals.map((goal) => goal.slice(0, goal.indexOf(":"))));
    this.lowness = random.of(LOWNESS);
    this.keeps = random.of(KEEPS);
    const names = drawing.names.filter((name) => !random.chance(leavesOut) || wanted.has(name));
    this.ground = ground;
    this.names = names.length === 0 ? drawing.names : names;
  }

  /** What was tried before counts no more. */
  atNewState(): void {
    this.tried.clear();
  }

  /** Null where nothing came up. */
  draw(random: Random): Instance | null {
    const a = random.of(this.names);
    const b = random.of(this.names);
    const name = this.weariness(a) <= this.weariness(b) ? a : b;
    this.tried.set(name, (this.tried.get(name) ?? 0) + 1);
    return this.ground.drawing.draw(name, random, this.recent, this.lowness);
  }

  private weariness(name: string): number {
    return (this.times.get(name) ?? 0) + (this.tried.get(name) ?? 0);
  }

  /** Whether a step that loses so much is not to be part of the run. */
  isSpared(loss: number, random: Random): boolean {
    return loss > 0 && random.chance(this.keeps);
  }

  made({ name, params }: Instance): void {
    this.times.set(name, (this.times.get(name) ?? 0) + 1);
    for (const [key, value] of Object.entries(params)) this.recent.set(key, value);
  }
}
