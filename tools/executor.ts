/** `npm run executor`: builds what makes calls on real kernels, and says where it is. */
import { executorPath } from "../checkers/kernel/executor/build.ts";
import { NotHere } from "../checkers/kernel/live/kernel.ts";
import { EXIT } from "../cli/exit.ts";

try {
  process.stdout.write(`${executorPath()}\n`);
} catch (error) {
  if (!(error instanceof NotHere)) throw error;
  process.stdout.write(`skipped: ${error.message}\n`);
  process.exitCode = EXIT.skipped;
}
