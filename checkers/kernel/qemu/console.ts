/** Follows a kernel's console: what it said, and where it complained. */

/** A line of the kernel's own, as printk writes it: a time, sometimes a task or a processor behind it. What user space writes has none. */
const KERNEL_LINE = /^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?/;

/** How a complaint begins. A lockdep report is a WARNING, one of KASAN a BUG. */
const COMPLAINTS = [
  /^BUG: /,
  /^WARNING: /,
  /^UBSAN: /,
  /^kernel BUG at /,
  /^Oops: /,
  /^general protection fault/,
  /^INFO: task .* blocked for more than/,
  /^(?:rcu: )?INFO: rcu\w* (?:self-)?detected/,
  /^watchdog: BUG: /,
  /^list_(?:add|del) corruption/,
  /^Kernel panic - not syncing/,
];

/** The line that the kernel draws above a report. */
const RULE = /^(?:[=-]{20,}|-+\[ cut here \]-+)$/;

/** The text of a kernel's line without time and task; null for one that is not the kernel's. */
function saidByKernel(line: string): string | null {
  const head = KERNEL_LINE.exec(line);
  return head === null ? null : line.slice(head[0].length);
}

export class ConsoleLog {
  readonly lines: string[] = [];
  private partial = "";
  /** Where the first complaint begins. */
  private complaint = -1;
  private headline = "";
  private lastHeard = 0;
  private complain: () => void = () => {};
  /** Resolves at the first complaint. */
  readonly complaining = new Promise<void>((resolve) => (this.complain = resolve));

  /** Takes what came over the line, cut anywhere. */
  feed(text: string): void {
    this.lastHeard = performance.now();
    const lines = (this.partial + text).split(/\r*\n/);
    this.partial = lines.pop()!;
    for (const line of lines) this.add(line);
  }

  private add(line: string): void {
    this.lines.push(line);
    if (this.complaint >= 0) return;
    const said = saidByKernel(line);
    if (said === null || !COMPLAINTS.some((begins) => begins.test(said))) return;
    const before = saidByKernel(this.lines.at(-2) ?? "");
    this.complaint = this.lines.length - (before !== null && RULE.test(before) ? 2 : 1);
    this.headline = said;
    this.complain();
  }

  /** The first line of the first complaint, or null while there is none. */
  get complained(): string | null {
    return this.complaint < 0 ? null : this.headline;
  }

  /** All that was said from the first complaint on: the kernel writes a report in one go. */
  report(): readonly string[] {
    return this.complaint < 0 ? [] : this.since(this.complaint);
  }

  /** Lines from one on, the one that is not at its end included. */
  since(index: number): readonly string[] {
    const rest = this.lines.slice(index);
    return this.partial === "" ? rest : [...rest, this.partial];
  }

  /** Drops what was said so far: it is nobody's any more. A complaint is kept. */
  forget(): void {
    if (this.complaint < 0) this.lines.length = 0;
  }

  /** Waits until nothing was said for `quiet` milliseconds, or `most` have passed. */
  async settled(quiet: number, most: number): Promise<void> {
    const started = performance.now();
    this.lastHeard = Math.max(this.lastHeard, started);
    for (;;) {
      const now = performance.now();
      const left = Math.min(this.lastHeard + quiet, started + most) - now;
      if (left <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, left));
    }
  }
}
