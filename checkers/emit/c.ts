/**
 * A trace as one C file in the style of kselftest: a step for each call, TAP, exit 0 where every step ended as the design says, 1 where one did
 * not, 4 where the machine lacks something.
 */
import { CALLS_END } from "../../spec/language/kernel-bug.ts";
import type { RecordedStep } from "../../spec/recording.ts";
import { expression } from "./calls.ts";
import { dangerOf, expectedOf, type Expected } from "./expected.ts";
import { fallbacks } from "./fallbacks.ts";
import { needsOf, type Need } from "./needs.ts";
import { Arguments, madeBy, numberOf, succeeds, type VariableKind } from "./operation.ts";
import { piecesText, type Piece } from "./pieces.ts";
import type { ReproducedStep, Reproduction } from "./reproduction.ts";
import { commentText, inBrackets, numberText, paragraph, stringLiteral, told } from "./text.ts";

export function cProgram(run: Reproduction): string {
  const body = new Body(run);
  const pieces = piecesText(body.pieces);
  const code = [pieces, ...body.declarations(), body.main()].join("\n");
  return [head(run, body.isDangerous), includes(code), fallbacks(code), code].join("\n");
}

/** Headers, and what of each a program may name. */
const HEADERS: Readonly<Record<string, RegExp>> = {
  "errno.h": /\berrno\b|\bE[A-Z]{3,}\b/,
  "fcntl.h": /\bopen\(|\bfallocate\(/,
  "setjmp.h": /\bsigsetjmp\(/,
  "signal.h": /\bsigaction\b/,
  "stdbool.h": /\bbool\b/,
  "stdint.h": /\bu?int\w*_t\b/,
  "stdio.h": /\bprintf\(/,
  "stdlib.h": /\bexit\(/,
  "string.h": /\b(mem|str)\w+\(/,
  "sys/ioctl.h": /\bioctl\(/,
  "sys/mman.h": /\b(mmap|munmap|madvise|mincore|mlock)\(/,
  "sys/stat.h": /\bfstat\(/,
  "sys/utsname.h": /\butsname\b/,
  "unistd.h": /\b(close|dup|pipe|alarm|lseek|ftruncate|p?read|p?write)\(/,
  "linux/kvm.h": /\b(KVM|kvm)_/,
};

function includes(code: string): string {
  const needed = Object.keys(HEADERS).filter((header) => HEADERS[header]!.test(code));
  return `#define _GNU_SOURCE\n${needed.map((header) => `#include <${header}>\n`).join("")}`;
}

/** A block comment; lines that are there to be pasted are left whole. */
function head(run: Reproduction, isDangerous: boolean): string {
  const { name, design, says, meaning, bounds, breach, command } = run;
  const about = [
    `${name}: made by gmemcheck of a trace of ${design} (${says}).`,
    `Expected is what the design answers. ${meaning}`,
    ...(breach === null
      ? []
      : [`After the last step ${breach.property} is broken: ${breach.why || breach.says}.`]),
    ...(breach === null || breach.why === "" ? [] : [`The promise: ${breach.says}.`]),
    `Bounds: ${bounds}.`,
  ];
  const lines = [
    ...about.flatMap((text) => [...paragraph(text), ""]),
    `Made by: ${command}`,
    `Build:   gcc -O1 -Wall -static -o ${name} ${name}.c`,
    "Run:     as root, where /dev/kvm is",
    ...(isDangerous
      ? ["         --dangerous also makes what is skipped otherwise, as it harms the machine or hangs"]
      : []),
    "Exit:    0 every step ended as expected, 1 one did not,",
    "         4 skipped: the machine lacks something, or a step is nothing that a process can do",
  ];
  const text = lines.map((line) => ` * ${commentText(line)}`.trimEnd()).join("\n");
  return `// SPDX-License-Identifier: GPL-2.0\n/*\n${text}\n */`;
}

const DECLARED: Readonly<Record<VariableKind, (name: string, n: number) => string>> = {
  fd: (name) => `static int ${name} = -1;`,
  vm: (name) => `static int ${name} = -1;`,
  vcpu: (name) => `static struct vcpu ${name} = {.fd = -1};`,
  map: (name, n) => `static char *const ${name} = (char *)${numberText(FIRST_MAP + BigInt(n) * GIB)};`,
};

/** Each mapping has addresses of its own, with nothing behind it: ranges of the calls may go beyond its end. */
const FIRST_MAP = 1n << 44n;
const GIB = 1n << 30n;

/** The statements of a program, and what they use. */
class Body {
  readonly pieces = new Set<Piece>(["report"]);
  private readonly run: Reproduction;
  private readonly variables = new Map<string, VariableKind>();
  /** The names that some step makes. */
  private readonly made: ReadonlySet<string>;
  /** By mapping: how long it is. */
  private readonly lengths = new Map<string, bigint>();
  private readonly needs: readonly Need[];
  private readonly statements: readonly string[];

  constructor(run: Reproduction) {
    this.run = run;
    const steps = run.steps.flatMap(({ told: of }) => ("step" in of ? [of.step] : []));
    this.made = new Set(steps.flatMap((step) => madeBy(step) ?? []));
    for (const { map, bytes } of run.memory) this.lengths.set(map, bytes);
    this.statements = run.steps.map((step) => this.statement(step));
    this.needs = needsOf(steps);
    if (steps.length > 0) this.pieces.add("kvm");
    if (this.needs.length > 0) this.pieces.add("need");
    if (this.needs.some(({ vmType }) => vmType !== undefined)) this.pieces.add("has");
    if (this.memory().length > 0) this.pieces.add("ordinary");
  }

  /** Of the ordinary memory, what some step uses. */
  private memory(): Reproduction["memory"] {
    return this.run.memory.filter(({ map }) => this.variables.has(map));
  }

  private statement({ words, told: of }: ReproducedStep): string {
    if ("cannot" in of) return this.cannot(words, of.cannot);
    const { step } = of;
    const args = new Arguments(step, this.made);
    const call = expression(args, step, this.lengths.get(String(step["map"])) ?? null);
    if (step.op === "mmap" && succeeds(step)) this.lengths.set(String(step["map"]), numberOf(step["length"]));
    if (call === null) return this.cannot(words, `a program in C does not make ${step.op}`);
    const { breach } = this.run;
    if (step.result === undefined && breach?.property !== CALLS_END.name)
      return this.cannot(words, `the call runs into a bug of the kernel here: ${breach?.why ?? ""}`);
    for (const piece of call.pieces ?? []) this.pieces.add(piece);
    for (const [name, kind] of args.variables) this.variables.set(name, kind);
    return this.expecting(words, step, call.text);
  }

  private cannot(words: string, why: string): string {
    this.pieces.add("cannot");
    return `\tcannot(${told(words)},\n\t       ${told(why)});`;
  }

  private expecting(words: string, step: RecordedStep, call: string): string {
    const [piece, macro, ...expected] = macroOf(expectedOf(step));
    this.pieces.add(piece);
    const args = [...expected, call].join(", ");
    const danger = dangerOf(step);
    if (danger === null) return `\t${macro}(${told(words)},\n\t     ${args});`;
    this.pieces.add("dangerous");
    return `\tIF_DANGEROUS(${told(words)}, ${told(danger)},\n\t\t${macro}(${told(words)}, ${args}));`;
  }

  declarations(): string[] {
    const lines = [...this.variables].map(([name, kind], n) => `${DECLARED[kind](name, n)}\n`);
    return lines.length === 0 ? [] : [lines.join("")];
  }

  /** Whether some step is only made when it is asked for. */
  get isDangerous(): boolean {
    return this.pieces.has("dangerous");
  }

  main(): string {
    const { design, steps } = this.run;
    const lines = [
      `int main(${this.isDangerous ? "int argc, char **argv" : "void"})`,
      "{",
      "\tstruct utsname system;",
      "",
      "\tuname(&system);",
      `\tprintf("TAP version 13\\n# Linux %s, expected is %s\\n", system.release, ${told(design)});`,
      ...(this.isDangerous ? ['\tdangerous = argc > 1 && strcmp(argv[1], "--dangerous") == 0;'] : []),
      ...(this.pieces.has("kvm") ? ["\topen_kvm();"] : []),
      ...this.needs.map(needLine),
      ...this.memory().map(({ map, bytes }) => `\tordinary(${map}, ${numberText(bytes)});`),
      `\tprintf("1..${steps.length}\\n");`,
      "",
      ...this.told(),
      "",
      "\treturn totals();",
      "}",
      "",
    ];
    return lines.join("\n");
  }

  /** The scenario's calls and the trace's, each under its own comment. */
  private told(): string[] {
    const given = this.run.steps.filter((step) => step.given).length;
    if (given === 0) return [...this.statements];
    return [
      "\t/* The scene */",
      ...this.statements.slice(0, given),
      "\t/* The trace */",
      ...this.statements.slice(given),
    ];
  }
}

function macroOf(expected: Expected): readonly [Piece, string, ...(readonly string[])] {
  if ("errno" in expected) return ["step", "STEP", expected.errno];
  if ("answer" in expected) return ["gives", "STEP_GIVES", stringLiteral(expected.answer)];
  return "any" in expected ? ["any", "STEP_GIVES_ANY"] : ["hangs", "STEP_HANGS"];
}

function needLine({ vmType, cap, least, bits }: Need): string {
  const asked = vmType === undefined ? `ioctl(kvm, KVM_CHECK_EXTENSION, ${cap})` : `has(${vmType}, ${cap})`;
  const of = vmType === undefined ? "" : ` of VMs of type ${vmType}`;
  const [holds, what] =
    bits === undefined
      ? [`${asked} >= ${least}`, cap]
      : [`!(${inBrackets(bits)} & ~${asked})`, `${bits} in ${cap}`];
  return `\tneed(${holds},\n\t     ${told(`no ${what}${of}`)});`;
}
