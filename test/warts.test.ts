/** What WARTS.md says is left out is left out: when one of these fails, the entry goes, or is told anew. */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bounded } from "../checkers/explore/bounded.ts";
import { CompiledExpander, compile } from "../checkers/compile/expander.ts";
import { TRACK_ALL } from "../checkers/explore/codec.ts";
import { Batch } from "../checkers/explore/expander.ts";
import { Totals } from "../checkers/explore/explored.ts";
import { answersOf } from "../checkers/kernel/play.ts";
import { readRecording } from "../checkers/kernel/recording.ts";
import { groundOf } from "../checkers/explore/interpreted.ts";
import { licenceFor } from "../checkers/symmetry/licence.ts";
import { machineFor } from "../models/guest-memfd/machine.ts";
import { player, prefetchingPlayer } from "../models/guest-memfd/recording/player.ts";
import { entryOf, registry } from "../models/registry.ts";
import { promises } from "../spec/properties/promises.ts";
import {
  per,
  maybe,
  bool,
  callsOf,
  design,
  location,
  pointing,
  position,
  propertiesOf,
  record,
  rwlock,
  tracked,
} from "../spec/language.ts";
import type { Bounds } from "../spec/language/design.ts";
import {
  a,
  call as callOfCounter,
  counter,
  overlap,
  reportOf,
  spec,
  type State as CounterState,
} from "./interleave/counter.ts";
import { play, type Made } from "./play.ts";
import { Switch, call, run, toy, verdictOf } from "./toy.ts";

const shipped = registry.filter(({ kind }) => kind === "shipped").map(({ design: of }) => of);
const of7_3 = entryOf("guest-memfd-7.3")!.design;
const of6_8 = entryOf("guest-memfd-6.8")!.design;

const region = (more: object): Made => [
  "set_user_memory_region2",
  {
    vm: 0,
    slot: 0,
    as_id: 0,
    flags: 0n,
    memory_size: 4096n,
    guest_phys_addr: 0n,
    userspace_addr: { area: 1, offset: 0n },
    guest_memfd: null,
    guest_memfd_offset: 0n,
    ...more,
  },
];
const createVm = (type: number): Made => ["create_vm", { type }];
const createFile = (size: bigint): Made => ["create_guest_memfd", { vm: 0, flags: 0n, size, reserved: 0n }];
const bound = { flags: 4n, guest_memfd: 0 };

