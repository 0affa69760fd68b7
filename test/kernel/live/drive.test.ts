/** Made-up programs on a kernel beside a design: what is made, what is found, and that it is made as small as can be. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { firstDifference, identity } from "../../../checkers/kernel/live/disagreement.ts";
import { drive, type LiveOptions, type LiveReport } from "../../../checkers/kernel/live/drive.ts";
import { KernelFailure, type Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { rowsOf } from "../../../checkers/kernel/live/made-up.ts";
import { played } from "../../../checkers/kernel/live/pair.ts";
import { sameResult } from "../../../checkers/kernel/play.ts";
import { liveText } from "../../../checkers/report/live.ts";
import { bindWith } from "../../../models/guest-memfd/calls/set-user-memory-region.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";
import { programs } from "../../../models/guest-memfd/recording/programs.ts";
import {
  guestMemfd6_12,
  guestMemfd6_18,
  guestMemfd7_2,
  guestMemfd7_3,
} from "../../../models/guest-memfd/versions.ts";
import { change, variant } from "../../../spec/language.ts";
import type { AnyDesign } from "../../../spec/language/design.ts";
import type { Header, RecordedStep } from "../../../spec/recording.ts";
import { localKernel, recordedHere, recordingOf } from "./here.ts";
import { kernelOf } from "./of-design.ts";

const headerOf = (name: string): Header => recordingOf(`${name}-random.jsonl`).header;
const of6_18 = headerOf("6.18.44");
const of7_3 = headerOf("7.3.4");

/** 7.2 with the errno of a second binding that 6.18 has. */
const planted = variant(guestMemfd7_2, {
  name: "planted",
  says: "the errno of a second binding is another one",
  source: "made up for a test",
  calls: {
    set_user_memory_region2: change(guestMemfd7_2.calls.set_user_memory_region2, {
      sections: {
        bind: { ...guestMemfd7_2.calls.set_user_memory_region2.sections.bind, run: bindWith("EINVAL") },
      },
    }),
  },
});

function driven(kernel: Kernel, design: AnyDesign, options: Partial<LiveOptions> = {}): Promise<LiveReport> {
  return drive(
    { kernel, design, player, programs },
    { seed: 1, runs: 60, licence: { poison: false }, disagreements: 1, stop: () => null, ...options },
  );
}

describe("programs that are made up", () => {
  const drawn = (header: Header, poison: boolean, runs: number): (readonly RecordedStep[])[] =>
    fc
      .sample(rowsOf(programs), { seed: 5, numRuns: runs })
      .map((rows) => programs.program(header, rows, { poison }));

  test("the same seed makes the same programs, another one others", async () => {
    const [one, same, other] = [1, 1, 2].map((seed) => ({ seed, kernel: kernelOf(of6_18, guestMemfd6_18) }));
    for (const { seed, kernel } of [one!, same!, other!])
      await driven(kernel, guestMemfd6_18, { seed, runs: 4 });
    expect(one!.kernel.asked.length).toBe(4);
    expect(same!.kernel.asked).toEqual(one!.kernel.asked);
    expect(other!.kernel.asked).not.toEqual(one!.kernel.asked);
  });

  test.each([
    ["6.12.107", guestMemfd6_12],
    ["6.18.44", guestMemfd6_18],
    ["7.3.4", guestMemfd7_3],
  ] as const)("a design of %s can play them, and most of what they ask for is there", (kernel, design) => {
    const header = headerOf(kernel);
    const answers = drawn(header, false, 12).flatMap((steps) => {
      const ended = played({ design, player, programs }, header, steps);
      expect(ended).not.toBeNull();
      return ended!.map(({ answer }) => answer);
    });
    expect(answers.filter((answer) => "impossible" in answer)).toEqual([]);
    const refused = answers.filter(({ errno }) => errno !== undefined && errno !== "EFAULT").length;
    expect(refused / answers.length).toBeLessThan(0.25);
  });

  test("memory is poisoned where that is allowed, and nowhere else", () => {
    expect(drawn(of7_3, false, 60).some((steps) => programs.poisons(steps))).toBe(false);
    expect(drawn(of7_3, true, 60).some((steps) => programs.poisons(steps))).toBe(true);
  });

  test("making one smaller comes to an end, whichever reductions are taken", () => {
    for (const [n, program] of drawn(of7_3, true, 3).entries()) {
      let steps = program;
      for (let taken = 0; ; taken++) {
        expect(taken).toBeLessThan(4000);
        const ways = [...programs.smaller(steps)];
        // Deletions would end it soon: of the others, one after the other.
        const other = ways.filter(({ kind }) => kind !== "deletion");
        const next = other[(taken * 7 + n) % Math.max(1, other.length)] ?? ways[0];
        if (next === undefined) break;
        steps = next.to;
      }
      expect(steps).toEqual([]);
    }
  });
});

