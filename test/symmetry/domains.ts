/** Random domains full of interchangeable indices, values of them, and groups that may permute them. */
import { fc } from "@fast-check/vitest";
import { TRACK_ALL, makeCodec, type Codec } from "../../checkers/explore/codec.ts";
import { Havoc } from "../../checkers/explore/havoc.ts";
import { allValues, canonical } from "../../checkers/explore/walk.ts";
import { indices, occurrences, ownerOf, type Group } from "../../checkers/symmetry/group.ts";
import type { AnyDomain } from "../../spec/language/domain.ts";
import { bool, id, maybe, oneOf, per, position, record, upTo } from "../../spec/language.ts";

export const SIZES = { vms: 3, files: 2, slots: 3, places: 2, most: 5 };

const leaf: fc.Arbitrary<AnyDomain> = fc.constantFrom<AnyDomain>(
  bool,
  upTo("most"),
  oneOf("none", "some", "all"),
  position("places"),
  id("vms"),
  maybe(id("vms")),
  id("files"),
  maybe(maybe(id("files"))),
  id("slots"),
);

const { inner } = fc.letrec<{ inner: AnyDomain }>((tie) => ({
  inner: fc.oneof(
    { maxDepth: 3, depthIdentifier: "domain" },
    leaf,
    tie("inner").map((of) => maybe(of)),
    tie("inner").map((of) => per(id("vms"), of)),
    tie("inner").map((of) => per(id("files"), of)),
    tie("inner").map((of) => per(id("slots"), of)),
    tie("inner").map((of) => per(position("places"), of)),
    fc.array(tie("inner"), { minLength: 1, maxLength: 3 }).map((of) => record(named(of))),
    // A record whose fields die with another one, which comes before or behind them.
    fc
      .tuple(tie("inner"), tie("inner"))
      .map(([one, two]) =>
        record(
          { one, kind: oneOf("none", "some", "all"), two, owner: maybe(id("vms")) },
          { one: ({ kind }) => kind === "none", two: ({ kind, owner }) => kind !== "all" || owner === null },
        ),
      ),
  ),
}));

function named(of: readonly AnyDomain[]): Record<string, AnyDomain> {
  return Object.fromEntries(of.map((field, i) => [`f${i}`, field]));
}

const domains = fc
  .array(inner, { minLength: 1, maxLength: 3 })
  .map((of) => record(named(of)) as AnyDomain)
  .filter((of) => bitsOf(of) <= 160);

/** More bits than a test has time for are not built. */
function bitsOf({ shape }: AnyDomain): number {
  if (shape.kind === "record") return Object.values(shape.fields).reduce((sum, of) => sum + bitsOf(of), 0);
  if (shape.kind === "per") return allValues(shape.index, SIZES).length * bitsOf(shape.of);
  if (shape.kind === "maybe") return 1 + bitsOf(shape.of);
  return 3;
}

function valueOf(of: AnyDomain): fc.Arbitrary<unknown> {
  const { shape } = of;
  switch (shape.kind) {
    case "maybe":
      return fc.oneof(fc.constant(null), valueOf(shape.of));
    case "record":
      return fc.record(
        Object.fromEntries(Object.entries(shape.fields).map(([name, field]) => [name, valueOf(field)])),
        { noNullPrototype: true },
      );
    case "per": {
      const { length } = allValues(shape.index, SIZES);
      return fc.array(valueOf(shape.of), { minLength: length, maxLength: length });
    }
    default:
      return fc.constantFrom(...allValues(of, SIZES));
  }
}

/** A domain and some values, in which what is dead has its first value. */
export const withValues = domains.chain((of) =>
  fc.tuple(
    fc.constant(of),
    fc.array(
      valueOf(of).map((value) => canonical(of, SIZES, value) as object),
      { minLength: 3, maxLength: 6 },
    ),
  ),
);

export const codecFor = (of: AnyDomain, sizes: Readonly<Record<string, number>>): Codec =>
  makeCodec(of, sizes, TRACK_ALL, new Havoc(), "test:1");
export const codecOf = (of: AnyDomain): Codec => codecFor(of, SIZES);

export function packed(codec: Codec, value: unknown): Int32Array {
  const out = new Int32Array(codec.words);
  codec.pack(value as object, out, 0);
  return out;
}

/** Everything that a state lets be permuted; what has an owner for each owner, unless two such are inside each other. */
export function groupOf(of: AnyDomain): Group {
  let owned = false;
  return occurrences(of, SIZES).map((where) => {
    const owner = owned ? null : ownerOf(where, SIZES);
    owned ||= owner !== null;
    return { bound: where.bound, owner, classes: [indices(where.size)] };
  });
}
