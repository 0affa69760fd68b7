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
  vcpu: ["kvm"],
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
  guest: ["step", "vcpu"],
  guest_read: ["guest"],
  guest_write: ["guest"],
  guest_execute: ["guest"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Piece = keyof typeof NEEDS;

/** Of tests in the kernel's tree. */
const TEST_NEEDS = {
  expect: [],
  guest: [],
  access: ["guest"],
  done: ["access"],
  faults: ["access"],
  mmio: ["access"],
  pre_fault: ["guest"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type TestPiece = keyof typeof TEST_NEEDS;

/** The text of these pieces and of what they need, each once, in the order above. */
export const piecesText = (wanted: Iterable<Piece>): string => textOf("pieces", NEEDS, wanted);
export const testPiecesText = (wanted: Iterable<TestPiece>): string =>
  textOf("pieces/kselftest", TEST_NEEDS, wanted);

function textOf<P extends string>(
  folder: string,
  needs: Readonly<Record<P, readonly P[]>>,
  wanted: Iterable<P>,
): string {
  const all = new Set<P>();
  const add = (piece: P): void => {
    needs[piece].forEach(add);
    all.add(piece);
  };
  for (const piece of wanted) add(piece);
  const inOrder = (Object.keys(needs) as P[]).filter((piece) => all.has(piece));
  return inOrder
    .map((piece) => readFileSync(new URL(`${folder}/${piece}.c`, import.meta.url), "utf8"))
    .join("\n");
}
