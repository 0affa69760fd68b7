/** Calls that overlap, with compiled steps: what `interleave` is given to run them so. */
import { checkEnds } from "../../interleave/ends.ts";
import type { MakeOverlaps } from "../../interleave/interleave.ts";
import { checkOrders } from "../../interleave/orders.ts";
import { mayGoRound } from "./ends.ts";
import { CompiledOrders } from "./orders.ts";
import { CompiledInterleaving } from "./search.ts";
import type { Compiling } from "./stepper.ts";

/** Compiled from the first step on, and each taken by the interpreter too. */
const EVERY_STEP: Compiling = { patience: 0, checkedEvery: 1 };

export const interleavingOf =
  (compiling: Compiling = {}): MakeOverlaps =>
  (...given) => {
    const [subject] = given;
    const search = new CompiledInterleaving(
      ...given,
      subject.isParanoid ? { ...compiling, ...EVERY_STEP } : compiling,
    );
    // What is compiled is trusted in the two questions behind the search.
    if (subject.isParanoid)
      return {
        search,
        checkEnds: (stop) => checkEnds(search, stop),
        checkOrders: (stop) => checkOrders(search, stop),
      };
    return {
      search,
      checkEnds: (stop) => mayGoRound(search, stop, () => checkEnds(search, stop)),
      checkOrders: (stop) => {
        const orders = new CompiledOrders(search);
        return checkOrders(search, stop, (index) => orders.from(index));
      },
    };
  };
