/** `gmemcheck diff`: verdicts, exit codes, formats, files, what cannot be compared. */
import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { emptyOffice, brokenOffice, lateOffice, office, strictOffice } from "./offices.ts";
import { wasOffice } from "./office-as-it-was.ts";
import { gmemcheck, inProcess, withoutTimes } from "./gmemcheck.ts";

const inFile = ({ name }: { readonly name: string }): string => `test/cli/offices.ts#${name}`;
const [A, B] = [inFile(office), inFile(strictOffice)];
const SHORT = ["--bounds", "seats=200", "--max-states", "2"];

describe("exit codes", () => {
  test.each([
    ["a design and itself", [A, A], 0, "COMPATIBLE: nothing that worked changed"],
    ["a break", [A, B], 1, "BREAKS"],
    ["an extension", [B, A], 0, "EXTENDS"],
    ["an extension where none is wanted", [B, A, "--strict"], 1, "EXTENDS"],
    ["a budget that is used up", [A, A, ...SHORT], 3, "COMPATIBLE, as far as it was explored"],
    ["a break within a budget", [A, inFile(emptyOffice), ...SHORT], 1, "NOT exhausted (more than 2 states)"],
  ])("%s", async (_name, args, code, text) => {
    expect(await inProcess(["diff", ...args])).toMatchObject({
      code,
      stdout: expect.stringContaining(text) as string,
    });
  });

  test("an interrupted comparison says what it knows", async () => {
    const signal = { name: "SIGINT", afterCpuSeconds: 2.5 } as const;
    const args = ["diff", "guest-memfd-6.18", "guest-memfd-7.2", "--bounds", "vms=2,pages=2,gfns=2"];
    const { code, stdout } = await gmemcheck(args, { signal });
    expect(code).toBe(130);
    expect(stdout).toContain("NOT exhausted (interrupted by SIGINT)");
  });
});

test("the text has the verdict first, each difference with its calls, and the line that shows it again", async () => {
  const { stdout } = await inProcess(["diff", A, B]);
  expect(withoutTimes(stdout))
    .toBe(`office → strict-office  BREAKS: user space that relies on the first design can tell, and not for the better
  exhausted at these bounds: 1 run, 2 pairs of states, 4 calls made in both, T s
    2 pairs, depth 1: seats=2; sequential, scenario everything, everything tracked

NEWLY REFUSED take: 0 → EBUSY  (breaks)
  2 calls at seats=2; sequential, scenario everything, everything tracked
    1. take() = 0
    2. take()
         office: 0
         strict-office: EBUSY
  again: npx gmemcheck diff ${A} ${B} --scenario everything
`);
});

describe("files and formats", () => {
  test("both traces of each difference are written, and are what they say, on either design", async () => {
    const out = mkdtempSync(join(tmpdir(), "gmemcheck-diff-"));
    const { stdout } = await inProcess(["diff", A, B, "--out", out]);
    const [first, second] = ["a", "b"].map((side) => join(out, `01-newly_refused_take.${side}.json`));
    expect(readdirSync(out).sort()).toEqual([
      "01-newly_refused_take.a.json",
      "01-newly_refused_take.b.json",
      "diff.json",
      "junit.xml",
      "report.sarif",
    ]);
    expect(stdout).toContain(`replay: npx gmemcheck replay ${first} --design '${A}'`.replaceAll("'", ""));
    expect(await inProcess(["replay", first!, "--design", A])).toMatchObject({ code: 0 });
    expect(await inProcess(["replay", second!, "--design", B])).toMatchObject({ code: 0 });
    expect(await inProcess(["replay", first!, "--design", B])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("take ended with EBUSY; the trace says 0") as string,
    });
  });

  test("JSON is as its schema says, and has what the text has", async () => {
    const { stdout } = await inProcess(["diff", A, B, "--format", "json"]);
    const schema = JSON.parse(readFileSync("schemas/gmemcheck-diff-1.json", "utf8")) as object;
    const valid = new Ajv2020({ strict: true }).compile(schema);
    const report = JSON.parse(stdout) as { readonly differences: readonly object[] };
    expect([valid(report), valid.errors]).toEqual([true, null]);
    expect(report).toMatchObject({
      schemaVersion: 1,
      a: "office",
      b: "strict-office",
      compatibility: "breaks",
    });
    expect(report).toMatchObject({ complete: true, reason: null, runs: [{ pairs: 2, complete: true }] });
    expect(report.differences).toMatchObject([
      { kind: "newly refused", subject: "take", from: "0", to: "EBUSY", compatibility: "breaks", run: 0 },
    ]);
  });

  test("a difference that breaks is a failure to a machine", async () => {
    const { code, stdout } = await inProcess(["diff", A, B, "--format", "tap"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {4}not ok \d+ - .*newly refused: take: 0 → EBUSY/m);
    expect((await inProcess(["diff", B, A, "--format", "tap"])).stdout).not.toContain("not ok");
  });

  test("the same input gives the same output", async () => {
    const [first, second] = [await inProcess(["diff", A, B]), await inProcess(["diff", A, B])];
    expect(withoutTimes(first.stdout)).toBe(withoutTimes(second.stdout));
  });
});

describe("what cannot be compared", () => {
  test.each([
    ["a design that there is none of", ["guest-memfd-9.9", A], 'there is no design "guest-memfd-9.9"'],
    ["one design alone", [A], "missing required argument 'b'"],
    [
      "bounds that neither has",
      [A, B, "--bounds", "vms=1"],
      'neither office nor strict-office has a bound "vms"',
    ],
    [
      "a scenario that neither has",
      [A, B, "--scenario", "x"],
      'neither office nor strict-office has a scenario "x"',
    ],
    ["no vectors of a mode", [A, B, "--mode", "full"], "have no vector at which both can be run"],
    [
      "modes that are none",
      [A, B, "--mode", "parallel"],
      '"parallel" is not one of sequential, overlap, full',
    ],
  ])("%s", async (_name, args, text) => {
    expect(await inProcess(["diff", ...args])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(text) as string,
    });
  });

  test("a scenario that one of the two cannot begin", async () => {
    const args = ["diff", "guest-memfd-6.12", "guest-memfd-6.18", "--scenario", "emulations"];
    expect(await inProcess(args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        "both designs cannot be run there: the scenario is given create_guest_memfd",
      ) as string,
    });
  });

  test("two designs of one name are told apart by their files", async () => {
    expect(wasOffice.name).toBe(office.name);
    const { stdout } = await inProcess(["diff", A, "test/cli/office-as-it-was.ts"]);
    expect(stdout).toContain(`${A} → test/cli/office-as-it-was.ts  BREAKS`);
    expect(stdout).toContain("         test/cli/office-as-it-was.ts: EBUSY");
  });

  test("a scenario that only one of them has is that of both", async () => {
    const { stdout, code } = await inProcess(["diff", A, inFile(lateOffice), "--scenario", "late"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("scenario late") as string });
  });

  test("a design that is no valid model", async () => {
    expect(await inProcess(["diff", A, inFile(brokenOffice)])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("was set to 3; allowed: 0 to 2") as string,
    });
  });
});
