/**
 * Locks, declared and not improvised: a section says what it takes, what it drops, and what it runs under, so
 * that an engine knows who blocks whom and in which order locks nest.
 */
export type LockMode = "read" | "write";

export interface Lock {
  readonly name: string;
  readonly kind: "mutex" | "rwlock" | "folio lock" | "SRCU";
  /** The kernel's own definition of the lock: where it is declared and what it protects. */
  readonly source: string;
}

/** One lock of a kind, as a section names it: which instance, and how it is held. */
export interface LockRef {
  readonly lock: Lock;
  readonly instance: readonly number[];
  readonly mode: LockMode;
}

/** A lock that one section run holds alone: `slotsLock(c.vm)`. */
export function mutex(name: string, source: string): (...instance: number[]) => LockRef {
  const lock: Lock = { name, kind: "mutex", source };
  return (...instance) => ({ lock, instance, mode: "write" });
}

/** A lock with readers and writers: `mmuLock.write(c.vm)`. */
export function rwlock(
  name: string,
  source: string,
): { read(...instance: number[]): LockRef; write(...instance: number[]): LockRef } {
  const lock: Lock = { name, kind: "rwlock", source };
  return {
    read: (...instance) => ({ lock, instance, mode: "read" }),
    write: (...instance) => ({ lock, instance, mode: "write" }),
  };
}

/** The lock bit of one page-cache page: `folioLock(c.inode, c.page)`. */
export function folio(name: string, source: string): (...instance: number[]) => LockRef {
  const lock: Lock = { name, kind: "folio lock", source };
  return (...instance) => ({ lock, instance, mode: "write" });
}

/** A read side that never blocks; its writer waits for every reader that was inside: `srcu(c.vm)`. */
export function srcu(name: string, source: string): (...instance: number[]) => LockRef {
  const lock: Lock = { name, kind: "SRCU", source };
  return (...instance) => ({ lock, instance, mode: "read" });
}

export function sameLock(a: LockRef, b: LockRef): boolean {
  return (
    a.lock === b.lock &&
    a.instance.length === b.instance.length &&
    a.instance.every((n, i) => n === b.instance[i])
  );
}

export function lockText(ref: LockRef): string {
  const how = ref.lock.kind === "rwlock" ? ` (${ref.mode})` : "";
  return `${ref.lock.name}[${ref.instance.join(",")}]${how}`;
}
