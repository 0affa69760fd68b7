/** What a design may be searched up to: what is symmetric is granted, and everything that looks so and is not is refused, with a reason. */
import { describe, expect, test } from "vitest";
import { licenceFor, type LicenceOptions } from "../../checkers/symmetry/licence.ts";
import { gmemSeq } from "../../models/gmem-seq.ts";
import { entryOf } from "../../models/registry.ts";
import {
  callsOf,
  change,
  design,
  disabled,
  id,
  ids,
  maybe,
  oneOf,
  per,
  propertiesOf,
  record,
  type Bounds,
  type ValueOf,
} from "../../spec/language.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import {
  Switch,
  always,
  call,
  step,
  toy,
  turnOff,
  turnOn,
  type Machine,
  type State,
  type ToyOptions,
} from "../toy.ts";

const { choice } = callsOf<State, Machine>();
const three: Vector = { bounds: { switches: 3 } };

function granted(of: AnyDesign, vector: Vector = three, options: LicenceOptions = {}): string[] {
  return licenceFor(of, vector, options).group.map(
    ({ bound, owner, classes }) =>
      `${bound}${owner === null ? "" : ` of ${owner}`} ${JSON.stringify(classes)}`,
  );
}
function refused(of: AnyDesign, vector: Vector = three, options: LicenceOptions = {}): string {
  const licence = licenceFor(of, vector, options);
  expect(licence.group).toEqual([]);
  return licence.refused.map(({ bound, why }) => `${bound}: ${why}`).join("\n");
}

/** Turns on the lowest switch that is off. */
const turnOnLowest = call({
  kernel: "switch_on_any(), a toy",
  by: "task",
  takes: {},
  returns: ["EBUSY"],
  sections: {
    "take the lowest": (s) => {
      const at = ids(s.on).find((of) => !s.on[of]);
      if (at === undefined) return "EBUSY";
      s.on[at] = true;
      s.count++;
      return 0;
    },
  },
});

describe("a symmetric design", () => {
  test("is granted all that is interchangeable in it", () => {
    expect(granted(toy())).toEqual(["switches [[0,1,2]]"]);
    expect(licenceFor(toy(), three).refused).toEqual([]);
    expect(granted(toy(), { bounds: { switches: 1 } })).toEqual([]);
  });

  test("the benchmark: VMs, files, and the slots of each VM apart", () => {
    const bounds = { vms: 2, files: 2, pages: 2, slots: 2, gfns: 2 };
    const licence = licenceFor(gmemSeq, { bounds });
    expect(granted(gmemSeq, { bounds })).toEqual(["files [[0,1]]", "vms [[0,1]]", "slots of vms [[0,1]]"]);
    expect(licence).toMatchObject({ refused: [], added: 0 });
    expect(licence.tried).toContain("397 orbits of 2921 states");
    expect(granted(gmemSeq, { bounds: { ...bounds, vms: 1 } })).toEqual(["files [[0,1]]", "slots [[0,1]]"]);
  });

  test("and so is each of its mutants", () => {
    for (const name of ["m1", "m1eq", "m1own", "m2"]) {
      const { design: of } = entryOf(`gmem-seq-${name}`)!;
      expect(granted(of, of.vectors[0])).toEqual(["vms [[0,1]]", "slots of vms [[0,1]]"]);
    }
  });

  test("a number that stands for an index is found out, and nothing else that is one", () => {
    const byNumber = call({
      kernel: "switch_on_by_number(), a toy",
      by: "task",
      takes: {
        mode: choice<number>(() => [0, 1]),
        where: choice<{ readonly at: number }>(
          (m) => Array.from({ length: m.switches }, (_, at) => ({ at })),
          () => [{ at: 99 }],
        ),
      },
      returns: ["EINVAL", "EBUSY"],
      sections: {
        "find the switch": (s, { mode, where: { at } }) => {
          const found = ids(s.on).find((of) => of === at);
          if (found === undefined || mode === 1) return "EINVAL";
          if (s.on[found]) return "EBUSY";
          s.on[found] = true;
          s.count++;
          return 0;
        },
      },
    });
    const licence = licenceFor(toy({ calls: { by_number: byNumber } }), three);
    expect(licence.group).toHaveLength(1);
    expect([...licence.meanings.get("by_number")!]).toEqual([["where.at", "switches"]]);
  });

  test("calls that a run tries of the first index alone are tried of all", () => {
    const odd = call({
      kernel: "switch_off_hard(), a toy",
      by: "task",
      takes: {
        at: Switch,
        hard: choice<boolean>(
          () => [false],
          () => [true],
        ),
      },
      returns: [],
      sections: {
        "turn it off": (s, { at, hard }) => {
          if (!hard || !s.on[at]) return disabled;
          s.on[at] = false;
          s.count--;
          return 0;
        },
      },
    });
    const licence = licenceFor(toy({ calls: { odd } }), three);
    expect(licence).toMatchObject({ refused: [], added: 2 });
    expect(licence.subject.instances.filter(({ params }) => params["hard"] === true)).toHaveLength(3);
  });
});

