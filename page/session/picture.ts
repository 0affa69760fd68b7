/**
 * The memory as a kernel engineer draws it, drawn from the design's view (spec/guest-memory.ts) and therefore alike for all designs: files with
 * their pages, slots as spans, the guest's page table. A design that is not of that vocabulary has the cells of its state alone.
 */
import type { PageState } from "../../spec/guest-memory.ts";

/** What is drawn as one thing, and what happened to it. */
export interface Drawn {
  /** The step that led here changed it. */
  readonly changed: boolean;
  /** Index of the moment from which on it is as it is drawn; 0: since the start. */
  readonly since: number;
  /** The broken promise, in words, where it speaks of this thing; null elsewhere. */
  readonly marked: string | null;
}

/** A page of a file. */
export interface PageCell extends Drawn {
  readonly page: number;
  /** What people call it: "1", "page 0x7ffffffffffff". */
  readonly name: string;
  readonly state: PageState;
  /** Whose bytes are in it: "undefined", "secret of VM 0"; "" where nothing is known or worth saying. */
  readonly contents: string;
  /** Who owns it below the kernel (RMP, S-EPT, pKVM): "VM 0 at gfn 1", "host"; null where the design keeps no owners. */
  readonly owner: string | null;
  readonly hostMapped: boolean;
  /** The host may touch it: shared. Null where the design does not say. */
  readonly hostMayMap: boolean | null;
  /** The slots that the open files of the inode name for it: "VM 0 slot 1". */
  readonly boundBy: readonly string[];
  /** Guest frames that map it: "VM 0 gfn 1". */
  readonly mappedBy: readonly string[];
}

/** Memory behind one or several open files. */
export interface FileDrawn extends Drawn {
  /** "inode 0" */
  readonly name: string;
  readonly inode: number;
  /** The open files of it: "file 0 of VM 0, 2 pages"; empty: nobody has it open. */
  readonly openAs: readonly string[];
  /** In pages, of its first file; null when nobody has it open. */
  readonly size: number | null;
  readonly cells: readonly PageCell[];
}

/** A memory slot: the frames from `base` on show the pages from `first` on. */
export interface SlotDrawn extends Drawn {
  /** "slot 0", "slot 0 of space 1" */
  readonly name: string;
  readonly space: number;
  readonly slot: number;
  readonly base: number;
  readonly npages: number;
  /** Null: no guest_memfd slot, or the file has been released. */
  readonly inode: number | null;
  readonly file: number | null;
  readonly first: number;
  /** "read-only", "logs dirty pages", "guest_memfd" */
  readonly flags: readonly string[];
}

/** A guest frame: its attribute, and its leaf of the second-level page table. */
export interface GfnCell extends Drawn {
  readonly gfn: number;
  /** Null where the design has no attributes. */
  readonly attribute: "private" | "shared" | null;
  readonly mapping: {
    readonly inode: number;
    readonly page: number;
    readonly private: boolean;
    readonly fromFile: boolean;
  } | null;
  /** An invalidation of the frame is under way. */
  readonly invalidating: boolean;
}

export interface VmDrawn extends Drawn {
  /** "VM 0" */
  readonly name: string;
  readonly vm: number;
  readonly slots: readonly SlotDrawn[];
  readonly gfns: readonly GfnCell[];
}

/** A cell of the design's own state, in words: for tables, and for designs without the vocabulary. */
export interface StateCell extends Drawn {
  /** `files[0].descriptors` */
  readonly path: string;
  readonly value: string;
  /** What it was before the step; null when it did not change. */
  readonly before: string | null;
}

export interface Picture {
  /** Empty, as `vms`, where the design's view is not of the common vocabulary. */
  readonly files: readonly FileDrawn[];
  /** VMs that exist. */
  readonly vms: readonly VmDrawn[];
  readonly cells: readonly StateCell[];
}
