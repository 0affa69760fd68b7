/**
 * A memfile of the fd-based series, May 2022: a file whose pages are private memory of guests. Each VM has one slot, which shows at frame i the
 * page i of the memfile where that is private, and of the memory at userspace_addr otherwise.
 *
 * What is asked is what the operations on a memfile mean, not how they race: each is one section, VMs have one vCPU, and nothing is closed.
 */
import {
  bool,
  callsOf,
  maybe,
  oneOf,
  per,
  record,
  warnOn,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { Gfn, Page, Vm, type InodeId, type VmId } from "../../../spec/guest-memory.ts";

const PageState = record(
  {
    /** In the page cache of the memfile. */
    present: bool,
    /** `early`: written before the file was bound. `image`: by the host since. `secret`: by a guest, privately. */
    holds: oneOf("zero", "early", "image", "secret"),
    /** Allocated while nobody knew that the memory must not be moved or reclaimed. */
    movable: bool,
    /** The VM that has it as private memory: in the TDX module's words its TD, in SEV's its key. */
    owner: maybe(Vm),
    /** In a page table of the host. */
    hostMaps: bool,
  },
  {
    holds: ({ present }) => !present,
    movable: ({ present }) => !present,
    owner: ({ present }) => !present,
  },
);

const VmState = record({
  /** Its slot has the memfile: KVM_MEM_PRIVATE. */
  bound: bool,
  /** KVM_TDX_FINALIZE_VM, KVM_SEV_LAUNCH_FINISH: its vCPU may run. */
  launched: bool,
  /** Of two tables, or of the two kinds of leaf of the only one. */
  leaves: per(Gfn, record({ private: bool, shared: bool })),
  /** No kernel state: a private access went to shared memory, where the memfile has a page. */
  strayed: bool,
});

export const state = record({
  /** What the memfile may be used for: `bound` until its initial contents are there, `private` from then on. */
  phase: oneOf("unbound", "bound", "private"),
  pages: per(Page, PageState),
  vms: per(Vm, VmState),
});
export interface State extends ValueOf<typeof state> {}

/** What tells the technologies apart. All VMs of a host are of one. */
interface Technology {
  /** The image is encrypted or donated where it lies; otherwise it is copied to a page that comes into the guest with it. */
  readonly imageInPlace: boolean;
  /** Private and shared frames have page tables of their own. */
  readonly twoTables: boolean;
  /** Something below the kernel refuses to give a page to a second guest. */
  readonly refusesSecondOwner: boolean;
  /** A page is to keep its bytes when it is shared or made private again. */
  readonly keepsBytes: boolean;
}
const technologies: Readonly<Record<string, Technology>> = {
  // TDH.MEM.PAGE.ADD; secure EPT and shared EPT; PAMT.
  tdx: { imageInPlace: false, twoTables: true, refusesSecondOwner: true, keepsBytes: false },
  // LAUNCH_UPDATE_DATA; one NPT; no RMP before SNP.
  sev: { imageInPlace: true, twoTables: false, refusesSecondOwner: false, keepsBytes: false },
  // One stage 2 for a guest, and pages that are donated to it by the hypervisor.
  pkvm: { imageInPlace: true, twoTables: false, refusesSecondOwner: true, keepsBytes: true },
};

export interface Machine extends Technology {
  readonly vms: number;
  readonly pages: number;
}

export const bounds = {
  vms: { says: "VMs", default: 1, most: 2 },
  pages: { says: "pages of the memfile, and frames of each guest", default: 1, most: 2 },
  technology: { says: "what protects the guests", default: "tdx", values: ["tdx", "sev", "pkvm"] },
} as const;

export const machineFor = (of: Bounds): Machine => ({
  vms: Number(of["vms"]),
  pages: Number(of["pages"]),
  ...technologies[String(of["technology"])]!,
});

export const sizesOf = ({ vms, pages }: Machine) => ({
  vms,
  files: 1,
  inodes: 2,
  spaces: 1,
  // The second one is for a design with slots of two kinds.
  slots: 2,
  pages,
  gfns: pages,
});

export const { call, choice } = callsOf<State, Machine>();

/** The memfile, and the memory at userspace_addr. */
export const MEMFILE = 0 as InodeId;
export const USER_MEMORY = 1 as InodeId;

/** Whether user space may touch pages of the memfile. */
export type Access = (s: State, m: Machine) => boolean;

/** The memfile_notifier callbacks of KVM: leaves of one kind go, in every guest. */
export function zap(s: State, page: number, kind: "private" | "shared"): void {
  for (const vm of s.vms) vm.leaves[page]![kind] = false;
}

/** shmem_get_folio(): the page is in the memfile afterwards. */
export function getPage(s: State, page: number): void {
  const at = s.pages[page]!;
  if (at.present) return;
  at.present = true;
  at.holds = "zero";
  at.movable = s.phase === "unbound";
  at.owner = null;
}

/** A page comes into the memfile: fallocate(), or the first touch by whoever may. */
export function allocate(s: State, page: number): void {
  getPage(s, page);
  // memfile_notifier_ops.populate: the private page hides the shared one.
  zap(s, page, "shared");
}

/** A hole: the private leaves go first, and the host's mappings with the page. */
export function punchHole(s: State, page: number): void {
  // memfile_notifier_ops.invalidate
  zap(s, page, "private");
  s.pages[page]!.present = false;
  s.pages[page]!.hostMaps = false;
}

/** Gives the page to the guest. The hardware, or the hypervisor, may refuse what the kernel has not: it has no error for that. */
export function assign(s: State, page: number, vm: VmId, { refusesSecondOwner }: Machine): void {
  const at = s.pages[page]!;
  const another = at.owner !== null && at.owner !== vm;
  warnOn(refusesSecondOwner && another, `page ${page} is refused to VM ${vm}: it is another guest's`);
  at.owner = vm;
}
