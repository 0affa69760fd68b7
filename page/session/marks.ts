/** Of what a broken promise speaks: the things that its instance names. */
import type { Asked } from "../../checkers/explore/bounded.ts";
import type { Broken } from "./session.ts";

/** The kinds of index that the common vocabulary has, and what an instance says of each. */
type Named = Readonly<Record<string, ReadonlySet<number>>>;

export class Spoken {
  /** "no-use-after-free: slot 0 …" */
  readonly text: string;
  private readonly named: Named;

  constructor({ property, instance, why }: Broken, asked: readonly Asked[]) {
    this.text = why === "" ? property : `${property}: ${why}`;
    const over = asked.find((one) => one.property.name === property)?.property.over ?? {};
    const named: Record<string, Set<number>> = {};
    for (const [name, { shape }] of Object.entries(over)) {
      const value = instance[name];
      if (shape.kind === "index" && value !== undefined) (named[shape.bound] ??= new Set()).add(value);
    }
    this.named = named;
  }

  isOfPage(inode: number, openAs: readonly number[], page: number): boolean {
    return this.names("pages", page) && this.allows("inodes", inode) && this.allowsAny("files", openAs);
  }

  isOfFrame(vm: number, gfn: number): boolean {
    return this.names("gfns", gfn) && this.allows("vms", vm);
  }

  /** It speaks of what the frame maps, and not of a page of its own. */
  isOfMapped(vm: number, gfn: number): boolean {
    return this.named["pages"] === undefined && this.isOfFrame(vm, gfn);
  }

  isOfSlot(vm: number, space: number, slot: number): boolean {
    return this.names("slots", slot) && this.allows("spaces", space) && this.allows("vms", vm);
  }

  isOfFile(inode: number, openAs: readonly number[]): boolean {
    if (this.named["pages"] !== undefined) return false;
    const names = this.names("inodes", inode) || openAs.some((file) => this.names("files", file));
    return names && this.allows("inodes", inode) && this.allowsAny("files", openAs);
  }

  isOfVm(vm: number): boolean {
    const narrower = ["gfns", "slots", "pages", "files", "inodes"];
    return this.names("vms", vm) && narrower.every((kind) => this.named[kind] === undefined);
  }

  /** Of a cell of the state, by the indices on its path. */
  isOfCell(at: Readonly<Record<string, number>>): boolean {
    const kinds = Object.entries(this.named);
    return (
      kinds.length > 0 && kinds.every(([kind, values]) => at[kind] !== undefined && values.has(at[kind]))
    );
  }

  private names(kind: string, index: number): boolean {
    return this.named[kind]?.has(index) === true;
  }

  private allows(kind: string, index: number): boolean {
    return this.named[kind]?.has(index) !== false;
  }

  private allowsAny(kind: string, indices: readonly number[]): boolean {
    return this.named[kind] === undefined || indices.some((index) => this.names(kind, index));
  }
}
