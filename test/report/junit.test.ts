import { test } from "@fast-check/vitest";
import { SaxesParser } from "saxes";
import { describe, expect } from "vitest";
import type { CaseReport } from "../../checkers/report/cases.ts";
import { oneLine, visible } from "../../checkers/report/clean.ts";
import { junit } from "../../checkers/report/junit.ts";
import { casesOf, commandsIn, howMany, nastyReport, sample, TRIED } from "./samples.ts";

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** A parser that refuses what is not well-formed XML 1.0, characters included. */
function parse(xml: string): Element {
  const top: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [top];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element = { name, attributes, children: [], text: "" };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on("closetag", () => void open.pop());
  parser.on("text", (text) => void (open.at(-1)!.text += text));
  for (const kind of ["comment", "cdata", "doctype", "processinginstruction"] as const)
    parser.on(kind, () => {
      throw new Error(`${kind} has no business here`);
    });
  parser.write(xml).close();
  return top.children[0]!;
}

const CHILDREN: Readonly<Record<string, RegExp>> = {
  testsuites: /^(testsuite )*$/,
  testsuite: /^(properties )?(testcase )*$/,
  testcase: /^(properties )?((failure|error|skipped) )?(system-out )?$/,
  properties: /^(property )+$/,
};
const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  testsuites: /^name tests failures errors skipped( time)?$/,
  testsuite: /^name tests failures errors skipped( time)?$/,
  testcase: /^name classname( time)?( file line)?$/,
  property: /^name value$/,
  failure: /^message type$/,
  error: /^message type$/,
  skipped: /^message$/,
};

/** The elements of the format, in their order, with their attributes. */
function expectShape({ name, attributes, children }: Element): void {
  const inside = children.map((child) => `${child.name} `).join("");
  expect([name, inside]).toEqual([name, expect.stringMatching(CHILDREN[name] ?? /^$/)]);
  const given = Object.keys(attributes).join(" ");
  expect([name, given]).toEqual([name, expect.stringMatching(ATTRIBUTES[name] ?? /^$/)]);
  children.forEach(expectShape);
}

function parsed(report: CaseReport): Element {
  const xml = junit(report);
  const top = parse(xml);
  expect(top.name).toBe("testsuites");
  expectShape(top);
  expect(commandsIn(xml)).toEqual([]);
  return top;
}

const testcases = (top: Element): Element[] =>
  top.children.flatMap(({ children }) => children.filter(({ name }) => name === "testcase"));

describe("JUnit XML", () => {
  test("is what it was", async () => {
    await expect(junit(sample)).toMatchFileSnapshot("golden/sample.junit.xml");
    parsed(sample);
  });

  test.prop([nastyReport], TRIED)(
    "is well-formed, and says what the report says, whatever a proposal is called",
    (report) => {
      const top = parsed(report);
      expect(top.attributes).toMatchObject({
        tests: String(casesOf(report).length),
        failures: String(howMany(report, "failed")),
        errors: String(howMany(report, "error")),
        skipped: String(howMany(report, "skipped", "incomplete")),
      });
      const cases = casesOf(report);
      testcases(top).forEach((element, i) => {
        const { name, className, status, message, details, rerun, type } = cases[i]!;
        expect(element.attributes).toMatchObject({ name: oneLine(name), classname: oneLine(className) });
        const result = element.children.find((child) => ["failure", "error", "skipped"].includes(child.name));
        const kinds = { failed: "failure", error: "error", skipped: "skipped", incomplete: "skipped" };
        expect(result?.name).toBe((kinds as Record<string, string>)[status]);
        if (status !== "failed" && status !== "error") return;
        expect(result!.attributes).toEqual({ message: oneLine(message), type: oneLine(type) });
        const text = [details, ...(rerun === null ? [] : [`again: ${rerun}`])].filter((part) => part !== "");
        expect(result!.text).toBe(visible(text.join("\n")));
      });
    },
  );

  test("names the files in both ways that are read", () => {
    const [first] = testcases(parsed(sample));
    const [properties] = first!.children;
    expect(properties!.children[0]!.attributes).toEqual({
      name: "attachment",
      value: "traces/one-owner.json",
    });
    expect(first!.children.at(-1)!.text).toBe("[[ATTACHMENT|traces/one-owner.json]]");
  });

  test("what was not decided is skipped, and says so", () => {
    const skipped = testcases(parsed(sample)).flatMap(({ children }) =>
      children.filter(({ name }) => name === "skipped").map(({ attributes }) => attributes["message"]),
    );
    expect(skipped).toEqual(["incomplete: after 300 s", "nothing asks it"]);
  });
});
