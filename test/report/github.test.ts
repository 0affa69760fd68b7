import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Case } from "../../checkers/report/cases.ts";
import { harmless, oneLine, visible } from "../../checkers/report/clean.ts";
import { annotations, outputs, withoutCommands } from "../../checkers/report/github.ts";
import { ATTACKS, casesOf, commandsIn, nasty, nastyReport, sample, TRIED } from "./samples.ts";

interface Command {
  readonly level: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** As actions/runner does it: ActionCommand.TryParseV2, and UnescapeData and UnescapeProperty. */
function commandOf(line: string): Command {
  const found = /^::(?<head>.*?)::(?<data>.*)$/s.exec(line);
  if (found === null) throw new Error(`no command: ${line}`);
  const { head, data } = found.groups!;
  const space = head!.indexOf(" ");
  const level = space < 0 ? head! : head!.slice(0, space);
  const pairs = space < 0 ? [] : head!.slice(space + 1).split(",");
  const properties = pairs.map((pair) => {
    const equals = pair.indexOf("=");
    return [pair.slice(0, equals).trim(), unescapeProperty(pair.slice(equals + 1))] as const;
  });
  return { level, properties: Object.fromEntries(properties), message: unescapeData(data!) };
}

function unescapeData(text: string): string {
  return text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
}

function unescapeProperty(text: string): string {
  return unescapeData(text.replaceAll("%3A", ":").replaceAll("%2C", ","));
}

const read = (text: string): Command[] =>
  text
    .split(/\r\n|\r|\n/)
    .slice(0, -1)
    .map(commandOf);

/** A report of so many cases like the sample's first one. */
function many(count: number, change: (i: number) => Partial<Case>): typeof sample {
  const [suite] = sample.suites;
  const cases = Array.from({ length: count }, (_, i) => ({ ...suite!.cases[0]!, ...change(i) }));
  return { ...sample, suites: [{ ...suite!, cases }] };
}

const named = (i: number): Partial<Case> => ({
  name: `promise-${i}`,
  rule: { ...sample.suites[0]!.cases[0]!.rule, id: `promise-${i}` },
});

describe("annotations", () => {
  test("are what they were", async () => {
    await expect(annotations(sample)).toMatchFileSnapshot("golden/sample.github.txt");
  });

  test.prop([nastyReport], TRIED)(
    "say what the report says, and nothing else, whatever a proposal is called",
    (report) => {
      const commands = read(annotations(report));
      const wrong = casesOf(report).filter(({ status }) => status === "failed" || status === "error");
      const errors = commands.filter(({ level }) => level === "error");
      expect(new Set(commands.map(({ level }) => level))).toSatisfy((levels: Set<string>) =>
        [...levels].every((level) => ["error", "warning", "notice"].includes(level)),
      );
      const kinds = new Set(
        wrong.map(({ rule, className, type }) => JSON.stringify([rule.id, className, type])),
      );
      expect(errors).toHaveLength(Math.min(kinds.size, 10));
      for (const { properties, message } of errors) {
        const told = wrong.find(
          (one) =>
            properties["title"] === oneLine(`${one.className}: ${one.rule.id}`) &&
            message === visible(one.rerun === null ? one.message : `${one.message}\nagain: ${one.rerun}`) &&
            properties["file"] === (one.place === null ? undefined : oneLine(one.place.file)),
        );
        expect(told).toBeDefined();
        const known = ["file", "line", "endLine", "col", "endColumn", "title"];
        expect(Object.keys(properties).filter((name) => !known.includes(name))).toEqual([]);
      }
    },
  );

  test("are ten errors at most, those that name a line first, and the rest is counted", () => {
    const report = many(23, (i) => ({ ...named(i), ...(i < 12 ? { place: null } : {}) }));
    const commands = read(annotations(report));
    expect(commands.map(({ level }) => level)).toEqual([...Array<string>(10).fill("error"), "notice"]);
    expect(commands.slice(0, 10).map(({ properties }) => properties["file"])).toEqual(
      Array<string>(10).fill("models/forgetful.ts"),
    );
    expect(commands.at(-1)!.message).toBe("13 more: the step's summary has them");
  });

  test("are ten warnings at most", () => {
    const [suite] = sample.suites;
    const open = { ...suite!, cases: suite!.cases.filter(({ status }) => status === "incomplete") };
    const suites = Array.from({ length: 12 }, () => open);
    const levels = read(annotations({ ...sample, suites })).map(({ level }) => level);
    expect(levels).toEqual([...Array<string>(10).fill("warning"), "notice"]);
  });

  test("of one promise that several runs break, the shortest trace is shown", () => {
    const [short] = sample.suites[1]!.cases.filter(({ trace }) => trace !== undefined);
    const long = { ...sample.suites[0]!.cases[0]!.trace!, steps: [1, 2, 3, 4, 5] as never };
    const report = many(3, (i) => ({
      message: `found in run ${i}`,
      ...(i === 1 ? { trace: sample.suites[0]!.cases[0]!.trace! } : { trace: long }),
    }));
    expect(short).toBeDefined();
    expect(read(annotations(report)).map(({ message }) => message.split("\n")[0])).toEqual([
      "found in run 1",
    ]);
  });

  test("there are none where nothing is wrong", () => {
    expect(annotations(many(2, () => ({ status: "passed" })))).toBe("");
  });
});

describe("foreign text in a log", () => {
  test.prop([fc.array(fc.constantFrom(...ATTACKS)).map((parts) => parts.join("\n"))])(
    "is shut in between two lines that it cannot contain",
    (text) => {
      const lines = withoutCommands(text).split("\n");
      const [first, last] = [lines.at(0)!, lines.at(-1)!];
      const token = /^::stop-commands::([0-9a-f]{64})$/.exec(first)?.[1];
      expect(token).toBeDefined();
      expect(last).toBe(`::${token}::`);
      expect(lines.slice(1, -1).join("\n")).toBe(text);
      expect(text).not.toContain(token);
    },
  );

  test.prop([nasty], { examples: ATTACKS.map((text) => [text]), numRuns: ATTACKS.length + 60 })(
    "beside the results has no commands in it, nor controls of a terminal",
    (text) => {
      expect(commandsIn(harmless(text))).toEqual([]);
      expect(harmless(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
    },
  );

  test("another text has another token, so that none is known before", () => {
    const [a, b] = ["a", "b"].map((text) => withoutCommands(text).split("\n")[0]);
    expect(a).not.toBe(b);
  });
});

describe("outputs", () => {
  test("are what a later step reads", () => {
    expect(outputs(sample, "out/report.json")).toBe(
      "verdict=violated\nviolations=2\nstates=12345\nreport=out/report.json\n",
    );
  });

  test.prop([nastyReport, fc.constantFrom(...ATTACKS)], { numRuns: 50 })(
    "are four lines whatever is in them",
    (report, file) => {
      const lines = outputs(report, file).split(/\r\n|\r|\n/);
      expect(lines.map((line) => line.split("=")[0])).toEqual([
        "verdict",
        "violations",
        "states",
        "report",
        "",
      ]);
      expect(lines.every((line) => !line.includes("<<") || line.includes("="))).toBe(true);
    },
  );
});
