/** What a profile says of a run: where its states come from, and where its time goes. */
export interface CallProfile {
  readonly call: string;
  /** With how many parameter sets it is tried in every state. */
  readonly instances: number;
  /** Times that it was made; those that ended in several ways, or in a bug of the kernel, are in no call's number. */
  readonly transitions: number;
  /** That ended with an errno or an exit. */
  readonly refused: number;
  /** That led to the state they began in; null where cells are not tracked, for one call may lead to several states there. */
  readonly unchanged: number | null;
  /** Successors that were known, and those that were new. */
  readonly known: number;
  readonly new: number;
  /** Estimated share of the time of all calls, those that cannot be made included. */
  readonly timeShare: number;
}

export interface CellProfile {
  /** Indices of tables folded: `vms[].slots[]`. */
  readonly path: string;
  /** An optional record, with all that is in it. */
  readonly whole: boolean;
  readonly bits: number;
  /** States that are left when nobody looks at it; an estimate where the profile says so. */
  readonly without: number;
  /** States for each of those. */
  readonly factor: number;
  readonly isEstimate: boolean;
}

export interface RunProfile {
  /** Null where calls overlap. */
  readonly calls: readonly CallProfile[] | null;
  /** Transitions that are in no call's number. */
  readonly apart: number;
  /** The states whose calls were timed. */
  readonly timed: number;
  /** The largest factor first; null where states are not kept whole, or no memory was left to count. */
  readonly cells: readonly CellProfile[] | null;
  /** Transitions, and changed successors, of a state that was expanded; null where that is not known. */
  readonly transitionsPerState: number | null;
  readonly successorsPerState: number | null;
  /** Successors that were known, for each one that was new; where calls overlap, all transitions to known states. */
  readonly duplicatesPerNew: number;
  /** Of a packed state: the bits that carry information, and the bytes that it takes. */
  readonly bitsPerState: number;
  readonly packedBytesPerState: number;
  /** With the table, and what else the search holds. */
  readonly bytesPerState: number;
  readonly widest: readonly { readonly depth: number; readonly states: number }[];
  /** What the profile itself took; not in the seconds of the run. */
  readonly seconds: number;
}
