/** What is drawn of a moment: what is marked and why, who wrote it, and that drawing and tables say the same. */
import { h } from "preact";
import { renderToString } from "preact-render-to-string";
import { describe, expect, test } from "vitest";
import { BrokenPromises } from "../../page/picture/broken-promises.tsx";
import { Memory } from "../../page/picture/memory.tsx";
import { MemoryDrawing } from "../../page/picture/memory-drawing.tsx";
import { MemoryTables } from "../../page/picture/memory-table.tsx";
import type { Session } from "../../page/session/session.ts";
import { all, parse, textOf, type Element } from "./markup.ts";
import { sessionOf } from "./stored.ts";

const onGo = (): void => {};
/** So wide that no line of a cell is broken. */
const WIDE = 4000;

const drawn = (session: Session, index: number, width = WIDE): Element =>
  parse(renderToString(h(MemoryDrawing, { session, index, width, onGo })));

const has = (element: Element, name: string): boolean =>
  element.attributes.get("class")!.split(" ").includes(name);

/** The lines of a cell, without the signs. */
const lines = (cell: Element): string[] => all(cell, ".fact").map(textOf);

describe("a guest that maps a poisoned page", async () => {
  const session = await sessionOf("guest-memfd-6.8/guest-maps-no-poison.json");
  const last = session.moments.length - 1;
  const cells = all(drawn(session, last), ".cell");

  test("the frame and the page are marked, and nothing else is", () => {
    const marked = cells.filter((cell) => has(cell, "marked")).map((cell) => lines(cell)[0]);
    expect(marked).toEqual(["gfn 0", "page 0x7ffffffffffff"]);
    for (const cell of cells) expect(all(cell, ".cross").length).toBe(has(cell, "marked") ? 1 : 0);
  });

  test("what the step changed has a sign of its own", () => {
    const changed = cells.filter((cell) => has(cell, "changed")).map((cell) => lines(cell)[0]);
    expect(changed).toEqual(["page 0x7ffffffffffff"]);
    for (const cell of cells) expect(all(cell, ".delta").length).toBe(has(cell, "changed") ? 1 : 0);
  });

  test("each cell tells its state and the step that wrote it, and leads there", () => {
    expect(lines(cells[0]!)).toEqual(["gfn 0", "▣ private", "→ 0:2", "as private", "✎ step 6"]);
    expect(lines(cells[2]!)).toEqual([
      "page 0x7ffffffffffff",
      "☠ poisoned",
      "undefined",
      "↤ VM 0 slot 0",
      "✎ step 8",
    ]);
    expect(all(cells[0]!, "a").map(({ attributes }) => attributes.get("href"))).toEqual(["#step=6"]);
  });

  test("the reason stands in the drawing, in the words of the promise", () => {
    const reasons = all(drawn(session, last), ".reasons").map(textOf).join(" ");
    expect(reasons).toContain(
      "✗ guest-maps-no-poison: frame 0 of VM 0 maps page 0x7ffffffffffff, which is poisoned",
    );
    expect(all(drawn(session, 6), ".reasons").map(textOf).join("")).not.toContain("guest-maps-no-poison");
  });

  test("a line leads from the frame to its page, in the manner of the access", () => {
    const [arrow, ...others] = all(drawn(session, last), ".arrow");
    expect(others).toEqual([]);
    expect([has(arrow!, "private"), has(arrow!, "marked")]).toEqual([true, true]);
    expect(all(drawn(session, 5), ".arrow")).toEqual([]);
  });

  test("a slot leads to its pages until its file has gone", () => {
    expect(all(drawn(session, 6), ".slot").map(textOf)).toEqual([
      expect.stringContaining("slot 0 @2") as string,
    ]);
    const [band, ...more] = all(drawn(session, 6), ".band");
    const shown = all(drawn(session, 6), ".page").find((cell) => lines(cell)[0] === "page 0x7ffffffffffff")!;
    const { attributes } = all(shown, ".box")[0]!;
    expect(more).toEqual([]);
    expect(band!.attributes.get("d")).toMatch(new RegExp(` ${attributes.get("y")}H${attributes.get("x")}z$`));
    expect(all(drawn(session, 7), ".slot").map(textOf)[0]).toContain("slot 0, no file");
    expect(all(drawn(session, 7), ".band")).toEqual([]);
  });

  test("the end of the file is drawn before what is behind it", () => {
    const x = Number(
      /^M([\d.]+) /.exec(
        all(drawn(session, last), ".end")[0]!.children.flatMap((child) =>
          typeof child === "string" || child.name !== "path" ? [] : [child.attributes.get("d")!],
        )[0]!,
      )![1],
    );
    const [, inside, beyond] = cells.map((cell) => Number(all(cell, ".box")[0]!.attributes.get("x")));
    expect(inside).toBeLessThan(x);
    expect(beyond).toBeGreaterThan(x);
  });

  test("the promise tells which cells it looked at, and which step wrote each", () => {
    const [card] = all(parse(renderToString(h(BrokenPromises, { session, index: last, onGo }))), ".breach");
    expect(textOf(all(card!, "h3")[0]!)).toBe("✗ guest-maps-no-poison is broken for vm=0 gfn=0");
    const rows = all(all(card!, "tbody")[0]!, "tr").map((row) =>
      row.children.map((cell) => textOf(cell as Element)),
    );
    expect(rows).toContainEqual(["inodes[0].pages[2].folio", "poisoned", "step 8"]);
    expect(rows).toContainEqual(["vms[0].sptes[0].at.page", "2", "step 6"]);
    // Slots and attributes are not asked.
    expect(rows.flat().join(" ")).not.toMatch(/slots|private\[/);
  });

  test("other promises that are broken are told too, below the one that the trace was stored for", () => {
    const card = parse(renderToString(h(BrokenPromises, { session, index: last, onGo })));
    const names = all(card, ".breach").map((one) => textOf(all(one, "h3")[0]!).split(" ")[1]);
    expect(names).toEqual(session.moments[last]!.breaches.map(({ property }) => property));
    expect(names[0]).toBe("guest-maps-no-poison");
    expect(all(card, "details")).toHaveLength(names.length - 1);
  });
});

describe("a technology that keeps owners", async () => {
  const session = await sessionOf("populate-vs-prefault-rmp-pf/host-writes-no-assigned-page.json");
  const last = session.moments.length - 1;

  test("the owner of each page is drawn", () => {
    const owners = (index: number): string[] =>
      all(drawn(session, index), ".page").flatMap((cell) =>
        lines(cell).filter((line) => line.startsWith("owner")),
      );
    expect(owners(1)).toEqual(["owner: host"]);
    expect(owners(last)).toEqual(["owner: VM 0 at gfn 0"]);
  });
});

describe("drawing and tables", () => {
  const FILES = [
    "guest-memfd-6.8/guest-maps-no-poison.json",
    "in-place-conversion/mapping-agrees-with-attribute.json",
    "forgotten-pin/host-never-maps-private.json",
    "populate-vs-prefault-rmp-pf/host-writes-no-assigned-page.json",
  ];

  test.each(FILES)("say the same of every moment of %s", async (file) => {
    const session = await sessionOf(file);
    for (const { index, picture } of session.moments) {
      const cells = all(drawn(session, index), ".cell").map((cell) => ({
        says: lines(cell).map((line) => line.replace("✎ ", "")),
        isMarked: has(cell, "marked"),
        isChanged: has(cell, "changed"),
      }));
      const tables = parse(renderToString(h(MemoryTables, { picture, onGo })));
      const rows = all(tables, "table")
        .filter((table) => !textOf(all(table, "caption")[0]!).endsWith(": slots"))
        .flatMap((table) => all(all(table, "tbody")[0]!, "tr"))
        .map((row) => {
          const texts = row.children.map((cell) => textOf(cell as Element));
          const mark = texts.at(-1)!;
          return {
            says: texts.slice(0, -1).filter((text) => text !== ""),
            isMarked: mark.includes("✗"),
            isChanged: mark.includes("Δ"),
          };
        });
      expect({ index, rows }).toEqual({ index, rows: cells });
    }
  });

  test("slots are in both", async () => {
    const session = await sessionOf(FILES[0]!);
    const { picture } = session.moments[6]!;
    const tables = textOf(parse(renderToString(h(MemoryTables, { picture, onGo }))));
    expect(tables).toContain("slot 0gfn 0file 0 @2guest_memfd");
    expect(all(drawn(session, 6), ".slot").map(textOf)[0]).toContain("slot 0, gfn 0, file 0 @2, guest_memfd");
  });

  test("the tables are there for screen readers while the drawing is shown, and in its place when asked for", async () => {
    const session = await sessionOf(FILES[0]!);
    const memory = (isTable: boolean): Element =>
      parse(renderToString(h(Memory, { session, index: 6, onGo, isTable })));
    expect(all(memory(false), "svg")).toHaveLength(1);
    expect(all(all(memory(false), ".unseen")[0]!, "table").length).toBeGreaterThan(1);
    expect(all(memory(true), "svg")).toHaveLength(0);
    expect(all(memory(true), ".unseen")).toHaveLength(0);
    expect(all(memory(true), "table").length).toBeGreaterThan(1);
  });
});

describe("where there is little room", async () => {
  const session = await sessionOf("guest-memfd-6.8/guest-maps-no-poison.json");

  test("files stand below each other, and no line leaves its cell", () => {
    const phone = drawn(session, 8, 320);
    expect(Number(all(phone, "svg")[0]!.attributes.get("width"))).toBeLessThanOrEqual(320);
    for (const cell of all(phone, ".cell")) {
      const width = Number(all(cell, ".box")[0]!.attributes.get("width"));
      // 11.5 px of a fixed-width font.
      for (const line of lines(cell)) expect(line.length * 11.5 * 0.605).toBeLessThanOrEqual(width - 7);
    }
    const tops = (drawing: Element): number =>
      new Set(all(drawing, ".page").map((cell) => all(cell, ".box")[0]!.attributes.get("y"))).size;
    expect([tops(phone), tops(drawn(session, 8, 900))]).toEqual([2, 1]);
  });
});
