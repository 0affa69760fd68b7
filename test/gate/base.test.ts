/** What a gate is compared with: commits that are not there, trees that are harmed, folders that are none of git's. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { secondsFrom } from "../../cli/gate/budget.ts";
import { designsOf } from "../../cli/gate/designs.ts";
import { treesFor } from "../../cli/gate/trees.ts";

let root: string;
const git = (...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: "pipe",
  });
const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
};
const commit = (message: string): void => {
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
};

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "gmemcheck-base-")));
  git("init", "--quiet", "--initial-branch", "main");
  write(".gitignore", "node_modules\n");
  commit("without models");
  write("sub/models/a.ts", "export const a = 1;\n");
  commit("models");
  git("branch", "side");
  write("sub/models/a.ts", "export const a = 2;\n");
  commit("more");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the base", () => {
  test("is put into a folder of the project, where that is below the top", () => {
    write("sub/models/b.ts", "");
    const trees = treesFor(join(root, "sub/models"), "HEAD~1");
    expect(trees).toMatchObject({
      head: join(root, "sub"),
      inRepository: "sub/",
      faults: [],
      uncommitted: 1,
    });
    expect(readFileSync(join(trees.base!, "models/a.ts"), "utf8")).toBe("export const a = 1;\n");
    rmSync(join(root, "sub/models/b.ts"));
  });

  test("is where the branch left it, when it has gone on", () => {
    git("checkout", "--quiet", "side");
    const trees = treesFor(join(root, "sub"), "main");
    expect(trees.baseCommit!.commit).toBe(git("rev-parse", "side").trim());
    expect(trees.notes.join()).toContain("main has gone on since");
    git("checkout", "--quiet", "main");
  });

  test.each([
    ["changed", (folder: string) => writeFileSync(join(folder, "sub/models/a.ts"), "export const a = 3;\n")],
    ["cut short", (folder: string) => rmSync(join(folder, "sub/models/a.ts"))],
    ["with more in it", (folder: string) => writeFileSync(join(folder, "sub/models/c.ts"), "")],
  ])("is made anew where its copy is %s, and that is told", (_what, harm) => {
    const { base } = treesFor(join(root, "sub"), "HEAD");
    harm(join(base!, ".."));
    const again = treesFor(join(root, "sub"), "HEAD");
    expect(again.notes.join()).toMatch(/was not what git has of it; it was made anew/);
    expect(readFileSync(join(again.base!, "models/a.ts"), "utf8")).toBe("export const a = 2;\n");
    expect(treesFor(join(root, "sub"), "HEAD").notes).toEqual([]);
  });

  test.each([
    [
      "an unknown name",
      "nobody",
      /there is no commit "nobody"[^]*usual cause: a branch that was not fetched[^]*there are: HEAD, .*main/,
    ],
    ["an option", "--all", /there is no commit "--all"/],
    ["no name", "", /there is no commit ""/],
  ])("%s is refused, and the head is there all the same", (_what, ref, message) => {
    const trees = treesFor(join(root, "sub"), ref);
    expect(trees).toMatchObject({ head: join(root, "sub"), base: null, baseCommit: null });
    expect(trees.faults).toEqual([expect.stringMatching(message)]);
  });

  test("of a shallow clone is told how to get", () => {
    const clone = mkdtempSync(join(tmpdir(), "gmemcheck-shallow-"));
    execFileSync("git", ["clone", "--quiet", "--depth", "1", `file://${root}`, clone], { stdio: "pipe" });
    const { faults } = treesFor(clone, "HEAD~1");
    expect(faults).toEqual([expect.stringMatching(/git fetch --unshallow.*fetch-depth: 0/)]);
    rmSync(clone, { recursive: true });
  });

  test("of a folder that git does not know is none", () => {
    const folder = mkdtempSync(join(tmpdir(), "gmemcheck-no-git-"));
    const { faults, head } = treesFor(folder, "main");
    expect(faults).toEqual([expect.stringMatching(/is not in a git repository/)]);
    expect(head).toBe(folder);
    rmSync(folder, { recursive: true });
  });
});

describe("the designs of a tree", () => {
  test("without models, or with a catalogue that does not load, there are none, and why", async () => {
    expect((await designsOf(root)).fault).toMatch(/there is no models\/catalogue.ts/);
    write("broken/models/catalogue.ts", "export const catalogue = [;\n");
    expect((await designsOf(join(root, "broken"))).fault).toMatch(/catalogue.ts cannot be loaded/);
    rmSync(join(root, "broken"), { recursive: true });
  });

  test("pins that are no JSON are told, and the designs are there", async () => {
    write(
      "pinned/models/catalogue.ts",
      `export const catalogue = [{ names: ["a"], load: async () => [] }];\n`,
    );
    write("pinned/models/pins.json", "<<<<<<< HEAD\n");
    const designs = await designsOf(join(root, "pinned"));
    expect(designs).toMatchObject({ names: ["a"], pins: {} });
    expect(designs.fault).toMatch(/pins.json is not JSON[^]*a merge that was not resolved/);
    rmSync(join(root, "pinned"), { recursive: true });
  });
});

describe("--budget", () => {
  test.each([
    ["90s", 90],
    ["5m", 300],
    ["1.5h", 5400],
  ])("%s", (text, seconds) => expect(secondsFrom(text)).toBe(seconds));
  test.each(["", "5", "0s", "-1m", "5 m", "1d"])("refuses %j", (text) =>
    expect(() => secondsFrom(text)).toThrow(
      /--budget: .* expected a number with its unit, as in 90s, 5m or 1h/,
    ),
  );
});
