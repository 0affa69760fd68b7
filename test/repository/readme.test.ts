/** The README is true: its tables are current, its commands run, and print what it shows. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { QUICK_PARTS, readme } from "../../tools/readme-tables.ts";
import { ROOT, inProcess, withoutTimes } from "../cli/gmemcheck.ts";
import { grownTo } from "./growth.ts";

const text = readFileSync(`${ROOT}README.md`, "utf8");
const blocks = [...text.matchAll(/^```(sh|console)\n(.*?)^```$/gms)].map(([, kind, body]) => ({
  kind,
  body: body!,
}));

// Those of the recordings are with the tests that play these anyway (test/kernel).
test("the tables are what the pins and the measurements say; npm run readme writes them", () => {
  expect(text).toBe(readme(QUICK_PARTS));
});

test("the measured growth is measured: the smallest cell, again", async () => {
  expect(await grownTo(5_500)).toBeGreaterThan(0);
});

const commandsOf = ({ body }: { body: string }): string[] =>
  body.split("\n").flatMap((line) => /^(?:\$ )?((?:npm|npx) [^#]*?)\s*(?:#.*)?$/.exec(line)?.[1] ?? []);

describe("npm scripts", () => {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
    scripts: Record<string, string>;
  };
  const inText = [...text.matchAll(/`?npm (?:run )?(start|test|[a-z:]+)\b/g)].map(([, name]) => name!);
  test.each([...new Set(inText)])("npm run %s is there", (name) => {
    expect(scripts[name]).toBeDefined();
  });
});

describe("commands", () => {
  const shown = blocks.filter(({ kind }) => kind === "console");
  const plain = blocks
    .filter(({ kind }) => kind === "sh")
    .flatMap(commandsOf)
    .filter((line) => line.startsWith("npx gmemcheck "));
  test("there are some of both kinds", () => {
    expect([shown.length, plain.length].every((n) => n >= 5)).toBe(true);
  });

  const run = (command: string) => inProcess(command.replace(/^npx gmemcheck /, "").split(/\s+/));

  test.each(plain)("%s", async (command) => {
    const { code, stderr } = await run(command);
    expect([code, stderr.includes("usual cause")]).toEqual([0, false]);
  });

  test.each(shown.map(({ body }) => [body.split("\n")[0]!.slice(2), body] as const))(
    "%s prints what is shown",
    async (command, body) => {
      const { stdout } = await run(command);
      // `…` alone on a line stands for any lines.
      const parts = body.split("\n").slice(1).join("\n").split(/^…\n/m);
      const printed = withoutTimes(stdout);
      let at = 0;
      for (const part of parts) {
        const found = printed.indexOf(part, at);
        expect(found < 0 ? printed : part).toBe(part);
        at = found + part.length;
      }
      expect(printed.startsWith(parts[0]!)).toBe(true);
      if (parts.at(-1) !== "") expect(printed.endsWith(parts.at(-1)!)).toBe(true);
    },
  );
});
