/** A kernel in a machine that is asked: what goes wrong is told with the console's words, and the next program finds another machine. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KernelFailure, type Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { linkTo } from "../../../checkers/kernel/live/qemu.ts";
import { openSession } from "../../../checkers/kernel/live/session.ts";
import { Machine } from "../../../checkers/kernel/qemu/machine.ts";
import { leftIn, machineThatRuns, stillRunning, withPrograms } from "./fakes.ts";

/** Speaks the executor's protocol, as far as it is needed; the capability that is asked for says what happens. */
const EXECUTOR = `
const { writeSync } = require("node:fs");
const say = (text) => writeSync(1, text + "\\n");
const kernel = (text) => writeSync(2, "[    9.000000] " + text + "\\n");
let waiting = "", expected = 0;
const HAPPENS = {
  1: () => say("answer ret=1\\ndone"),
  2: () => { kernel("------------[ cut here ]------------"); kernel("WARNING: CPU: 0 at virt/kvm/x.c:1"); say("answer ret=1\\ndone"); kernel("Call Trace:"); },
  3: () => say("stuck steps 0 0\\nlost"),
  4: () => process.exit(7),
  5: () => kernel("Kernel panic - not syncing: Fatal exception"),
  6: () => process.kill(process.ppid, "SIGTERM"),
  7: () => { say("answer ret=1\\ndone"); setTimeout(() => kernel("WARNING: CPU: 0 at kernel/rcu/x.c:1"), 50); },
};
process.stdin.setEncoding("utf8").on("data", (text) => {
  const lines = (waiting + text).split("\\n");
  waiting = lines.pop();
  for (const line of lines) {
    const [word, ...rest] = line.split(" ");
    if (expected > 0) { expected--; HAPPENS[Number(rest.at(-1))](); }
    else if (word === "hello") say("executor 1");
    else if (word === "probe") say("kernel 7.3.4\\nmachine x86_64\\npage_size 4096\\nmax_slot_id 32763\\nvm_type 0\\nbindable_vm_type 0\\ndone");
    else if (word === "run") expected = Number(rest[0]);
  }
});`;

/** Runs with a kernel, and looks at what is left behind it. `booted` counts machines. */
async function withKernel(body: (kernel: Kernel, booted: () => number) => Promise<void>): Promise<void> {
  await withPrograms({}, async (outer) => {
    const program = join(outer, "executor.cjs");
    writeFileSync(program, EXECUTOR);
    await withPrograms({ "qemu-system-x86_64": machineThatRuns(program) }, async (folder) => {
      let booted = 0;
      const options = { name: "7.3.4", image: "image", initramfs: Buffer.alloc(0), append: "" };
      const kernel = await openSession({
        where: "QEMU, 7.3.4",
        open: async () => {
          booted++;
          const machine = { ...options, processors: 1, oneThread: true, megabytes: 1, bootSeconds: 60 };
          return linkTo(await Machine.boot(machine), ["--port"]);
        },
        silence: 60_000,
      });
      await body(kernel, () => booted).finally(() => kernel.close());
      expect([leftIn(folder), await stillRunning(folder)]).toEqual([[], []]);
    });
  });
}

const ask = (kernel: Kernel, cap: number) => kernel.run([{ op: "check_extension", vm: null, cap }]);

test("programs are answered by one machine", async () => {
  await withKernel(async (kernel, booted) => {
    expect(kernel.header.kernel).toBe("7.3.4");
    for (let i = 0; i < 3; i++) expect(await ask(kernel, 1)).toEqual([{ ret: 1 }]);
    expect(booted()).toBe(1);
  });
});

const HEADLINE = "the kernel complains: WARNING: CPU: 0 at virt/kvm/x.c:1";
test.each([
  ["a complaint", 2, "splat", HEADLINE, ["------------[ cut here ]------------", "Call Trace:"]],
  ["a hang", 3, "hang", "step 0 did not return, and cannot be interrupted", ["task:executor state:D"]],
  ["a dead executor", 4, "death", "the executor died (exit code 7)", []],
  [
    "a panic",
    5,
    "splat",
    "the kernel complains: Kernel panic - not syncing: Fatal exception",
    ["Kernel panic - not syncing: Fatal exception"],
  ],
  [
    "a machine that goes out",
    6,
    "death",
    "the machine went out: qemu-system-x86_64 was ended by SIGTERM",
    [],
  ],
])(
  "%s is told with what the console said, and another machine answers",
  async (_what, cap, kind, message, said) => {
    await withKernel(async (kernel, booted) => {
      await ask(kernel, 1);
      const error = await ask(kernel, cap).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(KernelFailure);
      const failure = error as KernelFailure;
      expect([failure.kind, failure.message]).toEqual([kind, message]);
      const lines = failure.console.map((line) => line.replace(/^\[ *[\d.]+\] /, ""));
      for (const line of said) expect(lines).toContain(line);
      // What was said at the boot is not of the program.
      expect(lines).not.toContain("Linux version 7.3.4");
      expect(await ask(kernel, 1)).toEqual([{ ret: 1 }]);
      expect(booted()).toBe(2);
    });
  },
);

test("what was said at a boot is not of the first program after it", async () => {
  await withKernel(async (kernel) => {
    const died = () => ask(kernel, 4).catch((error: KernelFailure) => error.console);
    expect([await died(), await died()]).toEqual([[], []]);
  });
});

test("a complaint that comes after the answers is told of the next program", async () => {
  await withKernel(async (kernel) => {
    expect(await ask(kernel, 7)).toEqual([{ ret: 1 }]);
    await new Promise((resolve) => setTimeout(resolve, 400));
    await expect(ask(kernel, 1)).rejects.toThrow("the kernel complains: WARNING: CPU: 0 at kernel/rcu/x.c:1");
  });
});
