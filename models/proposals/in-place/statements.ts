/** What users of in-place conversion must know. */
import { isFailure, propertiesOf } from "../../../spec/language.ts";
import type { Made } from "../../../spec/language/property.ts";
import { File, Inode, Page } from "../../../spec/guest-memory.ts";
import { KVM_MEMORY_ATTRIBUTE_PRIVATE } from "../../../spec/abi/kvm.ts";
import { NORMAL, slotAt } from "../../guest-memfd/slots.ts";
import { hasPrivateMemory, type FileId, type VmId } from "../../guest-memfd/state.ts";
import { everyVersion, since6_18 } from "../../guest-memfd/statements.ts";
import type { KvmView } from "../../guest-memfd/view.ts";
import { SOURCE, convertsInPlace, type InPlace } from "./attributes.ts";

const { always, sometimes, step } = propertiesOf<KvmView>();

const inPlace = (m: KvmView): InPlace => m.state as InPlace;
const converts = ({ call, result }: Made): boolean => call === "set_memory_attributes2" && !isFailure(result);

/** The pages that a conversion names. */
function range({ machine }: KvmView, { params }: Made): { readonly first: number; readonly end: number } {
  const { offset, size } = params as { readonly offset: bigint; readonly size: bigint };
  return { first: machine.pages.border(offset), end: machine.pages.border(offset + size) };
}

/** Between calls the host holds no page but by a mapping, which the conversion takes; the poisoned ones are what is left. */
export const refusedOnlyWhileHeld = step({
  name: "refused-only-while-held",
  says: "between calls only a poisoned page makes a conversion end with EAGAIN, and error_offset is the first one; a hole gets rid of it",
  source: `kvm_gmem_has_outstanding_references(), ${SOURCE}; memory_failure() keeps its reference, mm/memory-failure.c`,
  over: {},
  asksResults: true,
  when: (_before, { call, result }) =>
    call === "set_memory_attributes2" && String(result).startsWith("EAGAIN"),
  holds: (before, made) => {
    const { first, end } = range(before, made);
    const { pages } = before.state.inodes[before.fileInode(made.params["file"] as FileId)];
    const held = [...pages].findIndex(({ folio }, page) => page >= first && folio === "poisoned");
    return (
      held >= first &&
      held < end &&
      made.result === (held === first ? "EAGAIN at offset" : "EAGAIN behind offset")
    );
  },
  why: (_before, { result }) => `it ended with ${String(result)}`,
});

const refusesThePoisoned = step({
  name: "a-poisoned-page-stays-shared",
  says: "a shared page that is poisoned cannot be made private",
  source: refusedOnlyWhileHeld.source,
  over: { file: File, page: Page },
  when: (before, made, { file, page }) => {
    const { first, end } =
      made.call === "set_memory_attributes2" ? range(before, made) : { first: 0, end: 0 };
    const inode = before.fileInode(file);
    const asked = made.params["file"] === file && made.params["attributes"] === KVM_MEMORY_ATTRIBUTE_PRIVATE;
    return asked && page >= first && page < end && before.pageState(inode, page) === "poisoned";
  },
  holds: (before, _made, after, { file, page }) => {
    const inode = before.fileInode(file);
    return before.hostMayMapPage!(inode, page) === after.hostMayMapPage!(inode, page);
  },
});

export const contentsStay = step({
  name: "contents-stay-over-a-conversion",
  says: "a conversion changes no byte, and brings no page and takes none: what was written on one side is read on the other",
  source: `KVM_X86_SW_PROTECTED_VM, ${SOURCE}; SNP and TDX promise nothing about the bytes`,
  over: { inode: Inode, page: Page },
  when: (before, made, { inode, page }) => converts(made) && before.pageState(inode, page) !== "absent",
  holds: (before, _made, after, { inode, page }) => {
    const [old, now] = [before.state.inodes[inode].pages[page]!, after.state.inodes[inode].pages[page]!];
    return (
      old.folio === now.folio && [...old.contents].every(({ value }, i) => value === now.contents[i]!.value)
    );
  },
  why: (_before, _made, _after, { page }) => `page ${page} is not what it was before its conversion`,
});

const attributesStay = step({
  name: "attributes-stay-until-converted",
  says: "nothing but a conversion changes whether a page is private: no hole, no deletion of a slot, no other slot on it",
  source: `the attributes are of the inode, kvm_gmem_init_inode() and __kvm_gmem_set_attributes(), ${SOURCE}`,
  over: { file: File, page: Page },
  when: (before, made, { file }) => before.fileExists(file) && made.call !== "set_memory_attributes2",
  holds: (before, _made, after, { file, page }) => {
    const inode = before.fileInode(file);
    return (
      !after.fileExists(file) || before.hostMayMapPage!(inode, page) === after.hostMayMapPage!(inode, page)
    );
  },
});

const isGuestAccess = ({ call }: Made): boolean => call === "guest_read" || call === "guest_write";

