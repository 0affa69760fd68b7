/** Colours that can be told from what they stand on, in light and in dark. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ROOT } from "../cli/gmemcheck.ts";

const css = readFileSync(`${ROOT}page/picture/page.css`, "utf8");

/** The variables of the first block that begins so. */
function colours(start: string): ReadonlyMap<string, string> {
  const block = css.slice(css.indexOf(start));
  const [, inside] = /:root \{([^}]*)\}/.exec(block)!;
  return new Map(
    [...inside!.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]),
  );
}

const light = colours(":root {");
const dark = colours("@media screen and (prefers-color-scheme: dark)");

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

/** Text, and all that it stands on. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  ink: [
    "paper",
    "panel",
    "raised",
    "accent-soft",
    "changed-soft",
    "broken-soft",
    "private-soft",
    "shared-soft",
  ],
  dim: ["paper", "panel", "raised", "accent-soft", "broken-soft", "private-soft", "shared-soft"],
  accent: ["paper", "panel", "raised", "accent-soft", "broken-soft"],
  changed: ["paper", "panel", "raised", "private-soft", "shared-soft", "accent-soft", "broken-soft"],
  broken: ["paper", "panel", "raised", "broken-soft", "private-soft", "shared-soft", "accent-soft"],
  private: ["raised", "private-soft", "shared-soft"],
  shared: ["raised", "shared-soft", "private-soft"],
  // The letters on the bars of locks.
  raised: ["lock0", "lock1", "lock2", "lock3", "lock4", "lock5"],
};

test.each([
  ["light", light],
  ["dark", dark],
])("every text has a contrast of 4.5 to 1 and more in %s", (_, scheme) => {
  for (const [text, grounds] of Object.entries(TEXTS))
    for (const ground of grounds) {
      const found = contrast(scheme.get(text)!, scheme.get(ground)!);
      expect({ text, ground, found: found >= 4.5 ? "enough" : found }).toEqual({
        text,
        ground,
        found: "enough",
      });
    }
});

test("dark has every colour that light has", () => {
  expect([...dark.keys()]).toEqual([...light.keys()]);
});

test("colours are named once: no rule has one of its own", () => {
  const rules = css.replace(/:root \{[^}]*\}/g, "");
  expect(rules.match(/#[0-9a-f]{3,8}\b|rgba?\(|hsl/gi)).toBeNull();
});

test("nothing of it is asked for from elsewhere", () => {
  expect(css).not.toMatch(/@import|url\(|@font-face/);
});