describe("the models of the shipped versions", () => {
  test("around a frame without a slot, neighbours are mapped on 7.3 alone, and at every access", () => {
    const text = readFileSync(new URL("../recordings/7.3.4-prefetch.jsonl", import.meta.url), "utf8");
    const { header, sequences } = readRecording(text, "here", prefetchingPlayer, "answered");
    const { steps } = sequences.find(({ id }) => id === "pre-7.3.4-mmio")!;
    const first = steps.findIndex(({ op }) => op === "guest_read");
    const writes = steps.filter(({ op }) => op === "host_write");
    const before = steps.slice(0, first).filter(({ op }) => op !== "host_write");
    const [without, inside] = [steps[first]!, steps[first + 1]!];
    const program = { id: "here", steps: [...before, without, ...writes, without, inside] };
    const last = (name: string) =>
      answersOf(header, program, entryOf(name)!.design, prefetchingPlayer, "here").at(-1);
    expect(last("guest-memfd-6.18-shadow")).toEqual({ value: 0 });
    expect(last("guest-memfd-7.3-shadow")).toEqual({ value: 101 });
  });

  test("6.8 and 7.2 have no recording", () => {
    const kernels = readdirSync(new URL("../recordings/", import.meta.url));
    expect(kernels.filter((name) => /^(6\.8|7\.2)\./.test(name))).toEqual([]);
  });

  test("nobody is told EIO", () => {
    const results = shipped.flatMap(({ calls }) => Object.values(calls).flatMap(({ returns }) => returns));
    expect(results.filter((result) => result.startsWith("EIO"))).toEqual([]);
  });

  test("no call fails for want of memory, descriptors or patience", () => {
    const wants = /^(EMFILE|ENFILE|ENOSPC)/;
    for (const { calls } of shipped) {
      for (const [name, { returns }] of Object.entries(calls)) {
        expect([name, returns.filter((result) => wants.test(result))]).toEqual([name, []]);
        // Of a pre-fault that meets poison.
        if (returns.includes("EINTR")) expect(name).toBe("pre_fault_memory");
        if (returns.includes("ENOMEM")) expect(["madvise", "mincore", "mlock"]).toContain(name);
      }
    }
  });

  test("a slot of address space 1 is never mapped", () => {
    const { results, state } = play(of7_3, { spaces: 2 }, [
      createVm(0),
      ["create_vcpu", { vm: 0, id: 0 }],
      region({ as_id: 1 }),
      ["guest_read", { vm: 0, vcpu: 0, gpa: 0n }],
    ]);
    expect(results.slice(2)).toEqual([0, "mmio"]);
    expect(state.vms[0].sptes).toEqual([null]);
  });

  test("a binding that outlived its slot names the next one of that number", () => {
    const { results, state } = play(of6_8, {}, [
      createVm(1),
      createFile(4096n),
      region(bound),
      region({}),
      region({ memory_size: 0n }),
      region({ flags: 1n }),
    ]);
    expect(results.slice(2)).toEqual([0, 0, 0, 0]);
    expect(state.files[0].bindings[0]).toEqual({ vm: 0, space: 0, slot: 0 });
    expect(state.vms[0].slots[0][0].guestMemfd).toBe(false);
  });

  test("guest-physical addresses have 52 bits everywhere", () => {
    expect(machineFor(bounded(of7_3, { bounds: {} }).bounds).gpaBits).toBe(52);
    const header = { memory_attributes: 0, address_spaces: {}, vm_types: [0], max_slot_id: 1 };
    const playing = player.play(header as never, [{ op: "create_vm", vm: "v", type: 0 }]);
    expect((playing.machine as { gpaBits: number }).gpaBits).toBe(52);
  });

  test("an offset below 2^47 is a user address, wherever the mapping begins", () => {
    const at = (offset: bigint): Made => region({ userspace_addr: { area: 1, offset } });
    const { results } = play(of7_3, {}, [createVm(0), at((1n << 47n) - 8192n), at(1n << 47n)]);
    expect(results.slice(1)).toEqual([0, "EINVAL"]);
  });

  test("ordinary memory is never poisoned by the machine", () => {
    const { results } = play(of7_3, {}, [["memory_failure", { inode: 1, page: 0 }]]);
    expect(results).toEqual([null]);
  });

  test("a write to a memfd leaves its bytes", () => {
    const { results, state } = play(of7_3, { files: 2 }, [
      ["memfd_create", { size: 4096n }],
      ["write", { file: 0, length: 16n }],
    ]);
    expect(results[1]).toEqual({ value: 16 });
    expect(state.inodes[0].pages[0].folio).toBe("absent");
  });

  test("a hole in a memfd leaves its bytes", () => {
    const { results, state } = play(of7_3, { files: 2 }, [
      ["memfd_create", { size: 4096n }],
      ["mmap", { area: 0, file: 0, offset: 0n, length: 4096n, prot: 3, share: "shared" }],
      ["host_write", { area: 0, offset: 0n, value: 1 }],
      ["fallocate", { file: 0, mode: 3, offset: 0n, len: 4096n }],
    ]);
    expect(results.slice(1)).toEqual([0, 0, 0]);
    expect(state.inodes[0].pages[0].folio).toBe("ready");
  });

  test("6.8 flushes as 6.18 does", () => {
    const of6_18 = entryOf("guest-memfd-6.18")!.design;
    const flush = (of: typeof of6_8) =>
      of.calls["set_user_memory_region2"]!.sections["flush what the old slot mapped"];
    expect(flush(of6_8)).toEqual(flush(of6_18));
  });

  test("some calls are of one section", () => {
    const interruptible = (name: string): string[] =>
      Object.entries(of7_3.calls[name]!.sections)
        .filter(([, section]) => typeof section === "function" || section.local !== true)
        .map(([label]) => label);
    expect(interruptible("mmap")).toEqual(["take mmap_lock, check the place", "drop mmap_lock"]);
    const advice = interruptible("madvise").filter((label) => !label.startsWith("poison: "));
    expect(advice).toEqual(["check the arguments", "follow the advice"]);
    expect(Object.keys(of7_3.calls["fallocate"]!.sections)).toContain("allocate");
    expect(interruptible("guest_read")).toContain("get the user page");
    expect(Object.keys(of7_3.calls["close"]!.finally)).not.toContain("evict");
  });

  test("a slot that changes its flags stays the object that it was", () => {
    const sections = Object.entries(of7_3.calls["set_user_memory_region2"]!.sections);
    const frees = sections.filter(([label]) => label === "free the slot");
    expect(
      frees.map(([, section]) => typeof section === "object" && section.when?.({ change: "FLAGS_ONLY" })),
    ).toEqual([false]);
  });

  test("two calls of one vCPU never overlap", () => {
    const vector = of7_3.vectors.find(({ scenario }) => scenario === "emulations")!;
    // One vCPU and two tasks: a vCPU's thread counts once.
    expect(bounded(of7_3, { ...vector, mode: "full" }).inFlight).toBe(3);
  });

  test("a move that fails leaves what was mapped", () => {
    const { results, state } = play(of7_3, {}, [
      createVm(0),
      ["create_vcpu", { vm: 0, id: 0 }],
      region({}),
      ["guest_read", { vm: 0, vcpu: 0, gpa: 0n }],
      region({ guest_phys_addr: 1n << 52n }),
    ]);
    expect(results.slice(2)).toEqual([0, { value: 0 }, "EINVAL"]);
    expect(state.vms[0].sptes[0]).not.toBeNull();
  });

  test("a VM takes its bindings nowhere", () => {
    const loose = entryOf("file-does-not-pin")!.design;
    const { view } = play(loose, {}, [
      createVm(1),
      createFile(4096n),
      region(bound),
      ["close_vm", { vm: 0 }],
    ]);
    expect([view.vmExists(0), view.binding(0, 0)]).toEqual([false, { vm: 0, space: 0, slot: 0 }]);
  });

  test("mlock leaves no mark", () => {
    const { state } = play(of7_3, {}, [["mlock", { area: 1, offset: 0n, length: 4096n }]]);
    expect(Object.keys(state.areas[1])).toEqual(["file", "first", "npages", "access"]);
  });

  const mapped = (prot: number): Made => [
    "mmap",
    { area: 0, file: 0, offset: 0n, length: 4096n, prot, share: "shared" },
  ];
  const advised = (advice: number): Made => ["madvise", { area: 0, advice, offset: 0n, length: 4096n }];
  const sharedFile: readonly Made[] = [
    createVm(0),
    ["create_guest_memfd", { vm: 0, flags: 3n, size: 4096n, reserved: 0n }],
  ];

  test("a mapping that can be written can be populated for reads", () => {
    const { results } = play(of7_3, {}, [...sharedFile, mapped(2), advised(22)]);
    expect(results.slice(2)).toEqual([0, 0]);
  });

  test("a pre-fault of 6.12 leaves what is mapped alone", () => {
    const log: Made = ["get_dirty_log", { vm: 0, slot: 0, as_id: 0 }];
    const { results } = play(entryOf("guest-memfd-6.12")!.design, {}, [
      createVm(0),
      ["create_vcpu", { vm: 0, id: 0 }],
      region({ flags: 1n }),
      ["guest_write", { vm: 0, vcpu: 0, gpa: 0n, value: 1 }],
      log,
      ["pre_fault_memory", { vm: 0, vcpu: 0, gpa: 0n, size: 4096n, flags: 0n }],
      log,
    ]);
    expect(results.slice(2)).toEqual([0, 0, { value: 1 }, { value: 1 }, { value: 0 }]);
  });

  test("nobody touches addresses behind a mapping", () => {
    const { results } = play(of7_3, {}, [["host_read", { area: 1, offset: 4096n }]]);
    expect(results).toEqual([null]);
  });

  test("no promise is about bytes that stay", () => {
    expect(
      promises.flatMap(({ needs = [] }) => needs.map(String)).filter((question) => question === "contents"),
    ).toEqual([]);
  });

  test("an exploration has one byte a page", () => {
    expect(machineFor(bounded(of7_3, { bounds: { pages: 2 } }).bounds).cells).toEqual([0]);
  });

  test("calls that are known to be missing", () => {
    const missing = [
      "clear_dirty_log",
      "get_regs",
      "splice",
      "mremap",
      "mprotect",
      "fork",
      "migrate_pages",
      "mbind",
    ];
    for (const { calls } of shipped) expect(missing.filter((name) => name in calls)).toEqual([]);
  });
});