describe("refused", () => {
  const lowest = toy({ calls: { turn_on_lowest: turnOnLowest } });

  test("a design that takes the lowest one, unless orbits are enough", () => {
    expect(refused(lowest)).toBe(
      "switches: with switches 0 and 1 exchanged, turn_on_lowest(), its own image, " +
        "leads elsewhere than it should: on[0] differs",
    );
    expect(granted(lowest, three, { upToOrbits: true })).toEqual(["switches [[0,1,2]]"]);
  });

  test("a call that means one of them, in any case", () => {
    const first = change(turnOn, {
      sections: { "refuse what is on": (s) => (s.on[0 as never] ? "EBUSY" : undefined) },
    });
    for (const upToOrbits of [false, true])
      expect(refused(toy({ calls: { turn_on: first } }), three, { upToOrbits })).toMatch(
        /^switches: .*ends with (0, where EBUSY|EBUSY, where 0) is due/,
      );
  });

  test("a result that tells which it was", () => {
    const off = change(turnOff, {
      returns: ["EIO"],
      sections: { "turn it off": (s, { at }) => (!s.on[at] ? (at === 0 ? "EINVAL" : "EIO") : 0) },
    });
    expect(refused(toy({ calls: { turn_off: off } }))).toContain(
      "turn_off(at=1), the image of turn_off(at=0), ends with EIO, where EINVAL is due",
    );
  });

  test("a call that can be made of one of them only", () => {
    const off = change(turnOff, {
      sections: { "turn it off": (s, { at }) => (at === 0 || !s.on[at] ? disabled : 0) },
    });
    expect(refused(toy({ calls: { turn_off: off } }))).toContain(
      "turn_off(at=1), the image of turn_off(at=0), can be made where it should not",
    );
  });

  describe("what shows in no state that was looked at", () => {
    const options = { small: { states: 100, steps: 1 } };
    const two: Vector = { bounds: { switches: 2 } };
    /** Turns on, where it is allowed to; nothing turns off. */
    const rising = (
      allowed: (s: State, at: number) => boolean,
      calls: ToyOptions["calls"] = {},
    ): AnyDesign => {
      const on = change(turnOn, {
        sections: { "refuse what is on": (s, { at }) => (s.on[at] || !allowed(s, at) ? "EBUSY" : undefined) },
      });
      return { ...toy(), calls: { turn_on: on, ...calls } };
    };

    test("by orbits that the full search finds alone", () => {
      const stuck = rising((s, at) => !(s.on[1 as never] && at === 0));
      expect(refused(stuck, two, options)).toBe(
        "switches: the search over orbits finds 2, and not the 3 of the full search",
      );
    });

    test("by states of orbits that the full search does not find", () => {
      const begin = call({
        kernel: "a toy",
        by: "task",
        takes: {},
        returns: [],
        sections: {
          begin: (s) => {
            if (s.count > 0) return disabled;
            s.count = 1;
            return 0;
          },
        },
      });
      const half = rising((s, at) => s.count === 1 && at === 0, { begin });
      expect(refused(half, two, options)).toBe(
        "switches: the 3 orbits have 4 states, and the full search has 3",
      );
    });
  });

  test("a promise of states, and one of steps, that mean one of them", () => {
    const claim = { says: "…", source: "…", over: {} } as const;
    const ofStates = always({
      ...claim,
      name: "first-first",
      holds: (s) => !s.on[1 as never] || s.on[0 as never]!,
    });
    expect(refused(toy({ promises: [ofStates] }))).toBe(
      "switches: with switches 0 and 1 exchanged, first-first tells a state from its image",
    );
    const ofSteps = step({
      ...claim,
      name: "first-stays",
      holds: (was, _, is) => !was.on[0 as never] || is.on[0 as never]!,
    });
    for (const upToOrbits of [false, true])
      expect(refused(toy({ promises: [ofSteps] }), three, { upToOrbits })).toMatch(
        /first-stays tells turn_off\(at=\d\) from its image/,
      );
  });

  test("what the start tells apart, and that alone", () => {
    const init = (s: State): void => {
      s.on[2 as never] = true;
      s.count = 1;
    };
    expect(granted({ ...toy(), init } as AnyDesign)).toEqual(["switches [[0,1]]"]);
    expect(
      refused({ ...toy(), init: (s: State) => void (s.on[1 as never] = true) } as AnyDesign, { bounds: {} }),
    ).toBe("switches: the state in which the run begins tells them apart");
  });

  test("what the scenario tells apart", () => {
    const scenarios = { one: { says: "only one", only: { turn_on: { at: (at: never) => at === 0 } } } };
    expect(refused({ ...toy(), scenarios }, { ...three, scenario: "one" })).toBe(
      "switches: the scenario lets turn_on(at=0) in, and not turn_on(at=1)",
    );
  });

  test("every bound, where calls overlap or one location is watched", () => {
    expect(refused(toy(), { ...three, mode: "overlap" })).toBe("switches: calls overlap");
    const watched: Vector = { bounds: { files: 2 }, scenario: "guests", track: "watch" };
    expect(refused(entryOf("guest-memfd-7.3")!.design, watched)).toContain("one location is watched");
  });
});

