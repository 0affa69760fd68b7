/** What the numbers of calls are called in C, by what they are of. */
import * as files from "../../spec/abi/files.ts";
import * as kvm from "../../spec/abi/kvm.ts";

type Names = Readonly<Record<string, bigint>>;

/** The names that begin so, in the order of their numbers. */
function beginningWith(prefix: string, numbers: Readonly<Record<string, number | bigint>>): Names {
  const found = Object.entries(numbers).filter(([name]) => name.startsWith(prefix));
  const big = found.map(([name, value]) => [name, BigInt(value)] as const);
  return Object.fromEntries(big.sort(([, a], [, b]) => Number(a - b)));
}

export const VM_TYPES: Names = beginningWith("KVM_X86_", kvm);
export const CAPABILITIES = beginningWith("KVM_CAP_", kvm);
export const REGION_FLAGS: Names = {
  KVM_MEM_LOG_DIRTY_PAGES: kvm.KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MEM_READONLY: kvm.KVM_MEM_READONLY,
  KVM_MEM_GUEST_MEMFD: kvm.KVM_MEM_GUEST_MEMFD,
};
export const FILE_FLAGS = beginningWith("GUEST_MEMFD_FLAG_", kvm);
export const ATTRIBUTES = beginningWith("KVM_MEMORY_ATTRIBUTE_", kvm);
export const FALLOC_MODES = beginningWith("FALLOC_FL_", files);
export const PROTECTIONS = beginningWith("PROT_", files);
export const ADVICE = beginningWith("MADV_", files);
export const WHENCE: Names = { SEEK_SET: 0n, SEEK_CUR: 1n, SEEK_END: 2n };
