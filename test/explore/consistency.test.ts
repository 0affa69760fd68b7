/** A view that contradicts itself is an error of the model, told with what it said and where; no view of the registry does. */
import { describe, expect, test } from "vitest";
import { checkVector, type RunReport } from "../../checkers/explore/check.ts";
import { NO_LIMIT } from "../../checkers/explore/sweep.ts";
import { bound, vmWithFile } from "../../models/guest-memfd/scenarios.ts";
import { guestMemfd7_3 } from "../../models/guest-memfd/versions.ts";
import type { KvmView } from "../../models/guest-memfd/view.ts";
import { registry } from "../../models/registry.ts";
import { pkvm } from "../../models/technology/confidential/pkvm.ts";
import { KVM_X86_SW_PROTECTED_VM } from "../../spec/abi/kvm.ts";
import type { SlotView } from "../../spec/guest-memory.ts";
import { variant } from "../../spec/language.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import { always, run, toy } from "../toy.ts";
import { smallest } from "./smallest.ts";

/** A file that is bound, used and closed: a few dozen states. */
const scenarios = {
  used: {
    says: "a file that is bound, used and closed",
    given: [...vmWithFile(KVM_X86_SW_PROTECTED_VM, 1, 0n), bound(0)],
    legal: true as const,
    calls: ["guest_write", "fallocate", "close", "set_memory_attributes"],
  },
};
const vector: Vector = { bounds: { types: "sw_protected" }, scenario: "used" };

type Lie = (told: KvmView) => Partial<Record<keyof KvmView, unknown>>;
const lying = (lie: Lie): AnyDesign => ({
  ...variant(guestMemfd7_3, {
    name: "lying",
    says: "a view that lies",
    source: "this test",
    scenarios,
    view: (s, m) => {
      const told = guestMemfd7_3.view(s, m);
      return { ...told, ...(lie(told) as Partial<KvmView>) };
    },
  }),
  promises: [],
});
const reportOf = (design: AnyDesign, more: Partial<Vector> = {}, paranoid = false): Promise<RunReport> =>
  checkVector(design, { ...vector, ...more }, { budget: NO_LIMIT, paranoid, orders: false });

const slotSays =
  (what: Partial<Record<keyof SlotView, unknown>>): Lie =>
  (told) => ({
    slot: (...of: Parameters<KvmView["slot"]>) => {
      const slot = told.slot(...of);
      return slot === null ? null : { ...slot, ...what };
    },
  });

const lies: readonly [string, Lie, string][] = [
  ["indices", () => ({ vms: [0, 1] }), "one of the vms is 1; allowed: 0 to 0"],
  ["an index twice", () => ({ gfns: [0, 0] }), "the gfns are 0, 0: one comes twice"],
  [
    "no answer",
    () => ({ vmExists: () => undefined }),
    "vmExists of VM 0 is undefined; allowed: true or false",
  ],
  [
    "half a reference",
    () => ({ vmReferences: () => 0.5 }),
    "vmReferences of VM 0 is 0.5; allowed: whole numbers",
  ],
  ["no VM's file", () => ({ fileVm: () => 1 }), "fileVm of file 0 is 1; allowed: 0"],
  ["no inode", () => ({ fileInode: () => -1 }), "fileInode of file 0 is -1; allowed: 0 to 1"],
  ["a file's size", () => ({ fileSize: () => null }), "fileSize of file 0 is null; allowed: whole numbers"],
  ["a slot of no VM", () => ({ vmExists: () => false }), "there is no such VM"],
  ["a slot without a base", slotSays({ base: null }), "slot 0 of VM 0: base is null; allowed: whole numbers"],
  ["a slot beyond the guest", slotSays({ npages: 2 }), "slot 0 of VM 0 has 2 frames from 0 on; there are 1"],
  ["a slot's flag", slotSays({ readonly: 0 }), "slot 0 of VM 0: readonly is 0; allowed: true or false"],
  [
    "a bound slot of another kind",
    slotSays({ guestMemfd: false }),
    "is bound to file 0, and is no guest_memfd slot",
  ],
  [
    "a slot that stays bound",
    slotSays({ file: 0 }),
    "slot 0 of VM 0 is bound to file 0, and there is no such file",
  ],
  [
    "a binding of a file that is gone",
    () => ({ binding: () => ({ vm: 0, space: 0, slot: 0 }) }),
    'binding of page 0 of file 1 is {"vm":0,"space":0,"slot":0}, and there is no such file',
  ],
  [
    "a binding to no slot of the run",
    (told) => ({ binding: (file: never) => (told.fileExists(file) ? { vm: 0, space: 0, slot: 7 } : null) }),
    "binding of page 0 of file 0: its slot is 7; allowed: 0",
  ],
  [
    "a leaf that shows no page",
    () => ({ guestMapping: () => ({ at: { inode: 0, page: 5 }, private: true, fromFile: true }) }),
    "guestMapping of frame 0 of VM 0: its page is 5; allowed: 0 to ",
  ],
  [
    "a leaf of no kind",
    () => ({ guestMapping: () => ({ at: { inode: 0, page: 0 }, private: null, fromFile: true }) }),
    "guestMapping of frame 0 of VM 0: private is null; allowed: true or false",
  ],
  [
    "an attribute",
    () => ({ isPrivate: () => 8 }),
    "isPrivate of frame 0 of VM 0 is 8; allowed: true or false",
  ],
  [
    "invalidations that nobody counts",
    () => ({ isInvalidating: () => true }),
    "frame 0 of VM 0 is being invalidated, and invalidations of VM 0 is 0",
  ],
  [
    "a page's state",
    () => ({ pageState: () => "gone" }),
    "is gone; allowed: absent, allocated, ready, poisoned",
  ],
  [
    "a mapping of the host",
    () => ({ hostMaps: () => 1 }),
    "hostMaps of page 0 of inode 0 is 1; allowed: true or false",
  ],
  [
    "whether it may be",
    () => ({ hostMayMap: () => null }),
    "hostMayMap of inode 0 is null; allowed: true or false",
  ],
  ["contents", () => ({ contentsDefined: () => null }), "contentsDefined of page 0 of inode 0 is null"],
  [
    "a secret of nobody's",
    () => ({ secretOf: () => 3 }),
    "secretOf of page 0 of inode 0 is 3; allowed: null, 0",
  ],
];

