/** Random racing blocks against a kernel: a stand-in that does what the design allows, and one thing that it does not. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conform } from "../../../checkers/kernel/conform.ts";
import { raceRecording } from "../../../checkers/kernel/live/race-recording.ts";
import { runRaces, type RaceOptions, type RacesReport } from "../../../checkers/kernel/live/races.ts";
import { expected, type Expected } from "../../../checkers/kernel/live/trial.ts";
import { KernelFailure, type Kernel, type Raced } from "../../../checkers/kernel/live/kernel.ts";
import { stand } from "../../../checkers/kernel/litmus.ts";
import { IMPOSSIBLE } from "../../../checkers/kernel/play.ts";
import { readRecording } from "../../../checkers/kernel/recording.ts";
import { racesText } from "../../../checkers/report/races.ts";
import { liveRaces, type RacesCommand } from "../../../cli/live-races.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";
import { races } from "../../../models/guest-memfd/recording/races.ts";
import { guestMemfd6_12, guestMemfd6_18, guestMemfd7_3 } from "../../../models/guest-memfd/versions.ts";
import { MADV_HWPOISON } from "../../../spec/abi/files.ts";
import type { AnyDesign } from "../../../spec/language/design.ts";
import type { MadeRace } from "../../../spec/races.ts";
import type { Header, RaceProgram, RecordedStep } from "../../../spec/recording.ts";

function headerOf(name: string): Header {
  const text = readFileSync(new URL(`../../../recordings/${name}.jsonl`, import.meta.url), "utf8");
  return JSON.parse(text.split("\n")[0]!) as Header;
}
const of7_3 = headerOf("7.3.4-litmus");
const of6_18 = headerOf("6.18.44-litmus");
const of6_12 = headerOf("6.12.107-random");

function drawn(header: Header, poison: boolean, runs: number, seed: number): MadeRace[] {
  const naturals = fc.noBias(fc.array(fc.nat(), { minLength: races.width, maxLength: races.width }));
  return fc.sample(naturals, { seed, numRuns: runs }).map((of) => races.race(header, of, { poison }));
}

const stepsOf = ({ setup, threads, final }: RaceProgram): RecordedStep[] => [
  ...setup,
  ...threads.flat(),
  ...final,
];
const has = (race: RaceProgram, test: (step: RecordedStep) => boolean): boolean =>
  race.threads.flat().some(test);
const poisons = ({ op, advice }: RecordedStep): boolean => op === "madvise" && advice === MADV_HWPOISON;
const punches = ({ op, mode }: RecordedStep): boolean => op === "fallocate" && mode === 3;

describe("blocks that are drawn", () => {
  const headers = [of6_12, of6_18, of7_3];

  test.each(headers.map((header) => [header.kernel, header] as const))(
    "%s can make all their steps",
    (_, header) => {
      for (const race of drawn(header, true, 80, 3)) {
        const { machine } = player.play(header, stepsOf(race));
        expect(machine).toBeDefined();
        expect(race.threads.length).toBeGreaterThan(1);
        expect(race.threads.length).toBeLessThan(4);
        for (const steps of race.threads) expect([1, 2, 3]).toContain(steps.length);
        const types = race.setup.filter(({ op }) => op === "create_vm").map(({ type }) => type);
        expect(types.every((type) => header.bindable_vm_types.includes(type as number))).toBe(true);
      }
    },
  );

  test("poison is there where it is allowed only, and then one in ten meets a hole", () => {
    expect(drawn(of7_3, false, 200, 5).filter((race) => has(race, poisons))).toEqual([]);
    const meeting = drawn(of7_3, true, 200, 5).filter((race) => has(race, poisons) && has(race, punches));
    expect(meeting.length).toBeGreaterThan(20);
  });

  test("the setup does what it is for", () => {
    const pairs: [Header, AnyDesign][] = [
      [of6_12, guestMemfd6_12],
      [of6_18, guestMemfd6_18],
      [of7_3, guestMemfd7_3],
    ];
    for (const [header, design] of pairs) {
      for (const race of drawn(header, false, 20, 8)) {
        const block = { id: "", observed: [], ...race };
        const { ended } = stand(header, block, design, player, race.title).ready.setup;
        expect(ended.filter(({ answer }) => "errno" in answer || "signal" in answer)).toEqual([]);
        expect(ended.map(({ answer }) => answer)).not.toContain(IMPOSSIBLE);
      }
    }
  });
});

type Fault = (race: RaceProgram, raced: Raced, seed: number) => Raced;

/** Answers as a design does, each time one of the outcomes that it allows. */
class StandIn implements Kernel {
  readonly header: Header;
  readonly where = "a stand-in";
  readonly ran: RaceProgram[] = [];
  private readonly answers = new Map<string, Expected>();
  private readonly design: AnyDesign;
  private readonly fault: Fault;

