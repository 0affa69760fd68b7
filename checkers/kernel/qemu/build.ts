/** Builds a small kernel from Debian's source package: tinyconfig, and the options of `config`. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { NotHere } from "../live/kernel.ts";
import { cachedKernels, cacheFolder, kernelOf, makeKernel, type CachedKernel } from "./cache.ts";
import { Debian, newestOf, upstream } from "./debian.ts";
import { optionsAsked, optionsDigest, optionsDropped, optionsText, type ConfigKind } from "./options.ts";
import { onPath, ProgramFailed, run } from "./process.ts";

/** What making a kernel reports to, and stops for. */
export interface Making {
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Programs and headers that a build needs, with their packages. */
const NEEDED: readonly (readonly [path: string, debianPackage: string])[] = [
  ["apt-get", "apt"],
  ["dpkg-deb", "dpkg"],
  ["tar", "tar"],
  ["xz", "xz-utils"],
  ["make", "make"],
  ["gcc", "gcc"],
  ["ld", "binutils"],
  ["flex", "flex"],
  ["bison", "bison"],
  ["bc", "bc"],
  ["gzip", "gzip"],
  ["/usr/include/libelf.h", "libelf-dev"],
];

/** Source, objects and image of a build; the source alone takes 1.7 GB. */
const GIGABYTES_NEEDED = 4;

/**
 * Gives the kernel from the cache, or builds it: some minutes. Throws `NotHere` for what the machine lacks, or when the build fails, `UsageError` for a version that
 * Debian does not have.
 */
export async function buildKernel(asked: string, kind: ConfigKind, making: Making): Promise<CachedKernel> {
  const options = optionsAsked(kind);
  const digest = optionsDigest(options);
  const cached = kernelOf(cachedKernels(), kind === "plain" ? asked : `${asked}-${kind}`);
  if (cached?.options === digest) return cached;
  requireTools();
  mkdirSync(cacheFolder(), { recursive: true });
  requireSpace(cacheFolder());
  const { progress, signal } = making;
  const debian = new Debian(join(cacheFolder(), "apt"), signal);
  progress("asking Debian for its kernels");
  await debian.update();
  const source = newestOf(await debian.available(/^linux-source-\d/), asked, "source package");
  progress(`downloading ${source.name} ${source.version}`);
  const deb = await debian.download(source, join(cacheFolder(), "packages"));
  const version = upstream(source.version);
  const card = { version, kind, source: `${source.name} ${source.version}`, options: digest };
  return makeKernel(card, (folder) => build(deb, folder, options, making)).catch(orNotHere);
}

function orNotHere(error: unknown): never {
  if (!(error instanceof ProgramFailed)) throw error;
  const said = error.last.map((line) => `  | ${line}`);
  const cause = "  usual cause: a full disk, or a compiler that is too old for this version or too new";
  throw new NotHere([`the kernel cannot be built: ${error.message}`, ...said, cause].join("\n"));
}

function requireTools(): void {
  const missing = NEEDED.filter(([path]) => !isThere(path)).map(([, name]) => name);
  if (missing.length === 0) return;
  throw new NotHere(
    `to build a kernel, ${missing.join(", ")} must be installed\n  apt-get install ${missing.join(" ")}`,
  );
}

const isThere = (path: string): boolean => (path.startsWith("/") ? existsSync(path) : onPath(path));

function requireSpace(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const there = (bavail * bsize) / 1e9;
  if (there >= GIGABYTES_NEEDED) return;
  throw new NotHere(
    `to build a kernel takes ${GIGABYTES_NEEDED} GB, and ${folder} has ${there.toFixed(1)} left\n  XDG_CACHE_HOME can name a place with more`,
  );
}

async function build(
  deb: string,
  folder: string,
  options: ReadonlyMap<string, string>,
  { progress, signal }: Making,
): Promise<void> {
  const tree = join(folder, "tree");
  progress("unpacking");
  await unpack(deb, tree, signal);
  const make = (targets: readonly string[], onLine?: (line: string) => void): Promise<string> =>
    run("make", ["-C", tree, `-j${availableParallelism()}`, ...targets], {
      signal,
      ...(onLine && { onLine }),
    });
  await make(["tinyconfig"]);
  const config = join(tree, ".config");
  writeFileSync(config, readFileSync(config, "utf8") + optionsText(options));
  await make(["olddefconfig"]);
  requireOptions(options, readFileSync(config, "utf8"));
  const log: string[] = [];
  await make(["bzImage"], (line) => {
    log.push(line);
    progress(`building, step ${log.length} of about 1,800: ${line.trim()}`);
  });
  writeFileSync(join(folder, "build.log"), `${log.join("\n")}\n`);
  copyFileSync(config, join(folder, "config"));
  copyFileSync(join(tree, "arch/x86/boot/bzImage"), join(folder, "bzImage"));
  rmSync(tree, { recursive: true });
}

/** The package holds one archive of the whole tree. */
async function unpack(deb: string, tree: string, signal: AbortSignal): Promise<void> {
  const unpacked = `${tree}.deb`;
  await run("dpkg-deb", ["-x", deb, unpacked], { signal });
  const sources = join(unpacked, "usr/src");
  const archive = readdirSync(sources).find(
    (file) => file.startsWith("linux-source-") && file.includes(".tar."),
  );
  mkdirSync(tree);
  await run("tar", ["-xf", join(sources, archive!), "-C", tree, "--strip-components=1"], { signal });
  rmSync(unpacked, { recursive: true });
}

function requireOptions(asked: ReadonlyMap<string, string>, config: string): void {
  const dropped = optionsDropped(asked, config);
  if (dropped.length === 0) return;
  throw new NotHere(
    [
      "this version's configuration drops what was asked for:",
      ...dropped.map((line) => `  ${line}`),
      "  usual cause: an option that was renamed or has a new dependency, or a compiler that is too old for it",
    ].join("\n"),
  );
}
