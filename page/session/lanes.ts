/** Who did what when: a lane for each actor, with what ran as blocks, locks held as bars, and stretches in which nothing could go on. */

/** What ran in one step. Moments are between steps: a block from moment 2 to 3 is step 2 (counted from 0). */
export interface Block {
  readonly from: number;
  readonly to: number;
  readonly call: string;
  /** The call with its parameters. */
  readonly says: string;
  /** Sections that ran, in order; in a sequential trace the call is one block, and this is empty. */
  readonly sections: readonly string[];
  readonly begins: boolean;
  readonly ends: boolean;
  /** Number of the call in the order in which calls began. */
  readonly thread: number;
  readonly result: string | null;
  readonly waits: string | null;
  readonly changes: number;
}

/** A time during which a lock is held, or a call waits for something. */
export interface Stretch {
  /** Index of the moment at which it begins. */
  readonly from: number;
  /** Index of the moment at which it ends; that of the last moment where it has not ended. */
  readonly to: number;
  readonly isOpen: boolean;
  /** The lock: "mmu_lock[0] (write)"; or what is waited for. */
  readonly what: string;
  readonly thread: number;
}

/** A call from its begin to its end. */
export interface InFlight extends Stretch {
  readonly call: string;
}

export interface Lane {
  /** "task 0", "vCPU 0 of VM 0", "memory_failure"; in a sequential trace "task", "vCPU 0" … */
  readonly actor: string;
  readonly blocks: readonly Block[];
  readonly calls: readonly InFlight[];
  readonly locks: readonly Stretch[];
  readonly blocked: readonly Stretch[];
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  /** How many steps there are: moments go from 0 to this. */
  readonly steps: number;
  /** Index of the step from which on the trace goes round for ever; null where it does not. */
  readonly loop: number | null;
}
