/**
 * The machine that a run is on: what the kernel was built with and can do, how many of everything there is, and which real
 * pages, bytes and slot ids the model's positions stand for.
 */
import {
  KVM_VM_TYPE_ARM_PROTECTED,
  KVM_X86_DEFAULT_VM,
  KVM_X86_SNP_VM,
  KVM_X86_SW_PROTECTED_VM,
  KVM_X86_TDX_VM,
} from "../../spec/abi/kvm.ts";
import type { Bounds } from "../../spec/language.ts";
import { Axis, pagesFromZero } from "./axis.ts";

export interface Machine {
  /** VM types that KVM_CREATE_VM accepts. */
  readonly vmTypes: readonly number[];
  /** KVM_SET_MEMORY_ATTRIBUTES exists (CONFIG_KVM_GENERIC_MEMORY_ATTRIBUTES). */
  readonly hasMemoryAttributes: boolean;
  /** Address spaces of a VM without private memory: 2 with CONFIG_KVM_SMM. */
  readonly addressSpaces: number;
  /** The vCPUs run on two-dimensional paging (NPT, EPT), not on shadow page tables. */
  readonly tdp: boolean;
  /** A fault maps its neighbours too, if the process has mapped them: so its own page table decides something, and is kept. */
  readonly prefetches: boolean;
  /** The largest slot id that user space may use. */
  readonly maxSlotId: number;
  /** Width of a guest physical address: kvm_mmu_max_gfn(). */
  readonly gpaBits: number;
  readonly gfns: Axis;
  readonly pages: Axis;
  /** The bytes of a page that are told apart, by offset in the page. */
  readonly cells: readonly number[];
  /** Slot ids, by their index in the model. */
  readonly slotIds: readonly number[];
  /** The largest file of an exploration, in pages; its representative sizes end there. */
  readonly filePages: number;
  readonly sizes: Sizes;
}

export interface Sizes {
  readonly vms: number;
  /** Descriptions that a descriptor can refer to: guest_memfd files and memfds first, ordinary memory behind them. */
  readonly files: number;
  readonly describedFiles: number;
  readonly inodes: number;
  readonly pages: number;
  readonly spaces: number;
  readonly slots: number;
  readonly gfns: number;
  readonly vcpus: number;
  /** Mappings of the process: windows on files first, ordinary memory behind them. */
  readonly areas: number;
  readonly windows: number;
  readonly descriptors: number;
  readonly bytes: number;
  readonly cells: number;
  readonly slotPages: number;
  /** The most references of calls in flight to one thing, and invalidations under way. */
  readonly held: number;
  /** The largest values that calls give back. */
  readonly resident: number;
  readonly transferred: number;
  readonly capability: number;
  readonly bitmap: number;
}

/** How many of what a run needs; the rest of the sizes follows. */
export interface Counts {
  readonly vms: number;
  readonly files: number;
  readonly ordinary: number;
  readonly spaces: number;
  readonly slots: number;
  readonly vcpus: number;
  readonly windows: number;
  readonly descriptors: number;
  readonly bytes: number;
  readonly pages: number;
  readonly gfns: number;
  readonly cells: number;
}

export function sizesFrom(n: Counts): Sizes {
  const files = n.files + n.ordinary;
  return {
    vms: n.vms,
    files,
    describedFiles: n.files,
    inodes: files,
    pages: n.pages,
    spaces: n.spaces,
    slots: n.slots,
    gfns: n.gfns,
    vcpus: n.vcpus,
    areas: n.windows + n.ordinary,
    windows: n.windows,
    descriptors: n.descriptors,
    bytes: n.bytes,
    cells: n.cells,
    slotPages: n.spaces * n.slots * n.gfns,
    held: MOST_HELD,
    resident: 1,
    transferred: 16,
    capability: MAX_SLOT_ID + 1,
    bitmap: 2 ** n.gfns - 1,
  };
}

/**
 * References of calls in flight to one thing, and invalidations under way, are counted up to here. Each call in flight has one at most, and the
 * explorations have three calls in flight at most; where a broken design leaks them, the count stays here: what is leaked is leaked.
 */
export const MOST_HELD = 3;

/** The last page that a file offset can name, which is signed: the page at 2^63 - 4096. */
export const FAR_PAGE = (1n << 51n) - 1n;

/** KVM_USER_MEM_SLOTS - 1 on x86: SHRT_MAX less three internal slots. */
export const MAX_SLOT_ID = 32763;

