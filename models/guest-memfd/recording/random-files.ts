/** Steps that a guest_memfd mostly refuses: the calls of ordinary files. */
import type { RecordedStep } from "../../../spec/recording.ts";
import type { Draw } from "./draw.ts";
import { PAGE, type Maker, type World } from "./world.ts";

const LENGTHS = [16, 1, 0];

type Arguments = (w: World, d: Draw) => Readonly<Record<string, unknown>>;

const CALLS: Readonly<Record<string, Arguments>> = {
  fstat: () => ({}),
  ftruncate: (w, d) => ({ size: d.below(w.universe.filePages + 1) * PAGE }),
  read: (_, d) => ({ length: d.of(LENGTHS) }),
  write: (_, d) => ({ length: d.of(LENGTHS) }),
  pread: (_, d) => ({ offset: d.below(2) * PAGE, length: d.of(LENGTHS) }),
  pwrite: (_, d) => ({ offset: d.below(2) * PAGE, length: d.of(LENGTHS) }),
  lseek: (_, d) => ({ offset: d.below(2) * PAGE, whence: d.of([0, 1, 2, 5]) }),
};

export const FILE_CALLS: readonly Maker[] = Object.entries(CALLS).map(([op, args]) => ({
  op,
  weight: 1,
  group: "rest",
  can: (w) => w.files.length > 0,
  make: (w, d): RecordedStep => ({ op, file: w.livingOf(w.files, d).name, ...args(w, d) }),
}));
