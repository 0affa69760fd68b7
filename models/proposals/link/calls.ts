/** What the designs of linked files share: slots, faults of guests and of the host, holes. virt/kvm/guest_memfd.c, 6.18, with several files on an inode. */
import { bool, disabled, goTo, positions, retry } from "../../../spec/language.ts";
import { File, Page, Vm, Gfn, Vcpu, type VmId } from "../../../spec/guest-memory.ts";
import { folioLock, kvmLock, mmuLock, slotsLock } from "../../guest-memfd/locks.ts";
import {
  INODE,
  beginInvalidation,
  call,
  fileOf,
  readInvalidateLock,
  unmapFromHost,
  vcpuMutex,
  writeInvalidateLock,
  writeMmuLock,
  type State,
  type Typing,
} from "./state.ts";

/** kvm_vm_ioctl() and kvm_vcpu_ioctl(): no ioctl of a dead VM does anything. */
export const isDead = (s: State, { vm }: { readonly vm: VmId }) =>
  s.vms[vm].dead ? ("EIO" as const) : undefined;

export const bind = call({
  kernel: "kvm_gmem_bind(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { vm: Vm },
  returns: ["EIO", "EBADF", "EEXIST"],
  sections: {
    "look whether the VM is dead": isDead,
    "take slots_lock": { takes: ({ vm }) => slotsLock(vm) },
    "store the binding": {
      under: writeInvalidateLock,
      run: (s, { vm }) => {
        if (!s.files[fileOf(vm)]) return "EBADF";
        if (s.vms[vm].bound) return "EEXIST";
        s.vms[vm].bound = true;
      },
    },
    "drop slots_lock": { drops: ({ vm }) => slotsLock(vm) },
  },
});

export const unbind = call({
  kernel: "kvm_invalidate_memslot(), virt/kvm/kvm_main.c; kvm_gmem_unbind(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { vm: Vm },
  returns: ["EIO", "ENOENT"],
  sections: {
    "look whether the VM is dead": isDead,
    "take slots_lock": { takes: ({ vm }) => slotsLock(vm) },
    "take invalidate_lock": { takes: writeInvalidateLock },
    "zap the slot, erase the binding": {
      under: writeMmuLock,
      run: (s, { vm }) => {
        if (!s.vms[vm].bound) return "ENOENT";
        s.vms[vm].bound = false;
        for (const gfn of positions(s.pages.length)) s.vms[vm].leaves[gfn] = "none";
      },
    },
    "drop the locks": { drops: ({ vm }) => [slotsLock(vm), writeInvalidateLock()] },
  },
});

/** An access whose type the hardware tells. */
export const guestAccess = ({ isPrivate }: Typing) =>
  call({
    kernel:
      "KVM_RUN: kvm_mmu_do_page_fault(), arch/x86/kvm/mmu/mmu.c; kvm_gmem_get_pfn(), virt/kvm/guest_memfd.c",
    by: "vcpu",
    takes: { vm: Vm, vcpu: Vcpu, gfn: Gfn, private: bool },
    returns: ["EIO", "EFAULT memory_fault"],
    sections: {
      "take vcpu->mutex": { takes: ({ vm, vcpu }) => vcpuMutex(vm, vcpu) },
      "look whether the VM is dead": isDead,
      "run the guest": (s, { vm, gfn, private: wanted }) => {
        if (s.vms[vm].leaves[gfn] === (wanted ? "private" : "shared")) return goTo("drop vcpu->mutex");
        if (isPrivate(s, vm, gfn) !== wanted || !s.vms[vm].bound) return "EFAULT memory_fault";
      },
      "find or add the page": {
        under: ({ gfn }) => folioLock(INODE, gfn),
        run: (s, { gfn }) => {
          s.pages[gfn]!.present = true;
        },
      },
      // What mmu_invalidate_seq tells: an invalidation is under way, or was, and took the slot, the page or its type away.
      "install the leaf": {
        under: writeMmuLock,
        run: (s, { vm, gfn, private: wanted }) => {
          const { bound, invalidating, leaves } = s.vms[vm];
          const stale = !bound || !s.pages[gfn]!.present || isPrivate(s, vm, gfn) !== wanted;
          if (stale || invalidating[gfn]! > 0) return retry("run the guest");
          leaves[gfn] = wanted ? "private" : "shared";
        },
      },
      "drop vcpu->mutex": { drops: ({ vm, vcpu }) => vcpuMutex(vm, vcpu) },
    },
  });

