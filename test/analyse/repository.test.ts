import { afterAll, expect, test, vi } from "vitest";
import { changesBetween } from "../../checkers/analyse/changes.ts";
import { typeProblems } from "../../checkers/analyse/compiler.ts";
import { contentsOf } from "../../checkers/analyse/content.ts";
import { impurities } from "../../checkers/analyse/purity/purity.ts";
import { reached } from "../../checkers/analyse/reached.ts";
import { designNames } from "../../models/catalogue.ts";
import { removeTrees, repositoryWith, said, treeOf, type Edits } from "./trees.ts";

afterAll(removeTrees);

const base = repositoryWith({});

function edited(edits: Edits): { changes: string[]; designs: string[] } {
  const changes = changesBetween(base, repositoryWith(edits));
  return { changes: said(changes), designs: reached(changes).map(({ name }) => name) };
}

test("every design of the catalogue is found in the text, each with source of its own", () => {
  const contents = contentsOf(base);
  const known = designNames.map((name) => contents.of(name));
  expect(known).not.toContain(null);
  expect(new Set(known).size).toBe(designNames.length);
});

test("an errno of 7.3's delta reaches it and what is derived from it, and no older version", () => {
  const { changes, designs } = edited({
    "models/guest-memfd/calls/set-user-memory-region.ts": [
      [`if (isBound(s, c)) return undo(s, c, "EEXIST");`, `if (isBound(s, c)) return undo(s, c, "EBUSY");`],
    ],
    "models/guest-memfd/versions.ts": [["/** Both ioctls. */", "/** Of both\n * ioctls. */"]],
  });
  expect(changes).toEqual([
    expect.stringMatching(
      /^changed helper commitBinding at models\/guest-memfd\/calls\/set-user-memory-region\.ts:/,
    ),
  ]);
  const derived = ["guest-memfd-7.3", "guest-memfd-7.3-shadow", "in-place-conversion", "overlap-unchecked"];
  expect(designs).toEqual(expect.arrayContaining(derived));
  const others = ["guest-memfd-6.8", "guest-memfd-7.2", "guest-memfd-6.18-shadow", "gmem-seq", "huge-pages"];
  expect(designs.filter((name) => others.includes(name))).toEqual([]);
});

test("a promise reaches the designs that make it; the state of all versions reaches them all", () => {
  const promise = edited({
    "spec/properties/ownership.ts": [["at.inode === inode && at.page === page", "at.page === page"]],
  });
  expect(promise.changes).toEqual([
    expect.stringMatching(
      /^changed property owned-page-is-mapped › holds at spec\/properties\/ownership\.ts:/,
    ),
  ]);
  expect(promise.designs).toContain("technologies-7.3");
  expect(promise.designs).not.toContain("guest-memfd-7.3");
  const state = edited({ "models/guest-memfd/state.ts": [[`mmap: bool`, `mmap: maybe(bool)`]] });
  expect(state.changes).toEqual([expect.stringMatching(/^changed domain /)]);
  expect(state.designs).toEqual(expect.arrayContaining(["guest-memfd-6.8", "guest-memfd-7.3", "template"]));
});

test("no design of the registry looks at what it must not, or writes into what it is given", () => {
  expect(impurities(base)).toEqual([]);
});

test("what the compiler says of a tree is told with its places", async () => {
  const wrong = `export const one: number = 1;
export const two: number =
  "two";
const inner = { a: { b: "3" } };
export const three: { a: { b: number } } = inner;
`;
  const [two, three, ...more] = await typeProblems(treeOf({ "models/wrong.ts": wrong }));
  expect(more).toEqual([]);
  expect(two).toEqual({
    file: "models/wrong.ts",
    line: 2,
    column: 14,
    code: "TS2322",
    message: "Type 'string' is not assignable to type 'number'.",
  });
  expect(three).toMatchObject({ file: "models/wrong.ts", line: 5, column: 14 });
  expect(three!.message).toMatch(/^Type .*\n {2}The types of 'a\.b' are incompatible/);
  expect(await typeProblems(treeOf({ "models/right.ts": "export const one: number = 1;\n" }))).toEqual([]);
});

test("a tree without models is not the compiler's", async () => {
  expect(await typeProblems(treeOf({ "README.md": "" }))).toEqual([]);
});

test("the compiler ends when it is told to, and does not begin where it was told before", async () => {
  const kill = vi.spyOn(process, "kill");
  const stop = new AbortController();
  const asked = typeProblems(base, stop.signal);
  stop.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
  const [[group, signal]] = kill.mock.calls as [[number, string]];
  kill.mockRestore();
  expect(signal).toBe("SIGKILL");
  // The whole group.
  expect(group).toBeLessThan(0);
  const nowhere = typeProblems({ root: "/nowhere" }, AbortSignal.abort(new Error("before")));
  await expect(nowhere).rejects.toThrow("before");
});
