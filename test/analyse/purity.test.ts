import { afterAll, describe, expect, test } from "vitest";
import { impurities } from "../../checkers/analyse/purity/purity.ts";
import { removeTrees, treeOf } from "./trees.ts";

afterAll(removeTrees);

interface Parts {
  /** Statements at the top of the model's file. */
  readonly top?: string;
  readonly section?: string;
  readonly call?: string;
  readonly property?: string;
  readonly design?: string;
  readonly helpers?: string;
}

/** A design with these in it, and what is said against it. */
function against(parts: Parts): string[] {
  const tree = treeOf({
    "models/catalogue.ts": `export const catalogue = [{ names: ["lending"], load: async () => [(await import("./lending.ts")).lending] }];`,
    "models/helpers.ts": parts.helpers ?? "export {};",
    "models/lending.ts": `
import { callsOf, change, design, local, propertiesOf, record, upTo } from "../spec/language.ts";
import * as helpers from "./helpers.ts";
const { call, choice } = callsOf();
const { always } = propertiesOf();
${parts.top ?? ""}
const lend = call({
  kernel: "lend()",
  takes: { book: upTo("books"), to: choice((m: any) => m.readers) },
  keeps: { found: upTo("books") },
  returns: ["EBUSY"],
  sections: { "look for it": ${parts.section ?? "() => {}"}, "hand it out": () => {} },
  ${parts.call ?? ""}
});
const lentOnce = always({ name: "lent-once", says: "once", over: {}, ${parts.property ?? "holds: () => true"} });
export const lending = design({
  name: "lending", says: "a library", calls: { lend }, promises: [lentOnce], ${parts.design ?? ""}
});
`,
  });
  return impurities(tree).map(({ construct, role, through, why }) => {
    expect(why).not.toBe("");
    return `${construct} in ${[role, ...through].join(" > ")}`;
  });
}

const SECTION = `section "look for it" of lend`;

describe("what a section or a property must not look at", () => {
  test.each([
    ["the clock", "() => { if (Date.now() > 0) return 0; }", "Date.now()"],
    ["the clock, made", "(s: any) => { s.at = new Date().getTime(); }", "new Date().getTime()"],
    ["another clock", "(s: any) => { s.at = performance.now(); }", "performance.now()"],
    ["randomness", "(s: any) => { s.at = Math.random(); }", "Math.random()"],
    ["randomness, taken out", "(s: any) => { const { random } = Math; s.at = random(); }", "Math"],
    ["more randomness", "(s: any) => { s.at = crypto.randomUUID(); }", "crypto.randomUUID()"],
    ["the environment", "(s: any) => { s.at = process.env.X; }", "process.env.X"],
    ["the console", `(s: any) => { console.error(s); }`, "console.error(s)"],
    ["the network", `() => { fetch("http://x"); }`, `fetch("http://x")`],
    ["another time", "(s: any) => { setTimeout(() => { s.x = 1; }); }", "setTimeout(() => { s.x = 1; })"],
    ["everything", "(s: any) => { s.x = globalThis; }", "globalThis"],
    ["another module", `async () => { await import("./helpers.ts"); }`, `await import("./helpers.ts")`],
    ["where it is", "(s: any) => { s.x = import.meta.url; }", "import.meta.url"],
    ["code in a text", `(s: any) => { eval("s.x = 1"); }`, `eval("s.x = 1")`],
  ])("%s", (_what, section, construct) => {
    expect(against({ section })).toContain(`${construct} in section lend › look for it`);
  });

  test.each(["node:fs", "fs", "node:crypto", "node:child_process", "lodash"])("the package %s", (name) => {
    const found = against({ top: `import { x } from "${name}";`, section: "(s: any) => { s.x = x(); }" });
    expect(found).toEqual(["x() in section lend › look for it"]);
  });

  test("a name of its own is none of the language's", () => {
    expect(
      against({ section: "(s: any, Date: any) => { const process = Date; s.at = process.now; }" }),
    ).toEqual([]);
    expect(
      against({
        top: "const fetch = (s: any) => s.x;",
        section: "(s: any) => { s.at = fetch(s) + Math.min(1, 2); }",
      }),
    ).toEqual([]);
    expect(against({ section: "(s: any) => { s.at = s.Date.process.fetch; }" })).toEqual([]);
  });

  test("in a property, in the initial state, in what is made when the file is loaded", () => {
    expect(against({ property: "holds: () => Date.now() > 0" })).toEqual([
      "Date.now() in property lent-once › holds",
    ]);
    expect(against({ design: "init: (s: any) => { s.x = Math.random(); }" })).toEqual([
      "Math.random() in design lending › init",
    ]);
    expect(against({ top: "const START = Date.now();", section: "(s: any) => { s.x = START; }" })).toEqual([
      "Date.now() in call lend > START",
    ]);
  });

  test("through helpers of other files, with the way there", () => {
    const helpers =
      "const inner = () => Date.now();\nexport function outer() { return inner(); }\nexport const harmless = 1;";
    const section = "(s: any) => { s.x = helpers.outer(); }";
    expect(against({ helpers, section })).toEqual(["Date.now() in call lend > outer > inner"]);
    expect(against({ helpers, section: "(s: any) => { s.x = helpers.harmless; }" })).toEqual([]);
  });
});