describe("a kernel that answers as the design", () => {
  test("there is no disagreement, and what was reached and what never was is said", async () => {
    const report = await driven(kernelOf(of7_3, guestMemfd7_3), guestMemfd7_3, { operations: 400 });
    expect(report.found).toEqual([]);
    expect(report.claims).toEqual([]);
    expect(report.operations).toBeGreaterThanOrEqual(400);
    const { reached, never } = report.coverage;
    expect(reached["guest_read"]!["value"]).toBeGreaterThan(0);
    expect(never).toContain("guest_execute was never made");
    expect(never).toContain("guest_read never ended with EHWPOISON memory_fault shared");
    expect(liveText(report, () => null)).toContain("; 0 different disagreements");
  });

  test("a run that is interrupted reports what it has", async () => {
    let asked = 0;
    const report = await driven(kernelOf(of6_18, guestMemfd6_18), guestMemfd6_18, {
      stop: () => (++asked > 3 ? "interrupted by SIGINT" : null),
    });
    expect([report.programs, report.stopped]).toEqual([2, "interrupted by SIGINT"]);
  });

  test("an executor that the interrupt ends as well is no finding", async () => {
    let stopped: string | null = null;
    const kernel = kernelOf(of6_18, guestMemfd6_18, () => {
      stopped = "interrupted by SIGINT";
      throw new KernelFailure("death", "the executor died (SIGINT)", [], []);
    });
    const report = await driven(kernel, guestMemfd6_18, { stop: () => stopped });
    expect([report.found, report.stopped]).toEqual([[], "interrupted by SIGINT"]);
  });
});

describe("the errno of a second binding is another one", () => {
  const kernel = kernelOf({ ...of7_3, kernel: "7.2.13" }, guestMemfd7_2);
  const running = driven(kernel, planted, { runs: 25 });

  test("it is said before anything runs", async () => {
    const { claims } = await running;
    expect(claims).toEqual([
      { capability: "answer to a second binding", kernel: "EEXIST", design: "EINVAL" },
    ]);
    expect(liveText(await running, () => null)).toContain("the design claims another kernel");
  });

  test("it is found, and shrunk to its shortest program", async () => {
    const { found } = await running;
    expect(found.map((one) => one.identity)).toEqual(["set_user_memory_region2: EEXIST, not EINVAL"]);
    const [{ steps, results, difference, certificate }] = found as [LiveReport["found"][0]];
    expect(steps.map(({ op }) => op)).toEqual([
      "create_vm",
      "create_guest_memfd",
      "set_user_memory_region2",
      "set_user_memory_region2",
    ]);
    expect([steps[1]!["size"], steps[3]!["memory_size"], steps[3]!["guest_memfd_offset"]]).toEqual([
      4096, 4096, 0,
    ]);
    expect(difference.step).toBe(3);
    expect(results.at(-1)).toEqual({ ret: -17, errno: "EEXIST" });
    expect(difference.design).toEqual({ ret: -22, errno: "EINVAL" });
    expect(certificate).toMatchObject({ deletions: 4 });
  });

  test("each single reduction that the certificate counts agrees, or is something else", async () => {
    const [{ steps, certificate, identity: name }] = (await running).found as [LiveReport["found"][0]];
    const ways = [...programs.smaller(steps)];
    const { deletions, arguments: args, actors, bounds } = certificate!;
    expect(ways.length).toBe(deletions + args + actors + bounds);
    for (const { to } of ways) {
      const ended = played({ design: planted, player, programs }, of7_3, to);
      if (ended === null) continue;
      const design = ended.map(({ answer }) => answer);
      const difference = firstDifference(to, { results: await kernel.run(to), silence: null }, design);
      expect(difference === null ? null : identity(difference)).not.toBe(name);
    }
  });

  test("its path makes the program again, alone", async () => {
    const [{ path, steps }] = (await running).found as [LiveReport["found"][0]];
    const alone = await driven(kernelOf({ ...of7_3, kernel: "7.2.13" }, guestMemfd7_2), planted, { path });
    expect(alone.programs).toBe(1);
    expect(alone.found.map((one) => [one.path, one.steps])).toEqual([[path, steps]]);
  });

  test("the report says who says what, and how to see it again", async () => {
    const text = liveText(await running, () => ({ file: "f", seeded: "from seed", replay: "conform f" }));
    expect(text).toContain(
      'kernel says {"ret":-17,"errno":"EEXIST"}, design says {"ret":-22,"errno":"EINVAL"}, at call 3',
    );
    expect(text).toContain("minimal, after");
    expect(text).toContain("replay: conform f");
    expect(text).toContain("from the seed: from seed");
  });
});

