import { afterAll, describe, expect, test } from "vitest";
import { changesBetween } from "../../checkers/analyse/changes.ts";
import { contentsOf } from "../../checkers/analyse/content.ts";
import { reached } from "../../checkers/analyse/reached.ts";
import { removeTrees, said, treeOf } from "./trees.ts";

afterAll(removeTrees);

const CATALOGUE = `
export const catalogue = [
  { names: ["lending"], load: async () => [entry((await import("./lending.ts")).lending)] },
  { names: ["lending-twice", "lending-late"], load: async () => (await import("./mutants.ts")).mutants.map(entry) },
  { names: ["other"], load: async () => [entry((await import("./other.ts")).family.designs[0])] },
];
const entry = (design: any) => ({ design });
`;

const HELPERS = `
/** Shared by both. */
export function free(s: any): boolean {
  return s.lent === false;
}
export function late(s: any): boolean { return s.late; }
export const unused = 3;
`;

const LENDING = `
import { call, design, local, record, upTo } from "../spec/language.ts";
import { promises } from "../spec/properties.ts";
import { free } from "./helpers.ts";

export interface State { lent: boolean }

export const state = record({ lent: upTo("books") });

const lend = call({
  kernel: "lend()",
  takes: {},
  returns: ["EBUSY"],
  sections: {
    "look for it": local((s: any) => (free(s) ? undefined : "EBUSY")),
    "hand it out": (s: any) => {
      s.lent = true;
    },
  },
});

export const lending = design({
  name: "lending",
  says: "a library",
  state,
  calls: { lend },
  promises,
  scenarios: { quiet: { says: "nothing" } },
  vectors: [{ bounds: { books: 2 } }],
});
`;

const PROPERTIES = `
import { propertiesOf } from "./language.ts";
const { always, sometimes } = propertiesOf();
const lentOnce = always({ name: "lent-once", says: "once", over: {}, holds: (m: any) => m.count < 2 });
const isLent = sometimes({ name: "is-lent", says: "some time", over: {}, holds: (m: any) => m.count > 0 });
export const promises = [lentOnce, isLent];
export const alone = always({ name: "alone", says: "nobody has it", over: {}, holds: () => true });
`;

const MUTANTS = `
import { change, variant } from "../spec/language.ts";
import { late } from "./helpers.ts";
import { lending } from "./lending.ts";
const mutant = (base: any, delta: any) => ({ design: variant(base, delta) });
export const mutants = [
  mutant(lending, {
    name: "lending-twice",
    says: "nobody looks",
    calls: { lend: change(lending.calls.lend, { without: ["look for it"] }) },
  }),
  mutant(lending, {
    name: "lending-late",
    says: "it is late",
    calls: { lend: change(lending.calls.lend, { after: { "look for it": { "look at the clock": (s: any) => late(s) } } }) },
  }),
];
`;

const OTHER = `
import { design } from "../spec/language.ts";
const other = design({ name: "other", says: "nothing of the others", calls: {}, promises: [], vectors: [] });
export const family = { title: "others", designs: [other], mutants: [] };
`;

const FILES = {
  "models/catalogue.ts": CATALOGUE,
  "models/helpers.ts": HELPERS,
  "models/lending.ts": LENDING,
  "models/mutants.ts": MUTANTS,
  "models/other.ts": OTHER,
  "spec/properties.ts": PROPERTIES,
};

const base = treeOf(FILES);

/** What the gate sees of an edit: the changes, and by design what reaches it. */
function edited(edits: Readonly<Record<string, string | ((text: string) => string)>>) {
  const files: Record<string, string> = { ...FILES };
  for (const [path, edit] of Object.entries(edits)) {
    const text = typeof edit === "string" ? edit : edit(files[path] ?? "");
    if (text === files[path]) throw new Error(`the edit of ${path} changes nothing`);
    files[path] = text;
  }
  const changes = changesBetween(base, treeOf(files));
  const designs = reached(changes);
  return { changes: said(changes), designs: designs.map(({ name }) => name), reached: designs };
}

