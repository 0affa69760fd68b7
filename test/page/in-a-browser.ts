/** What a browser must show of a stored counterexample: what the command line says of it, at the end of the way that keys lead. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import { oneLine } from "../../checkers/report/clean.ts";
import { tracePage } from "../../cli/page/trace.ts";
import { visit } from "../../tools/browser.ts";
import { storedOf } from "./stored.ts";

/** `file`: "guest-memfd-7.3/linearizable.json". Its page, in a folder. */
export async function madePage(folder: string, file: string): Promise<string> {
  const { design, document } = await storedOf(file);
  const shown = { design, name: String(document["design"]) };
  const { html } = await tracePage({ document, path: file, design: shown, again: "", isStatic: false });
  const path = join(folder, `${file.replaceAll("/", "-")}.html`);
  writeFileSync(path, html);
  return path;
}

export const countOf = (page: Page): Promise<string> => page.locator("output.count").innerText();

export async function showsWhatIsStored(browser: Browser, folder: string, file: string): Promise<void> {
  const { document } = await storedOf(file);
  const { property, instance, why } = document.breach;
  const steps = document.steps.length;
  const { page, errors, requests } = await visit(browser, await madePage(folder, file));
  try {
    await expectCount(page, steps, steps);
    await page.keyboard.press("Home");
    for (let step = 0; step < steps; step++) {
      await expectCount(page, step, steps);
      await page.keyboard.press("ArrowRight");
    }
    await expectCount(page, steps, steps);
    const where = Object.entries(instance).map(([name, value]) => `${name}=${value}`);
    const broken = page.locator(".broken-promises .breach").first();
    const said = {
      title: words(await page.locator("h1").innerText()),
      broken: words(await broken.locator("h3").innerText()),
      why: why === "" ? "" : words(await broken.locator(".why").innerText()),
      live: words(await page.locator("[aria-live]").textContent()),
      errors,
      requests,
    };
    expect(said).toEqual({
      title: expect.stringMatching(new RegExp(`^✗ ${property} is broken after ${steps} (call|step)s?$`)),
      broken: `✗ ${property} is broken${where.length === 0 ? "" : ` for ${where.join(" ")}`}`,
      why: words(oneLine(why)),
      live: expect.stringContaining(`${property} is broken`),
      errors: [],
      requests: [],
    });
  } finally {
    await page.context().close();
  }
}

const words = (text: string | null): string => (text ?? "").replace(/\s+/g, " ").trim();

async function expectCount(page: Page, step: number, steps: number): Promise<void> {
  await expect.poll(() => countOf(page), { timeout: 30_000, interval: 5 }).toBe(`${step} / ${steps}`);
}