describe("a kernel that fails", () => {
  const punches = (steps: readonly RecordedStep[]): number =>
    steps.findIndex(({ op, mode }) => op === "fallocate" && mode === 3);

  test("a call that hangs is shrunk as well, and its console is told", async () => {
    const kernel = kernelOf(of6_18, guestMemfd6_18, (steps, answers) => {
      const at = punches(steps);
      if (at < 0 || !steps.slice(0, at).some(({ op }) => op === "guest_write")) return answers;
      throw new KernelFailure("hang", "step did not return", answers.slice(0, at), ["task blocked: gmem"]);
    });
    const report = await driven(kernel, guestMemfd6_18, { runs: 12 });
    const [{ steps, results, identity: name }] = report.found as [LiveReport["found"][0]];
    expect(name).toMatch(/^fallocate: hang, not /);
    expect(steps.map(({ op }) => op)).toEqual(["guest_write", "fallocate"]);
    expect(results.length).toBe(1);
    const text = liveText(report, () => ({ file: "f", seeded: "s", replay: null }));
    expect(text).toContain("kernel says nothing (hang): step did not return");
    expect(text).toContain("console: task blocked: gmem");
    expect(text).toContain("recorded: f");
  });

  test("what happens once is said not to reproduce, and is not shrunk", async () => {
    let asked = 0;
    const kernel = kernelOf(of6_18, guestMemfd6_18, (_, answers) =>
      ++asked === 3 ? [...answers.slice(0, -1), { ret: -5, errno: "EIO" }] : answers,
    );
    const report = await driven(kernel, guestMemfd6_18, { runs: 6 });
    const [{ repeated, certificate }] = report.found as [LiveReport["found"][0]];
    expect([repeated, certificate]).toEqual([{ had: 0, runs: 3 }, null]);
    expect(liveText(report, () => null)).toContain("does not reproduce");
  });

  test("different disagreements are told apart, and each is told once", async () => {
    const kernel = kernelOf(of6_18, guestMemfd6_18, (steps, answers) =>
      answers.map((answer, i) =>
        ["dup", "fstat"].includes(steps[i]!.op) && answer["ret"] === 0 ? { ret: -5, errno: "EIO" } : answer,
      ),
    );
    const { found } = await driven(kernel, guestMemfd6_18, { disagreements: 5, runs: 8 });
    const names = found.map((one) => one.identity);
    expect(names.filter((name) => name === "dup: EIO, not 0").length).toBe(1);
    expect(names.filter((name) => name.startsWith("fstat: EIO, not")).length).toBe(1);
    expect(names.length).toBe(2);
    expect(found.find((one) => one.identity.startsWith("dup"))!.steps.length).toBe(3);
  });
});

describe("the kernel of this machine", async () => {
  const found = await localKernel();
  const why =
    typeof found === "string" ? found : recordedHere(found) === null ? "another kernel than 6.18.44" : null;
  afterAll(async () => {
    if (typeof found !== "string") await found.close();
  });

  test.skipIf(why !== null)(
    `a second binding that answers otherwise is found on it${why === null ? "" : ` (skipped: ${why})`}`,
    async () => {
      const report = await driven(found as Kernel, guestMemfd7_2, { runs: 20 });
      const [one] = report.found;
      expect(one!.identity).toBe("set_user_memory_region2: EINVAL, not EEXIST");
      expect(one!.steps.length).toBe(4);
      expect(sameResult(one!.results.at(-1)!, { ret: -22, errno: "EINVAL" })).toBe(true);
    },
  );
});
