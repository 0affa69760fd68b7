/** A trace as a KVM selftest in the kernel's tree, written against kvm_util of 7.3: a patch for `git am`. */
import type { RecordedStep } from "../../spec/recording.ts";
import { UsageError } from "../usage-error.ts";
import { dangerOf } from "./expected.ts";
import { testStatement, type Around, type Statement } from "./kselftest-calls.ts";
import { needsOf, type Need } from "./needs.ts";
import { Arguments, madeBy, numberOf, succeeds, type VariableKind } from "./operation.ts";
import { testPiecesText, type TestPiece } from "./pieces.ts";
import type { ReproducedStep, Reproduction } from "./reproduction.ts";
import { commentText, identifier, numberText, paragraph, told } from "./text.ts";

const FOLDER = "tools/testing/selftests/kvm";

/** Where the list of x86's tests is in 7.3, and what stands around the new line. */
const MAKEFILE = {
  path: `${FOLDER}/Makefile.kvm`,
  line: 156,
  before: ["x86/triple_fault_event_test", "x86/recalc_apic_map_test", "x86/aperfmperf_test"],
  after: ["access_tracking_perf_test", "coalesced_io_test", "dirty_log_perf_test"],
};

export function kselftestPatch(run: Reproduction): string {
  const name = `${identifier(run.name).toLowerCase()}_test`;
  const test = testProgram(run);
  const added = test.replace(/\n$/, "").split("\n");
  const listed = (program: string): string => `TEST_GEN_PROGS_x86 += ${program}`;
  const { path, line, before, after } = MAKEFILE;
  return [
    // The name and the date that git gives to a patch of no commit.
    "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001",
    "From: gmemcheck <gmemcheck@localhost>",
    `Subject: [PATCH] KVM: selftests: Add ${name}`,
    "",
    ...about(run).flatMap((text) => [...paragraph(commentText(text)), ""]),
    `Made by: ${commentText(run.command)}`,
    "---",
    ` ${FOLDER}/Makefile.kvm | 1 +`,
    ` ${FOLDER}/x86/${name}.c | ${added.length} +`,
    ` 2 files changed, ${added.length + 1} insertions(+)`,
    ` create mode 100644 ${FOLDER}/x86/${name}.c`,
    "",
    `diff --git a/${path} b/${path}`,
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -${line},6 +${line},7 @@`,
    ...before.map((program) => ` ${listed(program)}`),
    `+${listed(`x86/${name}`)}`,
    ...after.map((program) => ` ${listed(program)}`),
    `diff --git a/${FOLDER}/x86/${name}.c b/${FOLDER}/x86/${name}.c`,
    "new file mode 100644",
    "--- /dev/null",
    `+++ b/${FOLDER}/x86/${name}.c`,
    `@@ -0,0 +1,${added.length} @@`,
    ...added.map((text) => `+${text}`),
    "-- ",
    "gmemcheck",
    "",
  ].join("\n");
}

function about({ design, says, meaning, breach, bounds }: Reproduction): string[] {
  return [
    `A trace of ${design} (${says}), made a test by gmemcheck.`,
    `Expected is what the design answers. ${meaning}`,
    ...(breach === null
      ? []
      : [`After the last step ${breach.property} is broken: ${breach.why || breach.says}`]),
    `Bounds: ${bounds}.`,
  ];
}

/** The test alone. Refuses a trace of which a test could make nothing. */
export function testProgram(run: Reproduction): string {
  const test = new Test(run);
  const main = test.main();
  const text = about(run)
    .flatMap((text) => ["", ...paragraph(text)])
    .slice(1)
    .map((line) => ` * ${commentText(line)}`.trimEnd());
  return [
    "// SPDX-License-Identifier: GPL-2.0",
    "/*",
    ...text,
    " */",
    ...["errno.h", "fcntl.h", "stdbool.h", "stdlib.h", "string.h", "unistd.h"].map(
      (header) => `#include <${header}>`,
    ),
    ...["linux/falloc.h", "linux/sizes.h", "sys/mman.h"].map((header) => `#include <${header}>`),
    "",
    ...["kvm_util.h", "processor.h", "test_util.h", "ucall_common.h"].map((header) => `#include "${header}"`),
    "",
    ...(test.guestPages === 0 ? [] : [`#define GUEST_PAGES ${test.guestPages}`, ""]),
    testPiecesText(test.pieces),
    ...main,
    "",
  ].join("\n");
}

const DECLARED: Readonly<Record<VariableKind, (name: string) => string>> = {
  fd: (name) => `int ${name} = -1;`,
  vm: (name) => `struct kvm_vm *${name};`,
  vcpu: (name) => `struct kvm_vcpu *${name};`,
  map: (name) => `u8 *${name};`,
};

const PAGE = 4096n;

class Test {
  readonly pieces = new Set<TestPiece>();
  /** So many of the guest's pages are accessed by it, from the first on; 0: there is no guest. */
  readonly guestPages: number;
  private readonly run: Reproduction;
  private readonly steps: readonly RecordedStep[];
  private readonly made: ReadonlySet<string>;
  private readonly vcpus = new Map<string, number>();
  private readonly lengths = new Map<string, bigint>();
  private readonly variables = new Map<string, VariableKind>();
  /** What is to be given back at the end, by its variable. */
  private readonly open = new Map<string, string>();

