/** Lifetimes and sizes: what keeps what, and until when. */
import { File, Page, Vm } from "../guest-memory.ts";
import { pageText } from "./words.ts";
import { always, step } from "./declare.ts";

export const fileSizeConstant = step({
  name: "file-size-constant",
  says: "a file keeps its size for life",
  source: "kvm_gmem_setattr() refuses, __kvm_gmem_create() sets it once, virt/kvm/guest_memfd.c",
  over: { file: File },
  when: (before, _made, { file }) => before.fileExists(file),
  holds: (before, _made, after, { file }) =>
    !after.fileExists(file) || before.fileSize(file) === after.fileSize(file),
  why: (before, { call }, after, { file }) =>
    `${call} changed file ${file} from ${before.fileSize(file)} to ${after.fileSize(file)} pages`,
});

export const noPageBeyondSize = always({
  name: "no-page-beyond-size",
  says: "a file has no page at or beyond its size",
  source:
    "kvm_gmem_allocate() refuses, kvm_gmem_bind() bounds what a fault can reach, virt/kvm/guest_memfd.c",
  anytime: true,
  over: { file: File, page: Page },
  when: (m, { file, page }) => m.fileExists(file) && page >= m.fileSize(file),
  holds: (m, { file, page }) => m.pageState(m.fileInode(file), page) === "absent",
  why: (m, { file, page }) => `file ${file} of ${m.fileSize(file)} pages has ${pageText(m, page)}`,
});

export const filePinsVm = always({
  name: "file-pins-its-vm",
  says: "a VM lives as long as a file of it does",
  source: "__kvm_gmem_create(): kvm_get_kvm(); kvm_gmem_release(): kvm_put_kvm(), virt/kvm/guest_memfd.c",
  anytime: true,
  over: { file: File },
  when: (m, { file }) => m.fileExists(file),
  holds: (m, { file }) => m.vmExists(m.fileVm(file)),
  why: (m, { file }) => `file ${file} lives and its VM ${m.fileVm(file)} does not`,
});

export const vmLivesWhileReferenced = always({
  name: "vm-lives-while-referenced",
  says: "a VM goes exactly when its last reference does: descriptor, vCPU or file",
  source: "kvm_put_kvm(), virt/kvm/kvm_main.c",
  over: { vm: Vm },
  needs: ["vmReferences"],
  holds: (m, { vm }) => m.vmExists(vm) === m.vmReferences!(vm) > 0,
  why: (m, { vm }) =>
    `VM ${vm} ${m.vmExists(vm) ? "lives without a reference" : `is gone with ${m.vmReferences!(vm)} references`}`,
});

export const fileLivesWhileReferenced = always({
  name: "file-lives-while-referenced",
  says: "a file goes exactly when its last reference does: descriptor or mapping",
  source: "kvm_gmem_release() runs on the last fput(), virt/kvm/guest_memfd.c",
  over: { file: File },
  needs: ["fileReferences"],
  holds: (m, { file }) => m.fileExists(file) === m.fileReferences!(file) > 0,
  why: (m, { file }) =>
    `file ${file} ${m.fileExists(file) ? "lives without a reference" : `is gone with ${m.fileReferences!(file)} references`}`,
});

export const lifetimePromises = [
  fileSizeConstant,
  noPageBeyondSize,
  filePinsVm,
  vmLivesWhileReferenced,
  fileLivesWhileReferenced,
];
