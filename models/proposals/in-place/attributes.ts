/**
 * Attributes by page, on the inode: `attributes` of struct gmem_inode, virt/kvm/guest_memfd.c. What a kernel without VMs that have private
 * memory does (gmem_in_place_conversion is false there) is what 7.3 does.
 */
import { bool, callsOf, per, upTo, withState, type ValueOf } from "../../../spec/language.ts";
import type { Call } from "../../../spec/language/call.ts";
import { Inode, Page } from "../../../spec/guest-memory.ts";
import type { MayMap } from "../../guest-memfd/host-fault.ts";
import { fileReferences, freeFile, putVm } from "../../guest-memfd/lifetime.ts";
import type { Machine } from "../../guest-memfd/machine.ts";
import type { Releasing } from "../../guest-memfd/release.ts";
import { NORMAL, slotAt } from "../../guest-memfd/slots.ts";
import type { InodeId, SlotState, VmId } from "../../guest-memfd/state.ts";
import { guestMemfd7_3 } from "../../guest-memfd/versions.ts";

export const SOURCE =
  "guest_memfd in-place conversion, v8 (Ackerley Tng, 18 June 2026), as in linux-next of September 2026";

export const base = withState(guestMemfd7_3, {
  /** Whether a page is private (KVM_MEMORY_ATTRIBUTE_PRIVATE); of every page of the file, there or not. */
  attributes: per(Inode, per(Page, bool)),
  /** References to a folio beyond those of the page cache and of mappings: of the host's faults in flight. */
  references: per(Inode, per(Page, upTo("held"))),
  /** No kernel state: a hole that is being punched has taken the page, for a statement. */
  punched: per(Inode, per(Page, bool)),
});
export interface InPlace extends ValueOf<typeof base.state> {}

export const { call, choice } = callsOf(base);

type OnInPlace<T> =
  T extends Call<never, infer M, infer C, infer R, infer V, infer L> ? Call<InPlace, M, C, R, V, L> : never;
type Calls = typeof base.calls;
/** The calls of 7.3, whose sections may be replaced by ones that see the attributes. */
export const calls: { readonly [K in keyof Calls]: OnInPlace<Calls[K]> } = base.calls;

/** gmem_in_place_conversion: on by default where there are VMs with private memory, and never elsewhere. */
export const convertsInPlace = (m: Machine): boolean => m.hasMemoryAttributes;

/** kvm_gmem_init_inode(): all pages alike, shared with GUEST_MEMFD_FLAG_INIT_SHARED. */
export function initAttributes(s: InPlace, inode: InodeId): void {
  const { size, initShared } = s.inodes[inode];
  for (let page = 0; page < size; page++) s.attributes[inode][page] = !initShared;
}

/** kvm_gmem_is_shared_mem(): what the host's fault asks of the page. */
export const isShared: MayMap<InPlace> = (_inode, s, { inode, page }) => !s.attributes[inode][page]!;

/** A page of a slot's file. Without a file, or with one that is dying and cannot be referenced, a frame is shared. */
export function isPrivateInSlot(s: InPlace, m: Machine, slot: SlotState | null, gfn: number): boolean {
  if (!convertsInPlace(m) || slot === null || slot.file === null) return false;
  if (fileReferences(s, slot.file) === 0) return false;
  return s.attributes[s.files[slot.file].inode][slot.first + gfn - slot.base]!;
}

/** kvm_gmem_is_private_gfn(): looks the slot up. The copy that says KVM_MEMSLOT_INVALID has no file. */
export function isPrivateGfn(s: InPlace, m: Machine, vm: VmId, gfn: number): boolean {
  const id = slotAt(s.vms[vm], gfn);
  const slot = id === null ? null : s.vms[vm].slots[NORMAL][id];
  return slot?.phase !== "invalid" && isPrivateInSlot(s, m, slot, gfn);
}

/** kvm_gmem_has_outstanding_references(): memory_failure() keeps its reference to a page that it poisons, mm/memory-failure.c. */
export function hasReferences(s: InPlace, inode: InodeId, page: number): boolean {
  const { folio, ptes } = s.inodes[inode].pages[page]!;
  if (folio === "absent") return false;
  return folio === "poisoned" || [...ptes].includes("mapped") || s.references[inode][page]! > 0;
}

/** kvm_gmem_destroy_inode(): closing section of every call that can release a file. */
export const releaseInode = {
  "release: free the file": {
    when: ({ releases }: Releasing) => releases,
    run: (s: InPlace, { last, ofVm, ofInode }: Releasing): void => {
      freeFile(s, last);
      if (s.inodes[ofInode].kind === "none") {
        for (let page = 0; page < s.attributes[ofInode].length; page++) s.attributes[ofInode][page] = false;
      }
      putVm(s, ofVm);
    },
  },
} as const;