  constructor(run: Reproduction) {
    this.run = run;
    this.steps = run.steps.flatMap(({ told: of }) => ("step" in of ? [of.step] : []));
    if (this.steps.length === 0)
      throw new UsageError(
        `emit kselftest: no step of this trace is a call of user space, as ${run.design} is a model of a design\n  expected: a trace of a version of the kernel or of a variant of one; emit c, mermaid and itf take any`,
      );
    this.made = new Set(this.steps.flatMap((step) => madeBy(step) ?? []));
    for (const step of this.steps)
      if (step.op === "create_vcpu" && succeeds(step))
        this.vcpus.set(String(step["vm"]), (this.vcpus.get(String(step["vm"])) ?? 0) + 1);
    const touched = this.steps.filter((step) => "gpa" in step).map((step) => numberOf(step["gpa"]) / PAGE);
    const pages = touched.filter((page) => page < 1n << 20n).map((page) => Number(page) + 1);
    this.guestPages = this.vcpus.size === 0 ? 0 : Math.max(1, ...pages);
  }

  main(): readonly string[] {
    const body = this.body();
    const needs = needsOf(this.steps);
    const memory = this.run.memory.filter(({ map }) => this.variables.has(map));
    const names = [...this.variables].filter(([name]) => body.some((line) => mentions(line, name)));
    return [
      "int main(void)",
      "{",
      ...names.map(([name, kind]) => `\t${DECLARED[kind](name)}`),
      "",
      ...needs.map(needLine),
      ...memory.flatMap(({ map, bytes }) => [
        `\t${map} = kvm_mmap(${numberText(bytes)}, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);`,
        `\tmemset(${map}, 0, ${numberText(bytes)});`,
      ]),
      "",
      ...body,
      "\treturn 0;",
      "}",
    ];
  }

  /** The steps up to the first one that a test cannot make, and what gives everything back. */
  private body(): readonly string[] {
    const lines: string[] = [];
    for (const step of this.run.steps) {
      const { text, stops } = this.stepLines(step);
      lines.push(`\t/* ${commentText(step.words)} */`, ...text.map((line) => `\t${line}`));
      if (stops) break;
    }
    const closing = [...this.open.values()].reverse().map((line) => `\t${line}`);
    return withoutUnused([...lines, "", ...closing], this.variables);
  }

  private stepLines({ told: of }: ReproducedStep): {
    readonly text: readonly string[];
    readonly stops: boolean;
  } {
    if ("cannot" in of) return skipping(of.cannot);
    const { step } = of;
    const args = new Arguments(step, this.made);
    const statement = this.statement(args, step);
    if (statement !== null) {
      const danger = dangerOf(step);
      for (const piece of statement.pieces) this.pieces.add(piece);
      for (const [name, kind] of args.variables) this.variables.set(name, kind);
      this.follow(step);
      return { text: [...(danger === null ? [] : [asking(danger)]), ...statement.lines], stops: false };
    }
    // What fails changes nothing, and so need not be made for the rest.
    if (!succeeds(step)) return { text: ["/* left out: kvm_util has no way to fail so */"], stops: false };
    return skipping(`kvm_util has no way to make ${step.op}`);
  }

  private statement(args: Arguments, step: RecordedStep): Statement | null {
    const around: Around = {
      hasGuests: this.vcpus.size > 0,
      vcpus: this.vcpus,
      length: this.lengths.get(String(step["map"])) ?? null,
    };
    return testStatement(args, step, around);
  }

  /** What is there to be given back. */
  private follow(step: RecordedStep): void {
    if (!succeeds(step)) return;
    const name = (argument: string): string => identifier(String(step[argument]));
    const file = madeBy(step);
    if (step.op === "create_vm") this.open.set(name("vm"), `kvm_vm_free(${name("vm")});`);
    else if (step.op === "close_vm") this.open.delete(name("vm"));
    // The library would close it again.
    else if (step.op === "close_vcpu") this.open.delete(name("vcpu").replace(/_vcpu\d+$/, ""));
    else if (step.op === "close") this.open.delete(name("file"));
    else if (step.op === "munmap") this.open.delete(name("map"));
    else if (step.op === "mmap") {
      const length = numberOf(step["length"]);
      this.lengths.set(String(step["map"]), length);
      this.open.set(name("map"), `kvm_munmap(${name("map")}, ${numberText(length)});`);
    } else if (file !== null && step.op !== "create_vcpu")
      this.open.set(identifier(file), `kvm_close(${identifier(file)});`);
  }
}

const mentions = (line: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(line);

/** A vCPU that nobody runs needs no variable. */
function withoutUnused(lines: readonly string[], variables: ReadonlyMap<string, VariableKind>): string[] {
  const unused = [...variables.keys()].filter(
    (name) => lines.filter((line) => mentions(line, name)).length === 1,
  );
  return lines.map((line) => unused.reduce((text, name) => text.replace(`\t${name} = `, "\t"), line));
}

/** The test goes on where its user has said that it may. */
const asking = (danger: string): string =>
  `__TEST_REQUIRE(getenv("GMEM_DANGEROUS"), "%s", ${told(`${danger}; with GMEM_DANGEROUS=1 it is made`)});`;

function skipping(why: string): { readonly text: readonly string[]; readonly stops: boolean } {
  return { text: [`__TEST_REQUIRE(false, "%s", ${told(why)});`], stops: true };
}

function needLine({ cap, least, bits }: Need): string {
  return `\tTEST_REQUIRE(${bits === undefined ? `kvm_check_cap(${cap}) >= ${least}` : `!((${bits}) & ~kvm_check_cap(${cap}))`});`;
}