const replacing = (from: string, to: string) => (text: string) => text.replace(from, () => to);
const ALL_LENDING = ["lending", "lending-twice", "lending-late"];

describe("what says the same", () => {
  test.each([
    ["a comment", replacing("/** Shared by both. */", "// Of the library.\n// Shared.")],
    ["layout", replacing("return s.lent === false;", "return (\n    s.lent\n      === false\n  );")],
    ["a type", replacing("free(s: any): boolean", "free(s: { lent: boolean })")],
    ["an export", replacing("export const unused", "const unused")],
    ["a line end", (text: string) => text.replaceAll("\n", "\r\n")],
  ])("%s is no change, and reaches nothing", (_what, edit) => {
    expect(edited({ "models/helpers.ts": edit })).toMatchObject({ changes: [], designs: [] });
  });

  test("the quotes of a field, a comma at the end, and words to the compiler are no change", () => {
    const edit = (text: string): string =>
      text
        .replace("kernel:", `"kernel":`)
        .replace(`returns: ["EBUSY"],`, `returns: ['EBUSY',] as const,`)
        .replace("s.lent = true;", "(s!.lent as boolean) = true satisfies boolean");
    expect(edited({ "models/lending.ts": edit })).toMatchObject({ changes: [], designs: [] });
  });

  test("a type of its own is named, and reaches nothing", () => {
    const edit = replacing("{ lent: boolean }", "{ lent: boolean; late: boolean }");
    expect(edited({ "models/lending.ts": edit })).toMatchObject({
      changes: ["changed type State at models/lending.ts:6"],
      designs: [],
    });
  });

  test("the content of a design stays", () => {
    const same = treeOf({ ...FILES, "models/helpers.ts": `\n\n// moved down\n${HELPERS}` });
    const [before, after] = [contentsOf(base), contentsOf(same)];
    for (const name of [...ALL_LENDING, "other"]) {
      expect(before.of(name)).not.toBeNull();
      expect(after.of(name)).toBe(before.of(name));
    }
    expect(before.of("none")).toBeNull();
  });
});

describe("what says something else", () => {
  test.each([
    ["an operator", replacing("=== false", "!== false"), "free"],
    ["a word in a string", replacing("s.lent === false", `s.lent === "false"`), "free"],
    ["a sign", replacing("=== false", "=== -false"), "free"],
    ["a chain that ends", replacing("s.lent === false", "(s?.lent).x"), "free"],
    ["a chain that goes on", replacing("s.lent === false", "s?.lent.x"), "free"],
  ])("%s is a change", (_what, edit, name) => {
    expect(edited({ "models/helpers.ts": edit })).toMatchObject({
      changes: [`changed helper ${name} at models/helpers.ts:3`],
      designs: ALL_LENDING,
    });
  });

  test.each([
    ["the end of a chain from its going on", "(s?.lent).x", "s?.lent.x"],
    ["one sign from another", "-s.lent", "+s.lent"],
    ["an addition before from one behind", "++s.lent", "s.lent++"],
    ["a variable from a constant", "(() => { let a; })", "(() => { const a; })"],
    ["a text from a name", `"s"`, "s"],
    ["texts that are read raw", "String.raw`\\x41`", "String.raw`A`"],
    ["a regular expression from another", "/a/", "/a/i"],
  ])("%s is told", (_what, one, other) => {
    const [before, after] = [one, other].map((text) =>
      contentsOf(
        treeOf({ ...FILES, "models/helpers.ts": HELPERS.replace("s.lent === false", () => text) }),
      ).of("lending"),
    );
    expect(before).not.toBeNull();
    expect(after).not.toBe(before);
  });
});

