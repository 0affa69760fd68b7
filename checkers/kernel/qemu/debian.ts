/** Packages of suites that the machine does not follow, by a private directory of apt's: nothing of the machine's own apt is touched. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../usage-error.ts";
import { NotHere } from "../live/kernel.ts";
import { ProgramFailed, run } from "./process.ts";

/** Kernels are in these; the suite of the machine is left out, since all that it has is in the first, or older. */
const SUITES = ["trixie", "trixie-backports", "sid"];
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DEFAULT_MIRROR = "http://deb.debian.org/debian";

/** A version of a package that can be had: "7.3.4-1~bpo13+1". */
export interface Available {
  readonly name: string;
  readonly version: string;
}

export class Debian {
  private readonly folder: string;
  private readonly signal: AbortSignal;

  /** Works in a folder of its own, and stops on the signal. */
  constructor(folder: string, signal: AbortSignal) {
    this.folder = folder;
    this.signal = signal;
  }

  /** Asks the mirror for its lists. Throws `NotHere` where apt, its keys or the network are missing. */
  async update(): Promise<void> {
    for (const part of ["lists/partial", "cache/archives/partial"])
      mkdirSync(join(this.folder, part), { recursive: true });
    if (!existsSync(KEYRING))
      throw new NotHere(`${KEYRING} is not there\n  apt-get install debian-archive-keyring`);
    const mirror = mirrorOf(machineSources());
    const lines = SUITES.map((suite) => `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`);
    writeFileSync(join(this.folder, "sources.list"), lines.join(""));
    // Without the option, apt takes a mirror that cannot be reached for a warning.
    await this.apt("apt-get", ["-o", "APT::Update::Error-Mode=any", "update"], `reach ${mirror}`);
  }

  /** All versions of the packages whose names a pattern matches, the newest first. */
  async available(names: RegExp): Promise<Available[]> {
    const known = (await this.apt("apt-cache", ["pkgnames"], "read its lists")).split("\n");
    const matching = known.filter((name) => names.test(name)).sort();
    if (matching.length === 0) return [];
    const table = await this.apt("apt-cache", ["madison", ...matching], "read its lists");
    const all = table.split("\n").flatMap((line) => {
      const [name, version] = line.split("|").map((cell) => cell.trim());
      return version ? [{ name: name!, version }] : [];
    });
    return all.sort((a, b) => byVersion(b.version, a.version));
  }

  /** Downloads a package into a folder, where it is not there yet; gives its path. */
  async download({ name, version }: Available, into: string): Promise<string> {
    // A colon in a version is `%3a` in the name of its file.
    const start = `${name}_${version.replaceAll(":", "%3a")}_`;
    const debIn = (folder: string): string | undefined =>
      readdirSync(folder).find((file) => file.startsWith(start) && file.endsWith(".deb"));
    const partial = join(into, `partial.${process.pid}`);
    mkdirSync(partial, { recursive: true });
    try {
      const there = debIn(into);
      if (there !== undefined) return join(into, there);
      await this.apt("apt-get", ["download", `${name}=${version}`], `download ${name} ${version}`, partial);
      const deb = debIn(partial)!;
      renameSync(join(partial, deb), join(into, deb));
      return join(into, deb);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }

  private async apt(
    program: string,
    args: readonly string[],
    aim: string,
    cwd = this.folder,
  ): Promise<string> {
    try {
      return await run(program, [...this.options(), ...args], { cwd, signal: this.signal });
    } catch (error) {
      if (!(error instanceof ProgramFailed)) throw error;
      throw new NotHere(
        [
          `apt cannot ${aim}: ${error.message}`,
          ...error.last.map((line) => `  ${line}`),
          "  usual cause: no network, or a machine that is not Debian or one of its kin",
        ].join("\n"),
      );
    }
  }

  private options(): string[] {
    const options = [
      `Dir::Etc::SourceList=${join(this.folder, "sources.list")}`,
      "Dir::Etc::SourceParts=/dev/null",
      `Dir::State::Lists=${join(this.folder, "lists")}`,
      `Dir::Cache=${join(this.folder, "cache")}`,
      "APT::Sandbox::User=root",
    ];
    return ["-q", ...options.flatMap((option) => ["-o", option])];
  }
}

/** What the machine's own apt is told of where packages are. */
function machineSources(): string {
  const folder = "/etc/apt/sources.list.d";
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return ["/etc/apt/sources.list", ...files]
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
}

/** The Debian mirror that the sources name, so that a machine behind a mirror of its own stays there. */
export function mirrorOf(sources: string): string {
  const places = sources.matchAll(/^(?:URIs:|deb (?:\[[^\]]*\] )?)\s*(https?:\S+\/debian)\/?(?:\s|$)/gm);
  return [...places][0]?.[1] ?? DEFAULT_MIRROR;
}

/** Debian's order of versions: digits as numbers, `~` before everything, even the end. */
export function byVersion(a: string, b: string): number {
  const parts = (text: string): string[] => text.match(/\d+|[^\d]/g) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = weight(left[i]) - weight(right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function weight(part: string | undefined): number {
  if (part === undefined) return 0;
  if (part === "~") return -1;
  return /\d/.test(part) ? Number(part) + 1 : part.codePointAt(0)!;
}

/** The newest of the packages whose version, without Debian's part, is or begins with the one asked for. */
export function newestOf(packages: readonly Available[], asked: string, what: string): Available {
  const found = packages.find(({ version }) => isVersion(upstream(version), asked));
  if (found !== undefined) return found;
  const there = [...new Set(packages.map(({ version }) => upstream(version)))];
  throw new UsageError(
    `there is no ${what} of Linux ${asked} in ${SUITES.join(", ")}\n  there are ${there.join(", ") || "none at all"}`,
  );
}

/** "7.3.4" of "7.3.4-1~bpo13+1". */
export const upstream = (version: string): string => version.replace(/-[^-]*$/, "");

/** Whether a version is the one asked for, or one of that series. */
export const isVersion = (version: string, asked: string): boolean =>
  version === asked || version.startsWith(`${asked}.`);