export const hostAccess = ({ mayHostMap }: Typing) =>
  call({
    kernel: "kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c",
    by: "task",
    takes: { file: File, page: Page },
    returns: ["SIGBUS BUS_ADRERR"],
    sections: {
      "take invalidate_lock": {
        takes: readInvalidateLock,
        run: (s, { file }) => (s.files[file] ? undefined : disabled),
      },
      "look whether it may": (s, { file, page }) =>
        mayHostMap(s, file, page) ? undefined : "SIGBUS BUS_ADRERR",
      "map the page": {
        under: ({ page }) => folioLock(INODE, page),
        run: (s, { file, page }) => {
          s.pages[page]!.present = true;
          s.pages[page]!.mapped[file] = true;
        },
      },
      "drop invalidate_lock": { drops: readInvalidateLock },
    },
  });

/** A change of a page that is told to the VMs of the inode, one after the other. */
export interface Change {
  readonly page: number;
  of: VmId;
}
export const changing = { of: Vm };

/** Whether a VM is told: of all of them, those whose slot shows the page. */
export type Concerns<C> = (c: C, vm: VmId) => boolean;
export const everyVm = (): boolean => true;

/** kvm_gmem_invalidate_begin(), the change, and kvm_gmem_invalidate_end(), in a call that holds invalidate_lock. */
export function invalidating<C extends Change>(concerns: Concerns<C>, change: (s: State, c: C) => void) {
  const isTold = (s: State, c: C): boolean => s.vms[c.of].bound && concerns(c, c.of);
  const next = (s: State, c: C, label: string) => {
    c.of = ((c.of + 1) % s.vms.length) as VmId;
    return c.of === 0 ? undefined : goTo(label);
  };
  const underMmuLock = ({ of }: C) => mmuLock.write(of);
  return {
    "begin to invalidate the next VM": {
      under: underMmuLock,
      run: (s: State, c: C) => {
        if (isTold(s, c)) beginInvalidation(s, c.of, c.page);
        return next(s, c, "begin to invalidate the next VM");
      },
    },
    "change the page": { under: ({ page }: C) => folioLock(INODE, page), run: change },
    "end it for the next VM": {
      under: underMmuLock,
      run: (s: State, c: C) => {
        if (isTold(s, c)) s.vms[c.of].invalidating[c.page]!--;
        return next(s, c, "end it for the next VM");
      },
    },
  };
}

export const punchHole = call({
  kernel: "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { page: Page },
  keeps: changing,
  returns: [],
  sections: {
    "take invalidate_lock": { takes: writeInvalidateLock },
    ...invalidating<Change>(everyVm, (s, { page }) => {
      unmapFromHost(s, page);
      s.pages[page]!.present = false;
    }),
    "drop invalidate_lock": { drops: writeInvalidateLock },
  },
});

/** KVM_LINK_GUEST_MEMFD */
export const linkGuestMemfd = call({
  kernel: "kvm_gmem_link(), virt/kvm/guest_mem.c, [RFC PATCH 02/11] of August 2023",
  by: "task",
  takes: { vm: Vm },
  returns: ["EEXIST"],
  sections: {
    "make a file on the inode": {
      under: writeInvalidateLock,
      run: (s, { vm }) => {
        if (s.files[fileOf(vm)]) return "EEXIST";
        s.files[fileOf(vm)] = true;
      },
    },
  },
});

/** KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM, as far as it concerns the source: no vCPU of it runs, and none will. */
export const die = call({
  kernel:
    "sev_vm_move_enc_context_from() and kvm_vm_dead(), arch/x86/kvm/svm/sev.c: sev_lock_vcpus_for_migration()",
  by: "task",
  takes: { vm: Vm },
  keeps: { vcpu: Vcpu },
  returns: [],
  sections: {
    "take kvm->lock": { takes: ({ vm }) => kvmLock(vm) },
    "take the next vcpu->mutex": {
      takes: ({ vm, vcpu }) => vcpuMutex(vm, vcpu),
      run: (_s, c, { vcpus }) => {
        if (c.vcpu + 1 === vcpus) return undefined;
        c.vcpu++;
        return goTo("take the next vcpu->mutex");
      },
    },
    "mark it dead, zap what it maps": {
      under: writeMmuLock,
      run: (s, { vm }) => {
        s.vms[vm].dead = true;
        for (const gfn of positions(s.pages.length)) s.vms[vm].leaves[gfn] = "none";
      },
    },
    "drop the locks": {
      drops: ({ vm, vcpu }) => [kvmLock(vm), ...positions(vcpu + 1).map((of) => vcpuMutex(vm, of))],
    },
  },
});
