/** The rules of the repository: layers, cycles, dead files, barrels, style, and what the documents promise. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { Project, SyntaxKind, type SourceFile } from "ts-morph";
import { describe, expect, test } from "vitest";
import { ROOT } from "../cli/gmemcheck.ts";

const tracked = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .stdout.split("\n")
  .filter((path) => path !== "" && existsSync(`${ROOT}${path}`));
const project = new Project({ tsConfigFilePath: `${ROOT}tsconfig.json` });
const sources = project.getSourceFiles();
const pathOf = (file: SourceFile): string => file.getFilePath().slice(ROOT.length);
const layerOf = (path: string): string => path.split("/")[0]!;

/** path → the project's own files that it imports, types included. */
const imports = new Map<string, string[]>();
for (const file of sources) {
  const literals = file.getImportStringLiterals().map((literal) => literal.getLiteralValue());
  const inTypes = file
    .getDescendantsOfKind(SyntaxKind.ImportType)
    .map((node) => node.getArgument().getText().slice(1, -1));
  const own = [...literals, ...inTypes].filter((specifier) => specifier.startsWith("."));
  imports.set(
    pathOf(file),
    own.map((specifier) => new URL(specifier, `file://${file.getFilePath()}`).pathname.slice(ROOT.length)),
  );
}

test("the sources are found", () => {
  expect(sources.length).toBeGreaterThan(100);
  for (const layer of ["spec", "models", "checkers", "cli", "tools", "test"])
    expect([...imports.keys()].filter((path) => layerOf(path) === layer).length).toBeGreaterThan(3);
});

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  spec: ["spec"],
  models: ["models", "spec"],
  checkers: ["checkers", "spec"],
  cli: ["cli", "models", "checkers", "spec"],
};

test("arrows between the layers point one way", () => {
  for (const [path, targets] of imports) {
    const allowed = MAY_IMPORT[layerOf(path)];
    if (allowed === undefined) continue;
    const wrong = targets.filter((target) => !allowed.includes(layerOf(target)));
    expect({ path, wrong }).toEqual({ path, wrong: [] });
  }
});

test("an author of models imports the language's values from one file", () => {
  for (const path of imports.keys()) {
    if (layerOf(path) !== "models") continue;
    const parts = sources.find((file) => pathOf(file) === path)!.getImportDeclarations();
    const values = parts.filter(
      (part) => !part.isTypeOnly() && part.getModuleSpecifierValue().includes("/language/"),
    );
    expect({ path, values: values.map((part) => part.getModuleSpecifierValue()) }).toEqual({
      path,
      values: [],
    });
  }
});

test("no import goes round in a circle", () => {
  const state = new Map<string, "open" | "done">();
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    expect(state.get(path) === "open" ? [...trail, path] : []).toEqual([]);
    state.set(path, "open");
    for (const target of imports.get(path) ?? []) visit(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of imports.keys()) visit(path, []);
});

test("every import names a file that is there", () => {
  for (const [path, targets] of imports)
    for (const target of targets)
      expect({ path, target, there: existsSync(`${ROOT}${target}`) }).toEqual({ path, target, there: true });
});

