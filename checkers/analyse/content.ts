/** What a verdict depends on besides its options, as a key under which it can be kept. */
import type { Tree } from "./change.ts";
import { contentOfClosure } from "./closure.ts";
import { Designs } from "./designs.ts";
import { contentOfEngine } from "./engine.ts";
import { Sources } from "./sources.ts";

export interface Contents {
  /** Changes when a search may find something else, or find it in another way. */
  readonly engine: string;
  /**
   * Changes when a design is made from source that says something else; null: the tree has no design of this name. Comments, layout
   * and types are no part of it, and so neither are the lines on which things stand.
   */
  of(design: string): string | null;
}

/** Reads the text of a tree; nothing of it is loaded. */
export function contentsOf(tree: Tree): Contents {
  const designs = new Designs(new Sources(tree));
  let engine: string | undefined;
  return {
    get engine() {
      return (engine ??= contentOfEngine(designs.sources));
    },
    of: (name) => {
      const design = designs.design(name);
      return design === null ? null : contentOfClosure(design.closure);
    },
  };
}
