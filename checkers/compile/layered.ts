/** Maps in layers: a copy costs nothing, and how two copies differ is told by their layers alone. */

/** Layers with entries of which a lookup goes through so many at most. */
const MOST_LAYERS = 12;
const GONE = Symbol("deleted");

export class Layered<K, V> {
  private readonly base: Layered<K, V> | null;
  /** The last layer below that has entries. A layer that was copied is left as it is for as long as the copy lives. */
  private readonly below: Layered<K, V> | null;
  private readonly depth: number;
  private own: Map<K, V | typeof GONE> | null = null;
  /** Everything that the layers below hold, where there are many. */
  private rest: ReadonlyMap<K, V> | null = null;

  constructor(base: Layered<K, V> | null = null) {
    this.base = base;
    this.below = base === null || base.own !== null ? base : base.below;
    this.depth = this.below === null ? 0 : this.below.depth + 1;
  }

  get(key: K): V | undefined {
    for (let at: Layered<K, V> | null = this; at !== null; at = at.below) {
      const { own, rest } = at;
      if (own === null) continue;
      const value = own.get(key);
      if (value !== undefined) return value === GONE ? undefined : value;
      if (rest !== null) return rest.get(key);
    }
    return undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): void {
    this.entriesHere().set(key, value);
  }

  delete(key: K): void {
    this.entriesHere().set(key, GONE);
  }

  private entriesHere(): Map<K, V | typeof GONE> {
    if (this.own === null) {
      this.own = new Map();
      if (this.depth % MOST_LAYERS === MOST_LAYERS - 1) this.rest = this.below!.all();
    }
    return this.own;
  }

  /** Adds the keys that were set or deleted on the way from an earlier layer to this one; all of them, where it is none. */
  addChanged(earlier: Layered<K, V> | null, keys: Set<K>): void {
    for (let at: Layered<K, V> | null = this; at !== null && at !== earlier; at = at.base)
      if (at.own !== null) for (const key of at.own.keys()) keys.add(key);
  }

  changedSince(earlier: Layered<K, V> | null): Set<K> {
    const keys = new Set<K>();
    this.addChanged(earlier, keys);
    return keys;
  }

  private all(): Map<K, V> {
    const layers: Layered<K, V>[] = [];
    let bottom: ReadonlyMap<K, V> | null = null;
    for (let at: Layered<K, V> | null = this; at !== null && bottom === null; at = at.below) {
      layers.push(at);
      bottom = at.rest;
    }
    const all = new Map<K, V>(bottom ?? []);
    for (const { own } of layers.reverse()) {
      for (const [key, value] of own ?? []) {
        if (value === GONE) all.delete(key);
        else all.set(key, value);
      }
    }
    return all;
  }

  keys(): Iterable<K> {
    return this.all().keys();
  }
}

/** Keys that were set or deleted in any of some layers since an earlier one; all of them, where there is none. */
export function changedIn<K, V>(layers: readonly Layered<K, V>[], earlier: Layered<K, V> | null): Set<K> {
  const keys = new Set<K>();
  for (const layer of layers) layer.addChanged(earlier, keys);
  return keys;
}