describe("what is reached", () => {
  test("a helper reaches the designs that come to it, and not those that only load its file", () => {
    const edit = replacing("return s.late", "return !s.late");
    expect(edited({ "models/helpers.ts": edit })).toMatchObject({
      changes: ["changed helper late at models/helpers.ts:6"],
      designs: ["lending-late"],
    });
  });

  test("a helper that nobody uses reaches nothing", () => {
    expect(edited({ "models/helpers.ts": replacing("= 3", "= 4") })).toMatchObject({
      changes: ["changed helper unused at models/helpers.ts:7"],
      designs: [],
    });
  });

  test("a section is named by its call, and reaches what is derived from it", () => {
    const edit = replacing(`"EBUSY")),`, `"EPERM")),`);
    expect(edited({ "models/lending.ts": edit })).toMatchObject({
      changes: ["changed section lend › look for it at models/lending.ts:15"],
      designs: ALL_LENDING,
    });
  });

  test("a section that is gone is named where it was", () => {
    const edit = (text: string): string => text.replace(/ {4}"hand it out"[^]*?\n {4}},\n/, "");
    expect(edited({ "models/lending.ts": edit })).toMatchObject({
      changes: ["removed section lend › hand it out at models/lending.ts:16"],
      designs: ALL_LENDING,
    });
  });

  test("the order of sections is a change", () => {
    const edit = (text: string): string =>
      text.replace(/( {4}"look for it".*\n)([^]*?\n {4}},\n)/, (_all, first, second) => `${second}${first}`);
    expect(edited({ "models/lending.ts": edit })).toMatchObject({
      changes: ["changed section lend at models/lending.ts:14"],
      designs: ALL_LENDING,
    });
  });

  test("a mutant of a list reaches itself alone, wherever it stands in the list", () => {
    expect(
      edited({ "models/mutants.ts": replacing(`"nobody looks"`, `"nobody looks there"`) }),
    ).toMatchObject({
      changes: ["changed design lending-twice › says at models/mutants.ts:9"],
      designs: ["lending-twice"],
    });
    const removed = (text: string): string =>
      text.replace(/ {2}mutant\(lending, \{\n {4}name: "lending-twice"[^]*?\n {2}}\),\n/, "");
    expect(edited({ "models/mutants.ts": removed })).toMatchObject({
      changes: ["removed design lending-twice at models/mutants.ts:7"],
      designs: ["lending-twice"],
    });
  });

  test("a change of a call in a delta is named by design and call", () => {
    const edit = replacing(`without: ["look for it"]`, `without: ["hand it out"]`);
    expect(edited({ "models/mutants.ts": edit }).changes).toEqual([
      "changed section lending-twice › lend › without at models/mutants.ts:10",
    ]);
  });

  test("a property has its own name, and reaches the designs that promise it", () => {
    expect(edited({ "spec/properties.ts": replacing("m.count < 2", "m.count < 3") })).toMatchObject({
      changes: ["changed property lent-once › holds at spec/properties.ts:4"],
      designs: ALL_LENDING,
    });
    expect(
      edited({ "spec/properties.ts": replacing("holds: () => true", "holds: () => false") }),
    ).toMatchObject({
      changes: ["changed property alone › holds at spec/properties.ts:7"],
      designs: [],
    });
  });

  test("a promise that is taken from the list is named", () => {
    expect(edited({ "spec/properties.ts": replacing("[lentOnce, isLent]", "[isLent]") })).toMatchObject({
      changes: ["removed property promises › lentOnce at spec/properties.ts:6"],
      designs: ALL_LENDING,
    });
  });

  test.each([
    ["a domain", `upTo("books")`, `upTo("shelves")`, "changed domain state › lent at models/lending.ts:8"],
    [
      "a scenario",
      `says: "nothing"`,
      `says: "no"`,
      "changed scenario lending › quiet › says at models/lending.ts:28",
    ],
    ["a vector", "books: 2", "books: 3", "changed vector lending › vectors at models/lending.ts:29"],
  ])("%s is named", (_what, from, to, says) => {
    const { changes, designs } = edited({ "models/lending.ts": replacing(from, to) });
    expect({ changes, has: designs.includes("lending") }).toEqual({ changes: [says], has: true });
  });

  test("each design is told by which changes it is reached", () => {
    const { reached: designs } = edited({
      "models/helpers.ts": replacing("return s.late", "return !s.late"),
      "models/mutants.ts": replacing(`"nobody looks"`, `"nobody"`),
    });
    expect(
      designs.map(({ name, by, did, file, declaration }) => ({
        name,
        did,
        by: by.map((c) => c.name),
        at: `${file}#${declaration}`,
      })),
    ).toEqual([
      {
        name: "lending-twice",
        did: "changed",
        by: ["lending-twice › says"],
        at: "models/mutants.ts#mutants",
      },
      { name: "lending-late", did: "changed", by: ["late"], at: "models/mutants.ts#mutants" },
    ]);
  });

  test("a design that no list has is found in its file", () => {
    const proposal = `
import { variant } from "../spec/language.ts";
import { lending } from "./lending.ts";
export const mine = variant(lending, { name: "mine", says: "mine" });
`;
    const { changes, reached: designs } = edited({ "models/mine.ts": proposal });
    expect(changes).toContain("added design mine at models/mine.ts:4");
    expect(designs.map(({ name, did, listed, file }) => ({ name, did, listed, file }))).toEqual([
      { name: "mine", did: "added", listed: false, file: "models/mine.ts" },
    ]);
  });

  test("the models of a user's own folder are read as well", () => {
    const proposal = `import { design } from "../spec/language.ts";\nexport const theirs = design({ name: "theirs", says: "theirs" });\n`;
    expect(edited({ "proposals/theirs.ts": proposal })).toMatchObject({ designs: ["theirs"] });
  });

  test("a design whose name is made elsewhere is made from all that is loaded for it", () => {
    const renamed = (says: string) => ({
      ...FILES,
      "models/catalogue.ts": `
const late = (mutants: any[]) => mutants.map(({ design }) => ({ design: { ...design, name: design.name + "-late" } }));
export const catalogue = [
  { names: ["lending-twice-late"], load: async () => late((await import("./mutants.ts")).mutants) },
];`,
      "models/mutants.ts": MUTANTS.replace("nobody looks", says),
    });
    const [before, after] = ["nobody looks", "nobody"].map((says) =>
      contentsOf(treeOf(renamed(says))).of("lending-twice-late"),
    );
    expect(before).not.toBeNull();
    expect(after).not.toBe(before);
  });

  test("a file that moves is removed and added, and its designs are reached", () => {
    const { changes, designs } = edited({
      "models/helpers.ts": "export {};\n",
      "models/aids.ts": HELPERS,
      "models/lending.ts": replacing("./helpers.ts", "./aids.ts"),
      "models/mutants.ts": replacing("./helpers.ts", "./aids.ts"),
    });
    expect(changes).toEqual(
      expect.arrayContaining([
        "added helper free at models/aids.ts:3",
        "removed helper free at models/helpers.ts:3",
      ]),
    );
    expect(designs).toEqual(ALL_LENDING);
  });

  test("a helper that is imported from elsewhere under the same name reaches its users", () => {
    const { changes, designs } = edited({
      "models/other-helpers.ts": HELPERS,
      "models/mutants.ts": replacing("./helpers.ts", "./other-helpers.ts"),
    });
    expect(changes).toContain("changed other import late at models/mutants.ts:3");
    expect(designs).toEqual(["lending-late"]);
  });

  test("a name that is bound inside of a function is not that of the module", () => {
    const edit = (text: string): string =>
      text.replace("function free(s: any)", "function free(s: any, late = 1)");
    const { designs } = edited({
      "models/helpers.ts": (text) => edit(text).replace("return s.late", "return !s.late"),
    });
    expect(designs).toEqual(ALL_LENDING);
    const inner = FILES["models/helpers.ts"].replace(
      "return s.lent === false;",
      "{ const late = s; } return late(s);",
    );
    const [before, after] = [inner, inner.replace("return s.late", "return !s.late")].map((text) =>
      contentsOf(treeOf({ ...FILES, "models/helpers.ts": text })).of("lending"),
    );
    expect(before).not.toBe(after);
  });
});

