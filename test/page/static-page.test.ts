/** The page as markup: what it says without script, that texts of strangers are texts, and that a long trace is not drawn whole. */
import { h } from "preact";
import { renderToString } from "preact-render-to-string";
import { describe, expect, test } from "vitest";
import { Problem } from "../../page/picture/problem.tsx";
import { renderStatic } from "../../page/picture/render-static.tsx";
import { TraceView } from "../../page/picture/trace-view.tsx";
import { openItf } from "../../page/session/itf.ts";
import { openSession } from "../../page/session/open.ts";
import type { Session } from "../../page/session/session.ts";
import { call, toy } from "../toy.ts";
import { all, elements, parse, textOf, type Element } from "./markup.ts";
import { sessionOf } from "./stored.ts";

const again = "npx gmemcheck replay a.json";
const asStatic = (session: Session): Element => parse(renderStatic(session, { again }));
const asPage = (session: Session): Element =>
  parse(renderToString(h(TraceView, { session, again, open: () => session })));

describe("without script", async () => {
  const session = await sessionOf("in-place-conversion/mapping-agrees-with-attribute.json");
  const page = asStatic(session);

  test("says which promise is broken, in words, by what source, and how to see it again", () => {
    const [header] = all(page, "header");
    expect(textOf(all(header!, "h1")[0]!)).toBe("✗ mapping-agrees-with-attribute is broken after 22 steps");
    expect(textOf(all(header!, "blockquote")[0]!)).toContain(
      "a guest frame is mapped for private access exactly where its attribute says private",
    );
    expect(textOf(header!)).toContain("kvm_mmu_faultin_pfn() compares, arch/x86/kvm/mmu/mmu.c");
    expect(textOf(header!)).toContain("overlap 2, scenario conversion-slots");
    expect(textOf(all(header!, "code")[0]!)).toBe(again);
  });

  test("needs nothing that only a script can do", () => {
    const names = new Set(elements(page).map(({ name }) => name));
    for (const active of ["script", "button", "input", "select", "form"]) expect(names).not.toContain(active);
    for (const { attributes } of elements(page))
      for (const name of attributes.keys()) expect(name).not.toMatch(/^on|^style$/);
  });

  test("every link to a step leads to one", () => {
    const ids = new Set(elements(page).map(({ attributes }) => attributes.get("id")));
    const links = all(page, "a").map(({ attributes }) => attributes.get("href")!);
    expect(links.length).toBeGreaterThan(22);
    for (const link of links) expect(ids).toContain(link.slice(1));
  });

  test("has every step with what it changed, and the last one's breach", () => {
    const [list] = all(page, ".all-steps");
    const steps = all(list!, "li");
    expect(steps).toHaveLength(22);
    expect(textOf(steps[8]!)).toBe(
      "task 0: store the attributes [invalidate_lock[0] (write)]attributes[0][0]: false → true",
    );
    expect(textOf(steps[21]!)).toContain("✗ here mapping-agrees-with-attribute is broken");
  });

  test("can be of any moment", () => {
    const at9 = parse(renderStatic(session, { again, index: 9 }));
    expect(textOf(at9)).toContain("Memory after step 9");
    expect(all(at9, ".breach")).toEqual([]);
    expect(all(page, ".breach")).toHaveLength(1);
  });
});