  constructor(header: Header, design: AnyDesign, fault: Fault = (_, raced) => raced) {
    this.header = header;
    this.design = design;
    this.fault = fault;
  }

  async run(steps: readonly RecordedStep[]): ReturnType<Kernel["run"]> {
    const { setup } = this.expected({ setup: steps, threads: [], final: [] });
    return setup.ended.map(({ answer }) => answer);
  }

  async race(race: RaceProgram, iterations: number, seed: number): Promise<Raced> {
    this.ran.push(race);
    const { setup, outcomes } = this.expected(race);
    const { allowed } = outcomes;
    const counts = allowed.map((_, i) =>
      Math.floor((iterations + ((seed + i) % allowed.length)) / allowed.length),
    );
    const observed = allowed.flatMap((of, i) => (counts[i]! > 0 ? [{ ...of, count: counts[i]! }] : []));
    return this.fault(race, { setup: setup.ended.map(({ answer }) => answer), observed }, seed);
  }

  async close(): Promise<void> {}

  private expected({ setup, threads, final }: RaceProgram): Expected {
    const key = JSON.stringify([setup, threads, final]);
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    const sides = { kernel: this, design: this.design, player };
    const allowed = expected(sides, { title: "", setup, threads, final });
    if (allowed === null || allowed === "too big") throw new Error("nobody can run it");
    this.answers.set(key, allowed);
    return allowed;
  }
}

const zero = { as_id: 0, flags: 0, userspace_addr: 0, guest_memfd: null, guest_memfd_offset: 0 };
const setup: RecordedStep[] = [
  { op: "create_vm", vm: "A", type: 0 },
  { op: "anon", map: "z", size: 8192 },
  { op: "create_guest_memfd", file: "F", vm: "A", size: 8192, flags: 3 },
  { op: "mmap", map: "m", file: "F", offset: 0, length: 8192, prot: 3, share: "shared" },
  { op: "create_vcpu", vcpu: "c", vm: "A" },
  {
    op: "set_user_memory_region2",
    vm: "A",
    ...zero,
    slot: 0,
    flags: 4,
    guest_phys_addr: 1052672,
    memory_size: 8192,
    userspace_addr: { map: "z", offset: 0 },
    guest_memfd: "F",
  },
  { op: "host_write", map: "m", offset: 4096, value: 7 },
];
const punch: RecordedStep = { op: "fallocate", file: "F", mode: 3, offset: 4096, len: 4096 };
const hostRead: RecordedStep = { op: "host_read", map: "m", offset: 4096 };
const remove: RecordedStep = {
  op: "set_user_memory_region2",
  vm: "A",
  ...zero,
  slot: 0,
  guest_phys_addr: 0,
  memory_size: 0,
};
const guestRead: RecordedStep = { op: "guest_read", vcpu: "c", gpa: 1056768 };
const poison: RecordedStep = { op: "madvise", map: "m", offset: 4096, length: 4096, advice: MADV_HWPOISON };

/** These blocks, one after the other. */
async function lane(
  kernel: Kernel,
  design: AnyDesign,
  blocks: readonly MadeRace[],
  options: Partial<RaceOptions> = {},
): Promise<RacesReport> {
  let next = 0;
  const given = { ...races, race: () => blocks[next++]! };
  return runRaces(
    { kernel, design, player },
    {
      races: given,
      runs: blocks.length,
      iterations: 40,
      seed: 1,
      licence: { poison: true },
      careful: null,
      shrinkSeconds: 60,
      only: null,
      stop: () => null,
      told: () => {},
      ...options,
    },
  );
}

const block = (title: string, ...threads: RecordedStep[][]): MadeRace => ({
  title,
  setup,
  threads,
  final: [guestRead, hostRead],
});
const elsewhere: RecordedStep = { op: "fstat", file: "F" };
const holeAgainstHost = block("hole against host", [punch], [hostRead, hostRead], [elsewhere]);
const ops = (steps: readonly RecordedStep[]): string[] => steps.map(({ op }) => op);