describe("the engines", () => {
  const { always } = propertiesOf<{ readonly count: number }>();
  const few = always({
    name: "few",
    says: "one at most",
    source: "test",
    over: {},
    holds: (s) => s.count <= 1,
  });

  test("a race between two sections is not seen", async () => {
    // Two of these at once would both find nothing on, and both turn something on.
    const onlyOne = call({
      kernel: "a toy",
      by: "task",
      takes: {},
      returns: ["EBUSY"],
      sections: {
        look: (s) => (s.count > 0 ? "EBUSY" : undefined),
        "turn on": (s) => {
          s.count++;
          s.on[s.count as never] = true;
        },
      },
    });
    const { turn_on: _, ...calls } = toy({ calls: { only_one: onlyOne } }).calls;
    expect(await run({ ...toy({ promises: [few] }), calls })).toMatchObject({
      verdict: "holds",
      mode: "sequential",
    });
  });

  test("what a section wrote is seen by the next", async () => {
    // Each raises a flag and looks at the other's: with store buffers both could go on.
    const raise = (mine: "alive" | "busy", other: "alive" | "busy") =>
      callOfCounter({
        ...spec,
        by: "kernel",
        returns: ["EBUSY"],
        sections: {
          "raise mine": (s) => void (s[mine] = true),
          "look at the other's": (s) => {
            if (!s[other]) return void s.count++;
            s[mine] = false;
            return "EBUSY";
          },
          leave: (s) => {
            s.count--;
            s[mine] = false;
          },
        },
      });
    const both = { of_a: raise("alive", "busy"), of_b: raise("busy", "alive") };
    const alone = propertiesOf<CounterState>().always({
      name: "alone",
      says: "",
      source: "",
      anytime: true,
      over: {},
      holds: (s) => s.count <= 1,
    });
    const neither = { init: (s: CounterState) => void (s.alive = false) };
    expect(reportOf(await overlap(counter(both, [alone], neither)), "alone").verdict).toBe("holds");
  });

  test("a reader passes a waiting writer", async () => {
    // T1 reads and waits for a; T2 holds a and wants to read: a writer in between would stop both.
    const table = rwlock("table", "a toy");
    const read = callOfCounter({
      ...spec,
      sections: {
        "read the table": { takes: () => table.read() },
        "take a": { takes: () => a() },
        "let go": { drops: () => [a(), table.read()] },
      },
    });
    const write = callOfCounter({
      ...spec,
      sections: { begin: () => {}, "write the table": { under: () => table.write() } },
    });
    const other = callOfCounter({
      ...spec,
      sections: {
        "take a": { takes: () => a() },
        "read the table": { takes: () => table.read() },
        "let go": { drops: () => [table.read(), a()] },
      },
    });
    const run = await overlap(counter({ read, write, other }), { bounds: { tasks: 3 }, overlap: 3 });
    expect(reportOf(run, "no-deadlock").verdict).toBe("holds");
    expect(reportOf(run, "lock-order").verdict).toBe("violated");
  });

  test("an overlapping run asks no promise of steps", async () => {
    const add = callOfCounter({ ...spec, sections: { add: (s) => void (s.count = 1) } });
    const never = propertiesOf<CounterState>().step({
      name: "never",
      says: "",
      source: "",
      over: {},
      holds: () => false,
    });
    const { properties } = await overlap(counter({ add }, [never]));
    expect(properties.map(({ name }) => name)).not.toContain("never");
  });

  test("two odd values are not tried together", () => {
    const { choice } = callsOf<unknown, unknown>();
    const number = choice<number>(
      () => [0],
      () => [-1],
    );
    const two = call({
      kernel: "a toy",
      by: "task",
      takes: { a: number, b: number },
      returns: [],
      sections: {},
    });
    const { instances } = bounded(toy({ calls: { two } }), { bounds: {} });
    const tried = instances.filter(({ name }) => name === "two").map(({ params }) => params);
    expect(tried).toEqual([
      { a: 0, b: 0 },
      { a: -1, b: 0 },
      { a: 0, b: -1 },
    ]);
  });

  test("a view that reads when it is made sees no other state", async () => {
    const eager = { ...toy({ promises: [few] }), view: (s: { count: number }) => ({ count: s.count }) };
    expect(verdictOf(await run(toy({ promises: [few] })), "few")).toBe("violated");
    expect(verdictOf(await run(eager as never), "few")).toBe("holds");
  });

  test("a step that changes only what is left out is asked by nobody", async () => {
    const state = record({ byte: tracked("contents", bool) });
    const { call: writing } = callsOf<any, Bounds>();
    const { step } = propertiesOf<any>();
    const write = writing({
      kernel: "a toy",
      by: "task",
      takes: {},
      returns: [],
      sections: { write: (s) => void (s.byte = true) },
    });
    const never = step({
      name: "no-write",
      says: "nobody writes",
      source: "test",
      over: {},
      holds: () => false,
    });
    const of = design({
      name: "bytes",
      says: "a byte",
      source: "test",
      bounds: {},
      machine: (bounds: Bounds) => bounds,
      sizes: () => ({}),
      state,
      calls: { write },
      view: (s: object) => s,
      promises: [never],
      scenarios: {},
      vectors: [{ bounds: {} }],
    } as never);
    expect(verdictOf(await run(of), "no-write")).toBe("violated");
    expect(verdictOf(await run(of, {}, { track: "no-contents" }), "no-write")).not.toBe("violated");
  });

  test("a step that differs once in a long time goes unseen", async () => {
    let n = 0;
    const rarely = call({
      kernel: "a toy",
      by: "task",
      takes: {},
      returns: ["EIO"],
      sections: { fail: () => (++n === 1000 ? "EIO" : undefined) },
    });
    expect((await run(toy({ calls: { rarely } }), { switches: 12 })).verdict).toBe("holds");
    expect(n).toBeGreaterThan(1000);
  });

  test("an access outside of a domain goes unseen", async () => {
    const strays = call({
      kernel: "a toy",
      by: "task",
      takes: {},
      returns: [],
      sections: {
        stray: (s) => {
          s.on[-1 as never] = true;
          Object.assign(s, { size: s.count });
          s.count += s.on[7 as never] ? 1 : 0;
        },
      },
    });
    expect((await run(toy({ calls: { strays } }))).verdict).toBe("holds");
  });

  test("watch believes a property that says it is of one page", async () => {
    const Place = position("places");
    const Gfn = position("gfns");
    const leaf = pointing(
      "at",
      ({ place }) => `places[${place}]`,
      maybe(record({ at: record({ place: Place }) })),
    );
    const state = record({
      places: per(Place, location(record({ there: tracked("pages", bool) }))),
      leaves: tracked("mappings", per(Gfn, leaf)),
    });
    const base = {
      name: "two-mappings",
      says: "frames that map places",
      source: "test",
      bounds: { places: { says: "places", default: 2, most: 2 } },
      machine: (bounds: Bounds) => bounds,
      sizes: () => ({ places: 2, gfns: 2 }),
      state,
      view: (s: { readonly leaves: Iterable<object | null> }) => s,
      scenarios: {},
      vectors: [{ bounds: {} }],
    };
    const { call: mapping } = callsOf<any, Bounds>();
    const map = mapping({
      kernel: "a toy",
      by: "vcpu",
      takes: { gfn: Gfn, place: Place },
      returns: [],
      sections: { map: (s, { gfn, place }) => void (s.leaves[gfn] = { at: { place } }) },
    });
    const { always: claim } = propertiesOf<any>();
    const apart = {
      name: "no-two-places",
      says: "two frames map no two places",
      source: "test",
      over: {},
      holds: (s: any) => new Set([...s.leaves].flatMap((l) => (l === null ? [] : [l.at.place]))).size <= 1,
    } as const;
    const verdicts = async (promise: object): Promise<(string | undefined)[]> => {
      const of = design({ ...base, calls: { map }, promises: [claim({ ...apart, ...promise })] } as never);
      const [full, watched] = [await run(of), await run(of, {}, { track: "watch" })];
      return [full, watched].map((report) => verdictOf(report, apart.name));
    };
    expect(await verdicts({})).toEqual(["violated", "undecided"]);
    // It is not of one page, and says so.
    expect(await verdicts({ ofOnePage: true })).toEqual(["violated", "holds"]);
  });
});