describe("other ways to refer", () => {
  /** Whether a change of `seen` in models/far.ts reaches `lending` when helpers.ts is written so. */
  const reaches = (helpers: string, more: Readonly<Record<string, string>> = {}): boolean => {
    const far = "export const seen = 1;\nexport const unseen = 2;\n";
    const of = (text: string): string | null =>
      contentsOf(
        treeOf({
          ...FILES,
          ...more,
          "models/helpers.ts": `${helpers}\nexport const late = 0;`,
          "models/far.ts": text,
        }),
      ).of("lending");
    const before = of(far);
    expect(before).not.toBeNull();
    return of(far.replace("1", "3")) !== before;
  };

  test.each([
    ["a namespace", `import * as far from "./far.ts";\nexport const free = () => far.seen;`],
    [
      "a whole namespace",
      `import * as far from "./far.ts";\nexport const free = (k: string) => (far as any)[k];`,
    ],
    ["another name", `import { seen as looked } from "./far.ts";\nexport const free = () => looked;`],
    ["a name that is handed on", `export { seen as free } from "./far.ts";`],
    ["all names that are handed on", `export * from "./hands-on.ts";`],
    ["an export of an import", `import { seen } from "./far.ts";\nexport { seen as free };`],
    ["an import when it is asked for", `export const free = async () => (await import("./far.ts")).seen;`],
    [
      "an import that has a name",
      `export const free = async () => { const far = await import("./far.ts"); return far.seen; };`,
    ],
    [
      "an import that is taken apart",
      `export const free = async () => { const { seen } = await import("./far.ts"); return seen; };`,
    ],
    ["an import with a promise", `export const free = () => import("./far.ts").then((far) => far.seen);`],
    ["an import of nobody knows what", `export const free = (name: string) => import(name);`],
    [
      "a field of an object",
      `import { seen } from "./far.ts";\nconst table = { a: 1, seen };\nexport const free = () => table.seen;`,
    ],
    [
      "a spread object",
      `import { seen } from "./far.ts";\nconst inner = { b: seen };\nconst table = { a: 1, ...inner };\nexport const free = () => table.b;`,
    ],
    [
      "a field that is computed",
      `import { seen } from "./far.ts";\nconst key = "b";\nconst table = { a: 1, [key]: seen };\nexport const free = () => table.a;`,
    ],
    [
      "a method that looks at the others",
      `import { seen } from "./far.ts";\nconst table = { seen, a() { return this.seen; } };\nexport const free = () => table.a();`,
    ],
    [
      "a pattern",
      `import { seen } from "./far.ts";\nconst table = { a: seen };\nconst { a } = table;\nexport const free = () => a;`,
    ],
    [
      "a class",
      `import { seen } from "./far.ts";\nclass Base { a = seen; }\nclass Table extends Base {}\nexport const free = () => new Table().a;`,
    ],
    ["a default", `import { seen } from "./far.ts";\nexport function free(a = seen) { return a; }`],
    ["a text with holes", 'import { seen } from "./far.ts";\nexport const free = () => `a${seen}`;'],
    ["a file that has no types", `import { seen } from "./plain.js";\nexport const free = () => seen;`],
    ["what runs when a file is loaded", `import "./side.ts";\nexport const free = () => 0;`],
    [
      "what runs when a file of a file is loaded",
      `import { x } from "./middle.ts";\nexport const free = () => 0;\nexport const y = x;`,
    ],
  ])("%s", (_what, helpers) => {
    const more = {
      "models/hands-on.ts": `export { seen as free } from "./far.ts";\n`,
      "models/plain.js": `export { seen } from "./far.ts";\n`,
      "models/side.ts": `import { seen } from "./far.ts";\n(globalThis as any).side = seen;\n`,
      "models/middle.ts": `import "./side.ts";\nexport const x = 1;\n`,
    };
    expect(reaches(helpers, more)).toBe(true);
  });

  test("what nobody refers to is not reached", () => {
    expect(reaches(`import { unseen } from "./far.ts";\nexport const free = () => unseen;`)).toBe(false);
    expect(
      reaches(
        `import { seen, unseen } from "./far.ts";\nconst table = { seen, a: unseen };\nexport const free = () => table.a;`,
      ),
    ).toBe(false);
    expect(reaches(`import type { seen } from "./far.ts";\nexport const free = (a: typeof seen) => a;`)).toBe(
      false,
    );
    expect(reaches(`import * as far from "./far.ts";\nexport const free = () => far.unseen;`)).toBe(false);
  });
});

