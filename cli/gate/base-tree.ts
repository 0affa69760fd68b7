/** The base as a folder that can be loaded, kept by its commit: what is made of a commit once is right for ever. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, renameSync } from "node:fs";
import { join } from "node:path";
import { git, short } from "./git.ts";

export interface BaseTree {
  readonly root: string;
  /** What is to be said of how it came there; null where nothing is. */
  readonly note: string | null;
}

/** Below the node_modules of the project, which imports of the base so find, too. */
const KEPT_IN = "node_modules/.cache/gmemcheck/bases";
/** A base that nobody has asked for in so many milliseconds is taken away. */
const KEPT_FOR = 7 * 24 * 3600 * 1000;

/** Puts the tree of a commit into a folder of the project, or finds it there; one that was touched since is made anew. */
export function baseTree(top: string, project: string, commit: string): BaseTree {
  const kept = join(project, KEPT_IN);
  const folder = join(kept, commit);
  const root = join(folder, "tree");
  let note: string | null = null;
  if (existsSync(folder) && !isWhole(top, folder)) {
    rmSync(folder, { recursive: true, force: true });
    note = `the copy of ${short(commit)} in ${KEPT_IN} was not what git has of it; it was made anew`;
  }
  if (!existsSync(folder)) checkOut(top, commit, folder);
  utimesSync(folder, new Date(), new Date());
  takeAwayOld(kept, folder);
  return { root, note };
}

/** Made beside its place, and put there whole: two gates may be at it. */
function checkOut(top: string, commit: string, folder: string): void {
  const partial = `${folder}.${process.pid}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(join(partial, "tree"), { recursive: true });
  inFolder(["read-tree", commit], top, partial);
  inFolder(["checkout-index", "--all", "--force"], top, partial);
  try {
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

function isWhole(top: string, folder: string): boolean {
  try {
    inFolder(["update-index", "-q", "--refresh"], top, folder);
    inFolder(["diff-files", "--quiet"], top, folder);
    return inFolder(["ls-files", "--others"], top, folder) === "";
  } catch {
    return false;
  }
}

function inFolder(args: readonly string[], top: string, folder: string): string {
  const tree = join(folder, "tree");
  const env = { GIT_INDEX_FILE: join(folder, "index"), GIT_WORK_TREE: tree, GIT_DIR: gitFolder(top) };
  return git(args, tree, env);
}

function gitFolder(top: string): string {
  return git(["rev-parse", "--absolute-git-dir"], top).trim();
}

function takeAwayOld(kept: string, used: string): void {
  for (const name of readdirSync(kept)) {
    const folder = join(kept, name);
    if (folder !== used && Date.now() - statSync(folder).mtimeMs > KEPT_FOR)
      rmSync(folder, { recursive: true, force: true });
  }
}
