/** A run that is written down is the run: laid out for the model again, its steps end as the calls did that they were made of. */
import { describe, expect, test } from "vitest";
import { sceneOf } from "../../checkers/explore/bounded.ts";
import { makeInstance } from "../../checkers/explore/sequential.ts";
import { answersOf } from "../../checkers/kernel/play.ts";
import { Runner } from "../../checkers/trace/run.ts";
import { designNames, entryNamed } from "../../models/catalogue.ts";
import type { Machine } from "../../models/guest-memfd/machine.ts";
import { Program, player } from "../../models/guest-memfd/recording/player.ts";
import { scribe } from "../../models/guest-memfd/recording/scribe.ts";
import { OPERATIONS } from "../../models/guest-memfd/recording/steps.ts";
import { guestMemfd7_3 } from "../../models/guest-memfd/versions.ts";
import { MADV_REMOVE } from "../../spec/abi/files.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import { scribeOf } from "../../cli/players.ts";
import { recordingOf } from "../kernel/live/here.ts";
import { walk } from "./walk.ts";

const SEVERAL = { vms: 2, files: 2, pages: 2, slots: 2, gfns: 2, vcpus: 2, maps: 2, dups: 2 };

/** Mappings are laid out before the program runs. */
const MAPPINGS = [
  { op: "mmap", map: "window0" },
  { op: "mmap", map: "window1" },
  { op: "anon", map: "memory" },
];

describe.each(["guest-memfd-6.12", "guest-memfd-6.18-shadow", "guest-memfd-7.3"])("%s", (name) => {
  test.each([1, 2])("walk %i", async (seed) => {
    const { design } = (await entryNamed(name))!;
    const trace = walk(design, SEVERAL, 120, seed);
    const { m, sizes, start } = sceneOf(design, { bounds: trace.bounds });
    const { steps } = scribe.write(m, trace.steps);
    const again = new Program(m as Machine, MAPPINGS as never);
    const runner = new Runner(design, m, sizes, start);
    for (const [i, { params, result }] of trace.steps.entries()) {
      const told = steps[i]!;
      if ("cannot" in told) throw new Error(told.cannot);
      const planned = again.plan(told.step);
      // A recorded vCPU has no id of its own: the next one is its.
      const ids = planned.call === "create_vcpu" ? { id: params["id"] } : {};
      const call = design.calls[planned.call] as AnyCall;
      const made = runner.make(makeInstance(planned.call, call, { ...planned.params, ...ids }, sizes));
      expect([i, planned, made?.result]).toEqual([i, planned, result]);
      again.answer(told.step, result!);
    }
  });
});

test("what is written down by names and numbers alone is called so in every design that has it", async () => {
  const known = Object.entries(guestMemfd7_3.calls as Readonly<Record<string, AnyCall>>);
  let designs = 0;
  for (const name of designNames) {
    const { design } = (await entryNamed(name))!;
    if ((await scribeOf(design)) === null) continue;
    designs++;
    for (const [call, { takes }] of known)
      if (call in OPERATIONS && call in design.calls)
        expect([name, call, Object.keys((design.calls[call] as AnyCall).takes)]).toEqual([
          name,
          call,
          Object.keys(takes),
        ]);
  }
  expect(designs).toBeGreaterThan(50);
});

test("what user space cannot do is told with why", () => {
  const { machine } = guestMemfd7_3;
  const bounds = Object.fromEntries(
    Object.entries(guestMemfd7_3.bounds).map(([name, rule]) => [name, rule.default]),
  );
  const calls = [
    { call: "memory_failure", params: { inode: 0, page: 0 }, result: 0 as const },
    { call: "link_guest_memfd", params: { vm: 0, file: 0 }, result: 0 as const },
  ];
  expect(scribe.write(machine(bounds), calls).steps).toEqual([
    { cannot: "memory_failure() is the kernel's own: it follows a machine check" },
    { cannot: "no released kernel has the call link_guest_memfd" },
  ]);
});

test("pages behind the end of a file are one to an exploration, and as many as they are to a recording", async () => {
  const { design } = (await entryNamed("guest-memfd-6.18"))!;
  const { m, sizes, start } = sceneOf(design, { bounds: { pages: 2, types: "default" } });
  const runner = new Runner(design, m, sizes, start);
  const [offset, length] = [8192n, 8192n];
  const steps = [
    ["create_vm", { type: 0 }],
    ["create_guest_memfd", { vm: 0, flags: 1n, size: length, reserved: 0n }],
    ["mmap", { area: 0, file: 0, offset, length, prot: 3, share: "shared" }],
    ["madvise", { area: 0, advice: MADV_REMOVE, offset: 0n, length }],
  ].map(([call, params]) => {
    const name = call as string;
    return runner.make(makeInstance(name, design.calls[name] as AnyCall, params as object as {}, sizes))!;
  });
  const told = scribe.write(m, steps).steps.flatMap((of) => ("step" in of ? [of.step] : []));
  const { header } = recordingOf("6.18.44-curated.jsonl");
  const answers = answersOf(header, { id: "", steps: told }, design, player, "the program");
  expect([told.at(-1)!.result, answers.at(-1)]).toEqual([{ ret: -12, errno: "ENOMEM" }, { ret: 0 }]);
});
