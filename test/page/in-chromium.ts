/** Pages in a real browser, as their readers use them: by keys alone, with branches, with files that are not what they should be. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inProcess } from "../cli/gmemcheck.ts";
import { launch, noBrowser, orSkipped, visit, type Visit } from "../../tools/browser.ts";
import { countOf, madePage, showsWhatIsStored } from "./in-a-browser.ts";
import { check } from "./report-samples.ts";
import { storedOf } from "./stored.ts";

const FORGOTTEN = "forgotten-pin/host-never-maps-private.json";
const STEPS = 6;

/** `sample`: of the stored counterexamples. What takes longer than all of `npm test` may is for its own script. */
export function inChromium(sample: readonly string[], isThorough: boolean): void {
  const more: (name: string, run: () => Promise<void>) => void = isThorough ? test : () => {};
  describe.skipIf(noBrowser !== null)(`in Chromium${orSkipped}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "gmemcheck-chromium-"));
    let browser: Browser;
    let forgotten: string;
    beforeAll(async () => {
      browser = await launch();
      forgotten = await madePage(folder, FORGOTTEN);
    });
    afterAll(async () => {
      await browser.close();
      rmSync(folder, { recursive: true });
    });

    test.each(sample)("%s is stepped through, and breaks what it breaks on the command line", (file) =>
      showsWhatIsStored(browser, folder, file),
    );

    test("a branch is taken and saved by keys alone, and what is saved replays", async () => {
      const { page, errors, requests } = await visit(browser, forgotten);
      await page.keyboard.press("Home");
      await counts(page, `0 / ${STEPS}`);
      await tabTo(page, "create_vm");
      await page.keyboard.press("Enter");
      await counts(page, "1 / 1");
      // What was taken is gone; who took it goes on from the way back, not from the top.
      await expect
        .poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")))
        .toBe("Branches");
      await page.keyboard.press("ArrowLeft");
      await counts(page, "0 / 1");
      await page.keyboard.press("ArrowRight");
      await tabTo(page, "Trace");
      const saved = await savedBy(page, () => page.keyboard.press("Enter"));
      expect(JSON.parse(readFileSync(saved, "utf8")).steps).toHaveLength(1);
      const { code, stdout } = await inProcess(["replay", saved]);
      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(/: 1 calls on forgotten-pin; every call answers/),
      ]);
      await tabTo(page, "Back to the trace", "Shift+Tab");
      await page.keyboard.press("Enter");
      await counts(page, `0 / ${STEPS}`);
      expect([errors, requests]).toEqual([[], []]);
    });

    more("a branch that breaks a promise is saved as a counterexample", async () => {
      const { page } = await visit(browser, forgotten, `#step=${STEPS - 1}`);
      await counts(page, `${STEPS - 1} / ${STEPS}`);
      await page.locator(".take.next").click();
      await counts(page, `${STEPS} / ${STEPS}`);
      expect(await page.locator(".broken-promises h3").first().innerText()).toContain(
        "host-never-maps-private is broken",
      );
      const saved = await savedBy(page, () =>
        page.getByRole("button", { name: "Trace", exact: true }).click(),
      );
      const { code, stdout } = await inProcess(["replay", saved]);
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining("host-never-maps-private is broken at the end, as the trace says"),
      ]);
    });

    more("every other file that a page writes is of its kind", async () => {
      const { page, errors } = await visit(browser, forgotten);
      const text = async (name: string): Promise<string> =>
        readFileSync(
          await savedBy(page, () => page.getByRole("button", { name, exact: true }).click()),
          "utf8",
        );
      const itf = JSON.parse(await text("ITF"));
      expect([itf["#meta"].format, itf.states.length]).toEqual(["ITF", STEPS + 1]);
      expect(await text("Mermaid")).toMatch(/^sequenceDiagram\n/);
      for (const name of ["Memory, SVG", "Lanes, SVG"])
        expect(await isSvg(browser, await text(name))).toBe(true);
      expect(errors).toEqual([]);
    });

    more("the address leads to a step, to a branch, and says where the reader is", async () => {
      const { page } = await visit(browser, forgotten, "#step=3");
      await counts(page, `3 / ${STEPS}`);
      await page.keyboard.press("ArrowLeft");
      await expect.poll(() => page.evaluate(() => location.hash)).toBe("#step=2");
      await page.locator(".take:not(.next)").first().click();
      await counts(page, "3 / 3");
      await expect.poll(() => page.evaluate(() => location.hash)).toMatch(/^#step=3&/);
      const hash = await page.evaluate(() => location.hash);
      const taken = await page.locator(".steps [aria-current=step]").innerText();
      const { page: again } = await visit(browser, forgotten, hash);
      await counts(again, "3 / 3");
      expect(await again.locator(".steps [aria-current=step]").innerText()).toBe(taken);
    });

    more("steps are searched, the slider steps, and the memory is there as tables", async () => {
      const { page } = await visit(browser, forgotten);
      await page.getByRole("searchbox", { name: "Search the steps" }).fill("pin");
      await page.keyboard.press("Enter");
      await counts(page, `5 / ${STEPS}`);
      await page.getByRole("slider").focus();
      await page.keyboard.press("ArrowLeft");
      await counts(page, `4 / ${STEPS}`);
      await page.getByRole("button", { name: "As tables" }).focus();
      await page.keyboard.press("Space");
      await expect.poll(() => page.locator("#memory table").count()).toBeGreaterThan(0);
      expect(await page.locator("#memory svg").count()).toBe(0);
    });

    test("a file that is no trace is one message, behind which the page is as it was", async () => {
      const { page, errors } = await visit(browser, forgotten);
      const opened = page.locator("input[type=file]");
      for (const [content, says] of [
        ['{"hello": "world"}', /foreign\.json: .*format/],
        ['{"format": "gmem', /foreign\.json:1: not JSON/],
        ["", /foreign\.json.*the file is empty/],
      ] as const) {
        await opened.setInputFiles({
          name: "foreign.json",
          mimeType: "application/json",
          buffer: Buffer.from(content),
        });
        await expect.poll(() => page.locator("[role=alert]").innerText()).toMatch(says);
        await page.getByRole("button", { name: "Close" }).click();
        await expect.poll(() => page.locator("[role=alert]").count()).toBe(0);
        expect(await countOf(page)).toBe(`${STEPS} / ${STEPS}`);
      }
      expect(errors).toEqual([]);
    });

    test.each([
      ["no JSON", "{", /JSON/],
      [
        "no trace",
        '{"where":"a.json","again":"","trace":{"format":"gmemcheck-trace/9"}}',
        /gmemcheck-trace\/9/,
      ],
      ["of an unknown call", null, /has no call "nmap"/],
    ])("a page whose trace is damaged (%s) says so, and is not empty", async (_, data, says) => {
      const damaged = join(folder, "damaged.html");
      writeFileSync(damaged, withData(readFileSync(forgotten, "utf8"), data));
      const { page } = await visit(browser, damaged);
      expect(await page.locator("[role=alert]").innerText()).toMatch(says);
    });

    test("names are text, whatever they say, and run nothing", async () => {
      const { document } = await storedOf(FORGOTTEN);
      const evil = "<script>globalThis.ran = true</script><img src=x onerror='globalThis.ran = true'>";
      const trace = JSON.parse(JSON.stringify(document));
      trace.breach.why = evil;
      const file = join(folder, "evil.html");
      const data = { where: `${evil}.json`, again: evil, trace };
      writeFileSync(file, withData(readFileSync(forgotten, "utf8"), inScript(data)));
      const { page, requests } = await visit(browser, file);
      await expect.poll(() => page.locator("header").innerText()).toContain("<script>globalThis.ran");
      await bring(page, { ...trace, steps: [{ ...trace.steps[0], call: evil }] });
      await expect.poll(() => page.locator("[role=alert]").innerText()).toContain("<script>");
      expect(await page.locator("img").count()).toBe(0);
      expect(await page.evaluate(() => "ran" in globalThis)).toBe(false);
      expect(requests).toEqual([]);
    });

    more("a trace of another tool is dropped in and looked at", async () => {
      const { page, errors } = await visit(browser, forgotten);
      await bring(page, { vars: ["pages"], states: [{ pages: 1 }, { pages: 2 }, { pages: 3 }] });
      await counts(page, "2 / 2");
      expect(await page.locator(".state tbody").innerText()).toContain("2 → 3");
      expect(errors).toEqual([]);
    });

    more("on a phone nothing is wider than the screen", async () => {
      const { page } = await visit(browser, forgotten, "", { viewport: { width: 360, height: 740 } });
      await counts(page, `${STEPS} / ${STEPS}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    });

    test.each(isThorough ? (["light", "dark"] as const) : (["light"] as const))(
      "nothing hinders who cannot see it, or uses no mouse: %s",
      async (colorScheme) => {
        for (const hash of isThorough ? ["", "#step=0", "#step=4"] : [""])
          expect(await hindrances((await visit(browser, forgotten, hash, { colorScheme })).page)).toEqual([]);
      },
    );

    describe("reports", () => {
      test("a click on a broken promise opens its trace, which runs; and back", async () => {
        const report = join(folder, "check.json");
        writeFileSync(report, JSON.stringify(check()));
        const { page, errors, requests } = await opened("page", report);
        expect(await hindrances(page)).toEqual([]);
        await page.locator("a[href='#trace=0']").first().click();
        await counts(page, `${STEPS} / ${STEPS}`);
        expect(await page.locator(".broken-promises h3").first().innerText()).toContain(
          "host-never-maps-private is broken",
        );
        await page.keyboard.press("ArrowLeft");
        await counts(page, `${STEPS - 1} / ${STEPS}`);
        await page.getByRole("link", { name: "← the report" }).click();
        await expect.poll(() => page.locator("h1").first().innerText()).not.toContain("host-never-maps");
        expect([errors, requests]).toEqual([[], []]);
      });

      more("a difference shows both designs in step, and where they part", async () => {
        const { page, errors, requests } = await opened("diff");
        expect(await hindrances(page)).toEqual([]);
        await page.locator("a[href^='#difference=']").first().click();
        await expect.poll(() => page.locator(".side").count()).toBe(2);
        expect(await hindrances(page)).toEqual([]);
        const [, last] = (await countOf(page)).split(" / ");
        expect(await countOf(page)).toBe(`${last} / ${last}`);
        await page.keyboard.press("ArrowLeft");
        await counts(page, `${Number(last) - 1} / ${last}`);
        expect([errors, requests]).toEqual([[], []]);
      });
    });

    /** The page of a report, or of what a comparison of two small designs says. */
    async function opened(kind: "page" | "diff", report = ""): Promise<Visit> {
      const html = join(folder, `${kind}.html`);
      const pages = join(folder, "pages");
      const args =
        kind === "page"
          ? ["page", report, "--out", html]
          : ["diff", "models/proposals/template.ts", "forgotten-pin", "--html", pages];
      const { stderr } = await inProcess(args);
      expect(stderr).toContain("with everything in it");
      return visit(browser, kind === "page" ? html : join(pages, "index.html"));
    }
  });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/** By the rules of WCAG and of good practice, as axe-core asks them; once all is drawn. */
async function hindrances(page: Page): Promise<string[]> {
  await page.waitForFunction(() => !document.body.innerText.includes("…\n"));
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 100)}`);
}

async function counts(page: Page, wanted: string): Promise<void> {
  await expect.poll(() => countOf(page), { interval: 10 }).toBe(wanted);
}

/** Until what has the focus begins with these words. */
async function tabTo(page: Page, words: string, key = "Tab"): Promise<void> {
  for (let presses = 0; presses < 200; presses++) {
    const on = await page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText ?? "");
    if (on.includes(words) && on.length < 200) return;
    await page.keyboard.press(key);
  }
  throw new Error(`no Tab leads to "${words}"`);
}

async function savedBy(page: Page, act: () => Promise<void>): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  return download.path();
}

/** As a browser reads it that has the page's policy no more. */
async function isSvg(browser: Browser, text: string): Promise<boolean> {
  const page = await browser.newPage();
  return page.evaluate((svg) => {
    const read = new DOMParser().parseFromString(svg, "image/svg+xml");
    return (
      read.querySelector("parsererror") === null && read.querySelectorAll("svg rect, svg text").length > 3
    );
  }, text);
}

async function bring(page: Page, document: unknown): Promise<void> {
  const buffer = Buffer.from(JSON.stringify(document));
  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "brought.json", mimeType: "application/json", buffer });
}

const inScript = (data: unknown): string => JSON.stringify(data).replaceAll("<", "\\u003c");

/** The page with another trace in it: null for its own, with a call that is not there. */
function withData(html: string, data: string | null): string {
  return html.replace(/(id="data">)([^]*?)(<\/script>)/, (_, start: string, own: string, end: string) =>
    [start, data ?? own.replace('"call":"mmap"', '"call":"nmap"'), end].join(""),
  );
}
