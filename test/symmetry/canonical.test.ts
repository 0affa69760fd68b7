/** Permutations of states, in their plain form and on packed words, and canonical forms, on any domain. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { makeCanonical } from "../../checkers/symmetry/canonical.ts";
import {
  IDENTITY,
  compose,
  elements,
  generators,
  inverse,
  occurrences,
  order,
  ownerOf,
  permutationOf,
  permuteValue,
  type Group,
} from "../../checkers/symmetry/group.ts";
import { imageOf, makeSwap } from "../../checkers/symmetry/image.ts";
import { NoLeaves, leavesOf } from "../../checkers/symmetry/leaves.ts";
import { bool, id, maybe, per, record, upTo } from "../../spec/language.ts";
import type { AnyDomain } from "../../spec/language/domain.ts";
import { SIZES, codecFor, codecOf, groupOf, packed, withValues } from "./domains.ts";

function canonicalOf(of: AnyDomain) {
  const codec = codecOf(of);
  return makeCanonical(leavesOf(codec, of, SIZES), codec.words, SIZES, groupOf(of));
}

/** Rules of which too many bits decide are refused, and are nothing to test. */
function unlessRefused(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof NoLeaves)) throw error;
  }
}

describe("permutations", () => {
  test.prop([withValues, fc.nat(), fc.nat()])("act as a group on any domain", ([of, [value]], one, two) => {
    const steps = generators(groupOf(of), SIZES).map((step) => permutationOf(step, SIZES));
    if (steps.length === 0) return;
    const [first, second] = [steps[one % steps.length]!, steps[two % steps.length]!];
    const twice = permuteValue(of, permuteValue(of, value, first), second);
    expect(permuteValue(of, value, compose(first, second))).toEqual(twice);
    const back = inverse(compose(first, second));
    expect(permuteValue(of, twice, back)).toEqual(value);
    expect(permuteValue(of, value, IDENTITY)).toEqual(value);
  });

  test("there are as many as the order says", () => {
    const sizes = { vms: 3, files: 2, slots: 2 };
    const group: Group = [
      { bound: "vms", owner: null, classes: [[0, 1, 2]] },
      { bound: "files", owner: null, classes: [[0, 1]] },
      { bound: "slots", owner: "vms", classes: [[0, 1]] },
    ];
    expect(order(group, sizes)).toBe(6 * 2 * 8);
    expect([...elements(group, sizes)]).toHaveLength(96);
  });

  test("an index belongs to an owner when all its tables do and nothing names it", () => {
    const Slot = id("slots");
    const slots = (more: Record<string, AnyDomain>, inside: Record<string, AnyDomain> = {}): AnyDomain =>
      record({ vms: per(id("vms"), record({ slots: per(Slot, bool), ...inside })), ...more });
    const owner = (of: AnyDomain): string | null =>
      ownerOf(
        occurrences(of, SIZES).find(({ bound }) => bound === "slots")!,
        SIZES,
      );
    expect(owner(slots({}))).toBe("vms");
    expect(owner(slots({}, { more: per(Slot, bool) }))).toBe("vms");
    expect(owner(slots({ last: maybe(Slot) }))).toBeNull();
    expect(owner(slots({ all: per(Slot, bool) }))).toBeNull();
    expect(owner(slots({}, { twice: per(Slot, per(Slot, bool)) }))).toBeNull();
  });
});

describe("on packed words", () => {
  test.prop([withValues])("a change of places is that of the plain state", ([of, values]) =>
    unlessRefused(() => {
      const codec = codecOf(of);
      const leaves = leavesOf(codec, of, SIZES);
      for (const step of generators(groupOf(of), SIZES)) {
        const swap = makeSwap(imageOf(leaves, step, codec.words));
        for (const value of values) {
          const words = packed(codec, value);
          swap(words, 0);
          expect(words).toEqual(packed(codec, permuteValue(of, value, permutationOf(step, SIZES))));
        }
      }
    }),
  );

  test.prop([withValues])("a leaf is where the codec puts it", ([of, values]) => {
    const codec = codecOf(of);
    const leaves = leavesOf(codec, of, SIZES);
    const covered = new Int32Array(codec.words);
    for (const { word, shift, width } of leaves) covered[word]! |= (2 ** width - 1) << shift;
    for (const value of values)
      packed(codec, value).forEach((word, i) => expect(word & ~covered[i]!).toBe(0));
    expect(leaves.reduce((sum, { width }) => sum + width, 0)).toBe(codec.bits);
  });
});

