/** Maps in layers: a copy costs nothing, and how two copies differ is told by their layers alone. */

/** Layers of which a lookup goes through so many at most. */
const MOST_LAYERS = 12;
const GONE = Symbol("deleted");

export class Layered<K, V> {
  private readonly base: Layered<K, V> | null;
  private readonly own = new Map<K, V | typeof GONE>();
  /** Holds everything that the layers below hold. */
  private readonly complete: boolean;
  private readonly depth: number;

  constructor(base: Layered<K, V> | null = null) {
    this.base = base;
    this.complete = base === null || base.depth >= MOST_LAYERS;
    this.depth = base === null || this.complete ? 0 : base.depth + 1;
    if (this.complete && base !== null) for (const [key, value] of base.entries()) this.own.set(key, value);
  }

  get(key: K): V | undefined {
    for (let at: Layered<K, V> | null = this; at !== null; at = at.base) {
      const value = at.own.get(key);
      if (value !== undefined) return value === GONE ? undefined : value;
      if (at.complete) return undefined;
    }
    return undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): void {
    this.own.set(key, value);
  }

  delete(key: K): void {
    this.own.set(key, GONE);
  }

  /** Keys that were set or deleted on the way from an earlier layer to this one; all of them, where it is none. */
  changedSince(earlier: Layered<K, V> | null): Set<K> {
    const keys = new Set<K>();
    for (let at: Layered<K, V> | null = this; at !== null && at !== earlier; at = at.base) {
      for (const key of at.own.keys()) keys.add(key);
      if (at.complete && at.base === null) break;
    }
    return keys;
  }

  *entries(): Generator<readonly [K, V]> {
    const seen = new Set<K>();
    for (let at: Layered<K, V> | null = this; at !== null; at = at.base) {
      for (const [key, value] of at.own) {
        if (seen.has(key)) continue;
        seen.add(key);
        if (value !== GONE) yield [key, value];
      }
      if (at.complete) return;
    }
  }

  *keys(): Generator<K> {
    for (const [key] of this.entries()) yield key;
  }
}
