/** What user space does beside the launch: holes, attributes, its source memory, accesses through a mapping of the guest_memfd. */
import { bool, disabled, goTo, upTo } from "../../spec/language.ts";
import { Gfn, Page, Vm } from "../../spec/guest-memory.ts";
import { folioLock, invalidateLock, mmapLock, mmuLock, slotsLock } from "../guest-memfd/locks.ts";
import { INODE, OWNER, beginInvalidation, call, choice, endInvalidation } from "./snp-state.ts";

export const punchHole = call({
  kernel: "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: {
    first: Page,
    npages: choice<number>((m, { first }) => Array.from({ length: m.pages - first }, (_, i) => i + 1)),
  },
  keeps: { page: upTo("pages") },
  returns: [],
  sections: {
    "take invalidate_lock": { takes: () => invalidateLock.write(INODE) },
    "zap what is bound": {
      under: () => mmuLock.write(OWNER),
      run: (s, c) => {
        beginInvalidation(s.vms[OWNER], c.first, c.first + c.npages);
        c.page = c.first;
      },
    },
    "truncate the next page": {
      when: ({ first, npages, page }) => page < first + npages,
      under: ({ page }) => folioLock(INODE, page),
      run: (s, c) => {
        const page = s.pages[c.page++]!;
        page.folio = "absent";
        // sev_gmem_invalidate(), from kvm_gmem_free_folio()
        page.assigned = false;
        return goTo("truncate the next page");
      },
    },
    "end the invalidation": {
      under: () => mmuLock.write(OWNER),
      run: (s, { first, npages }) => endInvalidation(s.vms[OWNER], first, first + npages),
    },
    "drop invalidate_lock": { drops: () => invalidateLock.write(INODE) },
  },
});

export const setMemoryAttributes = call({
  kernel: "kvm_vm_set_mem_attributes(), virt/kvm/kvm_main.c",
  by: "task",
  takes: { vm: Vm, gfn: Gfn, private: bool },
  returns: [],
  sections: {
    "take slots_lock": { takes: ({ vm }) => slotsLock(vm) },
    "look whether anything changes": {
      local: true,
      run: (s, c) => (s.vms[c.vm].private[c.gfn] === c.private ? goTo("drop slots_lock") : undefined),
    },
    "zap the frame": {
      under: ({ vm }) => mmuLock.write(vm),
      run: (s, { vm, gfn }) => beginInvalidation(s.vms[vm], gfn, gfn + 1),
    },
    "store the attribute": (s, c) => {
      s.vms[c.vm].private[c.gfn] = c.private;
    },
    "end the invalidation": {
      under: ({ vm }) => mmuLock.write(vm),
      run: (s, { vm, gfn }) => endInvalidation(s.vms[vm], gfn, gfn + 1),
    },
    "drop slots_lock": { local: true, drops: ({ vm }) => slotsLock(vm) },
  },
});

/** The source memory comes, or goes. */
const mapSource = (kernel: string, mapped: boolean) =>
  call({
    kernel,
    by: "task",
    takes: {},
    returns: [],
    sections: {
      "change the mapping": {
        under: () => mmapLock.write(),
        run: (s) => {
          if (s.sourceMapped === mapped) return disabled;
          s.sourceMapped = mapped;
        },
      },
    },
  });

export const mmap = mapSource("do_mmap() of ordinary memory, mm/mmap.c", true);
export const munmap = mapSource("do_vmi_munmap() of ordinary memory, mm/vma.c", false);

export const hostAccess = call({
  kernel:
    "kvm_gmem_fault_user_mapping(), virt/kvm/guest_memfd.c: a load or store in a mapping of the guest_memfd",
  by: "task",
  takes: { page: Page },
  returns: ["SIGBUS BUS_ADRERR"],
  sections: {
    "take mmap_lock": { takes: () => mmapLock.read() },
    // A VM with private memory cannot have GUEST_MEMFD_FLAG_INIT_SHARED: kvm_arch_supports_gmem_init_shared(), 6.18.
    "look whether the memory is shared": () => "SIGBUS BUS_ADRERR",
  },
});
