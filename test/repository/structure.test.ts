/** The rules of the repository: layers, cycles, dead files, barrels, style, and what the documents promise. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { ts } from "ts-morph";
import { describe, expect, test } from "vitest";
import { ROOT } from "../cli/gmemcheck.ts";

const tracked = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .stdout.split("\n")
  .filter((path) => path !== "" && existsSync(`${ROOT}${path}`));
/** Parsed and no more: nothing here asks for a type, and to resolve all of them takes many times as long. */
const sources = ["", "page/", "test/page/"]
  .flatMap((folder) => filesOf(`${ROOT}${folder}`))
  .map((name) => {
    const text = readFileSync(name, "utf8");
    const { statements } = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext);
    return { path: name.slice(ROOT.length), text, statements };
  });

/** What the tsconfig.json of a folder names. */
function filesOf(folder: string): string[] {
  const { config } = ts.readConfigFile(`${folder}tsconfig.json`, ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, folder.slice(0, -1)).fileNames;
}
type Source = (typeof sources)[number];
const layerOf = (path: string): string => path.split("/")[0]!;

/** path → the project's own files that it imports, types included. */
const imports = new Map<string, string[]>();
/** path → what else it imports. */
const outside = new Map<string, string[]>();
for (const { path, text } of sources) {
  const all = ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
  const own = all.filter((specifier) => specifier.startsWith("."));
  outside.set(
    path,
    all.filter((specifier) => !specifier.startsWith(".")),
  );
  imports.set(
    path,
    own.map((specifier) => new URL(specifier, `file://${ROOT}${path}`).pathname.slice(ROOT.length)),
  );
}

test("the sources are found", () => {
  expect(sources.length).toBeGreaterThan(100);
  for (const layer of ["spec", "models", "checkers", "page", "cli", "tools", "test"])
    expect([...imports.keys()].filter((path) => layerOf(path) === layer).length).toBeGreaterThan(3);
});

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  spec: ["spec"],
  models: ["models", "spec"],
  checkers: ["checkers", "spec"],
  page: ["page", "checkers", "spec", "schemas"],
  cli: ["cli", "models", "checkers", "spec", "page"],
};

test("a page has nothing of Node, and of the page the command line has what it builds", () => {
  for (const [path, targets] of imports) {
    const wrong = targets.filter((to) => layerOf(to) === "page" && !to.startsWith("page/entry/"));
    if (layerOf(path) === "cli") expect({ path, wrong }).toEqual({ path, wrong: [] });
  }
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const node = (outside.get(path) ?? []).filter((name) =>
      /^(node:|tsx|vite|ts-morph|acorn|commander)/.test(name),
    );
    expect({ path, node }).toEqual({ path, node: [] });
    for (const target of imports.get(path) ?? []) visit(target);
  };
  for (const path of imports.keys()) if (layerOf(path) === "page") visit(path);
  expect(seen.size).toBeGreaterThan(20);
});

test("arrows between the layers point one way", () => {
  for (const [path, targets] of imports) {
    const allowed = MAY_IMPORT[layerOf(path)];
    if (allowed === undefined) continue;
    const wrong = targets.filter((target) => !allowed.includes(layerOf(target)));
    expect({ path, wrong }).toEqual({ path, wrong: [] });
  }
});