test("no file is dead: each is imported, exported by the package, run by a script or by bin, or a test", () => {
  const { scripts, exports } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
    scripts: Record<string, string>;
    exports: Record<string, string>;
  };
  const run = [
    ...Object.values(scripts),
    ...Object.values(exports),
    ...readdirSync(`${ROOT}bin`).map((file) => readFileSync(`${ROOT}bin/${file}`, "utf8")),
  ].join("\n");
  const imported = new Set([...imports.values()].flat());
  const dead = [...imports.keys()].filter(
    (path) =>
      !imported.has(path) &&
      !/\.(test|large)\.ts$/.test(path) &&
      // Designs are loaded by the name that a user gives.
      !path.startsWith("models/proposals/") &&
      !/^vitest\.(large\.)?config\.ts$/.test(path) &&
      !run.includes(path.replace(/^cli\//, "../cli/")) &&
      !run.includes(path),
  );
  expect(dead).toEqual([]);
});

test("nothing is exported that nobody uses", () => {
  const unused: string[] = [];
  const starts = readFileSync(`${ROOT}bin/gmemcheck.mjs`, "utf8");
  for (const file of sources.filter((of) => layerOf(pathOf(of)) !== "test")) {
    const path = pathOf(file);
    // What the language offers its authors, and the numbers of the uapi.
    if (path === "spec/language.ts" || path.startsWith("spec/abi/") || /^vitest\./.test(path)) continue;
    for (const name of file.getExportedDeclarations().keys()) {
      const word = new RegExp(`\\b${name}\\b`, "g");
      const uses = sources.filter((other) => other !== file && word.test(other.getFullText())).length;
      if (uses === 0 && !word.test(starts) && (file.getFullText().match(word)?.length ?? 0) < 2)
        unused.push(`${path}: ${name}`);
    }
  }
  expect(unused).toEqual([]);
});

test("there is one barrel, the language that an author imports", () => {
  const barrels = sources.filter((file) => {
    const [first, ...rest] = file.getStatements();
    return first !== undefined && [first, ...rest].every((s) => s.getKind() === SyntaxKind.ExportDeclaration);
  });
  expect(barrels.map(pathOf)).toEqual(["spec/language.ts"]);
});

test("nothing is left to be done, and nothing is left in", () => {
  for (const file of sources) {
    if (pathOf(file) === "test/repository/structure.test.ts") continue;
    expect([
      pathOf(file),
      file.getFullText().match(/\b(TODO|FIXME|XXX|console\.log|debugger)\b|@ts-ignore|\.only\(|\.skip\(/g),
    ]).toEqual([pathOf(file), null]);
  }
});

test("a checker knows no design by name", () => {
  for (const file of sources.filter((of) => layerOf(pathOf(of)) === "checkers"))
    expect([pathOf(file), file.getFullText().match(/guest-memfd-\d|gmem-seq/g)]).toEqual([
      pathOf(file),
      null,
    ]);
});

test("the code is formatted; npm run format does it", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`${ROOT}node_modules/prettier/bin/prettier.cjs`, "--check", "."],
    { cwd: ROOT, encoding: "utf8" },
  );
  expect({ status, out: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, out: "" });
});

describe("documents", () => {
  const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");

  test.each(["README.md", "ARCHITECTURE.md", "WARTS.md", "SECURITY.md", "recordings/README.md"])(
    "links and paths of %s lead somewhere",
    (path) => {
      const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(
        ([, target]) => target!,
      );
      const paths = [
        ...read(path).matchAll(
          /`((?:spec|models|checkers|cli|tools|test|bench|schemas|recordings|counterexamples)\/[\w./-]+)`/g,
        ),
      ].map(([, target]) => target!);
      for (const target of [...links, ...paths])
        expect([target, existsSync(`${ROOT}${target}`)]).toEqual([target, true]);
    },
  );

  test("ARCHITECTURE.md is a page long, and names every folder", () => {
    const text = read("ARCHITECTURE.md");
    expect(text.split("\n").length).toBeLessThanOrEqual(80);
    const folders = new Set(
      tracked
        .filter((path) => path.includes("/") && !path.startsWith("."))
        .map((path) => `${layerOf(path)}/`),
    );
    for (const folder of folders) expect(text).toContain(folder);
  });

  test("every entry of WARTS.md has a direction and names tests that are there", () => {
    const tests = tracked
      .filter((path) => path.endsWith(".test.ts"))
      .map(read)
      .join("\n");
    const entries = read("WARTS.md")
      .split(/^(?=\*\*)/m)
      .slice(1);
    expect(entries.length).toBeGreaterThan(10);
    for (const entry of entries) {
      expect(entry).toMatch(/\*(Misses|Either|Too strict)\.?\*/);
      const [, shown] = /Shown by: ([^]*?)\.\n/.exec(entry) ?? [];
      const names = [...(shown ?? "").replace(/\s+/g, " ").matchAll(/"([^"]+)"/g)].map(([, name]) => name!);
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) expect([name, tests.includes(`"${name}"`)]).toEqual([name, true]);
    }
  });

  test("CI runs what the README says", () => {
    const ci = read(".ci/run");
    for (const command of ["npm test", "npm start"]) {
      expect(ci).toContain(`\n${command}\n`);
      expect(read("README.md")).toContain(`\n${command} `);
    }
    expect(statSync(`${ROOT}.ci/run`).mode & 0o111).not.toBe(0);
  });
});
