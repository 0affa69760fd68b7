/** A real browser without a head: pages are opened from disk as their readers do it, and everything that they say, ask for or get wrong is kept. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const found = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: found!,
    // Its sandbox wants user namespaces, which containers have not; the pages are our own.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

/** Why no page can be opened here; null where it can. */
export const noBrowser: string | null = await missing();

async function missing(): Promise<string | null> {
  if (found === undefined) return "there is no Chromium here: apt-get install chromium";
  try {
    await (await launch()).close();
    return null;
  } catch (error) {
    return `${found} does not start: ${String(error).split("\n")[0]}`;
  }
}

/** For the names of tests that are left out. */
export const orSkipped = noBrowser === null ? "" : ` (skipped: ${noBrowser})`;

/** A page that is open, and what it did that a page of ours never does. */
export interface Visit {
  readonly page: Page;
  /** Errors and warnings on its console, and errors that nothing caught. */
  readonly errors: string[];
  /** Addresses that it asked for, but for its own. */
  readonly requests: string[];
}

export async function visit(
  browser: Browser,
  file: string,
  hash = "",
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  const own = pathToFileURL(file).href;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => {
    const asked = request.url();
    if (asked.split("#")[0] !== own && !asked.startsWith("blob:file:")) requests.push(asked);
  });
  await page.goto(own + hash);
  return { page, errors, requests };
}
