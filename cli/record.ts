/** `gmemcheck record`: programs run on a real kernel, and what it answered as a recording. */
import { record as recordOn, type Unrecorded } from "../checkers/kernel/live/record.ts";
import { readPrograms } from "../checkers/kernel/programs.ts";
import { count } from "../checkers/report/text.ts";
import { UsageError } from "../checkers/usage-error.ts";
import { UnplayableStep } from "../spec/recording.ts";
import { EXIT } from "./exit.ts";
import { readText } from "./files.ts";
import { Interrupt } from "./interrupt.ts";
import { openKernel, type KernelOptions, type KernelPlace } from "./kernel-at.ts";
import { ProgressLine, print, tell, writeWhole } from "./output.ts";
import { anyVersion, playerOf } from "./players.ts";

export interface RecordCommand extends KernelOptions {
  readonly live: KernelPlace;
  readonly set: string;
  readonly iterations: number;
  readonly seed: number;
  readonly out?: string;
}

export async function record(path: string, options: RecordCommand): Promise<number> {
  const programs = readPrograms(readText(path), path, await playerOf(await anyVersion()));
  const interrupt = new Interrupt();
  interrupt.listen();
  const kernel = await openKernel(options.live, options);
  const progress = new ProgressLine();
  const told = (id: string): boolean => {
    progress.show(`${kernel.where}: ${id}`);
    return interrupt.reason() !== null;
  };
  try {
    const { set, iterations, seed } = options;
    const { text, steps, failed } = await recordOn(kernel, programs, { set, iterations, seed, told });
    progress.clear();
    if (options.out === undefined) process.stdout.write(text);
    else {
      writeWhole(options.out, text);
      print(`${options.out}: ${count(steps)} steps, answered by ${kernel.header.kernel} on ${kernel.where}`);
    }
    tellFailed(failed, interrupt.reason());
    return interrupt.exitCode(failed.length > 0 ? EXIT.incomplete : EXIT.asExpected);
  } catch (error) {
    if (error instanceof UnplayableStep) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  } finally {
    progress.clear();
    await kernel.close();
  }
}

/** What is not in the recording, and why. */
function tellFailed(failed: readonly Unrecorded[], interrupted: string | null): void {
  for (const { id, failure } of failed) {
    const lines = [
      `${id} is left out: ${failure.kind}: ${failure.message}`,
      `  ${count(failure.answered.length)} answers came before it`,
      ...failure.console.map((line) => `  | ${line}`),
    ];
    tell(lines.join("\n"));
  }
  if (interrupted !== null) tell(`${interrupted}: the recording ends early`);
}
