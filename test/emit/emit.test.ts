/** `gmemcheck emit`: what it writes, byte for byte, and what it refuses. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { mermaid } from "../../checkers/report/mermaid.ts";
import { readTrace } from "../../checkers/trace/file.ts";
import { inProcess, ROOT } from "../cli/gmemcheck.ts";

const overlapUnchecked = "counterexamples/overlap-unchecked/one-binding-per-offset.json";
const pinned = "counterexamples/in-place-one-lookup/secrets-stay-private.json";
const shadow = "counterexamples/guest-memfd-6.18-shadow/contents-come-from-the-file.json";
const overlapping = "counterexamples/guest-memfd-6.12/linearizable.json";
const abstract = "counterexamples/gmem-seq-m1/I1.json";

const folder = mkdtempSync(join(tmpdir(), "gmemcheck-emit-"));
afterAll(() => rmSync(folder, { recursive: true }));

const emit = (...args: readonly string[]) => inProcess(["emit", ...args]);

describe("what is written", () => {
  test.each([
    ["c", overlapUnchecked, "overlap-unchecked.c"],
    ["c", pinned, "in-place-one-lookup.c"],
    ["kselftest", shadow, "guest-memfd-6.18-shadow.patch"],
  ])("%s of %s", async (kind, path, file) => {
    const { code, stdout, stderr } = await emit(kind, path);
    expect([code, stderr]).toEqual([0, ""]);
    await expect(stdout).toMatchFileSnapshot(`golden/${file}`);
  });

  test("a diagram of calls that overlap, too", async () => {
    for (const path of [overlapUnchecked, overlapping]) {
      const { code, stdout } = await emit("mermaid", path);
      expect([code, stdout]).toEqual([0, mermaid(readTrace(readFileSync(ROOT + path, "utf8"), path))]);
    }
  });

  test("ITF with the states between the calls", async () => {
    const { code, stdout } = await emit("itf", overlapUnchecked);
    const { states, ...itf } = JSON.parse(stdout) as Record<string, unknown> & { states: unknown[] };
    expect([code, states.length, itf["#meta"]]).toEqual([
      0,
      5,
      expect.objectContaining({ format: "ITF", status: "violation" }),
    ]);
  });

  test("a file, and nothing else", async () => {
    const { stdout: text } = await emit("c", overlapUnchecked);
    const out = join(folder, "made/a.c");
    expect(await emit("c", overlapUnchecked, "--out", out)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(out, "utf8")).toBe(text);
  });

  test("what another design answers, where it is asked of another one", async () => {
    const bound = (text: string): string | undefined =>
      /\n\t     (\w+), set_region2\(vm0, 1,/.exec(text)?.[1];
    const of = async (design: string) =>
      bound((await emit("c", overlapUnchecked, "--design", design)).stdout);
    expect([
      bound((await emit("c", overlapUnchecked)).stdout),
      await of("guest-memfd-6.18"),
      await of("guest-memfd-7.3"),
    ]).toEqual(["0", "EINVAL", "EEXIST"]);
  });

  test("that the breach is not there on another design, which differs from the trace", async () => {
    const { code, stdout, stderr } = await emit("c", overlapUnchecked, "--design", "guest-memfd-7.3");
    expect(code).toBe(0);
    expect(stderr).toContain(
      "steps[3]: on guest-memfd-7.3, set_user_memory_region2 ended with EEXIST; the trace says 0",
    );
    expect(stdout).not.toContain("is broken");
  });
});

test("git takes the patch of a selftest", async () => {
  const { stdout: patch } = await emit("kselftest", shadow);
  const kvm = join(folder, "linux/tools/testing/selftests/kvm");
  mkdirSync(join(kvm, "x86"), { recursive: true });
  // Lines of 7.3's Makefile.kvm around the new one.
  const tests = [
    "x86/triple_fault_event_test",
    "x86/recalc_apic_map_test",
    "x86/aperfmperf_test",
    "access_tracking_perf_test",
    "coalesced_io_test",
    "dirty_log_perf_test",
  ];
  writeFileSync(join(kvm, "Makefile.kvm"), tests.map((name) => `TEST_GEN_PROGS_x86 += ${name}\n`).join(""));
  const patchFile = join(folder, "a.patch");
  writeFileSync(patchFile, patch);
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], {
      cwd: join(folder, "linux"),
      encoding: "utf8",
    });
  git("init", "-q");
  git("add", ".");
  git("commit", "-q", "-m", "base");
  git("am", "-q", patchFile);
  const name = "guest_memfd_6_18_shadow_contents_come_from_the_file_test";
  expect(git("show", "--stat", "--format=%s")).toMatch(
    new RegExp(`^KVM: selftests: Add ${name}\\n[^]*2 files changed, \\d+ insertions\\(\\+\\)\\n$`),
  );
  expect(readFileSync(join(kvm, "Makefile.kvm"), "utf8")).toContain(
    `aperfmperf_test\nTEST_GEN_PROGS_x86 += x86/${name}\n`,
  );
  expect(existsSync(join(kvm, `x86/${name}.c`))).toBe(true);
});

describe("what is refused, with exit 2 and one message", () => {
  const stored = JSON.parse(readFileSync(ROOT + overlapUnchecked, "utf8")) as {
    readonly steps: readonly object[];
  };
  const cases: readonly (readonly [string, readonly string[], string | object | null, RegExp])[] = [
    ["another kind", ["dot", overlapUnchecked], null, /emit: "dot" is not one of c, kselftest, mermaid, itf/],
    ["no file", ["c", "nowhere.json"], null, /there is no file nowhere\.json/],
    ["half a file", ["c"], '{"format":', /not JSON/],
    ["a design that nobody knows", ["c"], { ...stored, design: "nobodys" }, /there is no design "nobodys"/],
    ["a trace of something else", ["c"], { ...stored, format: "x/1" }, /format is "x\/1"/],
    [
      "calls that overlap",
      ["c", overlapping],
      null,
      /the calls of .* overlap[^]*expected: .*emit mermaid, emit itf/,
    ],
    [
      "calls that overlap, in a test",
      ["kselftest", overlapping],
      null,
      /emit kselftest: the calls of .* overlap/,
    ],
    [
      "a test of a model of a design",
      ["kselftest", abstract],
      null,
      /no step of this trace is a call of user space/,
    ],
    [
      "a call that cannot be made",
      ["c"],
      { ...stored, steps: [stored.steps[0], ...stored.steps] },
      /steps\[1\]: create_vm cannot be made here on overlap-unchecked/,
    ],
    [
      "a file that cannot be written",
      ["c", overlapUnchecked, "--out", "/proc/a.c"],
      null,
      /cannot write \/proc/,
    ],
  ];

  test.each(cases)("%s", async (_, [kind, ...rest], content, message) => {
    const path = join(folder, "a.json");
    if (content !== null)
      writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    const { code, stdout, stderr } = await emit(kind!, ...rest, ...(content === null ? [] : [path]));
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("    at ");
  });
});
