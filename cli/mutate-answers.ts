/** What threads have found out about mutants, kept in a file, a line each, so that a run that was interrupted goes on where it was. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "./output.ts";

export class Answers {
  private readonly path: string;
  private readonly known = new Map<string, unknown>();

  constructor(path: string) {
    this.path = path;
    makeFolder(dirname(path));
    if (existsSync(path)) for (const line of readFileSync(path, "utf8").split("\n")) this.read(line);
  }

  private read(line: string): void {
    try {
      const [question, answer] = JSON.parse(line, revived) as [string, unknown];
      this.known.set(question, answer);
    } catch (error) {
      // The last line of a run that was ended is not whole.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }

  async ask<T>(question: string, find: () => Promise<T>): Promise<T> {
    const known = this.known.get(question);
    if (known !== undefined) return known as T;
    const answer = await find();
    this.known.set(question, answer);
    appendFileSync(this.path, `${JSON.stringify([question, answer], kept)}\n`);
    return answer;
  }
}

/** Traces have 64-bit numbers, which JSON has not. */
function kept(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? { bigint: String(value) } : value;
}

function revived(_key: string, value: unknown): unknown {
  const isBig = typeof value === "object" && value !== null && "bigint" in value;
  return isBig ? BigInt(value.bigint as string) : value;
}
