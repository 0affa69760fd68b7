/** What the translation of a run took and left out. CPU seconds are those of the process meanwhile: on a machine that is busy otherwise they differ from the others. */
export class Translated {
  seconds = 0;
  cpuSeconds = 0;
  /** Places that run as they are written, each with what to write instead. */
  readonly notices = new Set<string>();

  /** Does a part of it. */
  timed<T>(translate: () => T): T {
    const [started, before] = [performance.now(), process.cpuUsage()];
    try {
      return translate();
    } finally {
      const { user, system } = process.cpuUsage(before);
      this.seconds += (performance.now() - started) / 1000;
      this.cpuSeconds += (user + system) / 1e6;
    }
  }
}
