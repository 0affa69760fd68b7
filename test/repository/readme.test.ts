/** The README is true: its tables are current, its commands run, and print what it shows. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EVERYTHING } from "../../checkers/explore/bounded.ts";
import { entryOf } from "../../models/registry.ts";
import { readme } from "../../tools/readme-tables.ts";
import { ROOT, gmemcheck, withoutTimes } from "../cli/gmemcheck.ts";
import { run } from "../toy.ts";

const text = readFileSync(`${ROOT}README.md`, "utf8");
const blocks = [...text.matchAll(/^```(sh|console)\n(.*?)^```$/gms)].map(([, kind, body]) => ({
  kind,
  body: body!,
}));

test("the tables are what the pins, the recordings and the measurements say; npm run readme writes them", () => {
  expect(text).toBe(readme());
});

test("the measured growth is measured: the small cells, again", async () => {
  const { cells, scenario } = JSON.parse(readFileSync(`${ROOT}bench/growth.json`, "utf8"));
  const small = cells.filter((cell: { transitions?: number }) => (cell.transitions ?? Infinity) < 60_000);
  expect(small.length).toBeGreaterThan(10);
  for (const { design, bounds, track, states, transitions } of small) {
    const report = await run(entryOf(design)!.design, bounds, { scenario, track });
    expect({ design, bounds, track, states: report.states, transitions: report.transitions }).toEqual({
      design,
      bounds,
      track,
      states,
      transitions,
    });
  }
  expect(scenario).not.toBe(EVERYTHING);
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

  const run = (command: string) => gmemcheck(command.replace(/^npx gmemcheck /, "").split(/\s+/));

  test.concurrent.each(plain)("%s", async (command) => {
    const { code, stderr } = await run(command);
    expect([code, stderr.includes("usual cause")]).toEqual([0, false]);
  });

  test.concurrent.each(shown.map(({ body }) => [body.split("\n")[0]!.slice(2), body] as const))(
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
