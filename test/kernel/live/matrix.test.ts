/** The same programs on kernels that are designs: the calls by which they part, from each other and from what is expected. */
import { expect, test } from "vitest";
import { KernelFailure } from "../../../checkers/kernel/live/kernel.ts";
import { matrix, type Column, type MatrixProgram } from "../../../checkers/kernel/live/matrix.ts";
import { matrixText } from "../../../checkers/report/matrix.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";
import { programs } from "../../../models/guest-memfd/recording/programs.ts";
import { guestMemfd6_12, guestMemfd6_18, guestMemfd7_3 } from "../../../models/guest-memfd/versions.ts";
import type { AnyDesign } from "../../../spec/language/design.ts";
import type { RecordedStep } from "../../../spec/recording.ts";
import { recordingOf } from "./here.ts";
import { kernelOf, type Otherwise } from "./of-design.ts";

const { header } = recordingOf("7.3.4-random.jsonl");

function column(name: string, design: AnyDesign, otherwise?: Otherwise): Column {
  const kernel = kernelOf({ ...header, kernel: name }, design, otherwise);
  return { name, kernel, design, player, programs, takes: (steps) => !programs.poisons(steps) };
}

const bind = (slot: number): RecordedStep => ({
  op: "set_user_memory_region2",
  vm: "A",
  slot,
  as_id: 0,
  flags: 4,
  guest_phys_addr: 0x100000 + slot * 4096,
  memory_size: 4096,
  userspace_addr: 0,
  guest_memfd: "F",
  guest_memfd_offset: 0,
});
const begin: readonly RecordedStep[] = [
  { op: "create_vm", vm: "A", type: 1 },
  { op: "create_guest_memfd", file: "F", vm: "A", size: 4096, flags: 0 },
];
const twice: MatrixProgram = { id: "bound twice", steps: [...begin, bind(0), bind(1)] };
const mapped: MatrixProgram = {
  id: "flags, then bound twice",
  steps: [
    begin[0]!,
    { op: "create_guest_memfd", file: "G", vm: "A", size: 4096, flags: 1 },
    begin[1]!,
    bind(0),
    bind(1),
    { op: "fstat", file: "F" },
  ],
};
const run = (columns: readonly Column[], of: readonly MatrixProgram[]) =>
  matrix(columns, of, { stop: () => null, told: () => {} });

test("kernels part at the first call that they answer differently, and those that agree there go on together", async () => {
  const columns = [
    column("6.12", guestMemfd6_12),
    column("6.18", guestMemfd6_18),
    column("7.3", guestMemfd7_3),
  ];
  const { partings, odd, columns: ran } = await run(columns, [twice, mapped]);
  expect(partings.map(({ op, answers, programs: n, example }) => [op, answers, n, example])).toEqual([
    [
      "set_user_memory_region2",
      { "6.12": "EINVAL", "6.18": "EINVAL", "7.3": "EEXIST" },
      1,
      { id: "bound twice", step: 3 },
    ],
    [
      "create_guest_memfd",
      { "6.12": "EINVAL", "6.18": "0", "7.3": "0" },
      1,
      { id: "flags, then bound twice", step: 1 },
    ],
    [
      "set_user_memory_region2",
      { "6.18": "EINVAL", "7.3": "EEXIST" },
      1,
      { id: "flags, then bound twice", step: 4 },
    ],
  ]);
  expect(odd).toEqual([]);
  expect(ran.map((of) => [of.name, of.programs, of.operations])).toEqual([
    ["6.12", 2, 10],
    ["6.18", 2, 10],
    ["7.3", 2, 10],
  ]);
});

