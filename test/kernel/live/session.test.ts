/** Asking a kernel through an executor, of which a stand-in answers as a design does: answers, races, and all that can go wrong. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KernelFailure, NotHere, type Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { startProcess } from "../../../checkers/kernel/live/local.ts";
import { ARGUMENTS, raceRequest, readReply, runRequest } from "../../../checkers/kernel/live/protocol.ts";
import { openSession } from "../../../checkers/kernel/live/session.ts";
import { readRecording } from "../../../checkers/kernel/recording.ts";
import { OPERATIONS } from "../../../models/guest-memfd/recording/steps.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";
import { guestMemfd6_18 } from "../../../models/guest-memfd/versions.ts";
import { UnplayableStep, type RecordedResult, type RecordedStep } from "../../../spec/recording.ts";
import { answerLine, designAnswers, readStep, standIn, type Misdeed } from "./stand-in.ts";

const name = "6.18.44-curated.jsonl";
const recording = readRecording(
  readFileSync(new URL(`../../../recordings/${name}`, import.meta.url), "utf8"),
  name,
  player,
  "answered",
);
const { header } = recording;
const answer = designAnswers(guestMemfd6_18, player, header);
const unanswered = (steps: readonly RecordedStep[]): RecordedStep[] =>
  steps.map(({ result: _, ...step }) => step as RecordedStep);
const program: RecordedStep[] = [
  { op: "create_vm", vm: "A", type: 0 },
  { op: "create_guest_memfd", file: "F", vm: "A", size: 4096, flags: 3 },
  { op: "mmap", map: "m", file: "F", offset: 0, length: 4096, prot: 3, share: "shared" },
  { op: "host_write", map: "m", offset: 1, value: 7 },
  { op: "host_read", map: "m", offset: 1 },
];
const itsAnswers: RecordedResult[] = [{ ret: 0 }, { ret: 0 }, { ret: 0 }, { ret: 0 }, { value: 7 }];

describe("protocol", () => {
  test("there is a line for each operation of the format", () => {
    expect(Object.keys(ARGUMENTS).sort()).toEqual(Object.keys(OPERATIONS).sort());
    for (const [op, takes] of Object.entries(ARGUMENTS)) {
      const fields = takes.flatMap((of) => (of.as === "place" ? ["map", "offset"] : [of.field]));
      expect([op, [...fields].sort()]).toEqual([
        op,
        Object.keys(OPERATIONS[op as keyof typeof OPERATIONS].fields).sort(),
      ]);
    }
  });

  test("every recorded step is read back as it was written, names apart", () => {
    for (const { steps } of recording.sequences) {
      const [first, ...lines] = runRequest(steps).trimEnd().split("\n");
      expect(first).toBe(`run ${steps.length}`);
      expect(runRequest(lines.map(readStep)).trimEnd().split("\n").slice(1)).toEqual(lines);
      lines.map(readStep).forEach((read, i) => {
        const { note: _, result: __, ...step } = steps[i]!;
        expect(shape(read)).toEqual(
          shape({ ...(step.op === "create_guest_memfd" ? { reserved: 0 } : {}), ...step }),
        );
      });
    }
  });

  test("names that differ stay apart, and one name stays one", () => {
    const lines = runRequest([...program, { op: "close", file: "F" }, { op: "close", file: "G" }]).split(
      "\n",
    );
    expect(lines.slice(-3)).toEqual(["close f0", "close f1", ""]);
  });

  test("numbers of 64 bits arrive as they were written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
        const safe = value >= -(2n ** 53n) && value < 2n ** 53n;
        const written = safe
          ? Number(value)
          : `${value < 0n ? "-" : ""}0x${(value < 0n ? -value : value).toString(16)}`;
        const line = runRequest([{ op: "ftruncate", file: "F", size: written }]).split("\n")[1]!;
        const word = line.split(" ")[2]!;
        expect(word.startsWith("-") ? -BigInt(word.slice(1)) : BigInt(word)).toBe(value);
      }),
    );
  });

  test("an answer is read back as it was written", () => {
    const number = fc.oneof(
      fc.maxSafeInteger(),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }).map((of) => `0x${of.toString(16)}`),
    );
    const result = fc.dictionary(
      fc.stringMatching(/^[a-z][a-z_]{0,8}$/),
      fc.oneof(number, fc.boolean(), fc.constantFrom("EEXIST", "mmio", "SIGBUS", "memory_fault")),
      { minKeys: 1, noNullPrototype: true },
    );
    fc.assert(
      fc.property(result, (of) => {
        expect(readReply(answerLine(of))).toEqual({ is: "answer", result: of });
      }),
    );
  });

  test.each([
    "",
    "answer",
    "answer ret",
    "answer ret=",
    "answer ret=0x",
    "answer ret=0  value=1",
    "hang steps",
    "outcome",
    "outcome 0",
    "done so",
    "Killed",
    "\u0000",
  ])("%j is no line of it", (line) => expect(readReply(line)).toBeNull());

  test("what user space cannot write is refused", () => {
    expect(() => runRequest([program[0]!, program[0]!])).toThrow(UnplayableStep);
    expect(() => runRequest([{ op: "reboot" }])).toThrow('no operation "reboot"');
    const many = Array.from({ length: 1025 }, (_, i) => ({ op: "close", file: `F${i}` }));
    expect(() => runRequest(many)).toThrow("more than 1024 names");
    const setup = [program[0]!];
    expect(() => raceRequest({ setup, threads: [[program[0]!], []], final: [] }, 1, 1)).toThrow("made twice");
  });
});

/** Names by kind only. */
function shape(step: RecordedStep): object {
  const names = ["vm", "vcpu", "file", "as", "map", "guest_memfd"];
  return JSON.parse(
    JSON.stringify(step, (field, value) =>
      names.includes(field) && typeof value === "string" ? field : value,
    ),
  ) as object;
}

