/** Bindings: which slot a file's page belongs to, and which file a slot's frames come from. */
import {
  File,
  Page,
  Slot,
  Space,
  Vm,
  type FileId,
  type GuestMemory,
  type SlotId,
  type SlotName,
  type SlotView,
  type SpaceId,
  type VmId,
} from "../guest-memory.ts";
import { pageText } from "./words.ts";
import { always, step } from "./declare.ts";

const everySlot = { vm: Vm, space: Space, slot: Slot };

function coversPage(slot: SlotView | null, page: number): slot is SlotView {
  return slot !== null && page >= slot.first && page < slot.first + slot.npages;
}

interface SlotInstance {
  readonly vm: VmId;
  readonly space: SpaceId;
  readonly slot: SlotId;
}

/** The slot is bound to a file that lives. */
export function hasLiveFile(m: GuestMemory, { vm, space, slot }: SlotInstance): boolean {
  const view = m.slot(vm, space, slot);
  return view !== null && view.file !== null && m.fileExists(view.file);
}

const spaceText = (space: SpaceId): string => (space === 0 ? "" : ` (address space ${space})`);
const slotText = ({ vm, space, slot }: SlotName): string => `slot ${slot} of VM ${vm}${spaceText(space)}`;

const pagesText = (m: GuestMemory, { first, npages }: SlotView): string =>
  npages === 1 ? pageText(m, first) : `${pageText(m, first)} and ${npages - 1} behind it`;

export const oneBindingPerOffset = always({
  name: "one-binding-per-offset",
  says: "a page of a file is bound by at most one slot",
  source: "kvm_gmem_bind(), virt/kvm/guest_memfd.c: the range of the bindings xarray must be empty",
  anytime: true,
  over: { file: File, page: Page },
  when: (m, { file }) => m.fileExists(file),
  holds: (m, { file, page }) => binders(m, file, page) <= 1,
  why: (m, { file, page }) => {
    const names: string[] = [];
    for (const name of slotNames(m)) if (binds(m, name, file, page)) names.push(slotText(name));
    return `${pageText(m, page)} of file ${file} is bound by ${names.join(" and by ")}`;
  },
});

function binds(m: GuestMemory, { vm, space, slot }: SlotName, file: FileId, page: number): boolean {
  const view = m.slot(vm, space, slot);
  return coversPage(view, page) && view.file === file;
}

function binders(m: GuestMemory, file: FileId, page: number): number {
  let count = 0;
  for (const vm of m.vms) {
    for (const space of m.spaces) {
      for (const slot of m.slots) {
        const view = m.slot(vm, space, slot);
        if (coversPage(view, page) && view.file === file) count++;
      }
    }
  }
  return count;
}

/** Every slot of every VM, for messages. */
function slotNames(m: GuestMemory): SlotName[] {
  return m.vms.flatMap((vm) => m.spaces.flatMap((space) => m.slots.map((slot) => ({ vm, space, slot }))));
}

export const bindingNamesItsSlot = always({
  name: "binding-names-its-slot",
  says: "a file's binding names a slot that exists, is bound to this file, and covers the page",
  source:
    "kvm_gmem_unbind(), kvm_gmem_release(), virt/kvm/guest_memfd.c; broken by ae431059e75d's bug and by flag toggling",
  anytime: true,
  over: { file: File, page: Page },
  when: (m, { file, page }) => m.binding(file, page) !== null,
  holds: (m, { file, page }) => {
    const name = m.binding(file, page)!;
    const slot = m.slot(name.vm, name.space, name.slot);
    // The release of a dying file takes itself out of its slots first.
    return coversPage(slot, page) && (slot.file === file || (slot.file === null && isDying(m, file)));
  },
  why: (m, { file, page }) => {
    const name = m.binding(file, page)!;
    const slot = m.slot(name.vm, name.space, name.slot);
    const what =
      slot === null
        ? "which does not exist"
        : slot.file === file
          ? "which does not cover it"
          : "which is not bound to it";
    return `${pageText(m, page)} of file ${file} is bound to ${slotText(name)}, ${what}`;
  },
});

function isDying(m: GuestMemory, file: FileId): boolean {
  return m.fileReferences !== undefined && m.fileReferences(file) === 0;
}

export const slotIsBound = always({
  name: "slot-is-bound",
  says: "every page of a slot's file range is bound to that slot",
  source: "kvm_gmem_bind() stores the slot over its whole range, virt/kvm/guest_memfd.c",
  over: everySlot,
  when: hasLiveFile,
  holds: (m, { vm, space, slot }) => {
    const view = m.slot(vm, space, slot)!;
    for (let page = view.first; page < view.first + view.npages; page++) {
      const name = m.binding(view.file!, page);
      if (name === null || name.vm !== vm || name.space !== space || name.slot !== slot) return false;
    }
    return true;
  },
  why: (m, { vm, space, slot }) =>
    `${slotText({ vm, space, slot })} says it is bound to file ${m.slot(vm, space, slot)!.file}, whose bindings do not say so`,
});