test("a kernel that answers otherwise than its design is named, with the call", async () => {
  const broken = column("7.3", guestMemfd7_3, (steps, answers) =>
    answers.map((answer, i) => (steps[i]!.op === "fstat" ? { ret: -5, errno: "EIO" } : answer)),
  );
  const result = await run([column("6.18", guestMemfd6_18), broken], [twice, mapped]);
  expect(result.odd).toEqual([
    {
      column: "7.3",
      identity: "fstat: EIO, not 0",
      programs: 1,
      example: { id: "flags, then bound twice", step: 5 },
      silence: null,
    },
  ]);
  const text = matrixText(result, [{ name: "6.8", why: "no kernel of this version is here" }]);
  expect(text).toContain("6.8: not at hand: no kernel of this version is here");
  expect(text).toContain("7.3: fstat: EIO, not 0 (1 programs; flags, then bound twice, step 5)");
  expect(text).toMatch(/set_user_memory_region2 +EINVAL +EEXIST +2 +bound twice, step 3/);
});

test("a kernel that complains is quoted, with the first lines of its console", async () => {
  const whole = column("7.3", guestMemfd7_3);
  const said = Array.from({ length: 15 }, (_, i) => `[    1.${i}] line ${i}`);
  const complaining: Column = {
    ...whole,
    kernel: {
      ...whole.kernel,
      run: () => Promise.reject(new KernelFailure("splat", "the kernel complains: WARNING: at x", [], said)),
    },
  };
  const result = await run([complaining], [twice]);
  expect(result.odd.map((of) => of.silence)).toEqual([
    { kind: "splat", message: "the kernel complains: WARNING: at x", console: said },
  ]);
  const lines = matrixText(result, []).split("\n");
  expect(lines.slice(lines.findIndex((line) => line.includes("create_vm: splat, not 0")))).toEqual([
    "  7.3: create_vm: splat, not 0 (1 programs; bound twice, step 0)",
    "    the kernel complains: WARNING: at x",
    ...said.slice(0, 12).map((line) => `    console: ${line}`),
    "    and 3 lines more (--format json has them)",
  ]);
});

test("a program that a kernel may not be asked to run is left out there", async () => {
  const poisons: MatrixProgram = {
    id: "poison",
    steps: [
      ...begin,
      { op: "mmap", map: "m", file: "F", offset: 0, length: 4096, prot: 3, share: "shared" },
      { op: "madvise", map: "m", offset: 0, length: 4096, advice: 100 },
    ],
  };
  const { columns } = await run([column("7.3", guestMemfd7_3)], [poisons, twice]);
  expect(columns.map((of) => of.programs)).toEqual([1]);
});

test("a call that names a mapping which could not be made is not compared, nor what comes behind it", async () => {
  const mapping: MatrixProgram = {
    id: "at a mapping that was refused",
    steps: [
      ...begin,
      { op: "mmap", map: "m", file: "F", offset: 0, length: 4096, prot: 3, share: "shared" },
      { ...bind(0), userspace_addr: { map: "m", offset: 0 } },
      { op: "fstat", file: "F" },
    ],
  };
  // As the executor does: there is no address to give to the ioctl.
  const executed = (answersAfter: object) =>
    column("6.12", guestMemfd6_12, (steps, answers) =>
      answers.map((answer, i) =>
        steps[i]!.op === "set_user_memory_region2"
          ? { impossible: true }
          : i === 4
            ? { ...answersAfter }
            : answer,
      ),
    );
  const [mmap, binding] = (await executed({}).kernel.run(mapping.steps)).slice(2);
  expect([mmap, binding]).toEqual([{ ret: -19, errno: "ENODEV" }, { impossible: true }]);
  const result = await run([executed({ ret: -5, errno: "EIO" })], [mapping, twice]);
  expect(result.columns.map((of) => [of.programs, of.notComparable])).toEqual([[2, 2]]);
  expect(result.odd).toEqual([]);
  expect(matrixText(result, [])).toContain("; 2 compared up to a mapping that is not there");

  const early = column("6.12", guestMemfd6_12, (steps, answers) =>
    answers.map((answer, i) =>
      steps[i]!.op === "mmap"
        ? { ret: -22, errno: "EINVAL" }
        : steps[i]!.op === "set_user_memory_region2"
          ? { impossible: true }
          : answer,
    ),
  );
  expect((await run([early], [mapping])).odd.map(({ identity: of }) => of)).toEqual([
    "mmap: EINVAL, not ENODEV",
  ]);
});
