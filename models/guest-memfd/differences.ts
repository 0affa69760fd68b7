/** What each version changes for user space of the one before: every difference that their comparison finds, and the change of the kernel behind it. */
import { readFileSync } from "node:fs";

/** A difference as the comparison names it, with the length of its shortest trace. */
export interface VersionDifference {
  readonly kind: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly compatibility: string;
  readonly steps: number;
}

/** Two versions at the default bounds of both; `npm run differences` writes it to differences.json. */
export interface VersionDifferences {
  readonly a: string;
  readonly b: string;
  readonly runs: number;
  /** Pairs of states, and calls made in both. */
  readonly pairs: number;
  readonly calls: number;
  /** Overlaps behind which nothing was compared. */
  readonly unfollowed: number;
  readonly differences: readonly VersionDifference[];
}

/** A change of the kernel, and the differences in which it shows. */
export interface KnownChange {
  /** The version that has it. */
  readonly version: string;
  readonly says: string;
  readonly source: string;
  /** "errno changed mmap: ENODEV → EPERM" */
  readonly shows: readonly string[];
}

export const knownChanges: readonly KnownChange[] = [
  {
    version: "guest-memfd-6.12",
    says: "a guest_memfd slot can no longer be turned into another one by a change of its flags",
    source:
      '"Disallow toggling KVM_MEM_GUEST_MEMFD on an existing memslot", 6.19-rc1, stable series of 6.12 and 6.18',
    shows: [
      "newly refused set_user_memory_region: 0 → EINVAL",
      "newly refused set_user_memory_region2: 0 → EINVAL",
      "errno changed set_user_memory_region: EEXIST → EINVAL",
      "errno changed set_user_memory_region2: EEXIST → EINVAL",
    ],
  },
  {
    version: "guest-memfd-6.12",
    says: "KVM_PRE_FAULT_MEMORY",
    source: "kvm_vcpu_pre_fault_memory(), virt/kvm/kvm_main.c, since 6.11",
    shows: ["newly allowed pre_fault_memory: no such call → value 1"],
  },
  {
    version: "guest-memfd-6.12",
    says: "the bindings go also when the file is dying",
    source: "ae431059e75d",
    shows: ["outcome lost close ∥ set_user_memory_region2: uses freed memory → (0, 0)"],
  },
  {
    version: "guest-memfd-6.18",
    says: "every VM may use guest_memfd, so what refused a VM of the default type comes later, or not at all",
    source: "Linux 6.18: kvm_arch_supports_gmem() for all VM types; recorded on 6.12.107 and 6.18.44",
    shows: [
      "newly allowed check_extension: value 0 → value 1",
      "newly allowed set_user_memory_region2: EINVAL → 0",
      "errno changed set_user_memory_region2: EINVAL → EBADF",
      "errno changed set_user_memory_region2: EINVAL → EEXIST",
    ],
  },
  {
    version: "guest-memfd-6.18",
    says: "GUEST_MEMFD_FLAG_MMAP and GUEST_MEMFD_FLAG_INIT_SHARED",
    source: "fe2bf6234e94; recorded on 6.18.44",
    shows: [
      "newly allowed create_guest_memfd: EINVAL → value 0",
      "newly allowed check_extension: value 0 → value 3",
    ],
  },
  {
    version: "guest-memfd-6.18",
    says: "a mapping of a guest_memfd that could be executed is refused before the flag is asked for",
    source: "the file system of guest_memfd is mounted SB_I_NOEXEC; recorded on 6.18.44",
    shows: ["errno changed mmap: ENODEV → EPERM"],
  },
  {
    version: "guest-memfd-6.18",
    says: "a pre-fault on a root that a deletion made obsolete ends",
    source: "seen on 6.12.107, where it ends with a signal only; 7.3.4 answers",
    shows: [
      "errno changed pre_fault_memory: never ends → ENOENT",
      "newly allowed pre_fault_memory: never ends → value 1",
    ],
  },
  {
    version: "guest-memfd-6.18",
    says: "a pre-fault of a slot that is being deleted is told so, and does not wait",
    source: "3ccbf6f47098; seen on 6.12.107, where it does not end",
    shows: [
      "outcome gained set_user_memory_region2 ∥ pre_fault_memory: (0, ENOENT) or (0, value 1) → (0, EAGAIN)",
    ],
  },
  {
    version: "guest-memfd-7.2",
    says: "the end of a binding is computed without a sign",
    source: "kvm_gmem_bind() with uoff_t, virt/kvm/guest_memfd.c, 7.2.13",
    shows: ["newly refused set_user_memory_region2: 0 → EINVAL"],
  },
  {
    version: "guest-memfd-7.2",
    says: "a page that is bound already is told from a wrong argument",
    source: "kvm_gmem_bind(), virt/kvm/guest_memfd.c, 7.2.13",
    shows: ["errno changed set_user_memory_region2: EINVAL → EEXIST"],
  },
  {
    version: "guest-memfd-7.3",
    says: "what the architecture refuses (a frame beyond what it can map) is refused before a page that is bound already",
    source: "3fe5d2944e5a: kvm_arch_prepare_memory_region() comes before the binding is committed",
    shows: ["errno changed set_user_memory_region2: EEXIST → EINVAL"],
  },
  {
    version: "guest-memfd-7.3",
    says: "a slot is bound when it is ready, and no hole finds it before it has its rmaps",
    source: "3fe5d2944e5a, 83411f32b8ad",
    shows: ["outcome lost set_user_memory_region2 ∥ fallocate: uses freed memory → (0, 0)"],
  },
];

export function differenceText({
  kind,
  subject,
  from,
  to,
}: Pick<VersionDifference, "kind" | "subject" | "from" | "to">): string {
  return `${kind} ${subject}: ${from} → ${to}`;
}

/** The change of the kernel that a difference shows; undefined where none is known. */
export function changeBehind(version: string, difference: VersionDifference): KnownChange | undefined {
  const text = differenceText(difference);
  return knownChanges.find((change) => change.version === version && change.shows.includes(text));
}

export function versionDifferences(): readonly VersionDifferences[] {
  const text = readFileSync(new URL("differences.json", import.meta.url), "utf8");
  return JSON.parse(text) as VersionDifferences[];
}
