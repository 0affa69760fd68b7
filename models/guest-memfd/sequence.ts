/** mmu_invalidate_seq, include/linux/kvm_host.h: a fault takes a snapshot of it, and starts over where it has moved since. */
import { oneOf, per, type ValueOf } from "../../spec/language.ts";
import { Vcpu, type VcpuId } from "../../spec/guest-memory.ts";

/** What the snapshot of each vCPU is worth. */
export const Snapshots = per(Vcpu, oneOf("none", "current", "old"));

/** Faults in flight find that what they looked at may be out of date. */
export function moveSequence({ snapshots }: { snapshots: ValueOf<typeof Snapshots> }): void {
  for (let id = 0; id < snapshots.length; id++) {
    const vcpu = id as VcpuId;
    if (snapshots[vcpu] === "current") snapshots[vcpu] = "old";
  }
}