function textOf(kernel: Kernel, report: RacesReport): string {
  return racesText(report, {
    kernel,
    design: guestMemfd7_3,
    command: "conform --seed 1",
    path: "written.jsonl",
  });
}

function written(header: Header, { findings }: RacesReport, design: AnyDesign) {
  const recording = readRecording(raceRecording(header, findings), "written.jsonl", player, "answered");
  return conform("written.jsonl", recording, design, player).races;
}

describe("what makes no sense is refused before a kernel is asked", () => {
  const cases: [string, string[], Partial<RacesCommand>, string][] = [
    ["a file", ["programs.jsonl"], {}, "gmemcheck record --live runs blocks of files"],
    [
      "a budget of programs",
      [],
      { operations: 10 },
      "expected with --races: --runs, --iterations, --seconds",
    ],
    ["a block of no run", [], { path: "3" }, "expected: --seed with the number that the run printed"],
    ["a path of something else", [], { path: "3:0", seed: 1 }, "3:0 is no block of a run"],
  ];
  test.each(cases)("%s", async (_, paths, options, said) => {
    const refused = liveRaces(paths, { live: "local", format: "text", ...options });
    await expect(refused).rejects.toThrow(said);
  });
});

describe("a kernel", () => {
  test("that does what is allowed shows nothing", async () => {
    const kernel = new StandIn(of7_3, guestMemfd7_3);
    const report = await lane(kernel, guestMemfd7_3, [
      holeAgainstHost,
      block("hole against guest", [punch], [guestRead]),
    ]);
    expect(report.findings).toEqual([]);
    expect([report.blocks, report.iterations, report.notRun.size]).toEqual([2, 80, 0]);
    expect(report.observed).toBe(report.allowed);
    expect(textOf(kernel, report)).toContain("2 racing blocks in 80 runs, 960 operations in ");
  });

  test("that shows a byte which nobody wrote is found out, with the smallest block that shows it", async () => {
    const kernel = new StandIn(of7_3, guestMemfd7_3, (race, raced) => {
      const at = race.threads.findIndex((steps) => steps.some(({ op }) => op === "host_read"));
      if (at < 0 || !has(race, punches)) return raced;
      const [seen] = raced.observed;
      const results = seen!.results.map((of, t) => (t === at ? of.map(() => ({ value: 99 })) : of));
      return { ...raced, observed: [...raced.observed, { ...seen!, results, count: 3 }] };
    });
    const report = await lane(kernel, guestMemfd7_3, [holeAgainstHost]);
    const [finding] = report.findings;
    const { race, certificate } = finding!.smallest;
    expect(finding).toMatchObject({ what: "not allowed", run: 0, again: { shown: 3, tries: 3 } });
    expect(ops(race.setup)).toEqual(["create_vm", "create_guest_memfd", "mmap"]);
    expect(race.threads.map(ops).sort()).toEqual([["fallocate"], ["host_read"]]);
    expect(race.final).toEqual([]);
    expect(race.threads.flat().map(({ offset }) => offset)).toEqual([0, 0]);
    expect(certificate).toMatchObject({ deletions: 3 });
    const text = textOf(kernel, report);
    expect(text).toContain("1. not allowed: block 0, hole against host");
    expect(text).toContain("    not allowed, and observed in 3 runs:");
    expect(text).toContain('"host_read","map":"m","offset":0} = {"value":99}');
    expect(text).toContain('allowed, but with thread 1, step 0 = {"value":0}');
    expect(written(of7_3, report, guestMemfd7_3)[0]!.disagreements.length).toBe(1);
  });

  test("a smaller block that shows it rarely is passed over", async () => {
    const kernel = new StandIn(of7_3, guestMemfd7_3, (race, raced, seed) => {
      // Two tries a block, of seeds 1 and 2.
      if (race.final.length === 0 && seed < 3) return raced;
      const [seen] = raced.observed;
      return {
        ...raced,
        observed: [{ ...seen!, results: seen!.results.map((of) => of.map(() => ({ value: 99 }))) }],
      };
    });
    const report = await lane(kernel, guestMemfd7_3, [block("hole against hole", [punch], [punch])]);
    const { race } = report.findings[0]!.smallest;
    expect(race.final.length).toBe(1);
    await expect(kernel.race({ ...race, final: [] }, 40, 3)).resolves.toMatchObject({
      observed: [{ results: [[{ value: 99 }], [{ value: 99 }]] }],
    });
  });

  const stacks = ["task:executor state:D", " down_read+0x1", " kvm_gmem_error_folio+0x2"];
  const poisonAgainstHole = block("poison against hole", [poison, hostRead], [punch, punch]);

  test("that hangs as the design does is reported with its stacks, explained, and asked once", async () => {
    const kernel = new StandIn(of7_3, guestMemfd7_3, (race, raced) => {
      if (!has(race, poisons) || !has(race, punches)) return raced;
      throw new KernelFailure("hang", "step 0 of thread 1, iteration 5, did not return", [], stacks);
    });
    const report = await lane(kernel, guestMemfd7_3, [poisonAgainstHole, poisonAgainstHole]);
    expect(report.findings.length).toBe(1);
    const { smallest, what } = report.findings[0]!;
    expect(what).toBe("hang");
    expect(ops(smallest.race.setup)).toEqual(["create_vm", "create_guest_memfd", "mmap"]);
    expect(smallest.race.threads.map(ops)).toEqual([["madvise"], ["fallocate"]]);
    expect([...report.notRun]).toEqual([
      ["it would meet again what was met: no-deadlock: the threads wait for each other", 1],
    ]);
    const text = textOf(kernel, report);
    expect(text).toContain("kernel: step 0 of thread 1, iteration 5, did not return");
    expect(text).toContain("explained: the design runs into it too, no-deadlock");
    expect(text).toContain("known: memory failure takes invalidate_lock while it holds the folio");
    for (const line of stacks) expect(text).toContain(`    | ${line}`);
    const [race] = written(of7_3, report, guestMemfd7_3);
    expect(race).toMatchObject({
      title: "hang: poison against hole",
      observed: 0,
      setup: [],
      disagreements: [],
    });
  });

  test("that complains, where the design does not, is not explained", async () => {
    const kernel = new StandIn(of7_3, guestMemfd7_3, (race, raced) => {
      if (!has(race, ({ op }) => op === "close")) return raced;
      throw new KernelFailure("splat", "WARNING: at release", [], ["WARNING: at release"]);
    });
    const close = { op: "close", file: "F" };
    const report = await lane(kernel, guestMemfd7_3, [block("close against delete", [close], [remove])]);
    const text = textOf(kernel, report);
    expect(text).toContain("1. splat: block 0, close against delete");
    expect(text).not.toContain("explained");
    expect(report.findings[0]!.smallest.race.threads.map(ops)).toEqual([
      ["close"],
      ["set_user_memory_region2"],
    ]);
  });

  test("whose setup is answered otherwise is told so", async () => {
    const kernel = new StandIn(of7_3, guestMemfd7_3, (race, raced) => ({
      ...raced,
      setup: raced.setup.map((answer, i) =>
        race.setup[i]!.op === "mmap" ? { ret: -1, errno: "EPERM" } : answer,
      ),
    }));
    const report = await lane(kernel, guestMemfd7_3, [block("hole against hole", [punch], [punch])]);
    expect(report.findings.map(({ what }) => what)).toEqual(["other setup"]);
    expect(ops(report.findings[0]!.smallest.race.setup)).toContain("mmap");
  });

  test("that would be taken down by a bug of its design is not asked", async () => {
    const kernel = new StandIn(of6_18, guestMemfd6_18);
    const plain = { ...setup[5]!, slot: 7, flags: 0, guest_memfd: null };
    const bind = { ...setup[5]!, guest_phys_addr: 1064960 };
    const root = [...setup.slice(0, 5), plain, { ...guestRead, gpa: 1052672 }];
    const cold = { title: "bind against hole", setup: root, threads: [[bind], [punch]], final: [] };
    const report = await lane(kernel, guestMemfd6_18, [cold], { careful: guestMemfd6_18 });
    expect(kernel.ran).toEqual([]);
    expect([...report.notRun.keys()]).toEqual([expect.stringContaining("no-use-after-free")]);
    // Whatever it is compared with.
    const other = await lane(kernel, guestMemfd7_3, [cold], { careful: guestMemfd6_18 });
    expect([kernel.ran, [...other.notRun.keys()]]).toEqual([[], [...report.notRun.keys()]]);
  });

  test("is left alone when the run is stopped", async () => {
    const kernel = new StandIn(of7_3, guestMemfd7_3);
    const report = await lane(kernel, guestMemfd7_3, [holeAgainstHost], { stop: () => "time is up" });
    expect([report.blocks, kernel.ran]).toEqual([0, []]);
  });
});
