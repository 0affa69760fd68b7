/** `npm run pages`: the pictures of pages that README.md shows, and what pages cost their readers, measured in Chromium. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { commit, machine } from "../bench/machine.ts";
import { median } from "../bench/statistics.ts";
import { main } from "../cli/main.ts";
import { entryNamed } from "../models/catalogue.ts";
import { openSession } from "../page/session/open.ts";
import { launch, noBrowser, visit } from "./browser.ts";
import type { MeasuredPages, PageTimes } from "./page-times.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DOCS = join(ROOT, "docs");
/** So that commands are shown as they are typed here. */
process.chdir(ROOT);
/** The most steps of all that are stored, with the most sections. */
const LARGEST = "counterexamples/in-place-conversion/linearizable.json";
const RACE = "counterexamples/attr-read-without-retry/mapping-agrees-with-attribute.json";
const BASE = "counterexamples/forgotten-pin/host-never-maps-private.json";
const LONG = 2_000;
const VERSIONS = ["6.8", "6.12", "6.18", "7.2", "7.3"].map((version) => `guest-memfd-${version}`);
const VISITS = 5;
const STEPS = 60;

if (noBrowser !== null) throw new Error(noBrowser);
/** Of what is measured: pictures that are written below are changes. */
const before = commit() ?? "unknown";
const folder = mkdtempSync(join(tmpdir(), "gmemcheck-pages-"));
const browser = await launch();
try {
  await pictures();
  await times();
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

async function pictures(): Promise<void> {
  const pages = join(folder, "pages");
  await shot(await pageOf(RACE), "trace.png", "");
  await run("diff", "guest-memfd-6.18", "guest-memfd-7.2", "--scenario", "slots", "--html", pages);
  await shot(join(pages, "index.html"), "difference.png", "#difference=0");
  await run("check", ...VERSIONS, "attr-read-without-retry", "forgotten-pin", "--quick", "--html", pages);
  await shot(join(pages, "index.html"), "report.png", "");
}

/** What the command line would do, in this process. */
async function run(...args: readonly string[]): Promise<void> {
  await main(["node", "gmemcheck", ...args, "--out", join(folder, "out")]);
}

async function pageOf(trace: string): Promise<string> {
  const html = join(folder, "page.html");
  await main(["node", "gmemcheck", "page", trace, "--out", html]);
  return html;
}

async function shot(html: string, name: string, hash: string): Promise<void> {
  const { page, errors, requests } = await visit(browser, html, hash, {
    viewport: { width: 1300, height: 940 },
    colorScheme: "light",
  });
  await page.waitForTimeout(600);
  if (errors.length + requests.length > 0) throw new Error(`${name}: ${[...errors, ...requests].join("; ")}`);
  await page.screenshot({ path: join(DOCS, name) });
  await page.context().close();
}

async function times(): Promise<void> {
  const long = join(folder, "long.json");
  writeFileSync(long, JSON.stringify(await longTrace()));
  const measured = { largest: await timesOf(browser, LARGEST), long: await timesOf(browser, long) };
  const { cpu, cores, node } = machine();
  const all: MeasuredPages = {
    commit: before,
    machine: { cpu, cores, node, chromium: browser.version() },
    ...measured,
  };
  writeFileSync(join(DOCS, "pages.json"), `${JSON.stringify(all, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}

/** A run of so many calls: two of them, the second of which takes back what the first did, again and again. */
async function longTrace(): Promise<unknown> {
  const document = JSON.parse(readFileSync(BASE, "utf8"));
  const { design } = (await entryNamed(document.design))!;
  const start = openSession(design, { ...document, breach: null, steps: document.steps.slice(0, -1) });
  const at = start.moments.length - 1;
  const before = JSON.stringify(start.moments[at]!.state);
  for (const there of start.choicesAt(at)) {
    if (there.changes === 0) continue;
    const one = start.branch(at, there);
    const back = one.choicesAt(at + 1).find((choice) => {
      if (choice.changes === 0) return false;
      return JSON.stringify(one.branch(at + 1, choice).moments.at(-1)!.state) === before;
    });
    if (back === undefined) continue;
    const trace = one.branch(at + 1, back).toTrace() as { steps: readonly unknown[] };
    const pair = trace.steps.slice(-2);
    const pairs = Array.from({ length: (LONG - at) >> 1 }, () => pair);
    return { ...trace, steps: [...trace.steps.slice(0, at), ...pairs.flat()] };
  }
  throw new Error("no two calls of these take each other back");
}

async function timesOf(of: Browser, trace: string): Promise<PageTimes> {
  const html = await pageOf(trace);
  const ready: number[] = [];
  const steps: number[] = [];
  for (let i = 0; i < VISITS; i++) {
    const { page } = await visit(of, html);
    ready.push(await page.evaluate(drawn));
    steps.push(...(await page.evaluate(stepped, STEPS)));
    await page.context().close();
  }
  const { steps: all } = JSON.parse(readFileSync(trace, "utf8")) as { steps: readonly unknown[] };
  return {
    steps: all.length,
    kilobytes: Math.ceil(statSync(html).size / 1000),
    readyMs: Math.round(median(ready)),
    stepMs: { median: Math.round(median(steps)), of95: Math.round(quantile(steps, 0.95)) },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** In the page: ms since it began to be loaded, once it is drawn and a task of its own can run. */
function drawn(): Promise<number> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  });
}

/** In the page: ms from a key to the drawing of what it leads to, for so many keys from the end backwards. */
async function stepped(most: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < most; i++) {
    const count = document.querySelector("output.count")!.textContent;
    const began = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    if (document.querySelector("output.count")!.textContent === count) break;
    all.push(performance.now() - began);
  }
  return all;
}
