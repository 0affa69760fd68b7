/** A git repository like this one, with fewer designs and smaller bounds, so that a gate has little to do; pull requests are edits of it. */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { ROOT, type Ran } from "../cli/gmemcheck.ts";

/** What is in it of the catalogue: the version that is changed, a design derived from it, and two of its mutants. */
const DESIGNS = ["guest-memfd-7.3", "template", "overlap-unchecked", "frame-overlap-unchecked"];
/** Where its version is searched, instead of at 36 vectors; the second one is too large to be looked at first. */
const VECTORS = `[
    { bounds: { slots: 2, spaces: 2, types: "default" }, scenario: "slots", track: "skeleton", quick: true },
    { bounds: {}, scenario: "core" },
  ]`;
const PINNED = ["slots skeleton slots=2,spaces=2,types=default", "core full defaults"];

const CATALOGUE = `export const catalogue: readonly Part[] = [
  {
    names: ["guest-memfd-7.3"],
    load: async () => [shipped((await import("./guest-memfd/versions.ts")).guestMemfd7_3, "7.3")],
  },
  { names: ["template"], load: async () => proposed([(await import("./proposals/template.ts")).template]) },
  {
    names: ["overlap-unchecked", "frame-overlap-unchecked"],
    load: async () => mutated((await import("./mutants/seeded.ts")).seeded),
  },
];`;

const made: string[] = [];
process.once("exit", () => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export class TestRepository {
  readonly root = mkdtempSync(join(tmpdir(), "gmemcheck-gate-"));

  constructor() {
    made.push(this.root);
    for (const folder of ["spec", "models", "checkers", "page", "schemas", "cli", "bin"])
      cpSync(join(ROOT, folder), join(this.root, folder), { recursive: true });
    for (const file of ["package.json", "tsconfig.json", ".gitignore"])
      cpSync(join(ROOT, file), join(this.root, file));
    for (const design of DESIGNS) {
      const folder = join("counterexamples", design);
      if (readdirSync(join(ROOT, "counterexamples")).includes(design))
        cpSync(join(ROOT, folder), join(this.root, folder), { recursive: true });
    }
    // Its own, for what is kept there.
    mkdirSync(join(this.root, "node_modules"));
    for (const name of readdirSync(join(ROOT, "node_modules")).filter((one) => !one.startsWith(".")))
      symlinkSync(join(ROOT, "node_modules", name), join(this.root, "node_modules", name));
    this.narrow();
    this.git("init", "--quiet", "--initial-branch", "main");
    this.commit("base");
  }

  private narrow(): void {
    this.edit("models/catalogue.ts", /export const catalogue: [\s\S]*?\n\];/, CATALOGUE);
    // What is named in the catalogue's file counts as listed.
    const others = /\nexport const versions: Part = [\s\S]*?\n};\n[\s\S]*?\n};\n/;
    this.edit("models/catalogue.ts", others, "");
    this.edit("models/catalogue.ts", /\nfunction shadowed[\s\S]*?\n}\n/, "");
    this.edit("models/catalogue.ts", /\nconst playPrefetching [\s\S]*?;\n(?=\n)/, "");
    this.edit(
      "models/guest-memfd/versions.ts",
      "vectors: [...guestMemfd7_2.vectors, ...dirtyLogs, everyPair],",
      `vectors: ${VECTORS},`,
    );
    this.edit("models/guest-memfd/versions.ts", "import { dirtyLogs, everyPair, ", "import { ");
    const pins = JSON.parse(this.read("models/pins.json")) as Record<string, Record<string, unknown>>;
    const kept = Object.fromEntries(DESIGNS.map((name) => [name, pins[name]!]));
    const version = kept["guest-memfd-7.3"]!;
    kept["guest-memfd-7.3"] = Object.fromEntries(PINNED.map((vector) => [vector, version[vector]]));
    this.write("models/pins.json", JSON.stringify(kept, null, 2));
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  append(path: string, text: string): void {
    appendFileSync(join(this.root, path), text);
  }

  /** Replaces a text that must be there. */
  edit(path: string, from: string | RegExp, to: string): void {
    const before = this.read(path);
    const after = before.replace(from, () => to);
    if (after === before) throw new Error(`${path} does not have ${String(from)}`);
    this.write(path, after);
  }

  git(...args: readonly string[]): string {
    const who = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    return execFileSync("git", [...who, ...args], { cwd: this.root, encoding: "utf8", stdio: "pipe" });
  }

  commit(message: string): void {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", message);
  }

  /** As it was in the beginning, on the branch of the base. */
  reset(): void {
    this.git("checkout", "--quiet", "--force", "main");
    this.git("clean", "--quiet", "--force", "-d");
  }

  /** Runs its own tool. */
  gate(...args: readonly string[]): Promise<Ran> {
    return this.run(["gate", ...args]);
  }

  /** Runs its own tool, and interrupts it after some milliseconds. */
  interrupted(ms: number, ...args: readonly string[]): Promise<Ran> {
    return this.run(args, ms);
  }

  private run(args: readonly string[], interruptAfter?: number): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(this.root, "bin/gmemcheck.mjs"), ...args], {
        cwd: this.root,
      });
      if (interruptAfter !== undefined) setTimeout(() => child.kill("SIGINT"), interruptAfter);
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
    });
  }
}
