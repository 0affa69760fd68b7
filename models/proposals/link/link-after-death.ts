/**
 * The rule that KVM_LINK_GUEST_MEMFD would have needed: a file is made for another VM when no VM with a file on the inode can run any more.
 *
 * Question: when is the old VM dead enough? Its vCPUs have to be out of KVM_RUN, and kept out, before what it maps is taken away.
 *
 *     npx gmemcheck check models/proposals/link/link-after-death.ts
 */
import { change, ids, variant } from "../../../spec/language.ts";
import { link } from "./link.ts";
import { fileOf, writeInvalidateLock } from "./state.ts";

export const linkAfterDeath = variant(link, {
  name: "link-after-death",
  says: "a file can be made for another VM on the inode of a file when all VMs that have one are dead",
  source:
    "not posted; what Sean Christopherson asks of a handoff on [RFC PATCH v11 12/29], 21 August 2023, and what sev_vm_move_enc_context_from() does",
  calls: {
    link_guest_memfd: change(link.calls.link_guest_memfd, {
      returns: ["EBUSY"],
      sections: {
        "make a file on the inode": {
          under: writeInvalidateLock,
          run: (s, { vm }) => {
            if (s.files[fileOf(vm)]) return "EEXIST";
            if (ids(s.vms).some((of) => s.files[fileOf(of)] && !s.vms[of].dead)) return "EBUSY";
            s.files[fileOf(vm)] = true;
          },
        },
      },
    }),
  },
  statements: link.statements ?? [],
  scenarios: {
    handoff: {
      says: "the memory of a VM goes on to another one, while both access it",
      given: [{ call: "bind", params: { vm: 0 } }],
      calls: ["move_from", "link_guest_memfd", "bind", "guest_access"],
      only: { guest_access: { private: (wanted: boolean) => wanted } },
    },
  },
  vectors: [
    { bounds: {}, quick: true },
    { bounds: { vms: 3 } },
    { bounds: { pages: 2, vcpus: 2 } },
    { bounds: { tasks: 2 }, mode: "overlap", overlap: 2 },
  ],
});
