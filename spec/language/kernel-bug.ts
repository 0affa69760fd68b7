/**
 * Bugs that a section runs into itself, whatever the promises ask: memory that was freed, a WARN, a call that never ends. Each breaks
 * a promise that the language holds every call to; no design need list them.
 */
export type BuiltIn = { readonly name: string; readonly says: string; readonly source: string };

export const NO_USE_AFTER_FREE: BuiltIn = {
  name: "no-use-after-free",
  says: "nobody reaches a slot, a file, a VM or a page that was freed",
  source: "object lifetimes; KASAN finds it on a running kernel",
};

export const NO_WARNING: BuiltIn = {
  name: "no-warning",
  says: "user space cannot trigger a WARN",
  source: "Documentation/process/deprecated.rst: WARN is for conditions that should never happen",
};

export const CALLS_END: BuiltIn = {
  name: "calls-end",
  says: "every call ends once no new ones begin: a fault is mapped or exits; deletion, close and conversion come back",
  source: "strong fairness: whoever can go on again and again does so at some time",
};

export const NO_DEADLOCK: BuiltIn = {
  name: "no-deadlock",
  says: "calls in flight never all wait for each other",
  source: "Documentation/locking/lockdep-design.rst",
};

export const LOCK_ORDER: BuiltIn = {
  name: "lock-order",
  says: "locks nest in one order: no two calls take two locks the other way round",
  source: "Documentation/virt/kvm/locking.rst, Documentation/locking/lockdep-design.rst",
};

export const LINEARIZABLE: BuiltIn = {
  name: "linearizable",
  says: "two calls that overlap end as one of their orders would: same results, same state",
  source: "the derived sequential ABI; what the kernel lets differ is declared by the design (`notAtomic`)",
};

/** What one call alone can break. */
export const OF_EVERY_CALL: readonly BuiltIn[] = [NO_USE_AFTER_FREE, NO_WARNING, CALLS_END];
/** What only calls that overlap can break. */
export const OF_OVERLAPS: readonly BuiltIn[] = [NO_DEADLOCK, LOCK_ORDER, LINEARIZABLE];
export const BUILT_IN: readonly BuiltIn[] = [...OF_EVERY_CALL, ...OF_OVERLAPS];

/** Thrown inside a section. */
export class KernelBug extends Error {
  override readonly name = "KernelBug";
  readonly breaks: BuiltIn;
  constructor(breaks: BuiltIn, why: string) {
    super(why);
    this.breaks = breaks;
  }

  /** Also one that a design of another checkout throws: two of them can be loaded side by side, each with its own copy of this file. */
  static override [Symbol.hasInstance](error: unknown): boolean {
    return error instanceof Error && error.name === "KernelBug";
  }
}

/** The object behind a pointer that a section follows; null stands for memory that was freed. */
export function live<T>(object: T | null | undefined, what: string): T {
  if (object === null || object === undefined)
    throw new KernelBug(NO_USE_AFTER_FREE, `${what} is used after it was freed`);
  return object;
}

/** WARN_ON(): the kernel says that this cannot be. */
export function warnOn(condition: boolean, says: string): void {
  if (condition) throw new KernelBug(NO_WARNING, says);
}