describe("state of a module", () => {
  test.each([
    ["a variable", "let count = 0;", "(s: any) => { count++; s.x = 1; }", "count"],
    [
      "a variable that is read",
      "let count = 0;\nexport const set = (n: number) => { count = n; };",
      "(s: any) => { s.x = count; }",
      "count",
    ],
    [
      "a list",
      "const seen: number[] = [];",
      "(s: any, c: any) => { seen.push(c.book); }",
      "seen.push(c.book)",
    ],
    ["a table", "const seen: any = {};", "(s: any, c: any) => { seen[c.book] = true; }", "seen"],
    [
      "a map",
      "const seen = new Map();",
      "(s: any, c: any) => { seen.set(c.book, 1); }",
      "seen.set(c.book, 1)",
    ],
    [
      "what is in it",
      "const seen = { list: [] as any[] };",
      "(s: any, c: any) => { seen.list.push(c.book); }",
      "seen.list.push(c.book)",
    ],
    ["a field that goes", "const seen: any = {};", "(s: any, c: any) => { delete seen[c.book]; }", "seen"],
  ])("%s", (_what, top, section, construct) => {
    expect(against({ top, section }).some((line) => line.startsWith(`${construct} in `))).toBe(true);
  });

  test("under another name, and as what a helper is given", () => {
    const top = "const seen: any = { list: [] };\nfunction note(list: any, x: any) { list.push(x); }";
    expect(
      against({ top, section: "(s: any, c: any) => { const mine = seen; mine.last = c.book; }" }),
    ).toEqual([`mine.last in ${SECTION}`]);
    expect(against({ top, section: "(s: any, c: any) => { note(seen.list, c.book); }" })).toEqual([
      `list.push(x) in ${SECTION} > note`,
    ]);
  });

  test("what is only read, or made on the spot, is none", () => {
    expect(against({ top: "const TABLE = [1, 2];", section: "(s: any) => { s.x = TABLE[0]; }" })).toEqual([]);
    expect(
      against({
        top: "const TABLE = [1, 2];",
        section: "(s: any) => { const own = [...TABLE]; own.push(3); s.x = own; }",
      }),
    ).toEqual([]);
    expect(
      against({
        top: "const TABLE = [2, 1];",
        section: "(s: any) => { s.x = TABLE.map((x) => x + 1).sort(); }",
      }),
    ).toEqual([]);
    expect(against({ top: "let limit = 1; limit = 2;", section: "(s: any) => { s.x = limit; }" })).toEqual(
      [],
    );
  });

  test("a list of a function's own is none, whatever it is called", () => {
    const top =
      "const seen = [1];\nexport const own = () => { const seen: number[] = []; seen.push(1); return seen; };";
    expect(against({ top, section: "(s: any) => { s.x = seen[0]; s.y = own(); }" })).toEqual([]);
  });

  test("a declaration that changes another one when it is loaded", () => {
    const top =
      "const list: any[] = [];\nfunction fill(into: any[]) { into.push(1); return into; }\nconst filled = fill(list);";
    expect(against({ top, section: "(s: any) => { s.x = list; }" })).toEqual([
      "into.push(1) in helper filled > fill",
    ]);
  });
});

