/** `gmemcheck page`: one file with everything in it, or one message. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ROOT, inProcess } from "../cli/gmemcheck.ts";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-page-"));
afterAll(() => rmSync(folder, { recursive: true }));

const STORED = `${ROOT}counterexamples/`;
const LARGEST = `${STORED}in-place-conversion/linearizable.json`;
const FORGOTTEN = `${STORED}forgotten-pin/host-never-maps-private.json`;

async function pageOf(path: string, ...options: string[]): Promise<string> {
  const out = join(folder, "page.html");
  const { code, stderr } = await inProcess(["page", path, "--out", out, ...options]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/page\.html: \d+ kB, with everything in it/)]);
  return readFileSync(out, "utf8");
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const read = (path: string): any => JSON.parse(readFileSync(path, "utf8"));

/** The contents of the elements of a name, as a browser finds them: up to the first end tag. */
function elements(html: string, name: string): { readonly attributes: string; readonly text: string }[] {
  const found = html.matchAll(new RegExp(`<${name}(\\s[^>]*)?>([^]*?)</${name}>`, "gi"));
  return [...found].map(([, attributes = "", text = ""]) => ({ attributes: attributes.trim(), text }));
}

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

describe("the page of the largest stored trace", async () => {
  const html = await pageOf(LARGEST);

  test("is less than 400 kB", () => {
    expect(Buffer.byteLength(html)).toBeLessThan(400_000);
  });

  test("lets its own script and style run, and nothing else", () => {
    const scripts = elements(html, "script");
    const styles = elements(html, "style");
    expect(scripts.map(({ attributes }) => attributes)).toEqual([
      'type="application/json" id="data"',
      'type="module"',
    ]);
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)!;
    expect(policy!.split("; ")).toEqual([
      "default-src 'none'",
      `script-src ${hash(scripts[1]!.text)}`,
      `style-src ${hash(styles[0]!.text)}`,
      "img-src data: blob:",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(styles.length).toBe(1);
    expect(styles[0]!.text).not.toMatch(/@import|url\((?!#|"?data:)/);
    expect(html.slice(0, html.indexOf("<script"))).not.toMatch(/\s(src|href)=/);
  });

  test("carries the trace as its file has it", () => {
    const { trace, where, again } = JSON.parse(elements(html, "script")[0]!.text);
    expect(trace).toEqual(read(LARGEST));
    expect(where).toBe("linearizable.json");
    expect(again).toBe(`npx gmemcheck replay ${LARGEST}`);
  });

  test("tells nothing of the machine that made it", () => {
    const [, { text }] = elements(html, "script") as [unknown, { readonly text: string }];
    expect(text.includes(ROOT)).toBe(false);
  });

  test("is the same, made again", async () => {
    expect(await pageOf(LARGEST)).toBe(html);
  });
});

describe("names are texts", () => {
  const evil = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>";

  test.each([[[]], [["--static"]]])("%j", async (options) => {
    const trace = read(FORGOTTEN);
    trace.breach.why = evil;
    trace.steps[0].changes[0].cell = evil;
    const html = await pageOf(file(`${encodeURIComponent("<b>")}.json`, trace), ...options);
    expect(html).not.toContain("<script>alert");
    expect(html).not.toContain("<img");
    expect(html).not.toContain("<!--");
    const [data] = elements(html, "script");
    if (options.length === 0) expect(JSON.parse(data!.text).trace.breach.why).toBe(evil);
    else expect(data).toBeUndefined();
  });
});

describe("without script", async () => {
  const html = await pageOf(FORGOTTEN, "--static");

  test("there is none, and none may run", () => {
    expect(html).not.toMatch(/<script|\son\w+=|javascript:/i);
    expect(html).toContain("script-src 'none'");
    // The policy would drop them.
    expect(html).not.toMatch(/\sstyle=/);
  });

  test("what is broken, all steps and the picture are there", () => {
    expect(html).toContain("host-never-maps-private");
    expect(html).toContain("the host maps page 0 of the private memory 0");
    for (const { call } of read(FORGOTTEN).steps) expect(html).toContain(`${call}(`);
    expect(html).toContain("<svg");
  });
});

describe("designs", () => {
  test("of a file of one's own", async () => {
    const html = await pageOf(
      FORGOTTEN,
      "--design",
      `${ROOT}models/proposals/forgotten-pin.ts#forgotten-pin`,
    );
    expect(html).toContain("<title>forgotten-pin: host-never-maps-private</title>");
  });

  test("another than the trace's own: what differs is told, and the page is of that one", async () => {
    const out = join(folder, "other.html");
    const trace = `${STORED}failed-bind-stays/failed-call-changes-nothing.json`;
    const { code, stderr } = await inProcess(["page", trace, "--design", "guest-memfd-7.3", "--out", out]);
    expect(code).toBe(0);
    expect(stderr).toContain("failed-call-changes-nothing is not broken at the end");
    const { trace: carried } = JSON.parse(elements(readFileSync(out, "utf8"), "script")[0]!.text);
    expect(carried.design).toBe("guest-memfd-7.3");
  });

  test("that need Node are refused with the import", async () => {
    const design = file(
      "needs-node.ts",
      `import { readFileSync } from "node:fs";
import { forgottenPin } from ${JSON.stringify(`${ROOT}models/proposals/forgotten-pin.ts`)};
export const mine = { ...forgottenPin, says: String(readFileSync) };\n`,
    );
    const { code, stderr } = await inProcess(["page", FORGOTTEN, "--design", design]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/needs-node\.ts imports node:fs, which a browser has not/),
    ]);
  });
});

test("a page goes to stdout where it is asked to", async () => {
  const { code, stdout, stderr } = await inProcess(["page", FORGOTTEN, "--static", "--out", "-"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
});

test("a trace of another tool has a page, which runs nothing", async () => {
  const itf = { vars: ["x"], states: [{ x: 1 }, { x: 2 }] };
  const html = await pageOf(file("apalache.itf.json", itf));
  expect(Buffer.byteLength(html)).toBeLessThan(250_000);
  expect(JSON.parse(elements(html, "script")[0]!.text)).toMatchObject({ again: "", trace: itf });
});

test.each([
  ["a file that is not there", () => "none.json", /there is no file none\.json/],
  [
    "a file cut short",
    () => file("cut.json", readFileSync(FORGOTTEN, "utf8").slice(0, 500)),
    /cut\.json:\d+: not JSON/,
  ],
  ["an empty file", () => file("empty.json", ""), /the file is empty/],
  ["a foreign file", () => file("foreign.json", { hello: "world" }), /foreign\.json: .*format/],
  [
    "another version",
    () => file("v9.json", { ...read(FORGOTTEN), format: "gmemcheck-trace/9" }),
    /gmemcheck-trace\/9/,
  ],
  [
    "an unknown design",
    () => file("who.json", { ...read(FORGOTTEN), design: "who" }),
    /there is no design "who"/,
  ],
  [
    "a call that is not there",
    () => {
      const trace = read(FORGOTTEN);
      trace.steps[2].call = "nmap";
      return file("call.json", trace);
    },
    /call\.json: steps\[2\].*: forgotten-pin has no call "nmap"/,
  ],
])("%s: one message, and no page", async (_, make, says) => {
  const out = join(folder, "none.html");
  const { code, stderr, stdout } = await inProcess(["page", make(), "--out", out]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(says);
  expect(stderr).not.toContain("fault of this tool");
  expect(() => readFileSync(out)).toThrow();
});
