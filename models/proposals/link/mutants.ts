/** What has to be so for memory to be passed on, and for a page to have one type, left out one at a time. */
import { change } from "../../../spec/language.ts";
import { kvmLock } from "../../guest-memfd/locks.ts";
import { mutant } from "../../mutants/mutant.ts";
import { attributesPerInode, setMemoryAttributes2 } from "./attributes-per-inode.ts";
import { linkAfterDeath } from "./link-after-death.ts";
import { vmOf } from "./state.ts";

export const linkMutants = [
  mutant(linkAfterDeath, {
    name: "death-without-vcpus",
    bug: "H11",
    says: "the old VM is marked dead while its vCPUs run: a fault of theirs maps a page when the new VM has it",
    source:
      "Sean Christopherson on [RFC PATCH v11 12/29], 21 August 2023: the handoff needs stronger guarantees about when it can happen; sev_lock_vcpus_for_migration() gives them",
    killedBy: "page-in-one-guest",
    calls: {
      move_from: change(linkAfterDeath.calls.move_from, {
        without: ["take the next vcpu->mutex"],
        sections: { "drop the locks": { drops: ({ vm }) => kvmLock(vm) } },
      }),
    },
    vectors: [{ bounds: {}, scenario: "handoff", mode: "overlap", overlap: 2, quick: true }],
  }),
  mutant(attributesPerInode, {
    name: "conversion-tells-one-file",
    bug: "seeded",
    says: "a conversion invalidates what the VM of its file maps, and not what others do",
    source:
      "kvm_gmem_invalidate_begin() goes through all files of the inode, virt/kvm/guest_memfd.c, 6.8: what this is for",
    killedBy: "mapping-agrees-with-attribute",
    calls: { set_memory_attributes2: setMemoryAttributes2(({ file }, vm) => vmOf(file) === vm) },
    vectors: [{ bounds: {}, quick: true }],
  }),
];
