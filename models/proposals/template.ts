/**
 * Proposal: make a file private or shared after its creation, in place.
 *
 * Question: the host may hold a page without mapping it (a pin: GUP, DMA). Is it enough to unmap the host, or must
 * the call be refused while a pin is held? It is refused here, and every promise holds; forgotten-pin.ts leaves the refusal out, and `check` prints
 * the calls after which the host has a private page. To ask your own question, copy this file and change what you like; then
 *
 *     npx gmemcheck check models/proposals/my-proposal.ts
 */
import { bool, callsOf, disabled, per, positions, variant, withState } from "../../spec/language.ts";
import { Inode, Page } from "../../spec/guest-memory.ts";
import { fileDescriptor } from "../guest-memfd/calls/fallocate.ts";
import { invalidateLock } from "../guest-memfd/locks.ts";
import { unmapFromHost } from "../guest-memfd/page-cache.ts";
import { hasPrivateMemory, openFile } from "../guest-memfd/state.ts";
import { guestMemfd7_3 } from "../guest-memfd/versions.ts";

// The state of 7.3, and which pages the host has pinned.
const base = withState(guestMemfd7_3, { pinned: per(Inode, per(Page, bool)) });
const { call } = callsOf(base);

const pin = call({
  kernel: "pin_user_pages(), mm/gup.c",
  by: "task",
  takes: { inode: Inode, page: Page, held: bool },
  returns: [],
  sections: {
    "take or drop the pin": (s, { inode, page, held }) => {
      if (held && ![...s.inodes[inode].pages[page]!.ptes].includes("mapped")) return disabled;
      s.pinned[inode][page] = held;
    },
  },
});

const convert = call({
  kernel: "this proposal",
  by: "task",
  takes: { file: fileDescriptor, shared: bool },
  keeps: { inode: Inode },
  returns: ["EBADF", "EINVAL", "EAGAIN"],
  sections: {
    "find the file": (s, c) => {
      if (openFile(s, c.file) === null) return "EBADF";
      if (hasPrivateMemory(s.vms[s.files[c.file!].vm])) return "EINVAL";
      c.inode = s.files[c.file!].inode;
    },
    "take invalidate_lock": { takes: ({ inode }) => invalidateLock.write(inode) },
    "refuse a pin": (s, c) => (!c.shared && [...s.pinned[c.inode]].includes(true) ? "EAGAIN" : undefined),
    "unmap the host, flip": (s, { inode, shared }) => {
      for (const page of shared ? [] : positions(s.inodes[inode].size)) unmapFromHost(s, inode, page);
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
  view: (s, m) => ({
    ...base.view(s, m),
    hostMaps: (inode, page) => s.pinned[inode][page]! || base.view(s, m).hostMaps(inode, page),
  }),
  scenarios: {
    conversion: {
      says: "files that are mapped, read, pinned and converted; a pin of a page that leaves the file is another question",
      calls: ["create_vm", "create_guest_memfd", "mmap", "munmap", "host_read", "pin", "convert"],
    },
  },
  vectors: [{ bounds: { pages: 2 }, scenario: "conversion", quick: true }],
});