describe("a page", async () => {
  const session = await sessionOf("guest-memfd-6.8/guest-maps-no-poison.json");
  const page = asPage(session);

  test("tells who cannot see it where it is, politely", () => {
    const [live] = elements(page).filter(({ attributes }) => attributes.get("aria-live") === "polite");
    expect(textOf(live!)).toBe(
      "Step 8 of 8: memory_failure: memory_failure(inode=0, page=2) = 0. 2 cells changed. " +
        session.moments[8]!.breaches.map(({ property, why }) => `${property} is broken: ${why}.`).join(" "),
    );
  });

  test("has landmarks, and a name for each of them and for everything that is pressed", () => {
    const names = elements(page).map(({ name }) => name);
    for (const landmark of ["header", "nav", "main"]) expect(names).toContain(landmark);
    const named = elements(page).filter(({ name }) => ["section", "nav", "select"].includes(name));
    for (const one of named.filter(({ attributes }) => !attributes.has("aria-hidden")))
      expect([one.name, one.attributes.get("aria-label") ?? ""]).toEqual([
        one.name,
        expect.stringMatching(/./),
      ]);
    for (const button of all(page, "button"))
      expect(`${button.attributes.get("aria-label") ?? ""}${textOf(button)}`).toMatch(/[a-z]/i);
    const inputs = all(page, "input").filter(({ attributes }) => attributes.get("type") !== "file");
    for (const { attributes } of inputs) expect(attributes.get("aria-label")).toMatch(/[a-z]/);
  });

  test("of the list, only the step that is shown is reached by the tabulator", () => {
    const links = all(all(page, ".list")[0]!, "a");
    expect(links).toHaveLength(9);
    expect(links.map(({ attributes }) => attributes.get("tabindex"))).toEqual([...Array(8).fill("-1"), "0"]);
    expect(links.at(-1)!.attributes.get("aria-current")).toBe("step");
  });

  test("has the words for paper, which screens do not show", () => {
    const [paper] = all(page, ".print-only");
    expect(all(paper!, "svg")).toHaveLength(1);
    expect(all(all(paper!, ".all-steps")[0]!, "li")).toHaveLength(8);
  });

  test("no two elements have one name, and whatever is filled with a pattern has one", () => {
    const ids = elements(page).flatMap(({ attributes }) => attributes.get("id") ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const fills = elements(page).flatMap(
      ({ attributes }) => /^url\(#(.*)\)$/.exec(attributes.get("fill") ?? "")?.[1] ?? [],
    );
    expect(fills.length).toBeGreaterThan(1);
    for (const fill of fills) expect(ids).toContain(fill);
  });
});

describe("texts of strangers", () => {
  const EVIL = '<script>alert("1")</script><img src=x onerror=alert(1)>';
  const HIDDEN = "a\u202eb\u0007";

  function check(page: Element): void {
    const names = new Set(elements(page).map(({ name }) => name));
    expect([names.has("script"), names.has("img")]).toEqual([false, false]);
    expect(textOf(page)).toContain('<script>alert("1")</script>');
    expect(textOf(page)).not.toMatch(/[\u202e\u0007]/);
    expect(textOf(page)).toContain("a\\u{202e}b\\u{7}");
  }

  test("are texts in a trace of a design whose names are markup", () => {
    const name = EVIL.replace(/\W/g, "");
    const design = {
      ...toy({
        calls: {
          [EVIL]: call({
            kernel: EVIL,
            by: "task",
            takes: {},
            returns: [],
            sections: { [HIDDEN]: () => undefined },
          }),
        },
      }),
      says: HIDDEN,
      legend: () => [EVIL, HIDDEN],
    };
    expect(name).toMatch(/script/);
    const trace = {
      format: "gmemcheck-trace/1",
      design: "toy",
      bounds: { switches: 2 },
      scenario: "everything",
      tracked: "full",
      mode: "overlap",
      overlap: 1,
      breach: null,
      steps: [
        {
          ...{ call: EVIL, by: "task", params: {}, result: 0, changes: [] },
          ...{ thread: 0, actor: EVIL, sections: [HIDDEN], begins: true, ends: true, holds: [] },
        },
      ],
    };
    const session = openSession(design, trace, "a.json");
    check(asPage(session));
    check(asStatic(session));
  });

  test("are texts in a trace of another tool", () => {
    const session = openItf(
      {
        vars: [EVIL, "x"],
        states: [
          { [EVIL]: EVIL, x: HIDDEN },
          { [EVIL]: HIDDEN, x: EVIL },
        ],
      },
      "a.itf.json",
    );
    check(asPage(session));
    check(asStatic(session));
  });

  test("are texts in what cannot be shown", () => {
    check(parse(renderToString(h(Problem, { text: `${EVIL}\n  usual cause: ${HIDDEN}` }))));
  });
});

test("what cannot be shown is told in one place, and can be closed where there is something behind it", () => {
  const text = "x.json: not JSON\n  usual cause: a file cut short\n  expected: a trace";
  const alone = parse(renderToString(h(Problem, { text })));
  expect(all(alone, "p").map(textOf)).toEqual([
    "x.json: not JSON",
    "usual cause: a file cut short",
    "expected: a trace",
  ]);
  expect(elements(alone)[0]!.attributes.get("role")).toBe("alert");
  expect(all(alone, "button")).toEqual([]);
  expect(all(parse(renderToString(h(Problem, { text, onClose: () => {} }))), "button")).toHaveLength(1);
});

test("of 2,000 steps, no more are drawn than can be seen", () => {
  const steps = Array.from({ length: 2000 }, (_, i) => ({
    ...{ call: i % 2 === 0 ? "turn_on" : "turn_off", by: "task", params: { at: 0 }, result: 0 },
    changes: [
      { cell: "on[0]", from: i % 2 === 1, to: i % 2 === 0 },
      { cell: "count", from: i % 2, to: 1 - (i % 2) },
    ],
  }));
  const head = {
    format: "gmemcheck-trace/1",
    design: "toy",
    bounds: { switches: 2 },
    scenario: "everything",
  };
  const trace = { ...head, tracked: "full", mode: "sequential", breach: null, steps };
  const session = openSession(toy(), trace, "a.json");
  expect([session.differences, session.moments.length]).toEqual([[], 2001]);
  const page = asPage(session);
  expect(all(all(page, ".list")[0]!, "li").length).toBeLessThan(60);
  expect(all(page, ".row").length).toBeLessThan(60);
  expect(all(all(page, ".print-only")[0]!, "li")).toHaveLength(2000);
});
