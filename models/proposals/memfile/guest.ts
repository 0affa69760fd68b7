/** The guest: its launch, and its accesses. Whether a frame is private is what the memfile says: it is where the file has a page. */
import { bool, disabled } from "../../../spec/language.ts";
import { Gfn, Vm, type VmId } from "../../../spec/guest-memory.ts";
import { assign, call, choice, type Machine, type State } from "./state.ts";

export const launch = call({
  kernel: "KVM_TDX_FINALIZE_VM, arch/x86/kvm/vmx/tdx.c; KVM_SEV_LAUNCH_FINISH, arch/x86/kvm/svm/sev.c",
  by: "task",
  takes: { vm: Vm },
  returns: ["EINVAL"],
  sections: {
    "let the vCPU run": (s, { vm }) => {
      if (!s.vms[vm].bound || s.vms[vm].launched) return "EINVAL";
      s.vms[vm].launched = true;
    },
  },
});

interface Touch {
  readonly vm: VmId;
  readonly gfn: number;
  readonly private: boolean;
  readonly write: boolean;
}

/** The page table that serves the access, if one does: with one table, whatever is in it. */
function servedBy(s: State, { vm, gfn, private: isPrivate }: Touch, m: Machine): "private" | "shared" | null {
  const leaf = s.vms[vm].leaves[gfn]!;
  const own = isPrivate ? "private" : "shared";
  if (leaf[own]) return own;
  const other = isPrivate ? "shared" : "private";
  return !m.twoTables && leaf[other] ? other : null;
}

function touch(s: State, c: Touch, m: Machine): 0 | undefined | typeof disabled {
  const { vm, gfn, private: isPrivate, write } = c;
  if (!s.vms[vm].launched) return disabled;
  const served = servedBy(s, c, m);
  if (served === null) return undefined;
  const at = s.pages[gfn]!;
  if (isPrivate && at.present) {
    if (served === "shared") s.vms[vm].strayed = true;
    else if (write) at.holds = "secret";
  }
  return 0;
}

/** Whether an access finds memory of its kind at the frame. */
type Finds = (s: State, c: Touch) => boolean;

/** kvm_faultin_pfn(), v5: a private page of the memfile goes first. */
const privatePageFirst: Finds = (s, { gfn, private: isPrivate }) => s.pages[gfn]!.present === isPrivate;

export const accessesWhere = (finds: Finds) =>
  call({
    kernel: "kvm_faultin_pfn(), arch/x86/kvm/mmu/mmu.c, v5: KVM_RUN of a guest that touches a frame",
    by: "vcpu",
    takes: {
      vm: Vm,
      gfn: Gfn,
      private: bool,
      // What is written to shared memory is not the question.
      write: choice<boolean>((_m, { private: isPrivate }) => (isPrivate ? [false, true] : [false])),
    },
    // KVM_EXIT_MEMORY_ERROR in v5: user space is to convert the frame.
    returns: ["EFAULT memory_fault"],
    sections: {
      "fault until the access goes through": (s, c, m) => {
        const outcome = touch(s, c, m);
        if (outcome !== undefined) return outcome;
        if (!finds(s, c)) return "EFAULT memory_fault";
        if (c.private) assign(s, c.gfn, c.vm, m);
        installLeaf(s, c);
        return touch(s, c, m);
      },
    },
  });

function installLeaf(s: State, { vm, gfn, private: isPrivate }: Touch): void {
  s.vms[vm].leaves[gfn]![isPrivate ? "private" : "shared"] = true;
}

export const guestAccess = accessesWhere(privatePageFirst);
