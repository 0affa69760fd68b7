/** The gate on pull requests to a git repository: what each of them comes to, as a process, from start to end. */
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { TestRepository } from "./repository.ts";

const VERSIONS = "models/guest-memfd/versions.ts";
const BINDING = "spec/properties/binding.ts";

let repository: TestRepository;
beforeAll(() => {
  repository = new TestRepository();
});
beforeEach(() => repository.reset());

/** 7.3 refuses slots whose frames overlap with EINVAL. */
function changeErrno(): void {
  repository.edit(VERSIONS, "  checkFlags,\n", "  checkFlags,\n  refuseOverlap,\n");
  repository.edit(
    VERSIONS,
    "const unbindUnderTheLock",
    `const refuseWithEinval = {
  when: (c: Region) => c.npages > 0,
  local: true,
  run: (s: State, c: Region) => (refuseOverlap(s, c) === undefined ? undefined : "EINVAL"),
} as const;
const unbindUnderTheLock`,
  );
  repository.edit(
    VERSIONS,
    `        ...unbindUnderTheLock,
        "prepare`,
    `        ...unbindUnderTheLock,
        "refuse an overlap of frames": refuseWithEinval,
        "prepare`,
  );
}

test("one errno of 7.3 changes: its ABI breaks, shown in 3 calls; the formats say the same", async () => {
  changeErrno();
  const out = mkdtempSync(join(tmpdir(), "gmemcheck-gate-out-"));
  const pages = join(out, "pages");
  const { code, stdout } = await repository.gate("--base", "main", "--out", out, "--html", pages);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^BREAKS {2}guest-memfd-7.3: errno changed: set_user_memory_region2 EEXIST → EINVAL/m,
  );
  expect(stdout).toMatch(/\n {6}3 {2}set_user_memory_region2\(.*\) = EINVAL\n {2}to decide it/);
  expect(stdout).toMatch(/\ngate: BREAKS; NOT complete: .*\(\d+\.\d s/);

  const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as {
    readonly findings: readonly { readonly word: string | null; readonly attachments: readonly string[] }[];
  };
  const schema = JSON.parse(readFileSync("schemas/gmemcheck-gate-1.json", "utf8")) as object;
  const ajv = new Ajv2020({ strict: false });
  expect([ajv.validate(schema, report), ajv.errors]).toEqual([true, null]);
  const [broken, ...others] = report.findings.filter(({ word }) => word !== null);
  expect([broken!.word, others]).toEqual(["breaks", []]);
  const trace = JSON.parse(readFileSync(broken!.attachments[0]!, "utf8")) as { readonly steps: unknown[] };
  expect(trace.steps).toHaveLength(3);

  const sarif = readFileSync(join(out, "report.sarif"), "utf8");
  const line =
    repository
      .read(VERSIONS)
      .split("\n")
      .findIndex((text) => text.includes("const refuseWithEinval")) + 1;
  const [result] = (JSON.parse(sarif) as Sarif).runs.flatMap(({ results }) => results);
  expect(result!.locations[0]!.physicalLocation).toMatchObject({
    artifactLocation: { uri: VERSIONS },
    region: { startLine: line },
  });
  expect(readFileSync(join(out, "junit.xml"), "utf8")).toContain('type="AbiDifference"');
  const index = readFileSync(join(pages, "index.html"), "utf8");
  const { designs, notes } = JSON.parse(/id="data">([^]*?)<\/script>/.exec(index)![1]!);
  expect([designs, notes]).toEqual([["guest-memfd-7.3"], []]);
  expect(readdirSync(join(pages, "guest-memfd-7.3"))).toEqual([
    expect.stringMatching(/^errno_changed_.*EEXIST.*EINVAL\.html$/),
  ]);
});

interface Sarif {
  readonly runs: readonly {
    readonly results: readonly {
      readonly locations: readonly { readonly physicalLocation: unknown }[];
    }[];
  }[];
}

test("the overlap check of 7.3 is dropped: a promise is violated after 3 calls", async () => {
  repository.edit(VERSIONS, 'without: ["bind", ', 'without: ["refuse an overlap of frames", "bind", ');
  const { code, stdout, stderr } = await repository.gate("--base", "main");
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^VIOLATED {2}guest-memfd-7.3: slots-disjoint {2}models\/guest-memfd\/versions.ts:\d+$/m,
  );
  expect(stdout).toContain(
    "slots-disjoint is broken after 3 calls: slots 0 and 1 of VM 0 share a guest frame",
  );
  expect(stderr).toContain("gate: VIOLATED guest-memfd-7.3: slots-disjoint");
  expect(stdout).toContain("to decide it, in gate.allow: violated guest-memfd-7.3/slots-disjoint: REASON");
});

test("a promise is weakened: it is named with a state that it accepts now", async () => {
  repository.edit(BINDING, "binders(m, file, page) <= 1,", "binders(m, file, page) <= 2,");
  const { code, stdout } = await repository.gate("--base", "main");
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^WEAKENED {2}\d+ designs: changed: one-binding-per-offset {2}spec\/properties\/binding.ts:\d+$/m,
  );
  expect(stdout).toMatch(
    /page 0 of file 0 is bound by slot 0 of VM 0 and\s+by slot 1 of VM 0 \(4 calls, in overlap-unchecked of the base\)/,
  );
  expect(stdout).toContain("to decide it, in gate.allow: weakened one-binding-per-offset: REASON");
  // No call changed, so the ABI has nothing to be compared for; and no search would say more than this does.
  expect(stdout).not.toMatch(/^ +abi /m);
  expect(stdout).toMatch(
    /\d+ designs that the change reaches, at quick bounds: what was found decides already/,
  );
});

test("only layout and comments change: nothing to do", async () => {
  const text = repository.read(VERSIONS).replaceAll("\n", "\n\n  // layout\n");
  writeFileSync(join(repository.root, VERSIONS), text);
  const { code, stdout } = await repository.gate("--base", "main");
  expect([code, stdout.split("\n").slice(1, -2)]).toEqual([
    0,
    ["nothing that a model is made of changed", ""],
  ]);
  expect(stdout).toMatch(/\ngate: NOTHING TO DO \(\d+\.\d s\)\n$/);
});