export const boundRangeWithinFile = always({
  name: "bound-range-within-file",
  says: "a slot is bound to pages that the file has: offset + size is at most the file's size",
  source: "kvm_gmem_bind(): offset + size > i_size_read(inode) is refused; the sum was signed until 6.18",
  anytime: true,
  over: everySlot,
  when: hasLiveFile,
  holds: (m, { vm, space, slot }) => {
    const view = m.slot(vm, space, slot)!;
    return view.first + view.npages <= m.fileSize(view.file!);
  },
  why: (m, { vm, space, slot }) => {
    const view = m.slot(vm, space, slot)!;
    return `${slotText({ vm, space, slot })} is bound to ${pagesText(m, view)} of file ${view.file}, which has ${m.fileSize(view.file!)}`;
  },
});

export const slotsDisjoint = always({
  name: "slots-disjoint",
  says: "slots of one address space do not share a guest frame",
  source: "kvm_check_memslot_overlap(), virt/kvm/kvm_main.c",
  anytime: true,
  over: everySlot,
  when: (m, { vm, space, slot }) => m.slot(vm, space, slot) !== null,
  holds: (m, { vm, space, slot }) => overlapping(m, vm, space, slot) === null,
  why: (m, { vm, space, slot }) =>
    `slots ${slot} and ${overlapping(m, vm, space, slot)} of VM ${vm} share a guest frame`,
});

/** A later slot of the same address space that shares a frame with this one. */
function overlapping(m: GuestMemory, vm: VmId, space: SpaceId, slot: SlotId): SlotId | null {
  const own = m.slot(vm, space, slot);
  if (own === null) return null;
  for (const other of m.slots) {
    const view = other > slot ? m.slot(vm, space, other) : null;
    if (view !== null && own.base < view.base + view.npages && view.base < own.base + own.npages)
      return other;
  }
  return null;
}

export const exclusiveFlags = always({
  name: "exclusive-flags",
  says: "a guest_memfd slot is neither read-only nor dirty-logged",
  source: "check_memory_region_flags(), virt/kvm/kvm_main.c; read-only since e563592224e0 (6.8-rc)",
  anytime: true,
  over: everySlot,
  when: (m, { vm, space, slot }) => m.slot(vm, space, slot)?.guestMemfd === true,
  holds: (m, { vm, space, slot }) => {
    const view = m.slot(vm, space, slot)!;
    return !view.readonly && !view.logsDirty;
  },
  why: (m, { vm, space, slot }) =>
    `slot ${slot} of VM ${vm} has a guest_memfd and is ${m.slot(vm, space, slot)!.readonly ? "read-only" : "dirty-logged"}`,
});

export const slotImmutable = step({
  name: "guest-memfd-slot-immutable",
  says: "a live guest_memfd slot keeps its frames, its pages and its file until it is deleted; only the file may go",
  source: "kvm_set_memory_region(): guest_memfd slots are immutable, virt/kvm/kvm_main.c",
  over: everySlot,
  when: (before, _made, { vm, space, slot }) => before.slot(vm, space, slot)?.guestMemfd === true,
  holds: (before, _made, after, { vm, space, slot }) => {
    const old = before.slot(vm, space, slot)!;
    const now = after.slot(vm, space, slot);
    if (now === null) return true;
    const fileKept = now.file === old.file || now.file === null;
    const rangeKept = now.base === old.base && now.npages === old.npages;
    return now.guestMemfd && fileKept && rangeKept && (now.file === null || now.first === old.first);
  },
  why: (before, made, after, { vm, space, slot }) => {
    const old = before.slot(vm, space, slot)!;
    const now = after.slot(vm, space, slot)!;
    const what = !now.guestMemfd
      ? "is no longer a guest_memfd slot"
      : now.base !== old.base
        ? `moved from frame ${old.base} to ${now.base}`
        : now.npages !== old.npages
          ? "changed its size"
          : "changed its file or offset";
    return `${made.call} was accepted and slot ${slot} of VM ${vm} ${what}`;
  },
});

export const bindingPromises = [
  oneBindingPerOffset,
  bindingNamesItsSlot,
  slotIsBound,
  boundRangeWithinFile,
  slotsDisjoint,
  exclusiveFlags,
  slotImmutable,
];
