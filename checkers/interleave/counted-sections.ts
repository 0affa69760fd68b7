/**
 * Counts the sections that run in the steps of a search in which calls overlap. A step that only begins to wait has run none, and neither
 * has one that is blocked.
 */
import type { SectionTally } from "../explore/section-coverage.ts";
import type { Advanced } from "./advance.ts";
import type { Frame } from "./frame.ts";
import { overlapsOf, type MakeOverlaps } from "./interleave.ts";
import { Interleaving } from "./search.ts";

export function countingSections(sections: SectionTally): MakeOverlaps {
  return (...given) => overlapsOf(new CountedInterleaving(sections, ...given));
}

class CountedInterleaving extends Interleaving {
  private readonly sections: SectionTally;

  constructor(sections: SectionTally, ...given: ConstructorParameters<typeof Interleaving>) {
    super(...given);
    this.sections = sections;
  }

  protected override follow(
    from: number,
    name: string,
    via: number,
    others: readonly Frame[],
    step: Advanced,
  ): void {
    if (step.waits === null) this.sections.add(name, step.ran);
    super.follow(from, name, via, others, step);
  }

  protected override bug(error: unknown, index: number, move: number): void {
    super.bug(error, index, move);
    const { instances } = this.subject;
    const { name } = instances[move] ?? this.frames.get(move - instances.length).instance;
    this.sections.add(name, this.advancer.brokenOff().ran);
  }
}
