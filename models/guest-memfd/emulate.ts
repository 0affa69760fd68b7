/**
 * Emulation of an access that found no memory: kvm_vcpu_read_guest_page() and emulator_write_phys(), arch/x86/kvm/x86.c. The emulator looks the
 * slot up again; one that has come meanwhile is reached through its userspace_addr, whatever it shows its guest.
 */
import type { Step } from "../../spec/language.ts";
import { getUserPage, type GuestFault } from "./guest-fault.ts";
import type { Machine } from "./machine.ts";
import { NORMAL, slotAt } from "./slots.ts";
import type { State } from "./state.ts";

export const emulate =
  <C extends GuestFault, V>(access: (s: State, c: C, m: Machine) => V) =>
  (s: State, c: C, m: Machine): Step<"mmio", never> | V => {
    const vm = s.vms[c.vm!];
    c.slot = slotAt(vm, c.gfn);
    if (c.slot === null || vm.slots[NORMAL][c.slot]!.phase === "invalid") return "mmio";
    // What cannot be reached that way is emulated as MMIO.
    if (getUserPage(s, c, m) !== undefined) return "mmio";
    if (vm.slots[NORMAL][c.slot]!.gmemOnly) vm.strayed = true;
    c.private = false;
    return access(s, c, m);
  };
