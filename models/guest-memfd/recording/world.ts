/**
 * What a program that is being made up has made so far, as far as can be told without running it: so that most of its calls are about things that
 * live. Only of mappings it must be right, as a program may not use one that was not made.
 */
import { PAGE_SIZE } from "../../../spec/abi/kvm.ts";
import type { Header, RecordedStep } from "../../../spec/recording.ts";
import type { Draw } from "./draw.ts";

export const PAGE = Number(PAGE_SIZE);

export interface Vm {
  readonly name: string;
  readonly type: number;
  live: boolean;
}

export interface Vcpu {
  readonly name: string;
  readonly vm: Vm;
  live: boolean;
}

export interface Inode {
  readonly pages: number;
  readonly flags: number;
  /** Null for a file that is no guest_memfd. */
  readonly vm: Vm | null;
}

/** A descriptor; null behind one that was never opened. */
export interface Descriptor {
  readonly name: string;
  readonly inode: Inode | null;
  live: boolean;
}

export interface Mapping {
  readonly name: string;
  readonly pages: number;
  /** Null for ordinary memory. */
  readonly inode: Inode | null;
  live: boolean;
  /** Advice is refused where memory is locked, of which the designs know nothing. */
  locked: boolean;
}

export interface Slot {
  readonly vm: Vm;
  readonly as: number;
  readonly id: number;
  /** Its first page, from the base of the universe. */
  readonly frame: number;
  readonly pages: number;
  /** Null for one of ordinary memory alone. */
  readonly inode: Inode | null;
  readonly filePage: number;
}

/** How large things are in one program, and how often a call is odd. */
export interface Universe {
  readonly frames: number;
  readonly filePages: number;
  readonly slotPages: number;
  readonly slotIds: readonly number[];
  readonly vcpus: number;
  readonly files: number;
  /** One step in so many may have arguments that are wrong. */
  readonly odd: number;
}

/** Guest memory of the programs begins here: at a border of eight pages, far from the stub's own slot. */
export const BASE = 0x100000;

export class World {
  readonly header: Header;
  readonly universe: Universe;
  readonly vms: Vm[] = [];
  readonly vcpus: Vcpu[] = [];
  readonly files: Descriptor[] = [];
  readonly others: Descriptor[] = [];
  readonly maps: Mapping[] = [];
  readonly slots: Slot[] = [];
  /** The frame that a guest touched last. */
  readonly touched = new Map<Vm, number>();
  private written = 0;
  private oddStep = false;

  constructor(header: Header, universe: Universe) {
    this.header = header;
    this.universe = universe;
  }

  /** Every write of a program has its own value, as long as there are values. */
  value(): number {
    return (this.written++ % 255) + 1;
  }

  name(prefix: string, made: readonly unknown[]): string {
    return `${prefix}${made.length + 1}`;
  }

  /** Decides whether the next step may be odd at all. */
  begin(draw: Draw): void {
    this.oddStep = draw.rarely(this.universe.odd);
  }

  /** Whether an argument is wrong: in an odd step one of three. */
  odd(draw: Draw): boolean {
    return this.oddStep && draw.rarely(3);
  }

  /** Nothing of the step is meant to be refused. */
  get plain(): boolean {
    return !this.oddStep;
  }

  /** One that lives; now and then, or where none does, one that does not. */
  livingOf<T extends { readonly live: boolean }>(things: readonly T[], draw: Draw): T {
    const living = things.filter(({ live }) => live);
    const dead = this.odd(draw);
    return draw.of(living.length === 0 || dead ? things : living);
  }

  slotsOf(vm: Vm): readonly Slot[] {
    return this.slots.filter((slot) => slot.vm === vm);
  }

  gpa(frame: number): number {
    return BASE + frame * PAGE;
  }

  /** Where in a page a byte is accessed: few places, since each is a cell of its own in the model. */
  byteOfPage(draw: Draw): number {
    return draw.of([0, 0, 0, 0, 0, 0, PAGE - 1, 1]);
  }
}

/** What makes a step up, and how often, among those that can be made. */
export interface Maker {
  readonly op: string;
  readonly weight: number;
  /** Calls of one group are frequent in the same programs. */
  readonly group: Group;
  can(world: World): boolean;
  make(world: World, draw: Draw): RecordedStep;
}

export const GROUPS = [
  "actors",
  "files",
  "regions",
  "attributes",
  "guest",
  "host",
  "holes",
  "windows",
  "rest",
] as const;
export type Group = (typeof GROUPS)[number];
