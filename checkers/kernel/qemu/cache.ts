/** Kernels that were built or fetched: a folder each, whole or not there. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { NotHere } from "../live/kernel.ts";
import { byVersion, isVersion } from "./debian.ts";

/** Where a kernel came from: `plain` and `debug` were built here, `debian` is a package of Debian's. */
export type KernelKind = "plain" | "debug" | "debian";

/** What is known of a kernel in the cache; written as kernel.json beside it. */
export interface KernelCard {
  readonly version: string;
  readonly kind: KernelKind;
  /** The Debian package and version that it was made of. */
  readonly source: string;
  /** Of the options that were asked for (`optionsDigest`); empty for Debian's own. */
  readonly options: string;
}

export interface CachedKernel extends KernelCard {
  readonly name: string;
  readonly folder: string;
  /** The kernel that QEMU is given. */
  readonly image: string;
  readonly bytes: number;
}

/** $XDG_CACHE_HOME/gmemcheck, or ~/.cache/gmemcheck. */
export const cacheFolder = (): string =>
  join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "gmemcheck");

const kernelsFolder = (): string => join(cacheFolder(), "kernels");

const nameOf = (version: string, kind: KernelKind): string =>
  kind === "plain" ? version : `${version}-${kind}`;

/** All kernels in the cache, by version and kind. */
export function cachedKernels(): CachedKernel[] {
  const folder = kernelsFolder();
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder).flatMap((name): CachedKernel[] => {
    const at = join(folder, name);
    const card = join(at, "kernel.json");
    if (BEING_MADE.test(name) || !existsSync(card)) return [];
    const image = join(at, "bzImage");
    const known = JSON.parse(readFileSync(card, "utf8")) as KernelCard;
    return [{ ...known, name, folder: at, image, bytes: statSync(image).size }];
  });
  return found.sort(
    (a, b) => byVersion(a.version, b.version) || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind),
  );
}

const KINDS: readonly KernelKind[] = ["plain", "debug", "debian"];

/**
 * The kernel that a user names: "7.3.4", "7.3" (the newest 7.3.x), "7.3.4-debug", "7.3-debian". Throws `NotHere` with what there is and
 * how to get what is not.
 */
export function cachedKernel(asked: string): CachedKernel {
  const there = cachedKernels();
  const found = kernelOf(there, asked);
  if (found !== undefined) return found;
  throw new NotHere(
    [
      `there is no kernel ${asked} in ${kernelsFolder()}`,
      `  there are ${there.map(({ name }) => name).join(", ") || "none"}`,
      asked.endsWith("-debian")
        ? `  gmemcheck kernel fetch ${asked.replace(/-debian$/, "")} takes it from Debian`
        : `  gmemcheck kernel build ${asked.replace(/-debug$/, " --debug")} makes one, in some minutes`,
    ].join("\n"),
  );
}

/** The newest of a list that is ordered by version. */
export function kernelOf(there: readonly CachedKernel[], asked: string): CachedKernel | undefined {
  const [, version, kind = "plain"] = /^(.*?)(?:-(debug|debian))?$/.exec(asked)!;
  return there.findLast((kernel) => kernel.kind === kind && isVersion(kernel.version, version!));
}

/** A folder in the making: `7.3.4.making.4711`, by the process 4711. */
const BEING_MADE = /\.making\.(\d+)$/;

/**
 * Makes a folder of the cache: `make` fills a temporary one, which takes the place of an older one when it is whole, and is
 * removed when anything fails. It has to write the kernel as `bzImage`.
 */
export async function makeKernel(
  card: KernelCard,
  make: (folder: string) => Promise<void>,
): Promise<CachedKernel> {
  removeAbandoned();
  const name = nameOf(card.version, card.kind);
  const whole = join(kernelsFolder(), name);
  const partial = `${whole}.making.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const remove = (): void => rmSync(partial, { recursive: true, force: true });
  process.on("exit", remove);
  try {
    await make(partial);
    writeFileSync(join(partial, "kernel.json"), `${JSON.stringify(card, null, 2)}\n`);
    rmSync(whole, { recursive: true, force: true });
    renameSync(partial, whole);
  } finally {
    process.off("exit", remove);
    remove();
  }
  return cachedKernels().find((kernel) => kernel.name === name)!;
}

/** What a process left that was killed. */
function removeAbandoned(): void {
  if (!existsSync(kernelsFolder())) return;
  for (const name of readdirSync(kernelsFolder())) {
    const [, pid] = BEING_MADE.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(kernelsFolder(), name), { recursive: true, force: true });
  }
}
