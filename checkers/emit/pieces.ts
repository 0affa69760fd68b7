/** The helpers that programs are put together of: a C file each, and what each needs before it. */
import { readFileSync } from "node:fs";

const NEEDS = {
  report: [],
  skip_all: [],
  cannot: ["report"],
  step: ["report"],
  gives: ["step"],
  any: ["gives"],
  dangerous: ["cannot"],
  hangs: ["step", "dangerous"],
  kvm: ["skip_all"],
  need: ["skip_all"],
  has: ["kvm"],
  ordinary: ["skip_all"],
  map: [],
  close_fd: [],
  create_guest_memfd: [],
  create_guest_memfd_reserved: [],
  set_region: [],
  set_region2: [],
  set_attributes: [],
  vcpu: [],
  user_mode: ["vcpu"],
  add_vcpu: ["kvm", "user_mode"],
  close_vcpu: ["vcpu"],
  pre_fault: ["vcpu"],
  dirty_log: [],
  file_size: [],
  transfer: [],
  resident: [],
  read_by_syscall: [],
  host: ["step"],
  host_read: ["host"],
  host_write: ["host"],
  guest: ["step", "user_mode"],
  guest_read: ["guest"],
  guest_write: ["guest"],
  guest_execute: ["guest"],
  // Of tests in the kernel's tree.
  "kselftest/expect": [],
  "kselftest/guest": [],
  "kselftest/access": ["kselftest/guest"],
  "kselftest/done": ["kselftest/access"],
  "kselftest/faults": ["kselftest/access"],
  "kselftest/mmio": ["kselftest/access"],
  "kselftest/pre_fault": [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Piece = keyof typeof NEEDS;

/** The text of these pieces and of what they need, each once, in the order above. */
export function piecesText(wanted: Iterable<Piece>): string {
  const all = new Set<Piece>();
  const add = (piece: Piece): void => {
    NEEDS[piece].forEach(add);
    all.add(piece);
  };
  for (const piece of wanted) add(piece);
  const inOrder = (Object.keys(NEEDS) as Piece[]).filter((piece) => all.has(piece));
  return inOrder
    .map((piece) => readFileSync(new URL(`pieces/${piece}.c`, import.meta.url), "utf8"))
    .join("\n");
}