describe("what is given to look at", () => {
  const PROPERTY = "holds of lent-once";
  test.each([
    ["a field", "holds: (m: any) => { m.count = 1; return true; }", "m.count"],
    ["a list of the view", "holds: (m: any) => m.vms.sort()[0] === 0", "m.vms.sort()"],
    [
      "what the view answers",
      "holds: (m: any) => { m.mapping(0).gfn = 1; return true; }",
      "m.mapping(0).gfn",
    ],
    [
      "through another name",
      "holds: (m: any) => { const { vms } = m; const first = vms[0]; first.x++; return true; }",
      "first.x",
    ],
    ["an element in a loop", "holds: (m: any) => { for (const vm of m.vms) vm.x = 1; return true; }", "vm.x"],
    ["an element of a copy", "holds: (m: any) => { [...m.vms][0].x = 1; return true; }", "[...m.vms][0].x"],
    [
      "an element in a function",
      "holds: (m: any) => m.vms.every((vm: any) => { vm.x = 1; return true; })",
      "vm.x",
    ],
    [
      "what is found",
      "holds: (m: any) => { m.vms.find((vm: any) => vm.x).x = 1; return true; }",
      "m.vms.find((vm: any) => vm.x).x",
    ],
    ["the instance", "holds: (m: any, at: any) => { at.vm = 0; return m.ok; }", "at.vm"],
    [
      "by Object.assign",
      "holds: (m: any) => Object.assign(m, { x: 1 }).x === 1",
      "Object.assign(m, { x: 1 }).x",
    ],
    [
      "one of two",
      "holds: (m: any, at: any) => { (m.ok ? m : at).x = 1; return true; }",
      "(m.ok ? m : at).x",
    ],
    [
      "what was given later",
      "holds: (m: any) => { let a: any = {}; for (let i = 0; i < 2; i++) { a.x = 1; a = m; } return true; }",
      "a.x",
    ],
  ])("%s", (_what, property, construct) => {
    expect(against({ property })).toEqual([`${construct} in ${PROPERTY}`]);
  });

  test("what was put into a list", () => {
    const property =
      "holds: (m: any) => { const list: any[] = []; list.push(m.vms[0]); list[0].x = 1; return m.ok; }";
    expect(against({ property })).toEqual([`list[0].x in ${PROPERTY}`]);
  });

  test("in `when` and `why`, and in a helper of another file", () => {
    expect(against({ property: "holds: () => true, when: (m: any) => { m.x = 1; return true; }" })).toEqual([
      "m.x in when of lent-once",
    ]);
    expect(against({ property: `holds: () => true, why: (m: any) => (m.x = "so")` })).toEqual([
      "m.x in why of lent-once",
    ]);
    const helpers =
      "const inner = (of: any) => { of.x = 1; return true; };\nexport const outer = (m: any) => inner(m.vms[0]);";
    expect(against({ helpers, property: "holds: (m: any) => helpers.outer(m)" })).toEqual([
      `of.x in ${PROPERTY} > outer > inner`,
    ]);
    expect(against({ helpers, property: "holds: helpers.outer" })).toEqual([`of.x in ${PROPERTY} > inner`]);
  });

  test("what a property makes itself is its own", () => {
    const property = `holds: (m: any) => {
      const seen = new Set<number>();
      const list: any[] = [];
      for (const vm of m.vms) { seen.add(vm); list.push(vm); }
      let count = 0;
      count++;
      const own = { ...m.first, x: 1 };
      own.x = 2;
      const sorted = m.vms.filter((vm: any) => vm.x).sort();
      const sums = m.vms.reduce((sum: any[], vm: any) => { sum.push(vm); return sum; }, []);
      return sorted.length + sums.length + seen.size + list.length + count > 0;
    }`;
    expect(against({ property })).toEqual([]);
  });

  test.each([
    [
      "a condition of a section",
      "{ when: (c: any) => { c.found = 1; return true; }, run: () => {} }",
      "c.found",
      `when of ${SECTION}`,
    ],
    [
      "what a section waits for",
      "{ until: (s: any) => { s.x = 1; return true; } }",
      "s.x",
      `until of ${SECTION}`,
    ],
    ["a lock", "{ under: (c: any) => { c.found = 1; return c.lock; } }", "c.found", `under of ${SECTION}`],
  ])("%s", (_what, section, construct, role) => {
    expect(against({ section })).toEqual([`${construct} in ${role}`]);
  });

  test("choices, the view, the machine, and what is said of them", () => {
    expect(
      against({
        top: `const y = choice((m: any) => m.list.reverse());`,
        call: `also: (m: any) => { m.x = 1; return []; },`,
        section: "(s: any) => { s.x = y; }",
      }),
    ).toEqual(["m.list.reverse() in legal values in y", "m.x in also of lend"]);
    expect(against({ design: "view: (s: any) => { s.x = 1; return s; }" })).toEqual([
      "s.x in view of lending",
    ]);
    expect(against({ design: "sizes: (m: any) => { m.x = 1; return m; }" })).toEqual([
      "m.x in sizes of lending",
    ]);
    expect(against({ design: "machine: (b: any) => { b.x = 1; return b; }" })).toEqual([
      "b.x in machine of lending",
    ]);
    expect(against({ design: "init: (s: any, m: any) => { s.x = 1; m.x = 1; }" })).toEqual([
      "m.x in init of lending",
    ]);
    expect(
      against({
        top: "const book = record({ a: upTo('x') }, { a: (b: any) => b.list.pop() });",
        section: "(s: any) => { s.x = book; }",
      }),
    ).toEqual(["b.list.pop() in whether a is dead"]);
  });
});