describe("translation and symmetry", () => {
  test("a translation reads a captured variable once", () => {
    let refuses = false;
    const turned = call({
      kernel: "a variable of the module",
      by: "task",
      takes: { at: Switch },
      returns: ["EBUSY"],
      sections: { run: (s, { at }) => (refuses ? "EBUSY" : void (s.on[at] = true)) },
    });
    const subject = bounded(toy({ calls: { turned } }), { bounds: { switches: 1 }, scenario: "everything" });
    const ground = groundOf(subject, TRACK_ALL, undefined, new Totals());
    const expander = new CompiledExpander(ground, compile(ground));
    const reached = (): number => {
      const batch = new Batch(expander.words);
      expander.successors(new Int32Array(expander.words), 0, batch);
      return batch.count;
    };
    const before = reached();
    refuses = true;
    expect(reached()).toBe(before);
  });

  test("a design that tells names apart late has a licence", () => {
    const late = call({
      kernel: "switch 0 is special when twelve are on",
      by: "task",
      takes: { at: Switch },
      returns: ["EBUSY"],
      sections: {
        run: (s, { at }) => {
          if (s.count === 12 && at === 0) return "EBUSY";
          if (s.on[at]) return;
          s.on[at] = true;
          s.count++;
        },
      },
    });
    const { group } = licenceFor(toy({ calls: { late } }), { bounds: { switches: 14 } });
    expect(group.map(({ bound }) => bound)).toEqual(["switches"]);
  });
});
