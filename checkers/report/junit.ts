/** Cases as JUnit XML, in the dialect that Jenkins, GitLab and GitHub's reporters have in common (github.com/testmoapp/junitxml). */
import type { Case, CaseReport, Suite } from "./cases.ts";
import { oneLine, visible } from "./clean.ts";

type Attributes = Readonly<Record<string, string | number | undefined>>;

export function junit(report: CaseReport): string {
  const { command, suites } = report;
  const seconds = suites.some((suite) => suite.seconds !== undefined)
    ? timeText(suites.reduce((sum, suite) => sum + (suite.seconds ?? 0), 0))
    : undefined;
  const cases = suites.flatMap((suite) => suite.cases);
  const given = { name: `gmemcheck ${command}`, ...counts(cases), time: seconds };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    ...element("testsuites", given, suites.flatMap(suiteLines)),
    "",
  ].join("\n");
}

function suiteLines({ name, cases, seconds, properties = {} }: Suite): string[] {
  const given = { name, ...counts(cases), time: seconds === undefined ? undefined : timeText(seconds) };
  return element("testsuite", given, [
    ...propertyLines(Object.entries(properties)),
    ...cases.flatMap(caseLines),
  ]);
}

function counts(cases: readonly Case[]): Attributes {
  const of = (...wanted: readonly Case["status"][]): number =>
    cases.filter(({ status }) => wanted.includes(status)).length;
  return {
    tests: cases.length,
    failures: of("failed"),
    errors: of("error"),
    skipped: of("skipped", "incomplete"),
  };
}

function caseLines(one: Case): string[] {
  const { name, className, seconds, place, attachments = [] } = one;
  const given = {
    name,
    classname: className,
    time: seconds === undefined ? undefined : timeText(seconds),
    file: place?.file,
    line: place?.line,
  };
  const files = attachments.map((path) => ["attachment", path] as const);
  return element("testcase", given, [...propertyLines(files), ...resultLines(one), ...outLines(one)]);
}

function resultLines({ status, type, message, details, rerun }: Case): string[] {
  const text = [details, ...(rerun === null ? [] : [`again: ${rerun}`])].filter((part) => part !== "");
  switch (status) {
    case "failed":
      return textElement("failure", { message, type }, text.join("\n"));
    case "error":
      return textElement("error", { message, type }, text.join("\n"));
    case "skipped":
      return element("skipped", { message }, []);
    case "incomplete":
      return element("skipped", { message: `incomplete: ${message}` }, []);
    case "passed":
    case "expected":
      return [];
  }
}

/** What is no failure and still to be said; and files in the form that Jenkins' attachments plugin reads. */
function outLines({ status, message, attachments = [] }: Case): string[] {
  const lines = [
    ...(status === "expected" ? [`expected: ${message}`] : []),
    ...attachments.map((path) => `[[ATTACHMENT|${oneLine(path)}]]`),
  ];
  return lines.length === 0 ? [] : textElement("system-out", {}, lines.join("\n"));
}

function propertyLines(entries: readonly (readonly [string, string | number])[]): string[] {
  if (entries.length === 0) return [];
  return element(
    "properties",
    {},
    entries.flatMap(([name, value]) => element("property", { name, value }, [])),
  );
}

function timeText(seconds: number): string {
  return seconds.toFixed(3);
}

function element(name: string, attributes: Attributes, children: readonly string[]): string[] {
  const head = `<${name}${attributesText(attributes)}`;
  if (children.length === 0) return [`${head}/>`];
  return [`${head}>`, ...children, `</${name}>`];
}

/** Text as it is: no indentation, which would become part of it. */
function textElement(name: string, attributes: Attributes, text: string): string[] {
  return text === ""
    ? element(name, attributes, [])
    : [`<${name}${attributesText(attributes)}>${escaped(visible(text))}</${name}>`];
}

function attributesText(attributes: Attributes): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escaped(oneLine(String(value)))}"`)
    .join("");
}

const ENTITIES: Readonly<Record<string, string>> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };

/** And nothing that GitHub's runner takes for a command in a log: `::` at the beginning of a line, `##[` anywhere. */
function escaped(text: string): string {
  return text
    .replace(/[<>&"]/g, (char) => ENTITIES[char]!)
    .replace(/^(\s*):/gm, "$1&#58;")
    .replaceAll("##[", "&#35;#[");
}
