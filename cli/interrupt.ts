/** Interrupting a run: the first signal asks it to stop and report, the second ends the process at once. */
import { signalExit } from "./exit.ts";

export class Interrupt {
  private signal: NodeJS.Signals | null = null;

  listen(): void {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (this.signal !== null) process.exit(signalExit(signal));
        this.signal = signal;
      });
    }
  }

  /** Why to stop, or null. */
  reason(): string | null {
    return this.signal === null ? null : `interrupted by ${this.signal}`;
  }

  /** The exit code of an interrupted process, or the given one. */
  exitCode(code: number): number {
    return this.signal === null ? code : signalExit(this.signal);
  }
}