describe("a view that lies about", () => {
  test.each(lies)("%s", async (_name, lie, says) => {
    const { verdict, reason } = await reportOf(lying(lie));
    expect(verdict).toBe("invalid");
    expect(reason).toContain("the view contradicts itself: ");
    expect(reason).toContain(says);
    expect(reason).toMatch(/at test\/explore\/consistency\.test\.ts:\d+\n {2}usual cause: /);
  });

  test("nothing is believed", async () => {
    expect((await reportOf(lying(() => ({})))).verdict).not.toBe("invalid");
  });
});

test("the state is told in which a view contradicts itself, and the first one is called so", async () => {
  const closed = await reportOf(lying(slotSays({ file: 0 })));
  expect(closed.reason).toMatch(/there is no such file; where .*files\[0\]\.kind = none/);
  const first = await reportOf(lying(() => ({ fileSize: () => -1 })));
  expect(first.reason).toContain("allowed: whole numbers from 0 on; in the first state");
});

test("a view that throws is an error of the view", async () => {
  const throwing = lying(() => ({
    fileSize: () => {
      throw new TypeError("null has no size");
    },
  }));
  const { verdict, reason } = await reportOf(throwing);
  expect(verdict).toBe("invalid");
  expect(reason).toContain("the view threw TypeError: null has no size");
});

test("where calls overlap, and where nothing is trusted, a view is asked too", async () => {
  const told = lying(slotSays({ file: 0 }));
  for (const [more, paranoid] of [
    [{ mode: "overlap", overlap: 1 }, false],
    [{}, true],
  ] as const)
    expect((await reportOf(told, more, paranoid)).verdict).toBe("invalid");
});

/** Whether a run of a toy with many states says that the view is wrong in one of them. */
async function isFound(count: number, paranoid: boolean): Promise<boolean> {
  const sought = toy({
    promises: [always({ name: "a", says: "a", source: "a", over: {}, holds: () => true })],
  });
  const lies = { ...sought, contradiction: (s: any) => (s.count === count ? "it is so" : null) };
  const report = await checkVector(lies, { bounds: { switches: 9 } }, { budget: NO_LIMIT, paranoid });
  return report.verdict === "invalid";
}

test("in fast runs some states are asked for, and all where nothing is trusted", async () => {
  // The state with all switches on is the last one, and nobody's sample.
  expect([await isFound(1, false), await isFound(9, false), await isFound(9, true)]).toEqual([
    true,
    false,
    true,
  ]);
});

test("a design says what else its view cannot say", async () => {
  const ofNoFrame = { ...pkvm, view: withOwner({ vm: 0, gfn: 9 }) };
  const ofNobody = { ...pkvm, view: withOwner({ vm: 0, gfn: 0 }, { ownersAreKept: () => false }) };
  const wrong = [
    [ofNoFrame, "page 0 of inode 0 belongs to VM 0 at frame 9, and there is no such frame"],
    [ofNobody, "page 0 of inode 0 belongs to VM 0 at frame 0, and nobody keeps what belongs to it"],
    [
      { ...pkvm, view: withOwner(null, { ownersAreKept: () => false, givesWithLeaf: () => true }) },
      "pages are given to VM 0 with their leaves, and nobody keeps what belongs to it",
    ],
  ] as const;
  for (const [design, says] of wrong) {
    const report = await run({ ...design, promises: [], statements: [] });
    expect([report.verdict, report.reason]).toEqual(["invalid", expect.stringContaining(says)]);
  }
});

function withOwner(owner: object | null, more: object = {}): AnyDesign["view"] {
  return (s, m) => ({ ...pkvm.view(s, m), ownerOf: () => owner, ...more });
}

test("no view of the registry contradicts itself, where no run against the reference search would say so", async () => {
  const others = registry.filter(({ design }) => !smallest.some(([name]) => name === design.name));
  expect(others.length).toBeGreaterThan(50);
  for (const { design } of others) {
    const quick = design.vectors.find((one) => one.quick)!;
    const { verdict, reason } = await checkVector(design, quick, {
      budget: { ...NO_LIMIT, states: 150 },
      orders: false,
    });
    expect([design.name, verdict === "invalid" ? reason : null]).toEqual([design.name, null]);
  }
});
