/** The counts of Spin and Rumur, which take long to compile, and every bug in their models. */
import { rumur } from "../../bench/peers/rumur.ts";
import { spin } from "../../bench/peers/spin.ts";
import { TINY } from "../../bench/vectors.ts";
import { bugs, describeCounts, describeInMurphi, describeInPromela } from "./peers.ts";

describeCounts(spin, [TINY]);
describeCounts(rumur, [TINY]);
bugs.slice(1).forEach(describeInPromela);
bugs.slice(1).forEach(describeInMurphi);