describe("slots", () => {
  const Vm = id("vms");
  const Slot = id("slots");
  const Kind = oneOf("none", "one", "two");
  const state = record({
    vms: per(Vm, record({ slots: per(Slot, Kind), last: maybe(Slot) })),
    named: maybe(Slot),
  });
  type Slots = ValueOf<typeof state>;
  const slots = callsOf<Slots, Bounds>();
  const ofSlots = (names: boolean): AnyDesign =>
    design({
      name: "slots",
      says: "slots of VMs",
      source: "test",
      bounds: { vms: { says: "VMs", default: 2, most: 4 }, slots: { says: "slots", default: 2, most: 4 } },
      machine: (bounds: Bounds) => bounds,
      sizes: (m: Bounds) => ({ vms: Number(m["vms"]), slots: Number(m["slots"]) }),
      state: names ? state : record({ vms: per(Vm, record({ slots: per(Slot, Kind) })) as never }),
      calls: {
        fill: slots.call({
          kernel: "a toy",
          by: "task",
          takes: { vm: Vm, slot: Slot },
          returns: [],
          sections: {
            fill: (s, { vm, slot }) => {
              const kind = s.vms[vm].slots[slot];
              s.vms[vm].slots[slot] = kind === "none" ? "one" : kind === "one" ? "two" : "none";
              if (names) s.named = slot;
            },
          },
        }),
      },
      view: (s: Slots) => s,
      promises: [
        propertiesOf<Slots>().always({ name: "p", says: "…", source: "…", over: {}, holds: () => true }),
      ],
      scenarios: {},
      vectors: [{ bounds: {} }],
    } as never);

  test("are permuted for each VM apart, or where a value names one, everywhere alike", () => {
    expect(granted(ofSlots(false), { bounds: {} })).toEqual(["vms [[0,1]]", "slots of vms [[0,1]]"]);
    expect(granted(ofSlots(true), { bounds: {} })).toEqual(["vms [[0,1]]", "slots [[0,1]]"]);
  });
});

test("the shipped ABI: slots, and VMs and files up to orbits, for their ids are taken in order", () => {
  const { design: of } = entryOf("guest-memfd-7.3")!;
  const few = { small: { states: 1_000, steps: 8_000 }, own: { states: 100, steps: 2_500 } };
  const two: Vector = { bounds: { slots: 2 }, scenario: "slots", track: "skeleton" };
  expect(granted(of, two, few)).toEqual(["slots [[0,1]]"]);
  const vms: Vector = { bounds: { vms: 2, files: 2 }, scenario: "slots", track: "skeleton" };
  expect(refused(of, vms, few)).toMatch(
    /vms: with vms 0 and 1 exchanged, create_vm\(type=\d\).* ends with value 0, where value 1 is due/,
  );
  expect(granted(of, vms, { ...few, upToOrbits: true })).toEqual([
    "vms [[0,1]]",
    "files [[0,1]]",
    "inodes [[0,1]]",
  ]);
});
