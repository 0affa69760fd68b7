/** The gate on pull requests that it refuses, or that decide something: as a process, which takes time. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TestRepository } from "./repository.ts";

const VERSIONS = "models/guest-memfd/versions.ts";
const BINDING = "spec/properties/binding.ts";

let repository: TestRepository;
beforeAll(() => {
  repository = new TestRepository();
});
beforeEach(() => repository.reset());

const weaken = (): void =>
  repository.edit(BINDING, "binders(m, file, page) <= 1,", "binders(m, file, page) <= 2,");

describe("decisions", () => {
  test("a decision with a reason allows it, one of the base does not; what decides nothing is told", async () => {
    repository.write("gate.allow", "weakened one-binding-per-offset: of another pull request\n");
    repository.commit("a decision");
    weaken();
    repository.append(
      "gate.allow",
      "fixed overlap-unchecked/*: nothing shows it any more\nbreaks nothing: x\n",
    );
    const { code, stdout } = await repository.gate("--base", "HEAD");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^WEAKENED {2}\d+ designs: changed: one-binding-per-offset/m);
    expect(stdout).toContain("decided: fixed overlap-unchecked/* (gate.allow:2): nothing shows it any more");
    expect(stdout).toMatch(/nothing of this change is what it decides\n {2}line 3: breaks nothing/);
    repository.edit("gate.allow", "of another pull request", "two binders are right from now on");
    // What is derived is not waited for.
    const decided = await repository.gate("--base", "HEAD", "--budget", "60s");
    expect(decided.stdout).not.toContain("WEAKENED");
    expect(decided.stdout).toContain("decided: weakened one-binding-per-offset (gate.allow:1): two binders");
    repository.git("reset", "--quiet", "--hard", "HEAD~1");
  });
});

describe("what is refused or cannot be compared", () => {
  test("impure sections, and types that do not fit, have their place; the rest is reported", async () => {
    repository.edit(
      VERSIONS,
      'without: ["bind", ',
      `after: { "find the VM": { impure: () => void Math.random() } }, without: [1, "bind", `,
    );
    const { code, stdout } = await repository.gate("--base", "main");
    expect(code).toBe(5);
    expect(stdout).toMatch(/^INVALID .*Math\.random\(\)/m);
    expect(stdout).toMatch(/^INVALID {2}models\/guest-memfd\/versions.ts: TS\d+ /m);
    expect(stdout).toMatch(/counterexamples were replayed/);
  });

  test("a design that does not load is named, and its counterexamples with it", async () => {
    repository.append("models/mutants/seeded.ts", `\nthrow new Error("not now");\n`);
    const { code, stdout } = await repository.gate("--base", "main");
    expect(code).toBe(5);
    expect(stdout).toMatch(
      /^INVALID {2}overlap-unchecked: does not load in the head {2}models\/mutants\/seeded.ts:1\n.*not now/m,
    );
    expect(stdout).toMatch(/8 of 8 counterexamples were replayed/);
  });

  test("a base whose types do not fit is named, and the rest is reported all the same", async () => {
    repository.append(VERSIONS, "\nexport const misfit: number = 'text';\n");
    repository.commit("a base that does not type-check");
    repository.append(VERSIONS, "\nexport const other: number = 1;\n");
    const { code, stdout } = await repository.gate("--base", "HEAD");
    repository.git("reset", "--quiet", "--hard", "HEAD~1");
    expect(code).toBe(2);
    expect(stdout).toMatch(/^NOT COMPARABLE {2}base: types\n.*the base does not type-check: .*TS2322/m);
    expect(stdout).toMatch(/^INVALID {2}models\/guest-memfd\/versions.ts: TS2322/m);
    expect(stdout).toMatch(/8 of 8 counterexamples were replayed/);
  });
});

test("--keep-going looks at what is derived although something is found", async () => {
  weaken();
  const { code, stdout } = await repository.gate("--base", "main", "--keep-going", "--budget", "120s");
  expect(code).toBe(1);
  expect(stdout).toMatch(/^WEAKENED/m);
  expect(stdout).not.toContain("what was found decides already");
});

test("a gate that is interrupted reports what it has, and says that it is not complete", async () => {
  repository.edit(VERSIONS, 'without: ["bind", ', 'without: ["refuse an overlap of frames", "bind", ');
  const { code, stdout } = await repository.interrupted(6_000, "gate", "--base", "main");
  expect(code).toBe(130);
  expect(stdout).toMatch(/NOT complete/);
  expect(stdout).toMatch(/interrupted by SIGINT/);
});
