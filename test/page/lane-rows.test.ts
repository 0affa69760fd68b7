/** The lanes as they are drawn: what stands in a row, what is put together, which bars are there. */
import { h } from "preact";
import { renderToString } from "preact-render-to-string";
import { test as propertyTest, fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { charsIn, fit } from "../../page/picture/fit.ts";
import { lockNames, rowIndices, rowsOf, sideBySide, type Row } from "../../page/picture/lane-rows.ts";
import { Lanes, LanesDrawing } from "../../page/picture/lanes.tsx";
import type { Session } from "../../page/session/session.ts";
import { all, parse, textOf, type Element } from "./markup.ts";
import { sessionOf } from "./stored.ts";

const NONE: ReadonlySet<number> = new Set();
const rows = ({ lanes }: Session, isWhole = false, opened = NONE): Row[] =>
  rowsOf(lanes, 60, isWhole, opened);
const says = ({ lines }: Row): string[] => lines.map(({ text }) => text);

const lanes = ({ lanes: of, property }: Session, index = of.steps): Element =>
  parse(renderToString(h(Lanes, { lanes: of, index, onGo: () => {}, broken: property, isStatic: true })));

describe("a deadlock", async () => {
  const session = await sessionOf("guest-memfd-7.3/no-deadlock.json");
  const drawing = lanes(session);

  test("every actor has its lane, every step its row", () => {
    expect(all(drawing, ".actor").map(textOf)).toEqual(["task 0", "memory_failure"]);
    expect(all(drawing, ".number").map(textOf)).toEqual(["1", "2", "3", "4"]);
  });

  test("a row tells the call where it begins, its sections, and the locks that it takes and drops", () => {
    const [, second, third, last] = rows(session);
    expect(says(second!)).toEqual(["punch: take invalidate_lock", "+ invalidate_lock[0] (write)"]);
    expect(says(third!)).toEqual(["punch: zap what is bound", "± mmu_lock[0] (write)"]);
    expect(says(last!)).toEqual([
      "memory_failure(inode=0, page=0)",
      "lock the folio, unmap it from the host",
      "+ folio lock[0,0]",
    ]);
    expect(last!.lines[0]!.name).toBe("memory_failure".length);
    const narrow = rowsOf(session.lanes, 10, false, NONE).at(-1)!;
    expect(narrow.lines.slice(0, 4).map(({ text, name }) => [text, name])).toEqual([
      ["memory_fai", 10],
      ["  lure(", 6],
      ["  inode=0,", 0],
      ["  page=0)", 0],
    ]);
  });

  test("locks are bars from where they are taken on, with a letter that the legend names", () => {
    const locks = all(drawing, ".lock").map((lock) => textOf(lock));
    expect(locks).toEqual([
      "holds invalidate_lock[0] (write)A",
      "holds mmu_lock[0] (write)B",
      "holds folio lock[0,0]C",
    ]);
    expect(all(drawing, ".lock-name").map(textOf)).toEqual([
      "A invalidate_lock[0]",
      "B mmu_lock[0]",
      "C folio lock[0,0]",
    ]);
  });

  test("who waits for ever is hatched, below the last step", () => {
    const waits = all(drawing, ".blocked");
    expect(waits.map((wait) => textOf(all(wait, "title")[0]!))).toEqual([
      "waits for folio lock[0,0]",
      "waits for invalidate_lock[0] (read)",
    ]);
    const last = rows(session).at(-1)!;
    const patterns = all(drawing, "pattern").map(({ attributes }) => `url(#${attributes.get("id")})`);
    for (const wait of waits) {
      const { attributes } = all(wait, "rect")[0]!;
      expect(Number(attributes.get("y"))).toBeGreaterThanOrEqual(last.y + last.height);
      expect(patterns).toContain(attributes.get("fill"));
    }
  });

  test("the last step is the one that breaks the promise", () => {
    expect(all(drawing, ".is-broken").map((row) => textOf(all(row, ".number")[0]!))).toEqual(["4"]);
    expect(textOf(all(drawing, ".is-broken")[0]!)).toContain("here no-deadlock is broken");
  });

  test("the current moment is a line below its step", () => {
    expect(all(lanes(session, 2), ".is-here").map((row) => textOf(all(row, ".number")[0]!))).toEqual(["2"]);
    expect([0, 2, 4].map((index) => moment(lanes(session, index)))).toEqual([
      "at the top",
      "below its row",
      "below its row",
    ]);
  });
});

/** Where the line of the current moment stands, by the row of its step. */
function moment(drawing: Element): string {
  const [, y] = /^M0 ([\d.]+)H/.exec(all(drawing, ".now")[0]!.attributes.get("d")!)!;
  const [here] = all(drawing, ".here");
  if (here === undefined) return y === "0" ? "at the top" : "nowhere";
  const [top, height] = ["y", "height"].map((name) => Number(here.attributes.get(name)));
  if (Number(y) === top! + height!) return "below its row";
  return Number(y) > top! && Number(y) < top! + height! ? "within its row" : "elsewhere";
}

describe("a run that goes round for ever", async () => {
  const session = await sessionOf("guest-memfd-7.3/calls-end.json");

  test("tells from where on", () => {
    expect(textOf(all(lanes(session), ".loop")[0]!)).toBe("⟲ and again from step 10, for ever");
  });

  test("hatches the time in which the others wait", () => {
    const heights = all(lanes(session), ".blocked").map((wait) =>
      Number(all(wait, "rect")[0]!.attributes.get("height")),
    );
    expect(heights.length).toBe(2);
    for (const height of heights) expect(height).toBeGreaterThan(100);
  });
});

describe("what nobody could see", async () => {
  const alone = await sessionOf("in-place-conversion/linearizable.json");
  const session = await sessionOf("in-place-conversion/mapping-agrees-with-attribute.json");

  test("calls that ran alone are a row each, and quiet sections are put together", () => {
    const kinds = (of: Session): string[] => [...new Set(rows(of).map(({ kind }) => kind))];
    expect(kinds(alone)).toEqual(["alone", "step"]);
    expect(kinds(session)).toEqual(["step", "quiet"]);
    for (const of of [alone, session]) {
      expect(rows(of).length).toBeLessThan(of.lanes.steps);
      for (const row of rows(of)) {
        const changes = of.moments.slice(row.from + 1, row.to + 1).flatMap((moment) => moment.changes);
        expect(row.changes).toBe(changes.length);
        if (row.kind === "quiet") expect(changes).toEqual([]);
      }
    }
  });

  test("a call that ran alone tells what it answered, and how many steps it was", () => {
    const [first] = rows(alone);
    expect(says(first!).at(-1)).toBe(`⋯ ${first!.to} steps, undisturbed`);
    expect(says(first!).at(-2)).toBe(`= ${alone.moments[first!.to]!.result}`);
  });

  test("all steps are in rows, in order, whatever is put together", () => {
    for (const some of [rows(session), rows(session, true), rows(session, false, new Set([0]))]) {
      const steps = some.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
      expect(steps).toEqual(Array.from({ length: session.lanes.steps }, (_, i) => i));
      some.slice(1).forEach((row, i) => expect(row.y).toBe(some[i]!.y + some[i]!.height));
      const indices = rowIndices(some, session.lanes.steps);
      indices.slice(1).forEach((at, i) => {
        expect(some[at]!.from).toBeLessThanOrEqual(i);
        expect(some[at]!.to).toBeGreaterThan(i);
      });
    }
  });

  test("the current moment is within a row of several steps until the last of them", () => {
    const { from, to } = rows(alone)[0]!;
    expect(to - from).toBeGreaterThan(1);
    expect(moment(lanes(alone, from + 1))).toBe("within its row");
    expect(moment(lanes(alone, to))).toBe("below its row");
  });

  test("a group can be opened, or all of them", () => {
    for (const [of, kind] of [
      [alone, "alone"],
      [session, "quiet"],
    ] as const) {
      const { from, to } = rows(of).find((row) => row.kind === kind)!;
      const opened = rows(of, false, new Set([from])).filter((row) => row.from >= from && row.from < to);
      expect(opened.map((row) => row.kind)).toEqual(Array.from({ length: to - from }, () => "step"));
      expect(rows(of, true).map((row) => row.kind)).toEqual(of.moments.slice(1).map(() => "step"));
    }
  });

  test("the saved drawing has every section", () => {
    const { lanes: of } = session;
    const saved = parse(renderToString(h(LanesDrawing, { lanes: of, index: 1, broken: null })));
    expect(all(saved, ".row")).toHaveLength(of.steps);
    expect(all(saved, ".actor")).toHaveLength(of.lanes.length);
  });
});

test("locks that are held at once stand side by side", () => {
  const lock = (from: number, to: number) => ({ from, to, isOpen: false, what: "l", thread: 0 });
  expect(sideBySide([lock(0, 5), lock(1, 3), lock(2, 4), lock(3, 5), lock(5, 6)])).toEqual({
    places: [0, 1, 2, 1, 0],
    width: 3,
  });
});

test("a lock has one name, held for reading or for writing", async () => {
  const names = lockNames((await sessionOf("guest-memfd-7.3/linearizable.json")).lanes);
  expect(names.length).toBeGreaterThan(2);
  expect(names.join(" ")).not.toMatch(/\((read|write)\)/);
  expect(new Set(names).size).toBe(names.length);
});

describe("lines of a drawing", () => {
  propertyTest.prop([fc.string({ unit: "binary" }), fc.integer({ min: 4, max: 40 }), fc.constantFrom(0, 2)])(
    "are no longer than there is room, and nothing is lost",
    (text, chars, indent) => {
      const lines = fit(text, chars, indent);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(chars);
      const squeezed = (of: string): string => of.replace(/\s/g, "");
      expect(squeezed(lines.join(""))).toBe(squeezed(fit(text, 100_000).join("")));
      expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    },
  );

  test("break where a call does", () => {
    expect(fit("memory_failure(inode=0, page=0)", 18)).toEqual(["memory_failure(", "  inode=0, page=0)"]);
    expect(fit("wait for invalidate_lock[0] (write)", 20)).toEqual([
      "wait for",
      "  invalidate_lock[0]",
      "  (write)",
    ]);
    expect(fit("😀😀😀", 5, 0)).toEqual(["😀😀", "😀"]);
  });

  test("are as long as a fixed-width font allows", () => {
    expect(charsIn(121, 10)).toBe(20);
  });
});
