/** Which design is of a kernel, and what plays programs on a design. */
import { UsageError } from "../checkers/usage-error.ts";
import { versions, type Entry } from "../models/catalogue.ts";
import type { Player } from "../spec/recording.ts";

/** Any player can read the header of a recording, which says which kernel it is of. */
export async function anyVersion(): Promise<Entry> {
  const [first] = await versions.load();
  return first!;
}

/** The design of a kernel version: 6.18.44 is of 6.18. `path` is where the version was read, for messages. */
export async function entryForKernel(kernel: string, path: string): Promise<Entry> {
  const entries = await versions.load();
  const entry = entries.find((of) => kernel === of.kernel || kernel.startsWith(`${of.kernel}.`));
  if (entry !== undefined) return entry;
  const known = entries.map((of) => of.kernel);
  throw new UsageError(
    `${path}: there is no design for kernel ${kernel}; there are ${known.join(", ")}\n  name one: --design guest-memfd-${known.at(-1)}`,
  );
}

export async function playerOf({ design, player }: Entry): Promise<Player> {
  if (player !== undefined) return player();
  // A design from a file: what is on the machine of a version of the kernel has its calls recorded as the version has.
  const like = (await versions.load()).find((version) => version.design.machine === design.machine);
  if (like?.player !== undefined) return like.player();
  throw new UsageError(
    `recordings cannot be played on ${design.name}\n  they can on ${versions.names.join(", ")}, and on variants of them`,
  );
}
