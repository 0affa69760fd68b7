/** Every stored counterexample opens in a real browser, steps to its end, and shows there what the command line says. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { launch, noBrowser, orSkipped } from "../../tools/browser.ts";
import { showsWhatIsStored } from "./in-a-browser.ts";
import { stored } from "./stored.ts";

describe.skipIf(noBrowser !== null)(`in Chromium${orSkipped}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "gmemcheck-chromium-"));
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test.each(stored)("%s", (file) => showsWhatIsStored(browser, folder, file));
});
