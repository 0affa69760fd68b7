/** What a reader does on a page: steps, searches, takes a branch and comes back, follows an address. */
import { test as propertyTest, fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { replay } from "../../checkers/trace/replay.ts";
import { decodeTrace } from "../../checkers/trace/file.ts";
import { itfFile, mermaidFile, traceFile } from "../../page/picture/download.ts";
import { hashOf, placeOf, type Place } from "../../page/picture/permalink.ts";
import { Reader } from "../../page/picture/reader.ts";
import { found } from "../../page/picture/steps.tsx";
import type { Choice, Session } from "../../page/session/session.ts";
import { sessionOf } from "./stored.ts";

const session = await sessionOf("guest-memfd-6.8/guest-maps-no-poison.json");
const race = await sessionOf("in-place-conversion/mapping-agrees-with-attribute.json");

/** Something that the trace does not do, and that changes something. */
function other({ moments }: Session, choices: readonly Choice[]): Choice {
  expect(moments.length).toBeGreaterThan(1);
  return choices.find(({ isNext, changes, bug }) => !isNext && changes > 0 && bug === null)!;
}

function branched(of: Session, at: number): Reader {
  const reader = new Reader(of, "");
  reader.go(at);
  reader.take(other(of, of.choicesAt(at)));
  return reader;
}

test("a reader begins at the end, and never leaves the trace", () => {
  const reader = new Reader(session, "");
  expect(reader.index.value).toBe(8);
  reader.go(9);
  expect(reader.index.value).toBe(8);
  reader.go(-1);
  expect(reader.index.value).toBe(0);
});

describe("a branch", () => {
  test("is what was run up to there, and the step that was taken", () => {
    const { session: of, index, trail } = branched(session, 5);
    expect(of.value.moments).toHaveLength(7);
    expect([index.value, trail.value.length, of.value.branchedAt]).toEqual([6, 2, 5]);
    for (let i = 0; i <= 5; i++) expect(of.value.moments[i]!.state).toEqual(session.moments[i]!.state);
    expect(of.value.moments[6]!.state).not.toEqual(session.moments[6]!.state);
  });

  test("grows at its end, and branches again before it", () => {
    const reader = branched(session, 5);
    reader.take(other(reader.session.value, reader.session.value.choicesAt(6)));
    expect([reader.trail.value.length, reader.session.value.moments.length]).toEqual([2, 8]);
    reader.go(3);
    reader.take(other(reader.session.value, reader.session.value.choicesAt(3)));
    expect([reader.trail.value.length, reader.session.value.moments.length]).toEqual([3, 5]);
    expect(reader.place.value.picks.map(({ at }) => at)).toEqual([3]);
  });

  test("leads back to where it was left", () => {
    const reader = branched(session, 5);
    reader.take(other(reader.session.value, reader.session.value.choicesAt(6)));
    reader.back(0);
    expect(reader.session.value).toBe(session);
    expect(reader.place.value).toEqual({ step: 5, picks: [] });
  });

  test.each([
    ["calls", session, 5],
    ["sections", race, 12],
  ] as const)("of %s has an address, which leads into it again", (_, of, at) => {
    const reader = branched(of, at);
    reader.take(other(reader.session.value, reader.session.value.choicesAt(at + 1)));
    const again = new Reader(of, "");
    again.visit(placeOf(hashOf(reader.place.value))!);
    expect([again.problem.value, again.index.value]).toEqual([null, at + 2]);
    expect(again.session.value.toTrace()).toEqual(reader.session.value.toTrace());
  });

  test.each([
    ["calls", session, 5],
    ["sections", race, 12],
  ] as const)("of %s is saved as a trace that is what it says", (_, of, at) => {
    const { session: branch } = branched(of, at);
    const { name, text } = traceFile(branch.value);
    const trace = decodeTrace(JSON.parse(text), name);
    const { differences, broken } = replay(of.design, trace, name);
    expect([name, differences]).toEqual([`${of.design.name}-branch-at-${at}.json`, []]);
    expect(broken).not.toBe(false);
    expect(trace.steps).toHaveLength(at + 1);
  });

  test("is saved as ITF and as a diagram with its own steps", () => {
    const { session: branch } = branched(session, 5);
    const itf = JSON.parse(itfFile(branch.value).text) as { states: Record<string, unknown>[] };
    expect(itf.states).toHaveLength(7);
    expect(itf.states[3]).toMatchObject({ "mbt::actionTaken": "create_guest_memfd" });
    // A 64-bit argument is a number of ITF, and no text.
    expect(itf.states[3]!["mbt::nondetPicks"]).toMatchObject({
      size: { tag: "Some", value: { "#bigint": "4096" } },
    });
    const { text } = mermaidFile(branch.value);
    expect(text.match(/->>k: \d/g)).toHaveLength(6);
    expect(text).toContain("size=4096");
    expect(mermaidFile(session).text).toContain("guest-maps-no-poison is broken");
    expect(text).not.toContain("guest-maps-no-poison is broken");
  });
});

describe("an address", () => {
  const places = fc.record({
    step: fc.nat(999_999_999),
    picks: fc.array(
      fc.record({ at: fc.nat(999_999_999), key: fc.string({ minLength: 1, unit: "grapheme" }) }),
    ),
  });
  propertyTest.prop([places])(
    "says where the reader is, whatever the keys of choices are",
    (place: Place) => {
      expect(placeOf(hashOf(place))).toEqual(place);
    },
  );

  test("is a step", () => {
    expect(hashOf({ step: 3, picks: [] })).toBe("#step=3");
    expect(placeOf("#step=3")).toEqual({ step: 3, picks: [] });
  });

  test.each(["", "#", "#top", "#step=", "#step=-1", "#step=1e3", "#step=99999999999999"])(
    "that says nothing of a step leads nowhere: %s",
    (hash) => expect(placeOf(hash)).toBeNull(),
  );

  test("into a branch that cannot be is told, and the reader stays in the trace", () => {
    const reader = new Reader(session, "");
    reader.visit({ step: 3, picks: [{ at: 2, key: "nonsense" }] });
    expect(reader.problem.value).toContain('takes "nonsense" at step 2');
    expect(reader.session.value).toBe(session);
    expect(reader.index.value).toBe(3);
    reader.visit({ step: 4, picks: [{ at: 99, key: "nonsense" }] });
    expect(reader.session.value).toBe(session);
    expect(reader.index.value).toBe(4);
  });
});

test("another trace takes the place of the first", () => {
  const reader = branched(session, 5);
  reader.query.value = "close";
  reader.open(race, "npx gmemcheck replay other.json");
  expect(reader.original.value).toBe(race);
  expect(reader.session.value).toBe(race);
  expect(reader.index.value).toBe(22);
  expect([reader.again.value, reader.query.value]).toEqual(["npx gmemcheck replay other.json", ""]);
});

describe("a search", () => {
  test("finds calls, results, sections, locks and cells, all words in any order", () => {
    expect(found(session.moments, "memory_failure")).toEqual([8]);
    expect(found(session.moments, "BINDINGS[2]")).toEqual([4]);
    expect(found(session.moments, "file value create")).toEqual([3]);
    expect(found(session.moments, "file value fallocate")).toEqual([]);
    expect(found(session.moments, "value create")).toEqual([1, 2, 3]);
    expect(found(race.moments, "slots_arch_lock")).toEqual([15, 16]);
    expect(found(race.moments, "step 17")).toEqual([17]);
    expect(found(session.moments, " ")).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
