/** The two trees that a gate compares, as git knows them: the commit that a pull request began from, and the working tree. */
import { execFileSync } from "node:child_process";
import { UsageError } from "../../checkers/usage-error.ts";

/** The repository at hand. */
export interface Repository {
  /** The folder that holds .git. */
  readonly top: string;
  /** The commit that is checked out; null before the first one. */
  readonly commit: string | null;
  /** Files that differ from it, or are new. */
  readonly uncommitted: number;
}

export interface BaseCommit {
  /** As it was asked for. */
  readonly ref: string;
  readonly commit: string;
  /** What is to be said of how it was found; null where it is what was asked for. */
  readonly note: string | null;
}

/** The repository that holds a folder. */
export function repositoryAt(folder: string): Repository {
  const top = asked(["rev-parse", "--show-toplevel"], folder);
  if (top === null) {
    throw new UsageError(
      `${folder} is not in a git repository, so there is no base to compare with\n` +
        "  usual cause: an archive without .git, a folder of another user (git config --global --add safe.directory …), or another folder than was meant",
    );
  }
  const status = git(["status", "--porcelain", "--untracked-files=all"], top);
  const uncommitted = status.split("\n").filter((line) => line !== "").length;
  return { top, commit: asked(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], top), uncommitted };
}

/** The commit to compare with: where what is checked out left the base. */
export function baseCommit({ top, commit: head }: Repository, ref: string): BaseCommit {
  const tip = ref.startsWith("-")
    ? null
    : asked(["rev-parse", "--verify", "--quiet", `${ref}^{commit}`], top);
  if (tip === null) throw unknownBase(top, ref);
  const fork = head === null ? null : asked(["merge-base", tip, head], top);
  if (fork === tip) return { ref, commit: tip, note: null };
  if (fork !== null) {
    const note = `${ref} has gone on since: what is compared with is ${short(fork)}, where this branch left it`;
    return { ref, commit: fork, note };
  }
  if (isShallow(top)) throw shallow(`no commit that ${ref} and HEAD have in common is in this clone`);
  return {
    ref,
    commit: tip,
    note: `${ref} and HEAD have no commit in common; they are compared all the same`,
  };
}

export const short = (commit: string): string => commit.slice(0, 12);

function unknownBase(top: string, ref: string): UsageError {
  if (isShallow(top)) return shallow(`--base: there is no commit "${ref}" in this clone`);
  const names = git(
    ["for-each-ref", "--format=%(refname:short)", "--count=12", "--sort=-committerdate"],
    top,
  );
  const there = names.split("\n").filter((name) => name !== "");
  return new UsageError(
    `--base: there is no commit "${ref}" in ${top}\n` +
      "  usual cause: a branch that was not fetched (git fetch origin), or a name without its remote (origin/main)\n" +
      `  there are: ${["HEAD", ...there].join(", ")}, and every commit by its hash`,
  );
}

const isShallow = (top: string): boolean => asked(["rev-parse", "--is-shallow-repository"], top) === "true";

function shallow(what: string): UsageError {
  return new UsageError(
    `${what}\n  usual cause: a shallow clone, as CI makes them; git fetch --unshallow gets the rest, and so does fetch-depth: 0 of actions/checkout`,
  );
}

/** What git answers; null where it refuses. */
function asked(args: readonly string[], folder: string): string | null {
  try {
    return git(args, folder).trim();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return null;
  }
}

/** What git prints. */
export function git(args: readonly string[], folder: string, env: NodeJS.ProcessEnv = {}): string {
  try {
    return execFileSync("git", args, {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 2 ** 28,
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw error;
    throw new UsageError("gate: git cannot be run\n  usual cause: it is not installed, or not in PATH");
  }
}
