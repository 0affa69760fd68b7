/**
 * The order in which locks nest: an edge for each lock acquired while another is held, by kind of lock as lockdep has it. Two kinds that nest
 * both ways can deadlock even where the explored bound has no two calls that do so at once.
 */
import { KernelBug, LOCK_ORDER } from "../../spec/language/kernel-bug.ts";
import type { Lock } from "../../spec/language/lock.ts";
import type { Advanced } from "./advance.ts";
import type { Frames } from "./frame.ts";

interface Edge {
  readonly to: Lock;
  readonly call: string;
  readonly section: string;
}

export class LockOrder {
  private readonly frames: Frames;
  private readonly edges = new Map<Lock, Map<Lock, Edge>>();

  constructor(frames: Frames) {
    this.frames = frames;
  }

  /** Adds what an acquisition says of the order; the inversion that it makes, or null. */
  add({ ref, holding }: NonNullable<Advanced["acquired"]>, call: string, section: string): KernelBug | null {
    const to = this.frames.lock(ref.lock);
    let found: KernelBug | null = null;
    for (const { lock } of holding) {
      const from = this.frames.lock(lock);
      const known = this.edges.get(from) ?? new Map<Lock, Edge>();
      if (from === to || known.has(to)) continue;
      this.edges.set(from, known.set(to, { to, call, section }));
      const back = this.path(to, from);
      if (back !== null) found ??= this.inversion(from, { to, call, section }, back);
    }
    return found;
  }

  /** The shortest chain of acquisitions from one kind of lock to another. */
  private path(from: Lock, to: Lock): { readonly from: Lock; readonly edge: Edge }[] | null {
    const ways = [{ at: from, chain: [] as { readonly from: Lock; readonly edge: Edge }[] }];
    const seen = new Set([from]);
    for (const { at, chain } of ways) {
      for (const edge of this.edges.get(at)?.values() ?? []) {
        const longer = [...chain, { from: at, edge }];
        if (edge.to === to) return longer;
        if (seen.has(edge.to)) continue;
        seen.add(edge.to);
        ways.push({ at: edge.to, chain: longer });
      }
    }
    return null;
  }

  private inversion(
    from: Lock,
    edge: Edge,
    back: readonly { readonly from: Lock; readonly edge: Edge }[],
  ): KernelBug {
    return new KernelBug(
      LOCK_ORDER,
      [nestingText(from, edge), ...back.map((other) => nestingText(other.from, other.edge))].join("; "),
    );
  }
}

/** One lock taken inside another, as a breach tells it. */
export function nestingText(outer: Lock, { to, call, section }: Edge): string {
  const how = to.kind === "SRCU" ? `waits for the readers of ${to.name}` : `takes ${to.name}`;
  return `${call} ${how} while holding ${outer.name} ("${section}")`;
}
