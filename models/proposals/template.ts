/**
 * Proposal: make a file private or shared after its creation, in place.
 *
 * Question: the host may hold a page without mapping it (a pin: GUP, DMA). Is it enough to unmap the host, or must
 * the call be refused while a pin is held? To ask your own, copy this file and change what you like; then
 *
 *     npx gmemcheck check models/proposals/my-proposal.ts
 */
import { bool, disabled, per, variant, withState, callsOf } from "../../spec/language.ts";
import { Inode, Page } from "../../spec/guest-memory.ts";
import { fileDescriptor } from "../guest-memfd/calls/fallocate.ts";
import { invalidateLock } from "../guest-memfd/locks.ts";
import type { Machine } from "../guest-memfd/machine.ts";
import { unmapFromHost } from "../guest-memfd/page-cache.ts";
import { hasPrivateMemory, openFile, type InodeId, type State } from "../guest-memfd/state.ts";
import { guestMemfd7_3 } from "../guest-memfd/versions.ts";

// The state of 7.3, and which pages the host has pinned.
const base = withState(guestMemfd7_3, { pinned: per(Inode, per(Page, bool)) });
type Pinned = State & { pinned: { [inode in InodeId]: { [page: number]: boolean } } };
const { call } = callsOf<Pinned, Machine>();

export const pin = call({
  kernel: "pin_user_pages(), mm/gup.c",
  by: "task",
  takes: { inode: Inode, page: Page, held: bool },
  returns: [],
  sections: {
    "take or drop the pin": (s, { inode, page, held }) => {
      const mapped = [...s.inodes[inode].pages[page]!.ptes].includes("mapped");
      if (s.pinned[inode][page] === held || (held && !mapped)) return disabled;
      s.pinned[inode][page] = held;
    },
  },
});

export const convert = call({
  kernel: "this proposal",
  by: "task",
  takes: { file: fileDescriptor, shared: bool },
  keeps: { inode: Inode },
  returns: ["EBADF", "EINVAL", "EAGAIN"],
  sections: {
    "find the file": (s, c) => {
      if (openFile(s, c.file) === null) return "EBADF";
      const { vm, inode } = s.files[c.file!];
      if (hasPrivateMemory(s.vms[vm])) return "EINVAL";
      c.inode = inode;
    },
    "take invalidate_lock": { takes: ({ inode }) => invalidateLock.write(inode) },
    "refuse while a page is pinned": (s, { inode, shared }) => {
      for (let page = 0; page < s.inodes[inode].pages.length; page++) {
        if (!shared && s.pinned[inode][page]) return "EAGAIN";
      }
    },
    "unmap the host, flip": (s, { inode, shared }) => {
      for (let page = 0; page < s.inodes[inode].pages.length; page++)
        if (!shared) unmapFromHost(s, inode, page);
      s.inodes[inode].initShared = shared;
    },
    "drop invalidate_lock": { drops: ({ inode }) => invalidateLock.write(inode) },
  },
});

export const template = variant(base, {
  name: "template",
  says: "a file can be made private or shared in place; refused while the host holds a pin",
  source: "the template for proposals; after the in-place conversion series of 2025-26",
  adds: { pin, convert },
  // A pinned page is in the host's hands like a mapped one.
  view: (s, m) => {
    const view = base.view(s, m);
    return { ...view, hostMaps: (inode, page) => view.hostMaps(inode, page) || s.pinned[inode][page]! };
  },
  scenarios: {
    conversion: {
      says: "files that are mapped, accessed, pinned and converted; a pin of a page that leaves the file is another question",
      calls: [
        "create_vm",
        "create_guest_memfd",
        "mmap",
        "munmap",
        "host_read",
        "host_write",
        "pin",
        "convert",
      ],
    },
  },
  vectors: [
    { bounds: {}, scenario: "conversion", quick: true },
    { bounds: { pages: 2 }, scenario: "conversion" },
  ],
});