describe("what a section may write into", () => {
  test("the state, and what its call keeps", () => {
    expect(
      against({ section: "(s: any, c: any) => { s.lent = true; s.list.push(1); c.found = 1; }" }),
    ).toEqual([]);
  });

  test("not what the call takes, and not the machine", () => {
    expect(against({ section: "(s: any, c: any) => { c.book = 1; }" })).toEqual([`c.book in ${SECTION}`]);
    expect(against({ section: "(s: any, c: any) => { c.to.name = 1; }" })).toEqual([
      `c.to.name in ${SECTION}`,
    ]);
    expect(against({ section: "(s: any, c: any, m: any) => { m.readers.push(1); }" })).toEqual([
      `m.readers.push(1) in ${SECTION}`,
    ]);
  });

  test.each([
    ["with more than a function", "{ when: () => true, run: (s: any, c: any) => { c.book = 1; } }"],
    ["that nobody disturbs", "local((s: any, c: any) => { c.book = 1; })"],
  ])("a section %s", (_what, section) => {
    expect(against({ section })).toEqual([`c.book in ${SECTION}`]);
  });

  test("sections that are made by a function, or spread from elsewhere", () => {
    const top = `
const taking = (n: number) => (s: any, c: any) => { c.book = n; };
const asking = (ask: any) => (s: any, c: any) => { ask(c); };
const made = (run: any) => ({ "look for it": { run }, other: { run: taking(2) } });
const wrong = (c: any) => { c.to = 1; };
const more = made(asking(wrong));`;
    expect(against({ top, section: "taking(1)" })).toEqual([`c.book in ${SECTION}`]);
    expect(against({ top, section: "asking(wrong)" })).toEqual([`c.to in ${SECTION} > wrong`]);
    expect(against({ top, call: "finally: more," })).toEqual([
      `c.book in section "other" of lend`,
      `c.to in ${SECTION} > wrong`,
    ]);
  });

  test("sections of a delta, by the parameters of the call that they are of", () => {
    const changed = (delta: string): string[] =>
      against({ design: `also: [change(lend, ${delta})], view: () => change({ ...lend }, {}),` });
    expect(changed(`{ sections: { "look for it": (s: any, c: any) => { c.book = 1; } } }`)[0]).toMatch(
      /^c\.book in section "look for it" of/,
    );
    expect(changed(`{ after: { "look for it": { then: (s: any, c: any) => { c.book = 1; } } } }`)[0]).toMatch(
      /^c\.book in section "then" of/,
    );
    expect(changed(`{ sections: { "look for it": (s: any, c: any) => { c.found = 1; } } }`)).toEqual([]);
  });

  test("sections of a call that a variant adds", () => {
    const top = `
import { variant } from "../spec/language.ts";
const early = variant({ calls: {} }, {
  name: "early", says: "",
  adds: { renew: call({ takes: { book: upTo("books") }, keeps: {}, sections: { renew: () => {} } }) },
});
const { calls: ofEarly } = early;
const renew = change(ofEarly.renew, { sections: { renew: (s: any, c: any) => { c.book = 1; } } });`;
    expect(against({ top, design: "scenarios: { renew }," })).toEqual([`c.book in section "renew" of renew`]);
  });
});

test("what is called through an object of a class writes unseen", () => {
  const helpers =
    "export class Box {\n  of: any;\n  constructor(of: any) { this.of = of; }\n  mark() { this.of.x = 1; }\n}";
  expect(against({ helpers, property: "holds: (m: any) => { m.x = 1; return true; }" })).toHaveLength(1);
  expect(
    against({ helpers, property: "holds: (m: any) => { new helpers.Box(m).mark(); return true; }" }),
  ).toEqual([]);
});

describe("one file", () => {
  const tree = treeOf({
    "models/good.ts": `
import { propertiesOf } from "../spec/language.ts";
const { always } = propertiesOf();
export const good = always({ name: "good", over: {}, holds: () => true });`,
    "models/bad.ts": `
import { propertiesOf } from "../spec/language.ts";
import { now } from "./clock.ts";
const { always } = propertiesOf();
export const bad = always({ name: "bad", over: {}, holds: () => now() > 0 });`,
    "models/clock.ts": `export const now = () =>\n  Date.now();\nexport const unused = () => Math.random();`,
  });

  test("is asked with what it comes to, also where no design has it", () => {
    expect(impurities(tree, ["models/good.ts"])).toEqual([]);
    const [found, ...more] = impurities(tree, ["models/bad.ts"]);
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      file: "models/clock.ts",
      line: 2,
      column: 3,
      construct: "Date.now()",
      role: "property bad",
      through: ["now"],
    });
    expect(impurities(tree)).toEqual([]);
  });
});