describe("what is no model", () => {
  const ENGINE = {
    "cli/run-job.ts": `import { search } from "../checkers/search.ts";\nimport "../models/catalogue.ts";\nexport const runJob = search;\n`,
    "checkers/search.ts": `import { here } from "../spec/language/place.ts";\n/** Breadth first. */\nexport const search = () => here();\n`,
    "spec/language/place.ts": `export const here = () => 1;\n`,
    "checkers/report.ts": "export const report = 1;\n",
    "counterexamples/a.json": "{}",
    "recordings/a.jsonl": "{}",
    "package.json": `{"dependencies":{"acorn":"1.0.0"},"scripts":{}}`,
  };
  const before = treeOf({ ...FILES, ...ENGINE });
  const after = (edits: Readonly<Record<string, string>>) => {
    const head = treeOf({ ...FILES, ...ENGINE, ...edits });
    const changes = changesBetween(before, head);
    return {
      changes: said(changes),
      designs: reached(changes).length,
      engine: contentsOf(head).engine !== contentsOf(before).engine,
    };
  };

  test.each([
    [
      "the engine",
      "checkers/search.ts",
      ENGINE["checkers/search.ts"].replace("here()", "-here()"),
      "changed engine checkers/search.ts at checkers/search.ts:1",
    ],
    [
      "a package that runs",
      "package.json",
      `{"dependencies":{"acorn":"1.0.1"},"scripts":{}}`,
      "changed dependency package.json at package.json:1",
    ],
    [
      "what the engine uses of the language",
      "spec/language/place.ts",
      "export const here = () => 2;\n",
      "changed helper here at spec/language/place.ts:1",
    ],
    [
      "a list of packages that is broken",
      "package.json",
      "{",
      "changed dependency package.json at package.json:1",
    ],
  ])("%s reaches every design", (_what, path, text, says) => {
    expect(after({ [path]: text })).toEqual({ changes: [says], designs: 4, engine: true });
  });

  test.each([
    [
      "a comment in the engine",
      "checkers/search.ts",
      ENGINE["checkers/search.ts"].replace("Breadth", "Depth"),
      [],
    ],
    ["a script", "package.json", `{"dependencies":{"acorn":"1.0.0"},"scripts":{"test":"true"}}`, []],
    ["a report", "checkers/report.ts", "export const report = 2;\n", []],
    [
      "a counterexample",
      "counterexamples/a.json",
      `{"a":1}`,
      ["changed counterexample counterexamples/a.json at counterexamples/a.json:1"],
    ],
    [
      "a recording",
      "recordings/a.jsonl",
      `{"a":1}`,
      ["changed recording recordings/a.jsonl at recordings/a.jsonl:1"],
    ],
    [
      "a model that no design is made from",
      "models/other.ts",
      `${OTHER}export const more = 1;\n`,
      ["added helper more at models/other.ts:5"],
    ],
  ])("%s reaches none", (_what, path, text, changes) => {
    expect(after({ [path]: text })).toEqual({ changes, designs: 0, engine: false });
  });
});