export const VM_TYPES = {
  default: [KVM_X86_DEFAULT_VM],
  sw_protected: [KVM_X86_SW_PROTECTED_VM],
  any: [KVM_X86_DEFAULT_VM, KVM_X86_SW_PROTECTED_VM],
} as const;

/** What the state calls a VM type; SEV and SEV-ES have no private memory in the sense of guest_memfd. */
export function nameOfType(type: number): "default" | "sw_protected" | "snp" | "tdx" | "pkvm" {
  if (type === KVM_X86_SW_PROTECTED_VM) return "sw_protected";
  if (type === KVM_X86_SNP_VM) return "snp";
  if (type === KVM_X86_TDX_VM) return "tdx";
  return type === KVM_VM_TYPE_ARM_PROTECTED ? "pkvm" : "default";
}

export const BOUND_RULES = {
  vms: { says: "VMs", default: 1, most: 8 },
  files: { says: "guest_memfd files", default: 1, most: 8 },
  pages: {
    says: "pages of a file; one behind its end and one at 2^63 - 4096 come on top",
    default: 1,
    most: 64,
  },
  slots: { says: "slots of a VM and address space", default: 1, most: 16 },
  gfns: { says: "guest frames of a VM", default: 1, most: 64 },
  vcpus: { says: "vCPUs of a VM", default: 1, most: 8 },
  tasks: {
    says: "threads that make calls; one at a time in sequential mode, so that they multiply nothing",
    default: 1,
    most: 8,
  },
  maps: { says: "windows of the host on files", default: 1, most: 8 },
  dups: { says: "further descriptors of a file", default: 0, most: 4 },
  bytes: { says: "distinct values that are written, besides 0", default: 1, most: 255 },
  spaces: { says: "slot address spaces of a VM without private memory (2 with SMM)", default: 1, most: 2 },
  paging: {
    says: "how the guest's memory is paged: in hardware, or by shadow page tables",
    default: "tdp",
    values: ["tdp", "shadow"],
  },
  types: { says: "VM types that are created", default: "any", values: Object.keys(VM_TYPES) },
} as const;

/** The machine of an exploration: pages, frames and slot ids from 0 on, one ordinary memory, one byte a page. */
export function machineFor(bounds: Bounds): Machine {
  const n = (name: string): number => Number(bounds[name]);
  const pages = new Axis([...pagesFromZero(n("pages") + 1), FAR_PAGE]);
  const gfns = new Axis(pagesFromZero(n("gfns")));
  const vmTypes = VM_TYPES[bounds["types"] as keyof typeof VM_TYPES];
  return {
    vmTypes,
    hasMemoryAttributes: vmTypes.includes(KVM_X86_SW_PROTECTED_VM as never),
    addressSpaces: n("spaces"),
    tdp: bounds["paging"] === "tdp",
    prefetches: false,
    maxSlotId: MAX_SLOT_ID,
    gpaBits: 52,
    gfns,
    pages,
    cells: [0],
    slotIds: Array.from({ length: n("slots") }, (_, i) => i),
    filePages: n("pages"),
    sizes: sizesFrom({
      vms: n("vms"),
      files: n("files"),
      ordinary: 1,
      spaces: n("spaces"),
      slots: n("slots"),
      vcpus: n("vcpus"),
      windows: n("maps"),
      descriptors: 1 + n("dups"),
      bytes: n("bytes"),
      pages: pages.length,
      gfns: gfns.length,
      cells: 1,
    }),
  };
}

/** The positions at which a range of this many bytes fits; the first one for a size that fits nowhere. */
export function fitting(positions: number, size: bigint): number[] {
  const pages = size <= 4096n ? 1 : Number(size / 4096n);
  return Array.from({ length: Math.max(1, positions - pages + 1) }, (_, i) => i);
}

/** What the indices of a trace stand for, where they are not plain numbers of pages and descriptors. */
export function legend({ pages, filePages, sizes }: Machine): readonly string[] {
  const { files, describedFiles, areas, windows } = sizes;
  const ordinary =
    files > describedFiles
      ? [
          `area ${windows}, files[${describedFiles}], inodes[${describedFiles}]: ordinary memory of the process`,
        ]
      : [];
  const windowText = windows === 1 ? "area 0" : `areas 0 to ${windows - 1}`;
  return [
    ...(areas > windows && windows > 0 ? [`${windowText}: where the host maps files`] : []),
    ...ordinary,
    `page ${filePages}: the page behind the end of the largest file; page ${filePages + 1}: the page at offset 0x${pages.bytes(filePages + 1).toString(16)}`,
  ];
}
