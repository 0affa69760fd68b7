/** Machines: what does not come up is said with its last words, and nothing is left running or lying about. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { NotHere } from "../../../checkers/kernel/live/kernel.ts";
import { Machine, type MachineOptions } from "../../../checkers/kernel/qemu/machine.ts";
import { leftIn, machineThatRuns, running, stillRunning, withPrograms } from "./fakes.ts";

const options = (more: Partial<MachineOptions> = {}): MachineOptions => ({
  name: "7.3.4",
  image: "/nowhere/bzImage",
  initramfs: Buffer.from("initramfs"),
  append: "",
  processors: 2,
  oneThread: false,
  megabytes: 512,
  bootSeconds: 60,
  ...more,
});

const PID = 'echo $$ >> "$TMPDIR/pids"';

describe("a kernel that does not come up", () => {
  test.each([
    [
      "QEMU refuses",
      `${PID}; echo "qemu: could not load kernel" >&2; exit 1`,
      ["kernel 7.3.4 does not come up: qemu-system-x86_64 ended with 1", "  | qemu: could not load kernel"],
    ],
    [
      "it panics",
      `${PID}; i=0; while [ $i -lt 30 ]; do echo "[    0.$i] line $i"; i=$((i+1)); done; echo "[    1.0] Kernel panic - not syncing: No init"`,
      ["ended with 0", "  | [    0.29] line 29", "  | [    1.0] Kernel panic - not syncing: No init"],
    ],
    [
      "it never says a word",
      `${PID}; echo "Decompressing"; sleep 1000 & echo $! >> "$TMPDIR/pids"; wait`,
      ["does not come up: it was not up after 0.4 s", "  | Decompressing"],
    ],
    [
      "it has no KVM",
      machineThatRuns("").replace('"ready\\n"', '"missing /dev/kvm\\n"'),
      ["does not come up: it has no /dev/kvm", "  | [    1.000000] Linux version 7.3.4"],
    ],
  ])("because %s", async (_why, script, says) => {
    await withPrograms({ "qemu-system-x86_64": script }, async (folder) => {
      const bootSeconds = script.includes("sleep") ? 0.4 : 60;
      const error = await Machine.boot(options({ bootSeconds })).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NotHere);
      const { message } = error as NotHere;
      for (const part of says) expect(message).toContain(part);
      expect(message).not.toContain("line 2\n");
      expect(message).toContain("usual cause");
      expect([leftIn(folder), await stillRunning(folder)]).toEqual([[], []]);
    });
  });

  test("the processors of a machine share one thread, or have one each", async () => {
    await withPrograms({ "qemu-system-x86_64": `${PID}; echo "$@" >&2; exit 1` }, async () => {
      for (const [oneThread, says] of [
        [true, "tcg,thread=single"],
        [false, "tcg,thread=multi"],
      ] as const)
        await expect(Machine.boot(options({ oneThread }))).rejects.toThrow(says);
    });
  });

  test("because there is no QEMU: its package is named", async () => {
    await withPrograms(
      {},
      () => expect(Machine.boot(options())).rejects.toThrow("apt-get install qemu-system-x86"),
      true,
    );
  });
});

/** Echoes what it is told; complains, hangs or dies when told so. */
const EXECUTOR = `
process.stdin.on("data", (data) => {
  if (String(data) === "die") process.exit(9);
  if (String(data) === "splat") process.stderr.write("[    2.0] ------------[ cut here ]------------\\n[    2.1] WARNING: CPU: 1\\n");
  process.stdout.write(process.argv[2] + " " + data);
});`;

function withMachine(body: (machine: Machine, folder: string) => Promise<void>): Promise<void> {
  return withPrograms({}, async (folder) => {
    const program = join(folder, "executor.cjs");
    writeFileSync(program, EXECUTOR);
    await withPrograms({ "qemu-system-x86_64": machineThatRuns(program) }, async (inner) => {
      const machine = await Machine.boot(options());
      await body(machine, inner).finally(() => machine.close());
      expect([leftIn(inner), await stillRunning(inner)]).toEqual([[], []]);
    });
  });
}

const heard = (machine: Machine): Promise<string> =>
  new Promise((resolve) => machine.port.once("data", (data) => resolve(String(data))));

test("an executor is started, answers, dies and is started again in the same machine", async () => {
  await withMachine(async (machine, folder) => {
    const died = new Promise((resolve) => machine.serve(["--one"], resolve));
    machine.port.write("hello");
    expect(await heard(machine)).toBe("--one hello");
    // A machine that runs needs no files.
    expect(leftIn(folder)).toEqual([]);
    expect(running(folder)).toHaveLength(2);
    machine.port.write("die");
    expect(await died).toBe("9");
    machine.serve(["--two"], () => {});
    machine.port.write("again");
    expect(await heard(machine)).toBe("--two again");
    expect(machine.console.complained).toBe(null);
  });
});

test("the stacks of what is blocked are had on request, a complaint whole", async () => {
  await withMachine(async (machine) => {
    machine.serve(["-"], () => {});
    const stacks = await machine.blockedTasks();
    expect(stacks.join("\n")).toMatch(
      /Show Blocked State\n.*task:executor state:D\n.* kvm_gmem_fault_user_mapping/,
    );
    // Where a task is blocked, nobody asks what the processors do.
    expect(stacks.filter((line) => line.includes("Show"))).toHaveLength(1);
    machine.port.write("splat");
    await heard(machine);
    expect((await machine.reportWritten()).map((line) => line.slice(10).trim())).toEqual([
      "------------[ cut here ]------------",
      "WARNING: CPU: 1",
    ]);
    expect(machine.console.complained).toBe("WARNING: CPU: 1");
  });
});
