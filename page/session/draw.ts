/** Draws a state of the common vocabulary: what there is, without what happened to it. */
import type {
  FileId,
  GuestMemory,
  InodeId,
  PageAt,
  SlotName,
  SpaceId,
  VmId,
} from "../../spec/guest-memory.ts";
import { positions } from "../../spec/language/domain.ts";
import type { Owning } from "../../spec/properties/ownership.ts";
import type { Sizes } from "../../checkers/explore/walk.ts";
import type { Drawn, FileDrawn, GfnCell, PageCell, SlotDrawn, VmDrawn } from "./picture.ts";

type Bare<T> = Omit<T, keyof Drawn>;
export interface BareFile extends Bare<Omit<FileDrawn, "cells">> {
  /** The open files, by number. */
  readonly files: readonly number[];
  readonly cells: readonly Bare<PageCell>[];
}
export interface BareVm extends Bare<Omit<VmDrawn, "slots" | "gfns">> {
  readonly slots: readonly Bare<SlotDrawn>[];
  readonly gfns: readonly Bare<GfnCell>[];
}
export interface Sketch {
  readonly files: readonly BareFile[];
  readonly vms: readonly BareVm[];
}

/** The common vocabulary as far as a design speaks it; who owns a page is known to some only. */
type View = GuestMemory & Partial<Pick<Owning, "ownerOf" | "ownersAreKept">>;

/** Whether a design's view is of the common vocabulary. */
export function isGuestMemory(view: unknown): view is View {
  const { gfns, guestMapping, pageState, slot } = view as Partial<GuestMemory>;
  return (
    Array.isArray(gfns) && [guestMapping, pageState, slot].every((question) => typeof question === "function")
  );
}

export function sketch(view: View, sizes: Sizes): Sketch {
  const vms = view.vms.filter((vm) => view.vmExists(vm)).map((vm) => vmOf(view, vm));
  const files = (positions(sizes["files"] ?? 0) as readonly FileId[]).filter((file) => view.fileExists(file));
  const inodes = positions(sizes["inodes"] ?? 0) as readonly InodeId[];
  const found = inodes.map((inode) =>
    fileOf(
      view,
      inode,
      files.filter((file) => view.fileInode(file) === inode),
      vms,
      sizes["pages"] ?? 0,
    ),
  );
  return { vms, files: found.filter(({ openAs, cells }) => openAs.length + cells.length > 0) };
}

function vmOf(view: View, vm: VmId): BareVm {
  const slots = view.spaces.flatMap((space) =>
    view.slots.flatMap((slot) => {
      const found = view.slot(vm, space, slot);
      if (found === null) return [];
      const { base, npages, file, first } = found;
      const name = slotText(view, space, slot);
      const inode = file === null ? null : view.fileInode(file);
      return [{ name, space, slot, base, npages, file, inode, first, flags: flagsOf(found) }];
    }),
  );
  return { name: `VM ${vm}`, vm, slots, gfns: view.gfns.map((gfn) => frameOf(view, vm, gfn)) };
}

function flagsOf(slot: NonNullable<ReturnType<View["slot"]>>): string[] {
  return [
    ...(slot.guestMemfd ? ["guest_memfd"] : []),
    ...(slot.readonly ? ["read-only"] : []),
    ...(slot.logsDirty ? ["logs dirty pages"] : []),
  ];
}

function slotText({ spaces }: View, space: SpaceId, slot: number): string {
  return spaces.length > 1 ? `slot ${slot} of space ${space}` : `slot ${slot}`;
}

function frameOf(view: View, vm: VmId, gfn: number): Bare<GfnCell> {
  const found = view.guestMapping(vm, gfn);
  const isPrivate = view.isPrivate?.(vm, gfn);
  return {
    gfn,
    attribute: isPrivate === undefined ? null : isPrivate ? "private" : "shared",
    mapping: found && { ...place(found.at), private: found.private, fromFile: found.fromFile },
    invalidating: view.isInvalidating?.(vm, gfn) === true,
  };
}

const place = ({ inode, page }: PageAt): { readonly inode: number; readonly page: number } => ({
  inode,
  page,
});

/** What is behind the end of the file and as good as not there is left out. */
function fileOf(
  view: View,
  inode: InodeId,
  files: readonly FileId[],
  vms: readonly BareVm[],
  pages: number,
): BareFile {
  const [first] = files;
  const size = first === undefined ? null : view.fileSize(first);
  const cells = positions(pages).map((page) => pageOf(view, inode, files, vms, page));
  const openAs = files.map(
    (file) => `file ${file} of VM ${view.fileVm(file)}, ${pagesText(view.fileSize(file))}`,
  );
  const isThere = (cell: Bare<PageCell>): boolean => cell.page < (size ?? 0) || !isNothing(cell);
  return { name: `inode ${inode}`, inode, files, openAs, size, cells: cells.filter(isThere) };
}

const pagesText = (count: number): string => `${count} ${count === 1 ? "page" : "pages"}`;

/** Nobody has the page, and nobody knows of it. */
export function isNothing({ state, hostMapped, boundBy, mappedBy }: Bare<PageCell>): boolean {
  return state === "absent" && !hostMapped && boundBy.length === 0 && mappedBy.length === 0;
}

function pageOf(
  view: View,
  inode: InodeId,
  files: readonly FileId[],
  vms: readonly BareVm[],
  page: number,
): Bare<PageCell> {
  const state = view.pageState(inode, page);
  const bound = files
    .flatMap((file) => view.binding(file, page) ?? [])
    .map((slot) => bindingText(view, slot));
  const mappedBy = vms.flatMap(({ name, gfns }) =>
    gfns.flatMap(({ gfn, mapping }) =>
      mapping?.inode === inode && mapping.page === page ? [`${name} gfn ${gfn}`] : [],
    ),
  );
  return {
    page,
    name: view.pageName?.(page) ?? String(page),
    state,
    contents: contentsOf(view, inode, page, state !== "absent"),
    owner: ownerOf(view, inode, page),
    hostMapped: view.hostMaps(inode, page),
    hostMayMap: view.hostMayMapPage?.(inode, page) ?? view.hostMayMap(inode),
    boundBy: [...new Set(bound)],
    mappedBy,
  };
}

function bindingText(view: View, { vm, space, slot }: SlotName): string {
  return `VM ${vm} ${slotText(view, space, slot)}`;
}

function contentsOf(view: View, inode: InodeId, page: number, isThere: boolean): string {
  if (!isThere) return "";
  const secret = view.secretOf?.(inode, page) ?? null;
  return [
    ...(view.contentsDefined?.(inode, page) === false ? ["undefined"] : []),
    ...(secret === null ? [] : [`secret of VM ${secret}`]),
  ].join(", ");
}

function ownerOf(view: View, inode: InodeId, page: number): string | null {
  if (view.ownerOf === undefined) return null;
  const owner = view.ownerOf(inode, page);
  if (owner !== null) return `VM ${owner.vm} at gfn ${owner.gfn}`;
  const isKept = view.vms.some((vm) => view.vmExists(vm) && view.ownersAreKept?.(vm) !== false);
  return isKept ? "host" : null;
}
