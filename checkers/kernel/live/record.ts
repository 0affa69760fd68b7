/** Programs run on a real kernel, and its answers as a recording. */
import { recordingText } from "../json-lines.ts";
import type { Program } from "../programs.ts";
import { KernelFailure, type Kernel } from "./kernel.ts";

/** A program that has no answers. */
export interface Unrecorded {
  readonly id: string;
  readonly failure: KernelFailure;
}

export interface Recorded {
  /** The file: a header, and a line for each program that was answered. */
  readonly text: string;
  readonly steps: number;
  readonly failed: readonly Unrecorded[];
}

export interface RecordOptions {
  /** What the header calls it. */
  readonly set: string;
  /** Of a race that says none itself. */
  readonly iterations: number;
  readonly seed: number;
  /** Hears which program is next; true ends it with what there is. */
  readonly told: (id: string) => boolean;
}

/** How much is in a line, for the header. */
interface Counts {
  readonly steps: number;
  readonly iterations: number;
  readonly outcomes: number;
}

export async function record(
  kernel: Kernel,
  programs: readonly Program[],
  options: RecordOptions,
): Promise<Recorded> {
  const lines: (readonly [line: object, counts: Counts])[] = [];
  const failed: Unrecorded[] = [];
  for (const program of programs) {
    if (options.told(program.id)) break;
    try {
      lines.push(await lineOf(kernel, program, options));
    } catch (error) {
      if (!(error instanceof KernelFailure)) throw error;
      failed.push({ id: program.id, failure: error });
    }
  }
  const sum = (count: keyof Counts): number => lines.reduce((total, [, counts]) => total + counts[count], 0);
  const [steps, iterations, outcomes] = [sum("steps"), sum("iterations"), sum("outcomes")];
  const text = recordingText(
    kernel.header,
    options.set,
    lines.map(([line]) => line),
    { steps, ...(iterations > 0 ? { iterations, outcomes } : {}) },
  );
  return { text, steps, failed };
}

async function lineOf(
  kernel: Kernel,
  program: Program,
  options: RecordOptions,
): Promise<readonly [object, Counts]> {
  if ("steps" in program) {
    const answers = await kernel.run(program.steps);
    const steps = program.steps.map((step, i) => ({ ...step, result: answers[i] }));
    return [
      { ...program.label, steps },
      { steps: steps.length, iterations: 0, outcomes: 0 },
    ];
  }
  const { setup, threads, final } = program.race;
  const iterations = program.iterations ?? options.iterations;
  const raced = await kernel.race(program.race, iterations, options.seed);
  const line = {
    title: program.id,
    ...program.label,
    setup: setup.map((step, i) => ({ ...step, result: raced.setup[i] })),
    threads,
    final,
    iterations,
    observed: raced.observed,
  };
  const steps = [setup, ...threads, final].reduce((total, part) => total + part.length, 0);
  return [line, { steps, iterations, outcomes: raced.observed.length }];
}