test("an author of models imports the language's values from one file", () => {
  for (const { path, statements } of sources.filter((of) => layerOf(of.path) === "models")) {
    const values = statements
      .filter(ts.isImportDeclaration)
      .filter(({ importClause }) => importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword)
      .map(({ moduleSpecifier }) => (moduleSpecifier as ts.StringLiteral).text)
      .filter((specifier) => specifier.includes("/language/"));
    expect({ path, values }).toEqual({ path, values: [] });
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
  const cli = sources.filter(({ path }) => layerOf(path) === "cli").map(({ text }) => text);
  /** Bundled, or loaded with settings of its own, by the name in the folder. */
  const isEntry = (path: string): boolean =>
    path.startsWith("page/entry/") && cli.some((text) => text.includes(path.slice("page/entry/".length)));
  const dead = [...imports.keys()].filter(
    (path) =>
      !imported.has(path) &&
      !/\.(test|large)\.ts$/.test(path) &&
      // Designs are loaded by the name that a user gives.
      !path.startsWith("models/proposals/") &&
      !isEntry(path) &&
      !/^vitest\.(large\.)?config\.ts$/.test(path) &&
      !run.includes(path.replace(/^cli\//, "../cli/")) &&
      !run.includes(path),
  );
  expect(dead).toEqual([]);
});

/** The names that a file exports, by itself or from another. */
function exportsOf({ statements }: Source): string[] {
  const named = (name: ts.Node | undefined): string[] => {
    if (name === undefined) return [];
    if (!ts.isBindingName(name) || ts.isIdentifier(name)) return [(name as ts.Identifier).text];
    return name.elements.flatMap((part) => (ts.isBindingElement(part) ? named(part.name) : []));
  };
  return statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause } = statement;
      if (exportClause === undefined) return [];
      if (ts.isNamespaceExport(exportClause)) return named(exportClause.name);
      return exportClause.elements.flatMap(({ name }) => named(name));
    }
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => named(name));
    return named((statement as ts.DeclarationStatement).name);
  });
}

test("nothing is exported that nobody uses", () => {
  const words = (text: string): string[] => text.match(/\w+/g) ?? [];
  /** word → files that have it */
  const files = new Map<string, number>();
  for (const { text } of sources)
    for (const word of new Set(words(text))) files.set(word, (files.get(word) ?? 0) + 1);
  const starts = new Set(words(readFileSync(`${ROOT}bin/gmemcheck.mjs`, "utf8")));
  const unused: string[] = [];
  let seen = 0;
  for (const file of sources.filter(({ path }) => layerOf(path) !== "test")) {
    const { path, text } = file;
    // What the language offers its authors, and the numbers of the uapi.
    if (path === "spec/language.ts" || path.startsWith("spec/abi/") || /^vitest\./.test(path)) continue;
    for (const name of exportsOf(file)) {
      seen++;
      const isElsewhere = files.get(name)! > 1 || starts.has(name);
      if (!isElsewhere && words(text).filter((word) => word === name).length < 2)
        unused.push(`${path}: ${name}`);
    }
  }
  expect(unused).toEqual([]);
  expect(seen).toBeGreaterThan(1000);
});

test("there is one barrel, the language that an author imports", () => {
  const barrels = sources.filter(
    ({ statements }) => statements.length > 0 && statements.every(ts.isExportDeclaration),
  );
  expect(barrels.map(({ path }) => path)).toEqual(["spec/language.ts"]);
});

test("nothing is left to be done, and nothing is left in", () => {
  for (const { path, text } of sources) {
    if (path === "test/repository/structure.test.ts") continue;
    expect([
      path,
      text.match(/\b(TODO|FIXME|XXX|console\.log|debugger)\b|@ts-ignore|\.only\(|\.skip\(/g),
    ]).toEqual([path, null]);
  }
});

test("a checker knows no design by name", () => {
  for (const { path, text } of sources.filter((of) => layerOf(of.path) === "checkers"))
    expect([path, text.match(/guest-memfd-\d|gmem-seq/g)]).toEqual([path, null]);
});

test("the code is formatted; npm run format does it", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      // Without it, a third of the time goes to the collection of garbage.
      "--max-semi-space-size=128",
      `${ROOT}node_modules/prettier/bin/prettier.cjs`,
      ...["--cache", "--cache-strategy", "content", "--cache-location", "node_modules/.cache/formatted"],
      ...["--check", "."],
    ],
    { cwd: ROOT, encoding: "utf8" },
  );
  expect({ status, out: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, out: "" });
});

describe("documents", () => {
  const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");

  test.each([
    "README.md",
    "ARCHITECTURE.md",
    "WARTS.md",
    "SECURITY.md",
    "recordings/README.md",
    "docs/machines/README.md",
  ])("links and paths of %s lead somewhere", (path) => {
    const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, target]) =>
      join(dirname(path), target!),
    );
    const paths = [
      ...read(path).matchAll(
        /`((?:spec|models|checkers|page|cli|tools|test|bench|schemas|recordings|counterexamples)\/[\w./-]+)`/g,
      ),
    ].map(([, target]) => target!);
    for (const target of [...links, ...paths])
      expect([target, existsSync(`${ROOT}${target}`)]).toEqual([target, true]);
  });

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
