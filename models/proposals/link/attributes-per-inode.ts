/**
 * Memory attributes of an inode's pages, as in-place conversion has them, on memory that two VMs show.
 *
 * Question: who must invalidate? A page has one type, and a conversion through any file concerns every VM whose slot shows it; in return,
 * a frame without a slot has no type of its own, and counts as shared.
 *
 *     npx gmemcheck check models/proposals/link/attributes-per-inode.ts
 */
import { bool, disabled, variant } from "../../../spec/language.ts";
import { File, Page, type FileId } from "../../../spec/guest-memory.ts";
import { privateUntilConverted, pageHasOneType } from "../../../spec/properties/attributes.ts";
import {
  changing,
  everyVm,
  guestAccess,
  hostAccess,
  invalidating,
  type Change,
  type Concerns,
} from "./calls.ts";
import { link, usedByBoth } from "./link.ts";
import { call, unmapFromHost, writeInvalidateLock, type Typing } from "./state.ts";
import { viewOf } from "./view.ts";

const perInode: Typing = {
  // kvm_gmem_is_private_gfn(): no slot means shared.
  isPrivate: (s, vm, gfn) => s.vms[vm].bound && s.pages[gfn]!.private,
  mayHostMap: (s, _file, page) => !s.pages[page]!.private,
  isShared: (s, page) => !s.pages[page]!.private,
};

export interface OfFile extends Change {
  readonly file: FileId;
  readonly private: boolean;
}

/** KVM_SET_MEMORY_ATTRIBUTES2 of a file, and which VMs it tells. */
export const setMemoryAttributes2 = (concerns: Concerns<OfFile>) =>
  call({
    kernel: "__kvm_gmem_set_attributes(), virt/kvm/guest_memfd.c, linux-next 2026",
    by: "task",
    takes: { file: File, page: Page, private: bool },
    keeps: changing,
    returns: [],
    sections: {
      "take invalidate_lock": {
        takes: writeInvalidateLock,
        run: (s, { file }) => (s.files[file] ? undefined : disabled),
      },
      ...invalidating<OfFile>(concerns, (s, { page, private: wanted }) => {
        if (wanted) unmapFromHost(s, page);
        s.pages[page]!.private = wanted;
      }),
      "drop invalidate_lock": { drops: writeInvalidateLock },
    },
  });

export const attributesPerInode = variant(
  { ...link, promises: [...link.promises, privateUntilConverted, pageHasOneType] },
  {
    name: "attributes-per-inode",
    says: "whether memory is private is an attribute of the inode's page, for every VM and for the host",
    source: "guest_memfd in-place conversion, v8 (Ackerley Tng, 18 June 2026), with linked files",
    calls: { guest_access: guestAccess(perInode), host_access: hostAccess(perInode) },
    adds: { set_memory_attributes2: setMemoryAttributes2(everyVm) },
    view: viewOf(perInode),
    statements: link.statements ?? [],
    knownBreaches: [
      usedByBoth,
      {
        property: "private-until-converted",
        says: "a frame whose slot goes becomes shared, whatever the page is",
        source: "kvm_gmem_is_private_gfn(), linux-next 2026: no slot means shared; by reading",
      },
    ],
    vectors: [
      { bounds: {}, quick: true },
      { bounds: { pages: 2, vcpus: 2 } },
      { bounds: { tasks: 2 }, mode: "overlap", overlap: 2 },
    ],
  },
);
