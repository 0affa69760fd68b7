/**
 * Question: a TDX guest's memory is encrypted with a key of its own (HKID), and only while the key is configured can a page be removed from its
 * S-EPT. Files of guest_memfd outlive the descriptors of VM and vCPUs. What keeps the key until the last page is back?
 *
 * Source: tdx_mmu_release_hkid(), arch/x86/kvm/vmx/tdx.c, from kvm_destroy_vm(); kvm_get_kvm() in __kvm_gmem_create(), virt/kvm/guest_memfd.c.
 */
import {
  bool,
  callsOf,
  design,
  disabled,
  per,
  positions,
  propertiesOf,
  record,
  warnOn,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Page, Vm } from "../../../spec/guest-memory.ts";
import {
  fileLivesWhileReferenced,
  filePinsVm,
  fileSizeConstant,
  vmLivesWhileReferenced,
} from "../../../spec/properties/lifetime.ts";
import { INODE, VM, oneSlot, sizesOfOneSlot } from "../one-slot.ts";
import { ownersContradict, ownershipPromises, type Owning } from "../../../spec/properties/ownership.ts";

const state = record({
  /** Descriptors of the VM, of its vCPU and of its guest_memfd. */
  vmOpen: bool,
  vcpuOpen: bool,
  fileOpen: bool,
  /** struct kvm */
  vmExists: bool,
  /** The HKID is this guest's. */
  key: bool,
  /** Pages of the file, all in the S-EPT. */
  pages: per(Page, bool),
});
interface State extends ValueOf<typeof state> {}
interface Machine {
  readonly pages: number;
}

const { call, choice } = callsOf<State, Machine>();

/** TDH.MEM.PAGE.REMOVE: TDX_BUG_ON where it fails. */
function removePage(s: State, page: number): void {
  warnOn(s.pages[page]! && !s.key, "tdx_sept_remove_private_spte(): TDH.MEM.PAGE.REMOVE without an HKID");
  s.pages[page] = false;
}

/** kvm_put_kvm(); kvm_destroy_vm() releases the key. */
function putVm(s: State): void {
  if (s.vmOpen || s.vcpuOpen || s.fileOpen) return;
  s.vmExists = false;
  s.key = false;
}

/** Closes a descriptor that is open. */
const closing = (kernel: string, which: "vmOpen" | "vcpuOpen") =>
  call({
    kernel,
    by: "task",
    takes: {},
    returns: [],
    sections: {
      "drop the descriptor": (s) => {
        if (!s[which]) return disabled;
        s[which] = false;
      },
      "kvm_put_kvm()": { local: true, run: putVm },
    },
  });

const closeFile = call({
  kernel: "kvm_gmem_release(), kvm_gmem_evict_inode(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: {},
  returns: [],
  sections: {
    "zap what is bound, truncate": (s) => {
      if (!s.fileOpen) return disabled;
      for (const page of positions(s.pages.length)) removePage(s, page);
      s.fileOpen = false;
    },
    "kvm_put_kvm()": { local: true, run: putVm },
  },
});

const punchHole = call({
  kernel: "kvm_gmem_punch_hole(), virt/kvm/guest_memfd.c",
  by: "task",
  takes: { page: Page },
  returns: [],
  sections: {
    "zap the frame, truncate the page": (s, { page }) => {
      if (!s.fileOpen) return disabled;
      removePage(s, page);
    },
  },
});

const guestAccess = call({
  kernel: "tdx_mem_page_aug(), arch/x86/kvm/vmx/tdx.c",
  by: "vcpu",
  takes: { vm: Vm, vcpu: choice<number>(() => [0]), page: Page },
  returns: ["EFAULT memory_fault private"],
  sections: {
    "fault the page in": (s, { page }) => {
      if (!s.vcpuOpen) return disabled;
      if (!s.fileOpen) return "EFAULT memory_fault private";
      s.pages[page] = true;
    },
  },
});

/** The common vocabulary, and behind it the state itself. */
interface View extends Owning {
  readonly state: State;
}

function view(s: State, { pages }: Machine): View {
  const count = (...open: readonly boolean[]): number => open.filter((is) => is).length;
  const common = oneSlot(pages);
  return {
    state: s,
    ...common,
    slot: (...named) => {
      const slot = s.vmExists ? common.slot(...named) : null;
      return slot === null || s.fileOpen ? slot : { ...slot, file: null };
    },
    binding: (...named) => (s.fileOpen ? common.binding(...named) : null),
    vmExists: () => s.vmExists,
    vmReferences: () => count(s.vmOpen, s.vcpuOpen, s.fileOpen),
    fileExists: () => s.fileOpen,
    fileReferences: () => count(s.fileOpen),
    guestMapping: (_vm, gfn) =>
      s.pages[gfn] ? { at: { inode: INODE, page: gfn }, private: true, fromFile: true } : null,
    pageState: (_inode, page) => (s.pages[page] ? "ready" : "absent"),
    hostMaps: () => false,
    hostMayMap: () => false,
    ownerOf: (_inode, page) => (s.pages[page] ? { vm: VM, gfn: page } : null),
  };
}

const { always, sometimes } = propertiesOf<View>();

const keyOutlivesPages = always({
  name: "key-outlives-its-pages",
  says: "a guest has its key for as long as it has a page",
  source: "tdx_mmu_release_hkid(), arch/x86/kvm/vmx/tdx.c: after that, no page can be removed",
  over: { page: Page },
  when: ({ state }, { page }) => state.pages[page]!,
  holds: ({ state }) => state.key,
  why: (_m, { page }) => `page ${page} is in the S-EPT, and the HKID was released`,
});

const fileIsLast = sometimes({
  name: "a-file-is-the-last-of-its-guest",
  says: "a file keeps a guest whose other descriptors are closed, with a page of it",
  source: "__kvm_gmem_create(): kvm_get_kvm(), virt/kvm/guest_memfd.c",
  over: { page: Page },
  holds: ({ state: s }, { page }) => !s.vmOpen && !s.vcpuOpen && s.pages[page]!,
});

export const tdxKey = design({
  name: "tdx-key",
  says: "the key of a guest goes with struct kvm, which a file of guest_memfd keeps",
  source: "tdx_mmu_release_hkid(), arch/x86/kvm/vmx/tdx.c, Linux 6.16",
  bounds: {
    pages: { says: "pages of the file, and frames of the guest", default: 1, most: 2 },
    tasks: { says: "threads of the process", default: 1, most: 1 },
  },
  machine: (bounds: Bounds): Machine => ({ pages: Number(bounds["pages"]) }),
  sizes: ({ pages }) => sizesOfOneSlot(pages),
  state,
  init: (s) => {
    s.vmOpen = s.vcpuOpen = s.fileOpen = s.vmExists = s.key = true;
  },
  calls: {
    close_vm: closing("kvm_vm_release(), virt/kvm/kvm_main.c", "vmOpen"),
    close_vcpu: closing("kvm_vcpu_release(), virt/kvm/kvm_main.c", "vcpuOpen"),
    close: closeFile,
    punch_hole: punchHole,
    guest_access: guestAccess,
  },
  view,
  contradiction: ownersContradict,
  promises: [
    fileSizeConstant,
    filePinsVm,
    vmLivesWhileReferenced,
    fileLivesWhileReferenced,
    ...ownershipPromises,
    keyOutlivesPages,
  ],
  statements: [fileIsLast],
  scenarios: {},
  vectors: [{ bounds: { pages: 2 }, quick: true }],
});
