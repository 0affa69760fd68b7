/** Which design is of a kernel, and what plays programs on a design. */
import { UsageError } from "../checkers/usage-error.ts";
import { shadowVersions, versions, type Entry } from "../models/catalogue.ts";
import type { AnyDesign } from "../spec/language/design.ts";
import type { Header, Player } from "../spec/recording.ts";
import type { Scribe } from "../spec/reproducer.ts";

/** Any player can read the header of a recording, which says which kernel it is of. */
export async function anyVersion(): Promise<Entry> {
  const [first] = await versions.load();
  return first!;
}

/**
 * The design of a kernel version: 6.18.44 is of 6.18. A kernel of 6.12 or later that cannot pre-fault has no two-dimensional paging
 * (KVM_CAP_PRE_FAULT_MEMORY is tdp_enabled), so that its design is the one on shadow page tables, where there is one. `path` is where the header was read,
 * for messages.
 */
export async function entryForKernel(
  { kernel, pre_fault_memory: preFaults }: Header,
  path: string,
): Promise<Entry> {
  const entries = [...(preFaults ? [] : await shadowVersions.load()), ...(await versions.load())];
  const entry = entries.find((of) => kernel === of.kernel || kernel.startsWith(`${of.kernel}.`));
  if (entry !== undefined) return entry;
  const known = (await versions.load()).map((of) => of.kernel);
  throw new UsageError(
    `${path}: there is no design for kernel ${kernel}; there are ${known.join(", ")}\n  name one: --design guest-memfd-${known.at(-1)}`,
  );
}

export async function playerOf({ design, player }: Entry): Promise<Player> {
  if (player !== undefined) return player();
  const like = await versionLike(design);
  if (like?.player !== undefined) return like.player();
  throw new UsageError(
    `recordings cannot be played on ${design.name}\n  they can on ${versions.names.join(", ")}, and on variants of them`,
  );
}

/** What writes runs of a design down as programs; null for one whose calls are not those of a kernel. */
export async function scribeOf(design: AnyDesign): Promise<Scribe | null> {
  const like = await versionLike(design);
  return like?.scribe === undefined ? null : like.scribe();
}

/** A version of the kernel whose machine a design has: then it has the version's calls as well, whatever file it is from. */
async function versionLike(design: AnyDesign): Promise<Entry | undefined> {
  const all = [...(await versions.load()), ...(await shadowVersions.load())];
  return all.find((version) => version.design.machine === design.machine);
}
