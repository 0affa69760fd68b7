/** The C of a KVM selftest that makes a trace's calls by kvm_util of 7.3. */
import type { RecordedStep } from "../../spec/recording.ts";
import { UsageError } from "../usage-error.ts";
import { dangerOf } from "./expected.ts";
import { testStatement, type Around, type Statement } from "./kselftest-calls.ts";
import { needsOf, type Need } from "./needs.ts";
import { Arguments, madeBy, numberOf, succeeds, type VariableKind } from "./operation.ts";
import { piecesText, type Piece } from "./pieces.ts";
import type { ReproducedStep, Reproduction } from "./reproduction.ts";
import { commentText, identifier, inBrackets, numberText, paragraph, told } from "./text.ts";

/** What a test is of, in paragraphs. */
export function aboutText({ design, says, meaning, breach, bounds }: Reproduction): string[] {
  return [
    `A trace of ${design} (${says}), made a test by gmemcheck.`,
    `Expected is what the design answers. ${meaning}`,
    ...(breach === null
      ? []
      : [`After the last step ${breach.property} is broken: ${breach.why || breach.says}.`]),
    `Bounds: ${bounds}.`,
  ];
}

/** The test alone. Refuses a trace of which a test could make nothing. */
export function testProgram(run: Reproduction): string {
  const test = testOf(run);
  const main = test.main();
  const text = aboutText(run)
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
    ...["linux/falloc.h", "linux/sizes.h", "sys/mman.h", "sys/stat.h"].map(
      (header) => `#include <${header}>`,
    ),
    "",
    ...["kvm_util.h", "processor.h", "test_util.h", "ucall_common.h"].map((header) => `#include "${header}"`),
    "",
    ...(test.guestPages === 0 ? [] : [`#define GUEST_PAGES ${test.guestPages}`, ""]),
    piecesText(test.pieces),
    ...main,
    "",
  ].join("\n");
}

/** Of a trace that a test cannot make to its end, the calls up to there: what it needs is what these need. */
function testOf(run: Reproduction): Test {
  const { reached } = new Test(run);
  return new Test({ ...run, steps: run.steps.slice(0, reached) });
}

const DECLARED: Readonly<Record<VariableKind, (name: string) => string>> = {
  fd: (name) => `int ${name} = -1;`,
  vm: (name) => `struct kvm_vm *${name};`,
  vcpu: (name) => `struct kvm_vcpu *${name};`,
  map: (name) => `u8 *${name};`,
};

const PAGE = 4096n;

class Test {
  readonly pieces = new Set<Piece>();
  /** So many of the guest's pages are accessed by it, from the first on; 0: there is no guest. */
  readonly guestPages: number;
  private readonly run: Reproduction;
  private readonly steps: readonly RecordedStep[];
  /** The names that steps have made so far. */
  private readonly made = new Set<string>();
  private readonly vcpus = new Map<string, number>();
  private readonly lengths = new Map<string, bigint>();
  private readonly variables = new Map<string, VariableKind>();
  /** What is to be given back at the end, by its variable. */
  private readonly open = new Map<string, string>();
  private readonly lines: readonly string[];
  /** So many steps are in it, the one that skips the rest included. */
  readonly reached: number;

  constructor(run: Reproduction) {
    this.run = run;
    this.steps = run.steps.flatMap(({ told: of }) => ("step" in of ? [of.step] : []));
    if (this.steps.length === 0)
      throw new UsageError(
        `emit kselftest: no step of this trace is a call of user space, as ${run.design} is a model of a design\n  expected: a trace of a version of the kernel or of a variant of one; emit c, mermaid and itf take any`,
      );
    for (const { map, bytes } of run.memory) this.lengths.set(map, bytes);
    for (const step of this.steps)
      if (step.op === "create_vcpu" && succeeds(step))
        this.vcpus.set(String(step["vm"]), (this.vcpus.get(String(step["vm"])) ?? 0) + 1);
    const touched = this.steps.filter((step) => "gpa" in step).map((step) => numberOf(step["gpa"]) / PAGE);
    const pages = touched.filter((page) => page < 1n << 20n).map((page) => Number(page) + 1);
    this.guestPages = this.vcpus.size === 0 ? 0 : Math.max(1, ...pages);
    [this.lines, this.reached] = this.body();
  }

  main(): readonly string[] {
    const body = this.lines;
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

  /** The steps up to the first one that a test cannot make, and what gives everything back; how many steps that is. */
  private body(): [readonly string[], number] {
    const lines: string[] = [];
    const { steps } = this.run;
    const stop = steps.findIndex((step) => {
      const { text, stops } = this.stepLines(step);
      lines.push(`\t/* ${commentText(step.words)} */`, ...text.map((line) => `\t${line}`));
      return stops;
    });
    const closing = [...this.open.values()].reverse().map((line) => `\t${line}`);
    const all = withoutUnused([...lines, "", ...closing], this.variables);
    return [all, stop < 0 ? steps.length : stop + 1];
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
    if (file !== null) this.made.add(file);
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
  return `\tTEST_REQUIRE(${bits === undefined ? `kvm_check_cap(${cap}) >= ${least}` : `!(${inBrackets(bits)} & ~kvm_check_cap(${cap}))`});`;
}
