/** Generated statements: lines, and blocks that are filled in later. */
export class Block {
  private readonly parts: (string | Block)[] = [];
  /** Does something beyond computing locals: it cannot be run for nothing. */
  private acts = false;

  /** Computes a local. */
  compute(line: string): void {
    this.parts.push(line);
  }

  act(line: string): void {
    this.acts = true;
    this.parts.push(line);
  }

  /** A place to fill in later. */
  later(): Block {
    const block = new Block();
    this.parts.push(block);
    return block;
  }

  append(block: Block): void {
    this.parts.push(block);
  }

  /** Takes the last line back where it is this one. */
  dropLast(line: string): boolean {
    const last = this.parts.at(-1);
    if (typeof last === "object") return last.isEmpty ? (this.parts.pop(), this.dropLast(line)) : false;
    if (last !== line) return false;
    this.parts.pop();
    return true;
  }

  get isPure(): boolean {
    return !this.acts && this.parts.every((part) => typeof part === "string" || part.isPure);
  }

  get isEmpty(): boolean {
    return this.parts.every((part) => typeof part !== "string" && part.isEmpty);
  }

  lines(into: string[] = []): string[] {
    for (const part of this.parts) {
      if (typeof part === "string") into.push(part);
      else part.lines(into);
    }
    return into;
  }
}
