/** The head and the base on disk; what is wrong with the base does not keep the head from being looked at. */
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { UsageError } from "../../checkers/usage-error.ts";
import { baseTree } from "./base-tree.ts";
import { baseCommit, repositoryAt, type Repository } from "./git.ts";

export interface Trees {
  /** The folder that holds models/: the working tree. */
  readonly head: string;
  /** The same folder as it was in the base; null where there is none to be had. */
  readonly base: string | null;
  readonly baseCommit: { readonly ref: string; readonly commit: string } | null;
  readonly commit: string | null;
  readonly uncommitted: number;
  /** What a path of the tree begins with in the repository: "", or "kvm/models-of-mine/". */
  readonly inRepository: string;
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}

export function treesFor(folder: string, ref: string): Trees {
  const faults: string[] = [];
  const notes: string[] = [];
  const attempt = <T>(work: () => T): T | null => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      faults.push(error.message);
      return null;
    }
  };
  const repository = attempt(() => repositoryAt(folder));
  const head = projectAt(folder, repository);
  const below = repository === null ? "" : relative(repository.top, head);
  const from = repository === null ? null : attempt(() => baseCommit(repository, ref));
  if (from !== null && from.note !== null) notes.push(from.note);
  const tree = from === null ? null : baseTree(repository!.top, head, from.commit);
  if (tree !== null && tree.note !== null) notes.push(tree.note);
  return {
    head,
    base: tree === null ? null : join(tree.root, below),
    baseCommit: from,
    commit: repository?.commit ?? null,
    uncommitted: repository?.uncommitted ?? 0,
    inRepository: below === "" ? "" : `${below}/`,
    faults,
    notes,
  };
}

/** The folder with the models: this one, or one above it in the same repository. */
function projectAt(folder: string, repository: Repository | null): string {
  const top = repository?.top ?? "/";
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "models"))) return at;
    if (at === top || at === dirname(at)) return repository?.top ?? folder;
  }
}
