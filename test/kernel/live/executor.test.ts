/** The executor on the kernel of this machine, where there is one. */
import { readFileSync, readdirSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { executorPath } from "../../../checkers/kernel/executor/build.ts";
import { KernelFailure, type Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { startProcess } from "../../../checkers/kernel/live/local.ts";
import { openSession } from "../../../checkers/kernel/live/session.ts";
import { outcomeKeyOf } from "../../../checkers/kernel/recording.ts";
import type { RecordedStep } from "../../../spec/recording.ts";
import { localKernel, recordedHere, recordingOf } from "./here.ts";

const found = await localKernel();
const why = typeof found === "string" ? ` (skipped: ${found})` : "";
const kernel = found as Kernel;

afterAll(async () => {
  if (why === "") await kernel.close();
});

const failing = async (run: Promise<unknown>): Promise<KernelFailure> => {
  const error = await run.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KernelFailure);
  return error as KernelFailure;
};

/** A VM with ordinary memory at 1 MiB that the host can write. */
const guest: RecordedStep[] = [
  { op: "create_vm", vm: "A", type: 0 },
  { op: "create_vcpu", vcpu: "c", vm: "A" },
  { op: "anon", map: "z", size: 65536 },
  {
    op: "set_user_memory_region",
    vm: "A",
    slot: 0,
    as_id: 0,
    flags: 0,
    guest_phys_addr: 1 << 20,
    memory_size: 65536,
    userspace_addr: { map: "z", offset: 0 },
  },
];
const ok = { ret: 0 };
const write = (offset: number, value: number): RecordedStep => ({
  op: "host_write",
  map: "z",
  offset,
  value,
});
/** A jump to itself. */
const loops: RecordedStep[] = [
  ...guest,
  write(0, 0xeb),
  write(1, 0xfe),
  { op: "guest_execute", vcpu: "c", gpa: 1 << 20 },
];

/** A kernel whose calls have so long to return, in ms; and the processes that ask it. */
async function hasty(limit = 100): Promise<{ readonly kernel: Kernel; readonly pids: number[] }> {
  const pids: number[] = [];
  const open = async () => {
    const link = startProcess("/bin/sh", ["-c", `echo $$ >&2; exec ${executorPath()} --limit ${limit}`]);
    pids.push(await new Promise<number>((told) => setTimeout(() => told(Number(link.console()[0])), 50)));
    return link;
  };
  return { kernel: await openSession({ where: "here", open, silence: 5000 }), pids };
}

describe.skipIf(why !== "")(`a program on this machine's kernel${why}`, () => {
  test("guest and host see one memory, and a frame without a slot is an MMIO exit", async () => {
    const steps: RecordedStep[] = [
      ...guest,
      { op: "guest_write", vcpu: "c", gpa: (1 << 20) + 4097, value: 200 },
      { op: "host_read", map: "z", offset: 4097 },
      write(8192, 3),
      { op: "guest_read", vcpu: "c", gpa: (1 << 20) + 8192 },
      { op: "guest_read", vcpu: "c", gpa: 1 << 21 },
      { op: "guest_write", vcpu: "c", gpa: 1 << 21, value: 1 },
      { op: "guest_read", vcpu: "c", gpa: 1 << 20 },
    ];
    expect((await kernel.run(steps)).slice(guest.length)).toEqual([
      ok,
      { value: 200 },
      ok,
      { value: 3 },
      { exit: "mmio", gpa: 1 << 21, write: false },
      { exit: "mmio", gpa: 1 << 21, write: true },
      { value: 0 },
    ]);
  });

  test("a guest that met an exception runs again afterwards", async () => {
    const beyond = { op: "guest_read", vcpu: "c", gpa: "0x200000000" };
    const steps: RecordedStep[] = [
      ...guest,
      write(0, 9),
      beyond,
      { op: "guest_read", vcpu: "c", gpa: 1 << 20 },
    ];
    expect((await kernel.run(steps)).slice(-2)).toEqual([{ exit: "shutdown" }, { value: 9 }]);
  });

  test("a step with a mapping that is not there is impossible, and one with a closed descriptor is made", async () => {
    const steps: RecordedStep[] = [
      { op: "mmap", map: "m", file: "F", offset: 0, length: 4096, prot: 3, share: "shared" },
      { op: "host_read", map: "m", offset: 0 },
      { op: "create_vcpu", vcpu: "c", vm: "A" },
      { op: "guest_read", vcpu: "c", gpa: 0 },
      { op: "close", file: "F" },
    ];
    const bad = { ret: -9, errno: "EBADF" };
    expect(await kernel.run(steps)).toEqual([bad, { impossible: true }, bad, bad, bad]);
  });

  test("nothing is left of it in the executor", async () => {
    const { kernel: watched, pids } = await hasty();
    const [pid] = pids;
    const opened = (): number => readdirSync(`/proc/${pid}/fd`).length;
    const mapped = (): number => readFileSync(`/proc/${pid}/maps`, "utf8").split("\n").length;
    const race = { setup: guest, threads: [[write(0, 1)], [write(1, 1)]], final: [] };
    // The stacks of the first race's threads are kept for the next.
    await watched.race(race, 1, 1);
    const before = [opened(), mapped()];
    for (let i = 0; i < 20; i++) await watched.run(guest);
    await watched.race(race, 20, 1);
    expect([opened(), mapped()]).toEqual(before);
    await watched.close();
    expect(() => process.kill(pid!, 0)).toThrow("ESRCH");
  });

  test("a guest that does not stop is interrupted and told, and the next program is answered", async () => {
    const { kernel: hurried, pids } = await hasty();
    const { kind, message, answered } = await failing(hurried.run(loops));
    expect([kind, message, answered.length]).toEqual(["hang", "step 6 did not return", 6]);
    expect(await hurried.run(guest)).toEqual([ok, ok, ok, ok]);
    const race = { setup: loops.slice(0, -1), threads: [[write(8, 1)], loops.slice(-1)], final: [] };
    expect((await failing(hurried.race(race, 5, 1))).message).toBe(
      "step 0 of thread 1, iteration 0, did not return",
    );
    expect(pids.length).toBe(2);
    await hurried.close();
  });

  test("what an executor answered before it dies is known", async () => {
    const { kernel: patient, pids } = await hasty(30_000);
    const failed = failing(patient.run(loops));
    await new Promise((passed) => setTimeout(passed, 150));
    process.kill(pids[0]!, "SIGKILL");
    const { kind, message, answered } = await failed;
    expect([kind, message, answered.length]).toEqual(["death", "the executor died (SIGKILL)", 6]);
    await patient.close();
  });

  test("poison is refused", async () => {
    const poison = { op: "madvise", map: "z", offset: 0, length: 4096, advice: 100 };
    const { message, answered } = await failing(kernel.run([...guest, poison]));
    expect([message, answered]).toEqual([expect.stringContaining("it needs --poison"), []]);
  });
});

const recorded = why === "" ? recordedHere(kernel) : null;
const unlike =
  recorded === null && why === "" ? " (skipped: no recording is of this kernel and machine)" : why;

describe.skipIf(recorded === null)(`what was recorded on such a kernel${unlike}`, () => {
  test.each(["6.18.44-random.jsonl", "6.18.44-curated.jsonl"])("%s is answered again", async (name) => {
    for (const { id, steps } of recordingOf(name).sequences.slice(0, 20)) {
      const answers = await kernel.run(steps);
      expect([id, answers]).toEqual([id, steps.map(({ result }) => result)]);
    }
  });

  test("of a race, outcomes are seen that were seen before", async () => {
    const block = recordingOf("6.18.44-litmus.jsonl").blocks.find(({ id }) =>
      id.endsWith("two-binders-gfns"),
    )!;
    const { setup, observed } = await kernel.race(block, 60, 1);
    expect(setup).toEqual(block.setup.map(({ result }) => result));
    const known = block.observed.map(outcomeKeyOf);
    for (const outcome of observed) expect(known).toContain(outcomeKeyOf(outcome));
    expect(observed.reduce((sum, { count }) => sum + count, 0)).toBe(60);
    expect(observed.length).toBe(known.length);
  });
});