test("a rule may ask whether a record is there, and is refused when it looks into it", () => {
  const Vm = id("vms");
  const inner = maybe(record({ on: bool }));
  const absent = record({ vm: Vm, inner }, { vm: (of) => of.inner === null });
  const codec = codecOf(absent);
  const group: Group = [{ bound: "vms", owner: null, classes: [[0, 1, 2]] }];
  const [step] = generators(group, SIZES);
  const swap = makeSwap(imageOf(leavesOf(codec, absent, SIZES), step!, codec.words));
  for (const [value, image] of [
    [
      { vm: 0, inner: null },
      { vm: 0, inner: null },
    ],
    [
      { vm: 0, inner: { on: false } },
      { vm: 1, inner: { on: false } },
    ],
  ]) {
    const words = packed(codec, value);
    swap(words, 0);
    expect(words).toEqual(packed(codec, image));
  }
  const off = record({ vm: Vm, inner }, { vm: (of) => of.inner === null || !of.inner.on });
  expect(() => leavesOf(codecOf(off), off, SIZES)).toThrow("the rule by which .vm is dead looks into inner");
});

describe("a canonical form", () => {
  test.prop([withValues])("is an image of the state, by the permutation that is named", ([of, values]) =>
    unlessRefused(() => {
      const codec = codecOf(of);
      const canonical = canonicalOf(of);
      for (const value of values) {
        const form = packed(codec, value);
        const by = canonical.witness(form, 0);
        const before = form.slice();
        const changed = canonical.canonicalise(form, 0);
        expect(form).toEqual(packed(codec, permuteValue(of, value, by)));
        expect(changed).toBe(String(before) === String(form) ? 0 : 1);
      }
    }),
  );

  test.prop([withValues])("is that of every image", ([of, values]) =>
    unlessRefused(() => {
      const codec = codecOf(of);
      const canonical = canonicalOf(of);
      if (!canonical.minimal) return;
      const steps = generators(canonical.group, SIZES).map((step) => permutationOf(step, SIZES));
      for (const value of values) {
        const form = packed(codec, value);
        canonical.canonicalise(form, 0);
        let image: unknown = value;
        for (const step of [...steps, ...steps.slice().reverse(), ...steps]) {
          image = permuteValue(of, image, step);
          const other = packed(codec, image);
          canonical.canonicalise(other, 0);
          expect(other).toEqual(form);
        }
      }
    }),
  );

  test.prop([withValues])("is the same in a row of states", ([of, values]) =>
    unlessRefused(() => {
      const codec = codecOf(of);
      const canonical = canonicalOf(of);
      const all = new Int32Array(codec.words * values.length);
      const one = all.slice();
      values.forEach((value, i) => codec.pack(value, all, i * codec.words));
      one.set(all);
      canonical.canonicaliseAll(all, values.length);
      values.forEach((_, i) => canonical.canonicalise(one, i * codec.words));
      expect(all).toEqual(one);
    }),
  );

  test("of a large group is an image, and the same for states that keys tell apart", () => {
    const sizes = { vms: 5, files: 4, most: 7 };
    const of = record({
      vms: per(id("vms"), record({ n: upTo("most"), file: maybe(id("files")) })),
      files: per(id("files"), record({ on: bool, vm: id("vms") })),
    });
    const group: Group = [
      { bound: "vms", owner: null, classes: [[0, 1, 2, 3, 4]] },
      { bound: "files", owner: null, classes: [[0, 1, 2, 3]] },
    ];
    const codec = codecFor(of, sizes);
    const canonical = makeCanonical(leavesOf(codec, of, sizes), codec.words, sizes, group);
    expect(canonical.minimal).toBe(false);
    const state = {
      vms: [4, 2, 7, 1, 3].map((n, i) => ({ n, file: i < 4 ? i : null })),
      files: [1, 0, 0, 1].map((on, i) => ({ on: on === 1, vm: (i * 3) % 5 })),
    };
    const forms = new Set<string>();
    let count = 0;
    for (const by of elements(group, sizes)) {
      const image = permuteValue(of, state, by);
      const words = packed(codec, image);
      const named = canonical.witness(words, 0);
      canonical.canonicalise(words, 0);
      expect(words).toEqual(packed(codec, permuteValue(of, image, named)));
      forms.add(String(words));
      count++;
    }
    expect(count).toBe(120 * 24);
    // The files have equal keys in pairs; neighbours alone are exchanged, which is enough here.
    expect(forms.size).toBe(1);
  });
});
