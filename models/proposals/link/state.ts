/**
 * One inode with a file for each of several VMs, as KVM_LINK_GUEST_MEMFD would make them. A VM has a slot that shows it all pages of its file, or none;
 * file i belongs to VM i, and frame i shows page i.
 */
import {
  bool,
  callsOf,
  per,
  record,
  tracked,
  mutex,
  oneOf,
  upTo,
  type Bounds,
  type ValueOf,
} from "../../../spec/language.ts";
import { File, Gfn, Page, Vm, type FileId, type InodeId, type VmId } from "../../../spec/guest-memory.ts";
import { invalidateLock, mmuLock } from "../../guest-memfd/locks.ts";

export const state = record({
  vms: per(
    Vm,
    record({
      /** kvm->vm_dead: its vCPUs run no more. */
      dead: bool,
      bound: bool,
      leaves: tracked("mappings", per(Gfn, oneOf("none", "private", "shared"))),
      /** Invalidations under way of a frame; see models/technology/snp-state.ts for what this leaves out. */
      invalidating: per(Gfn, upTo("invalidations")),
      /** KVM_MEMORY_ATTRIBUTE_PRIVATE of a frame, where attributes are the VM's. */
      private: per(Gfn, bool),
    }),
  ),
  /** Whether the file is there. */
  files: per(File, bool),
  pages: per(
    Page,
    record({
      present: bool,
      /** The same of a page, where attributes are the inode's. */
      private: bool,
      /** Through which file the host maps it. */
      mapped: per(File, bool),
    }),
  ),
});
export interface State extends ValueOf<typeof state> {}

export interface Machine {
  readonly vms: number;
  readonly pages: number;
  readonly vcpus: number;
  readonly tasks: number;
}

export const bounds = {
  vms: { says: "VMs, and files of the inode", default: 2, most: 3 },
  pages: { says: "pages of the inode, and frames of each guest", default: 1, most: 2 },
  vcpus: { says: "vCPUs of each VM", default: 1, most: 2 },
  tasks: { says: "threads of the process", default: 1, most: 2 },
} as const;

export const machineFor = (of: Bounds): Machine => ({
  vms: Number(of["vms"]),
  pages: Number(of["pages"]),
  vcpus: Number(of["vcpus"]),
  tasks: Number(of["tasks"]),
});

export const sizesOf = ({ vms, pages, vcpus, tasks }: Machine) => ({
  vms,
  files: vms,
  inodes: 1,
  spaces: 1,
  slots: 1,
  pages,
  gfns: pages,
  vcpus,
  invalidations: tasks,
});

/** The VM for which the inode was made. */
export const FIRST = 0 as VmId;
export const INODE = 0 as InodeId;

export const fileOf = (vm: VmId): FileId => vm as number as FileId;
export const vmOf = (file: FileId): VmId => file as number as VmId;

export const { call, choice } = callsOf<State, Machine>();

export const vcpuMutex = mutex(
  "vcpu->mutex",
  "struct kvm_vcpu, include/linux/kvm_host.h: who runs the vCPU, held over KVM_RUN",
);
export const writeInvalidateLock = () => invalidateLock.write(INODE);
export const readInvalidateLock = () => invalidateLock.read(INODE);
export const writeMmuLock = ({ vm }: { readonly vm: VmId }) => mmuLock.write(vm);

/** Whose attributes there are, and what they say. */
export interface Typing {
  readonly isPrivate: (s: State, vm: VmId, gfn: number) => boolean;
  /** Asked by a fault of the host through a file. */
  readonly mayHostMap: (s: State, file: FileId, page: number) => boolean;
  /** No guest has the page as private memory: what the host's fault is meant to find out. */
  readonly isShared: (s: State, page: number) => boolean;
}

/** Without attributes: all of it is private. */
export const allPrivate: Typing = { isPrivate: () => true, mayHostMap: () => false, isShared: () => false };

/** kvm_mmu_invalidate_begin() and a zap. */
export function beginInvalidation(s: State, vm: VmId, gfn: number): void {
  s.vms[vm].invalidating[gfn]!++;
  s.vms[vm].leaves[gfn] = "none";
}

/** unmap_mapping_pages(), for whoever maps the inode. */
export function unmapFromHost(s: State, page: number): void {
  const { mapped } = s.pages[page]!;
  for (let file = 0; file < mapped.length; file++) mapped[file as FileId] = false;
}
