/** What differs between two trees, and what it reaches: as the gate reports it. */

/** A checkout on disk: this one, or an older one that was put into a folder. */
export interface Tree {
  /** The folder that holds spec/ and models/. */
  readonly root: string;
}

/**
 * What was changed. A `type` is erased before anything runs, and reaches no design; `engine` is what checks, and reaches every verdict;
 * `expectation` is what the catalogue and the pins say of a design.
 */
export type Kind =
  | "call"
  | "section"
  | "property"
  | "domain"
  | "helper"
  | "design"
  | "scenario"
  | "vector"
  | "type"
  | "expectation"
  | "engine"
  | "dependency"
  | "counterexample"
  | "recording"
  | "other";

/** Lines of a file, from 1, both included; the file is relative to the root of its tree. */
export interface Lines {
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
}

export interface Change {
  readonly kind: Kind;
  /** The property's or the design's own name, the call's and section's label (`set_user_memory_region2 › bind`), else that of the declaration. */
  readonly name: string;
  readonly did: "added" | "removed" | "changed";
  /** In the head; of what was removed, in the base. */
  readonly at: Lines;
  /** Where it was in the base, of what was changed. */
  readonly was: Lines | null;
  /** The declaration at the top of its file that holds it; null where it is none of a module. */
  readonly declaration: string | null;
}

export interface Changes {
  readonly base: Tree;
  readonly head: Tree;
  /** In the order of files, then lines. */
  readonly all: readonly Change[];
}

/** A design that a change reaches. */
export interface Reached {
  /** As it says itself; of a file's design whose name is computed, that of its export. */
  readonly name: string;
  /** The file that declares it, and the declaration there. */
  readonly file: string;
  readonly declaration: string;
  /** The catalogue lists it; else it is asked for as `file#name`. */
  readonly listed: boolean;
  /** `added` and `removed`: in one of the trees only. */
  readonly did: "added" | "removed" | "changed";
  /** The changes that reach it, in their order. */
  readonly by: readonly Change[];
}

/** Something that a section or a property must not do. */
export interface Impurity {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The text at the place: `Date.now()`. */
  readonly construct: string;
  /** What runs it: `section "bind" of set_user_memory_region2`, `holds of one-binding-per-offset`. */
  readonly role: string;
  /** The helpers through which it is reached, outermost first; empty when it is in the function itself. */
  readonly through: readonly string[];
  readonly why: string;
  readonly instead: string;
}

/** What the compiler says against a tree. */
export interface TypeProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly code: string;
  readonly message: string;
}
