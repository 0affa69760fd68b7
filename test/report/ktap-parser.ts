/** A strict reader of KTAP version 1, by Documentation/dev-tools/ktap.rst: what it does not know is refused, though the format would let it pass. */

export interface KtapResult {
  readonly ok: boolean;
  readonly description: string;
  readonly directive: string | null;
  readonly data: string;
  /** Lines that stood before it, without their "# ". */
  readonly diagnostics: readonly string[];
  readonly subtest: Ktap | null;
}

export interface Ktap {
  readonly name: string | null;
  readonly results: readonly KtapResult[];
}

const RESULT = /^(ok|not ok) (\d+) ([^#]+?)(?: # (SKIP|TIMEOUT|XFAIL|ERROR)(?: ([^#]*))?)?$/;

export function parseKtap(text: string): { readonly top: Ktap; readonly totals: string } {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const lines = text.slice(0, -1).split("\n");
  const totals = lines.pop()!;
  if (!totals.startsWith("# Totals: ")) throw new Error(`no totals: ${totals}`);
  const reader = new Reader(lines);
  const top = reader.test("");
  if (reader.rest() > 0) throw new Error(`${reader.rest()} lines behind the last result`);
  return { top, totals };
}

class Reader {
  private readonly lines: readonly string[];
  private at = 0;

  constructor(lines: readonly string[]) {
    this.lines = lines;
  }

  rest(): number {
    return this.lines.length - this.at;
  }

  test(indent: string): Ktap {
    if (this.next(indent) !== "KTAP version 1") throw new Error(`line ${this.at}: no version`);
    const named = /^# Subtest: (.*)$/.exec(this.peek(indent) ?? "");
    if (named !== null) this.at++;
    const plan = /^1\.\.(\d+)$/.exec(this.next(indent) ?? "");
    if (plan === null) throw new Error(`line ${this.at}: no plan`);
    const results = Array.from({ length: Number(plan[1]) }, (_, i) => this.result(indent, i + 1));
    return { name: named?.[1] ?? null, results };
  }

  private result(indent: string, number: number): KtapResult {
    const subtest = this.peek(`${indent}  `) === "KTAP version 1" ? this.test(`${indent}  `) : null;
    const diagnostics: string[] = [];
    for (let line = this.peek(indent); line?.startsWith("#") === true; line = this.peek(indent)) {
      if (/^# (Subtest|Totals):/.test(line)) throw new Error(`line ${this.at + 1}: ${line}`);
      diagnostics.push(line.slice(2));
      this.at++;
    }
    const line = this.next(indent);
    const [, verdict, n, description, directive = null, data = ""] = RESULT.exec(line ?? "") ?? [];
    if (Number(n) !== number) throw new Error(`line ${this.at}: no result ${number}: ${line}`);
    const ok = verdict === "ok";
    const broken = subtest?.results.some((child) => !child.ok) === true;
    if (ok && broken) throw new Error(`line ${this.at}: a child failed, and its parent did not`);
    return { ok, description: description!, directive, data, diagnostics, subtest };
  }

  private peek(indent: string): string | null {
    const line = this.lines[this.at];
    if (line === undefined || !line.startsWith(indent)) return null;
    return line.slice(indent.length);
  }

  private next(indent: string): string | null {
    const line = this.peek(indent);
    this.at++;
    return line;
  }
}