const failing = async (run: Promise<unknown>): Promise<KernelFailure> => {
  const error = await run.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KernelFailure);
  return error as KernelFailure;
};

describe("a session", () => {
  test("a header says of KVM_SET_MEMORY_ATTRIBUTES what the executor says, or nothing", async () => {
    for (const there of [true, false, undefined]) {
      const { memory_attributes_ioctl: _, ...rest } = header;
      const said = there === undefined ? rest : { ...rest, memory_attributes_ioctl: there };
      const { kernel } = await standIn({ answer, header: said });
      expect(kernel.header.memory_attributes_ioctl).toBe(there);
      await kernel.close();
    }
  });

  test("asks for the header, and for programs one after the other", async () => {
    const { kernel, started, running } = await standIn({ answer, header });
    expect({ ...kernel.header, machine: header.machine, set: header.set }).toEqual(
      Object.fromEntries(Object.entries(header).filter(([field]) => !["sequences"].includes(field))),
    );
    expect(kernel.header.machine).toContain(`${header.kernel}-standing-in`);
    const some = recording.sequences.filter(({ steps }) => steps.length < 25).slice(0, 3);
    expect(some.length).toBe(3);
    const answers = await Promise.all(some.map(({ steps }) => kernel.run(unanswered(steps))));
    expect(answers).toEqual(some.map(({ steps }) => answer(steps)));
    await kernel.close();
    expect([started(), running()]).toEqual([1, 0]);
  });

  const misdeeds: readonly (readonly [Misdeed, string, RegExp])[] = [
    ["hang", "hang", /^step 3 did not return$/],
    ["stuck", "hang", /^step 3 of thread 1, iteration 57, did not return, and cannot be interrupted$/],
    ["silence", "hang", /said nothing for 0.05 s/],
    ["garbage", "garbage", /"Segmentation fault"/],
    ["cut line", "death", /died .*in the middle of a line: "answer re"/],
    ["death", "death", /^the executor died \(SIGKILL\)$/],
    [{ lines: "done\n" }, "garbage", /3 answers to 5 steps/],
    [{ lines: "answer ret=0" }, "garbage", /answer ret=0, and nothing more/],
    [{ lines: "error 3 poison\n" }, "garbage", /refuses step 3 poison/],
  ];

  test.each(misdeeds)(
    "%j is told, with the answers before it, and the next program is answered",
    async (misdeed, kind, message) => {
      const { kernel, started, running } = await standIn({
        answer,
        header,
        misdeeds: { 1: { step: 3, misdeed } },
        silence: 50,
      });
      expect(await kernel.run(program)).toEqual(itsAnswers);
      const failed = failing(kernel.run(program));
      // Asked for before the failure is known: it is answered by the executor that is started after it.
      const next = kernel.run(program);
      const { kind: was, message: said, answered, console } = await failed;
      expect(was).toBe(kind);
      expect(said).toMatch(message);
      expect(answered).toEqual(itsAnswers.slice(0, 3));
      expect(console).toEqual(["standing in"]);
      expect(await next).toEqual(itsAnswers);
      await kernel.close();
      expect([started(), running()]).toEqual([2, 0]);
    },
  );

  const race = {
    setup: program.slice(0, 3),
    threads: [[program[3]!], [program[4]!, program[4]!]],
    final: [program[4]!],
  };

  test("a race has the setup's answers, and outcomes with an answer for each step", async () => {
    const { kernel } = await standIn({ answer, header });
    expect(await kernel.race(race, 30, 1)).toEqual({
      setup: itsAnswers.slice(0, 3),
      observed: [{ results: [[{ ret: 0 }], [{ value: 7 }, { value: 7 }]], final: [{ value: 7 }], count: 30 }],
    });
    await kernel.close();
  });

  test.each([
    [{ lines: "unsteady 2 5 ret=-1\ndone\n" }, "garbage", "the setup was answered otherwise"],
    [{ lines: "outcome 3\nanswer ret=0\nanswer value=7\ndone\n" }, "garbage", "3 answers to 3 steps"],
    ["stuck", "hang", "step 3 of thread 1, iteration 57"],
  ] as const)("a race that ends with %j has none", async (misdeed, kind, message) => {
    const { kernel } = await standIn({ answer, header, misdeeds: { 0: { step: 3, misdeed } } });
    const failed = await failing(kernel.race(race, 30, 1));
    expect([failed.kind, failed.message]).toEqual([kind, expect.stringContaining(message)]);
    expect(failed.answered).toEqual(itsAnswers.slice(0, 3));
    await kernel.close();
  });
});

