/**
 * The search over orbits: any expander, with every successor made canonical before it is looked up. Promises of steps are asked of
 * steps as they were made; those of states, of canonical ones.
 */
import type { Batch, Expander } from "../explore/expander.ts";
import type { Canonical } from "./canonical.ts";

export class OrbitExpander implements Expander {
  readonly words: number;
  readonly isCheap: boolean;
  private readonly inner: Expander;
  private readonly canonical: Canonical;

  constructor(inner: Expander, canonical: Canonical) {
    this.words = inner.words;
    this.isCheap = inner.isCheap;
    this.inner = inner;
    this.canonical = canonical;
  }

  successors(from: Int32Array, offset: number, batch: Batch): void {
    const before = batch.count;
    this.inner.successors(from, offset, batch);
    this.fold(batch, before);
  }

  expand(from: Int32Array, offset: number, index: number, batch: Batch): void {
    const before = batch.count;
    this.inner.expand(from, offset, index, batch);
    this.fold(batch, before);
  }

  askState(from: Int32Array, offset: number, index: number): void {
    this.inner.askState(from, offset, index);
  }

  flush(): void {
    this.inner.flush();
  }

  private fold({ words, width, count }: Batch, before: number): void {
    if (before === 0) this.canonical.canonicaliseAll(words, count);
    else for (let i = before; i < count; i++) this.canonical.canonicalise(words, i * width);
  }
}
