/** What a kernel must have for a program to be about it: a step that is expected to go well says what it takes. */
import {
  KVM_CAP_GUEST_MEMFD,
  KVM_CAP_GUEST_MEMFD_FLAGS,
  KVM_CAP_MEMORY_ATTRIBUTES,
  KVM_CAP_MULTI_ADDRESS_SPACE,
  KVM_CAP_PRE_FAULT_MEMORY,
  KVM_CAP_USER_MEMORY2,
  KVM_CAP_VM_TYPES,
  KVM_MEM_GUEST_MEMFD,
} from "../../spec/abi/kvm.ts";
import type { RecordedStep } from "../../spec/recording.ts";
import { ATTRIBUTES, CAPABILITIES, FILE_FLAGS, VM_TYPES } from "./names.ts";
import { madeBy, numberOf, succeeds } from "./operation.ts";
import { flagsText, nameText } from "./text.ts";

/** A capability of VMs of a type, or, without one, of the system. */
export interface Need {
  readonly vmType?: string;
  readonly cap: string;
  /** What the kernel has to answer: a number from here on, or all of these bits. */
  readonly least?: number;
  readonly bits?: string;
}

const nameOf = (cap: number): string => nameText(BigInt(cap), CAPABILITIES);

/** In the order in which the steps have them, each once. */
export function needsOf(steps: readonly RecordedStep[]): Need[] {
  const types = new Map<string, string>();
  const needs = new Map<string, Need>();
  for (const step of steps) {
    if (!succeeds(step)) continue;
    if (step.op === "create_vm") types.set(madeBy(step)!, nameText(numberOf(step["type"]), VM_TYPES));
    for (const need of needsOfStep(step, types.get(String(step["vm"]))))
      needs.set(JSON.stringify(need), need);
  }
  return [...needs.values()];
}

function needsOfStep(step: RecordedStep, vmType = "KVM_X86_DEFAULT_VM"): Need[] {
  switch (step.op) {
    case "create_vm":
      return vmType === "KVM_X86_DEFAULT_VM"
        ? []
        : [{ cap: nameOf(KVM_CAP_VM_TYPES), bits: `1 << ${vmType}` }];
    case "create_guest_memfd": {
      const flags = flagsText(numberOf(step["flags"]), FILE_FLAGS);
      const memfd = { cap: nameOf(KVM_CAP_GUEST_MEMFD), least: 1 };
      return flags === "0"
        ? [memfd]
        : [memfd, { vmType, cap: nameOf(KVM_CAP_GUEST_MEMFD_FLAGS), bits: flags }];
    }
    case "set_user_memory_region2": {
      const spaces = [{ cap: nameOf(KVM_CAP_USER_MEMORY2), least: 1 }, ...needsOfSpace(step, vmType)];
      // 6.8 to 6.17 make files for VMs that cannot bind them.
      const binds = (numberOf(step["flags"]) & KVM_MEM_GUEST_MEMFD) !== 0n;
      return binds ? [{ vmType, cap: nameOf(KVM_CAP_GUEST_MEMFD), least: 1 }, ...spaces] : spaces;
    }
    case "set_user_memory_region":
      return needsOfSpace(step, vmType);
    case "set_memory_attributes": {
      const bits = flagsText(numberOf(step["attributes"]), ATTRIBUTES);
      const cap = nameOf(KVM_CAP_MEMORY_ATTRIBUTES);
      return [bits === "0" ? { cap, least: 1 } : { vmType, cap, bits }];
    }
    case "pre_fault_memory":
      return [{ cap: nameOf(KVM_CAP_PRE_FAULT_MEMORY), least: 1 }];
    default:
      return [];
  }
}

function needsOfSpace(step: RecordedStep, vmType: string): Need[] {
  const space = Number(step["as_id"]);
  return space === 0 ? [] : [{ vmType, cap: nameOf(KVM_CAP_MULTI_ADDRESS_SPACE), least: space + 1 }];
}