/** A guest's access, by a vCPU that runs. */
function accessOf(
  m: KvmView,
  { call, params, result }: Made,
): { readonly vm: VmId; readonly gfn: number } | null {
  if (!isGuestAccess({ call } as Made) || result === "EBADF") return null;
  return { vm: params["vm"] as VmId, gfn: m.machine.gfns.at(params["gpa"] as bigint) };
}

/** H8: until 7.3 the attribute of the frame stayed, and the access exited with KVM_EXIT_MEMORY_FAULT. */
const deletedMeansMmio = step({
  name: "without-a-slot-all-is-mmio",
  says: "an access where no slot is ends as MMIO, also where memory was private: a deletion under a guest looks to it like a device",
  source: `kvm_gmem_is_private_gfn(): no slot means shared, ${SOURCE}; in 7.3 the attribute is of the frame and stays`,
  over: {},
  asksResults: true,
  when: (before, made) => {
    const at = accessOf(before, made);
    return (
      at !== null &&
      slotAt(before.state.vms[at.vm], at.gfn) === null &&
      before.guestMapping(at.vm, at.gfn) === null
    );
  },
  holds: (_before, { result }) => result === "mmio",
  why: (_before, { result }) => `it ended with ${String(result)}`,
});

/** By reading: the comparison asks kvm_gmem_is_private_gfn() of every VM, and only VMs with private memory can convert. */
const ordinaryVmsNeedInitShared = step({
  name: "ordinary-vms-need-init-shared",
  says: "a VM without private memory cannot use a file without GUEST_MEMFD_FLAG_INIT_SHARED: every access ends with KVM_EXIT_MEMORY_FAULT, and nothing converts the file",
  source: `kvm_gmem_get_default_attributes(), kvm_gmem_is_private_gfn(), kvm_gmem_set_attributes(), ${SOURCE}; 7.3 maps such a file`,
  over: {},
  asksResults: true,
  when: (before, made) => {
    const at = accessOf(before, made);
    if (at === null || !convertsInPlace(before.machine) || hasPrivateMemory(before.state.vms[at.vm]))
      return false;
    const id = slotAt(before.state.vms[at.vm], at.gfn);
    const file = id === null ? null : before.state.vms[at.vm].slots[NORMAL][id]!.file;
    return file !== null && !before.state.inodes[before.fileInode(file)].initShared;
  },
  holds: (_before, { result }) => result === "EFAULT memory_fault shared",
  why: (_before, { result }) => `it ended with ${String(result)}`,
});

/** Until 7.3 a fault can bring a page back before the call returns (M7): the host's takes no invalidate_lock there, nor does the guest's. */
const punchedStaysAbsent = always({
  name: "a-hole-stays-empty-until-it-is-done",
  says: "what a hole has taken does not come back before the call is done: behind it, the file has only what was touched later",
  source: `kvm_gmem_fault_user_mapping() and kvm_gmem_get_pfn() hold invalidate_lock where they look for the folio, ${SOURCE}`,
  anytime: true,
  over: { inode: Inode, page: Page },
  when: (m, { inode, page }) => inPlace(m).punched[inode][page]!,
  holds: (m, { inode, page }) => m.pageState(inode, page) === "absent",
});

const madePrivateWithItsBytes = sometimes({
  name: "a-page-becomes-private-with-its-bytes",
  says: "a guest maps a page for private access that holds what the host has written",
  source: SOURCE,
  over: { inode: Inode, page: Page },
  holds: (m, { inode, page }) => {
    const { folio, contents } = m.state.inodes[inode].pages[page]!;
    if (m.state.inodes[inode].kind !== "guest_memfd" || folio !== "ready") return false;
    const isPrivate = m.vms.some((vm) =>
      m.gfns.some((gfn) => {
        const leaf = m.guestMapping(vm, gfn);
        return leaf !== null && leaf.private && leaf.at.inode === inode && leaf.at.page === page;
      }),
    );
    return isPrivate && [...contents].some(({ value, secretOf }) => value !== 0 && secretOf === null);
  },
});

const sharedByBoth = sometimes({
  name: "a-private-vm-shares-a-page-with-the-host",
  says: "a page of a file is mapped by the host, and by a guest of a VM with private memory",
  source: `kvm_arch_supports_gmem_init_shared(), arch/x86/kvm/x86.c, ${SOURCE}`,
  over: { inode: Inode, page: Page },
  holds: (m, { inode, page }) =>
    m.hostMaps(inode, page) &&
    m.vms.some(
      (vm) =>
        hasPrivateMemory(m.state.vms[vm]) &&
        m.gfns.some((gfn) => {
          const at = m.guestMapping(vm, gfn)?.at;
          return at !== undefined && at.inode === inode && at.page === page;
        }),
    ),
});

export const statements = [
  ...everyVersion,
  ...since6_18,
  refusedOnlyWhileHeld,
  refusesThePoisoned,
  contentsStay,
  attributesStay,
  deletedMeansMmio,
  ordinaryVmsNeedInitShared,
  punchedStaysAbsent,
  madePrivateWithItsBytes,
  sharedByBoth,
];