/** An executor that is a process: a shell that says this, line by line as it is asked. */
const shell = (...says: readonly string[]): Promise<Kernel> =>
  openSession({
    where: "a shell",
    open: async () =>
      startProcess("/bin/sh", ["-c", says.map((text) => `read line; printf '${text}'`).join("; ")]),
    silence: 5000,
  });

describe("a process", () => {
  const probe = "kernel 6.18.1\\nmachine x, y\\npage_size 4096\\nmax_slot_id 9\\ndone\\n";

  test("that dies is told, with what it said on its standard error", async () => {
    const kernel = await shell(
      "executor 1\\n",
      probe,
      "answer ret=0\\nanswer r'; echo no memory >&2; kill -9 $$; echo '",
    );
    expect(kernel.header.kernel).toBe("6.18.1");
    const { kind, message, answered, console } = await failing(kernel.run(program));
    expect([kind, message]).toEqual([
      "death",
      'the executor died (SIGKILL), in the middle of a line: "answer r"',
    ]);
    expect(answered).toEqual([{ ret: 0 }]);
    expect(console).toEqual(["no memory"]);
    await kernel.close();
  });

  test("that says there is no kernel ends as not here", async () => {
    await expect(shell("absent /dev/kvm: Permission denied\\n")).rejects.toThrow(NotHere);
  });

  test("that is another version, or none, is not asked", async () => {
    expect((await failing(shell("executor 2\\n"))).message).toBe("this is no executor, or another version");
    expect((await failing(shell("executor 1\\n", "done\\n"))).message).toContain(
      "did not say what it runs on",
    );
    const missing = openSession({
      where: "nowhere",
      open: async () => startProcess("/no/such/executor", []),
      silence: 5000,
    });
    expect((await failing(missing)).message).toContain("does not start");
  });

  test("is gone when the session is closed, whatever it does", async () => {
    let pid = 0;
    const kernel = await openSession({
      where: "a shell",
      open: async () => {
        const script = `trap "" TERM INT; echo $$ >&2; read l; echo executor 1; read l; printf '${probe}'; while :; do sleep 60; done`;
        const link = startProcess("/bin/sh", ["-c", script]);
        return { ...link, console: () => ((pid = Number(link.console()[0])), link.console()) };
      },
      silence: 100,
    });
    expect((await failing(kernel.run(program))).kind).toBe("hang");
    await kernel.close();
    expect(pid).toBeGreaterThan(0);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});
