/** The command line: options are decoded here, each command is a file of its own, loaded when it is used. */
import { Command, CommanderError, Option } from "commander";
import { UsageError } from "../checkers/usage-error.ts";
import { MODES } from "../spec/language/design.ts";
import { ModelError } from "../spec/language/verdict.ts";
import {
  amount,
  boundsFrom,
  countFrom,
  oneOf,
  overlapFrom,
  profileFrom,
  seedFrom,
  workersFrom,
} from "./arguments.ts";
import { EMIT_KINDS, type EmitKind } from "./emit-kinds.ts";
import { EXIT } from "./exit.ts";
import { secondsFrom } from "./gate/budget.ts";
import { CASE_FORMATS, type CaseFormat } from "./case-formats.ts";
import { rerunText } from "./rerun.ts";
import type { LiveCommand } from "./live.ts";
import type { RacesCommand } from "./live-races.ts";
import { PLACES, type KernelPlace } from "./kernel-at.ts";
import { tell } from "./output.ts";

const EXIT_CODES = `
Exit codes: 0 as expected and exhausted · 1 violated, or a kernel disagrees, or a pinned verdict changed
            2 usage · 3 incomplete · 4 skipped · 5 invalid or vacuous model · 130/143 interrupted`;

/** Runs a command; the result is the process's exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  quietWhenNobodyReads();
  let code: number = EXIT.asExpected;
  const done = (result: number): void => void (code = result);
  const program = commands(done);
  // What a report says to have it made again.
  program.hook("preAction", (_, action) => {
    action.setOptionValue("rerun", rerunText(argv.slice(2)));
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    return report(error);
  }
}

/** A reader that has seen enough (`| head`) is no fault. */
function quietWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/** One message, with the place and what was possible; a stack only for faults of this tool. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.asExpected : EXIT.usage;
  if (error instanceof UsageError || (error instanceof Error && error.name === "InputError")) {
    tell(`gmemcheck: ${error.message}`);
    return EXIT.usage;
  }
  if (error instanceof Error && error.name === "NotHere") {
    tell(`gmemcheck: skipped: ${error.message}`);
    return EXIT.skipped;
  }
  if (error instanceof ModelError) {
    tell(`gmemcheck: the model is invalid: ${error.message}`);
    return EXIT.model;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell(`gmemcheck: a fault of this tool, not of the model; please report it\n${text}`);
  return EXIT.internal;
}

async function conformAny(
  paths: string[],
  options: Omit<LiveCommand & RacesCommand, "live" | "format"> & {
    readonly format: "text" | "json" | CaseFormat;
    readonly live?: KernelPlace;
    readonly races?: true;
    readonly matrix?: true;
  },
): Promise<number> {
  const { live, races, matrix, format } = options;
  if (matrix !== true && live === undefined && races === true)
    throw new UsageError("--races: of which kernel? expected: --live local, or --live qemu with --kernel");
  if (matrix !== true && live === undefined) return (await import("./conform.ts")).conform(paths, options);
  if (format !== "text" && format !== "json")
    throw new UsageError(`--format: "${format}" is for recordings; with --live and --matrix: text, json`);
  if (matrix === true) return (await import("./matrix.ts")).kernelMatrix(paths, { ...options, format });
  const where = { ...options, format, live: live! };
  if (races === true) return (await import("./live-races.ts")).liveRaces(paths, where);
  return (await import("./live.ts")).live(paths, where);
}

const collect = (value: string, previous: readonly string[] = []): string[] => [...previous, value];

function commands(done: (code: number) => void): Command {
  const program = new Command("gmemcheck")
    .description("Model checking of the ABI by which user space gives private memory to KVM guests")
    .exitOverride()
    .showHelpAfterError("(gmemcheck --help says what is possible)")
    .addHelpText("after", EXIT_CODES);
  const add = (name: string, description: string): Command =>
    program.command(name).description(description).exitOverride();
  const format = (...values: readonly string[]): Option =>
    new Option("--format <format>", values.join(" or ")).default("text").argParser(oneOf("--format", values));

  add("list", "designs, their bounds and scenarios, and the promises")
    .addOption(format("text", "json"))
    .action(async (options) => done((await import("./list.ts")).list(options)));

  add("check", "search designs exhaustively: what holds, what is broken, and the shortest way there")
    .argument("[design...]", "names, or files that export a design")
    .option("--all", "every design of the registry, against its pinned verdicts")
    .option("--quick", "only the vectors marked quick")
    .option(
      "--bounds <bounds>",
      "one run at these bounds: vms=2,files=1,pages=2,slots=2,gfns=2,…",
      boundsFrom,
    )
    .option("--scenario <name>", "one run with this named subset of calls")
    .option("--track <profile>", "full, watch, no-contents or skeleton", profileFrom)
    .option("--mode <mode>", "how calls meet: sequential, overlap or full", oneOf("--mode", MODES))
    .option("--overlap <k>", "the most calls in flight at once, in mode overlap (2)", overlapFrom)
    .option("--no-merge", "where calls overlap, let others in before local sections too")
    .option("--no-orders", "where calls overlap, do not compare with their orders (linearizable)")
    .option("--property <name>", "only this property; may be repeated", collect)
    .option(
      "--max-states <n>",
      "stop after so many states, with the verdict incomplete",
      amount("--max-states"),
    )
    .option("--max-seconds <n>", "stop each run after so many seconds", amount("--max-seconds"))
    .option(
      "--max-bytes <n>",
      "stop a run when its visited set takes so many bytes (half the memory, shared by the runs)",
      amount("--max-bytes"),
    )
    .addOption(
      new Option(
        "--symmetry [how]",
        "search one state of those that differ in names alone: exact (calls treat names alike), orbits (or lead to the same up to names)",
      )
        .preset("exact")
        .argParser(oneOf("--symmetry", ["exact", "orbits"])),
    )
    .option("--spill <dir>", "when --max-bytes are used up, keep settled states in files there, and go on")
    .option("--checkpoint <dir>", "write the run down there now and then")
    .option("--resume <dir>", "go on with a run that was written down")
    .option("--compaction", "keep 64 bits of each state: less memory, and no verdict 'holds' without doubt")
    .option("--accept-compaction", "let --compaction say 'holds' all the same")
    .option("--interpreted", "run calls as they are written, without translating them")
    .option("--paranoid", "trust nothing: check every access, run every step twice and in both ways; slow")
    .option("--profile", "say where states and time go: by call, and by field")
    .option(
      "--sections",
      "count which sections of each call run; the runs are interpreted for it, and slower",
    )
    .option("--workers <n>", "threads; as many as cores", workersFrom)
    .option("--redis <url>", "have it done by who listens to a queue there: gmemcheck worker")
    .option("--shared <dir>", "with --redis: search each run in shards, whose states are in this folder")
    .option("--shards <n>", "shards of a search (16)", countFrom("--shards", 4096))
    .option("--attach <id>", "with --redis: take up a run that was interrupted")
    .option("--out <dir>", "write traces, report.json, report.sarif and junit.xml there")
    .option("--html <dir>", "write pages there: index.html with everything, and one for each trace")
    .addOption(format("text", "json", "itf", ...CASE_FORMATS))
    .action(async (names: string[], options) =>
      done(await (await import("./check.ts")).check(names, options)),
    );

  add("worker", "do what check --redis asks for, on this machine, until it is told to stop")
    .requiredOption("--redis <url>", "redis://HOST:PORT, or rediss:// for TLS; a Valkey will do")
    .option(
      "--concurrency <n>",
      "jobs at once, each in a process of its own",
      countFrom("--concurrency", 256),
      1,
    )
    .action(async (options) => done(await (await import("./queue/worker.ts")).worker(options)));

  add("status", "what runs on a queue, who works there, and what is behind")
    .requiredOption("--redis <url>", "redis://HOST:PORT, or rediss:// for TLS")
    .addOption(format("text", "json", "prometheus"))
    .action(async (options) => done(await (await import("./queue/status.ts")).status(options)));

  add("diff", "two designs in lockstep: what the second one changes for who relies on the first")
    .argument("<a>", "a name, or a file that exports a design")
    .argument("<b>", "another one")
    .option("--quick", "only the vectors marked quick")
    .option("--bounds <bounds>", "one run at these bounds: vms=2,files=1,pages=2,…", boundsFrom)
    .option("--scenario <name>", "one run with this named subset of calls")
    .option("--mode <mode>", "how calls meet: sequential, overlap or full", oneOf("--mode", MODES))
    .option("--overlap <k>", "the most calls in flight at once, in mode overlap (2)", overlapFrom)
    .option("--strict", "exit 1 also where the second design only extends the first")
    .option("--no-promises", "do not compare which promises are kept")
    .option("--max-states <n>", "stop a run after so many pairs of states", amount("--max-states"))
    .option("--max-seconds <n>", "stop each run after so many seconds", amount("--max-seconds"))
    .option("--max-bytes <n>", "stop a run when it takes so many bytes", amount("--max-bytes"))
    .option("--interpreted", "run calls as they are written, without translating them")
    .option("--out <dir>", "write the traces of both designs and diff.json there")
    .option("--html <dir>", "write pages there: index.html with everything, and one for each trace")
    .addOption(format("text", "json", ...CASE_FORMATS))
    .action(async (a: string, b: string, options) =>
      done(await (await import("./diff.ts")).diff(a, b, options)),
    );

  add(
    "fuzz",
    "random runs at bounds of any size: what they break, shrunk to a minimum, and what they never reached",
  )
    .argument("<design...>", "names, or files that export a design")
    .option("--bounds <bounds>", "at these bounds: vms=4,files=6,pages=16,slots=12,…", boundsFrom)
    .option("--scenario <name>", "with this named subset of calls")
    .option(
      "--mode <mode>",
      "how calls meet: sequential or sections",
      oneOf("--mode", ["sequential", "sections"]),
    )
    .option("--overlap <k>", "the most calls in flight at once, in mode sections (3)", overlapFrom)
    .option("--runs <n>", "of each design (1000)", amount("--runs"))
    .option("--seconds <n>", "of each design, instead of a number of runs", amount("--seconds"))
    .option("--seed <n>", "other runs", seedFrom, 1)
    .option("--path <n>", "this run of the seed alone")
    .option("--replay-path <text>", "what else its line says")
    .option("--property <name>", "only this property; may be repeated", collect)
    .option("--require-coverage <goals>", "call:result,… or all: exit 3 where one was never reached")
    .option("--out <dir>", "write traces there")
    .option("--html <dir>", "write pages there: index.html with everything, and one for each trace")
    .addOption(format("text", "json", ...CASE_FORMATS))
    .action(async (names: string[], options) => done(await (await import("./fuzz.ts")).fuzz(names, options)));

  add(
    "gate",
    "whether a change may land: what it reaches, breaks, asks less, and how its ABI differs from the base",
  )
    .requiredOption("--base <ref>", "the commit, branch or tag that the change is made on")
    .option("--budget <time>", "how long it may take: 90s, 5m, 1h", secondsFrom, 300)
    .option("--keep-going", "look at what is derived from a design, too, where that fails itself")
    .option("--cache <dir>", "keep verdicts there (node_modules/.cache/gmemcheck/verdicts)")
    .option("--workers <n>", "threads; as many as cores", workersFrom)
    .option("--out <dir>", "write the report in every format, and traces, there")
    .option("--html <dir>", "write pages there: index.html with everything, and one for each trace")
    .addOption(format("text", "json", ...CASE_FORMATS))
    .action(async (options) => done(await (await import("./gate.ts")).gate(options)));

  add("mutate", "change a design in one place after the other, and see which promise notices")
    .argument("<design>", "a name, or a file that exports a design")
    .option("--quick", "only at the vectors marked quick")
    .option("--bounds <bounds>", "at these bounds alone", boundsFrom)
    .option("--scenario <name>", "with this named subset of calls alone")
    .option("--property <name>", "only this promise may kill; may be repeated", collect)
    .option("--file <part>", "only mutants of files with this in their path")
    .option("--operator <name>", "only mutants of this kind")
    .option("--only <id>", "this mutant alone")
    .option("--list", "name the mutants, and judge none")
    .option(
      "--max-states <n>",
      "at vectors where the design itself has no more states",
      amount("--max-states"),
      6_500,
    )
    .option(
      "--then-states <n>",
      "what is not decided by then also at vectors where it has no more than these",
      amount("--then-states"),
      20_000,
    )
    .option("--max-seconds <n>", "of each run of a mutant", amount("--max-seconds"), 60)
    .option("--workers <n>", "threads; as many as cores", workersFrom)
    .option("--redis <url>", "have it done by who listens to a queue there: gmemcheck worker")
    .option("--out <file>", "write the report there, as JSON")
    .addOption(format("text", "json"))
    .action(async (name: string, options) => done(await (await import("./mutate.ts")).mutate(name, options)));

  add("replay", "make a trace's calls again: exit 0 when it is what it says, 1 when it is not")
    .argument("<trace>", "a trace file")
    .option("--design <name>", "on another design than the trace's own")
    .option("--certificate", "run every single reduction again that makes a shrunk trace a minimum")
    .addOption(format("text", ...CASE_FORMATS))
    .action(async (path: string, options) => done(await (await import("./replay.ts")).replay(path, options)));

  add("explain", "say what each call of a trace did, and what it broke")
    .argument("<trace>", "a trace file")
    .option("--design <name>", "where the trace's design is not in the registry: its file")
    .action(async (path: string, options) =>
      done(await (await import("./replay.ts")).explain(path, options)),
    );

  add("emit", "write a trace as something that others run or read")
    .argument("<kind>", EMIT_KINDS.join(", "), oneOf("emit", EMIT_KINDS))
    .argument("<trace>", "a trace file")
    .option("--out <file>", "write it there, instead of to stdout")
    .option("--design <name>", "on another design than the trace's own: what that one answers is expected")
    .action(async (kind: EmitKind, path: string, options) =>
      done(await (await import("./emit.ts")).emit(kind, path, options)),
    );

  add("page", "make a trace, or reports, one HTML file: look at it, step through it, and branch off it")
    .argument(
      "<file...>",
      "a trace, or an ITF file of another tool; or reports: what check, diff, fuzz, gate and mutate write as JSON",
    )
    .option("--out <file>", 'write it there; "-" for stdout (default: named as the file, in this folder)')
    .option("--design <name>", "where the trace's design is not in the registry: its file")
    .option("--against <report>", "what is otherwise than in this report of before; may be repeated", collect)
    .option("--static", "without script: for mail, and where none may run")
    .action(async (paths: string[], options) => done(await (await import("./page.ts")).page(paths, options)));

  add("run", "run a program in the recording format on a design, and print its results as a recording")
    .argument("<program>", "a file in the recording format; results are not needed")
    .option("--design <name>", "instead of the design of the header's kernel")
    .action(async (path: string, options) => done(await (await import("./conform.ts")).run(path, options)));

  add(
    "conform",
    "compare recordings of real kernels, or with --live a kernel itself, with designs, call by call",
  )
    .argument("[recording...]", "recording files")
    .option("--design <name>", "instead of the design of the kernel's version")
    .option("--live <where>", "made-up programs on a real kernel: local or qemu", oneOf("--live", PLACES))
    .option("--kernel <kernel>", "with --live qemu: a version of gmemcheck kernel list, or an image")
    .option("--append <parameters>", "with --live qemu: more for its command line: kvm_amd.npt=0")
    .option("--smp <n>", "with --live qemu: how many processors (2)", amount("--smp"))
    .option("--races", "with --live: blocks of racing threads, instead of programs of one")
    .option("--iterations <n>", "with --races: how often each block is run (200)", amount("--iterations"))
    .option("--matrix", "the recorded programs, and --runs made-up ones (100), on every kernel at hand")
    .option("--runs <n>", "so many programs, or blocks (100)", amount("--runs"))
    .option(
      "--operations <n>",
      "so many operations (10,000 where nothing else is said)",
      amount("--operations"),
    )
    .option("--seconds <n>", "so many seconds", amount("--seconds"))
    .option("--seed <n>", "the same seed makes the same programs", amount("--seed"))
    .option("--path <path>", "with --seed: one program of that run alone")
    .option("--keep-going <n>", "end at so many different disagreements (1)", amount("--keep-going"))
    .option("--out <dir>", "write recordings of disagreements there (disagreements)")
    .addOption(format("text", "json", ...CASE_FORMATS))
    .action(async (paths: string[], options) => done(await conformAny(paths, options)));

  add("record", "run programs on a real kernel, and write what it answered as a recording")
    .argument("<programs>", "sequences and races in the recording format; results are not needed")
    .option("--live <where>", "local or qemu", oneOf("--live", PLACES), "local")
    .option("--kernel <kernel>", "with --live qemu: a version of gmemcheck kernel list, or an image")
    .option("--append <parameters>", "with --live qemu: more for its command line: kvm_amd.npt=0")
    .option("--smp <n>", "with --live qemu: how many processors (2)", amount("--smp"))
    .option("--set <name>", "what the header calls the recording", "recorded")
    .option(
      "--iterations <n>",
      "how often a race runs that does not say it itself",
      amount("--iterations"),
      400,
    )
    .option("--seed <n>", "of the delays in races", amount("--seed"), 1)
    .option("--out <file>", "write it there, instead of to stdout")
    .action(async (path: string, options) => done(await (await import("./record.ts")).record(path, options)));

  const kernel = add("kernel", "the kernels that QEMU can boot to be asked");
  const addKernel = (name: string, description: string): Command =>
    kernel.command(name).description(description).exitOverride();
  addKernel("build", "build a small one from Debian's source package, with private memory")
    .argument("<version>", "7.3, 6.12, or a full version")
    .option("--debug", "with KASAN and lockdep, for errors of lifetime and of locking")
    .action(async (version: string, options) =>
      done(await (await import("./kernel.ts")).build(version, options)),
    );
  addKernel("fetch", "take Debian's own image")
    .argument("<version>", "7.3, 6.12, or a full version")
    .action(async (version: string) => done(await (await import("./kernel.ts")).fetch(version)));
  addKernel("list", "what was built and fetched")
    .addOption(format("text", "json"))
    .action(async (options) => done((await import("./kernel.ts")).list(options)));

  add("doctor", "what this machine can and cannot do")
    .addOption(format("text", "json"))
    .action(async (options) => done((await import("./doctor.ts")).doctor(options)));

  return program;
}
