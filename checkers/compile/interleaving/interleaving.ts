/** Calls that overlap, with compiled steps: what `interleave` is given to run them so. */
import { checkEnds } from "../../interleave/ends.ts";
import type { MakeOverlaps } from "../../interleave/interleave.ts";
import { checkOrders } from "../../interleave/orders.ts";
import { mayGoRound } from "./ends.ts";
import { CompiledOrders } from "./orders.ts";
import { CompiledInterleaving } from "./search.ts";
import type { Compiling } from "./stepper.ts";

export const interleavingOf =
  (compiling: Compiling = {}): MakeOverlaps =>
  (...given) => {
    const search = new CompiledInterleaving(...given, compiling);
    return {
      search,
      checkEnds: (stop) => mayGoRound(search, stop, () => checkEnds(search, stop)),
      checkOrders: (stop) => {
        const orders = new CompiledOrders(search);
        return checkOrders(search, stop, (index) => orders.from(index));
      },
    };
  };
