/** What a program expects of a step: one of the macros of the pieces, with what it is given. */
import { ERRNO } from "../../spec/abi/errno.ts";
import {
  BUS_ADRERR,
  BUS_MCEERR_AR,
  MADV_HWPOISON,
  MADV_SOFT_OFFLINE,
  SEGV_ACCERR,
} from "../../spec/abi/files.ts";
import { KVM_MEMORY_ATTRIBUTE_PRIVATE } from "../../spec/abi/kvm.ts";
import type { RecordedResult, RecordedStep } from "../../spec/recording.ts";
import { numberOf } from "./operation.ts";

/** An errno (0: none); what else the call ends with, in the words of the model; any byte; nothing, as the call does not end. */
export type Expected =
  | { readonly errno: string }
  | { readonly answer: string }
  | { readonly any: true }
  | { readonly hangs: true };

/** By operation: where the answer has the number that the call gives. */
const GIVES: Readonly<Record<string, string>> = {
  guest_read: "value",
  host_read: "value",
  check_extension: "ret",
  read: "ret",
  write: "ret",
  pread: "ret",
  pwrite: "ret",
  lseek: "ret",
  fstat: "size",
  mincore: "resident",
  get_dirty_log: "bitmap",
  pre_fault_memory: "remaining",
};

export function expectedOf({ op, result }: RecordedStep): Expected {
  if (result === undefined) return { hangs: true };
  if (result["undefined"] === true) return { any: true };
  const { errno, exit, signal } = result;
  if (signal !== undefined) return { answer: signalText(result) };
  if (exit === "memory_fault") return { answer: `${String(errno)} memory_fault ${memoryType(result)}` };
  if (exit !== undefined) return { answer: String(exit) };
  // A proposal may have errors of its own, which a program can only look for by their names.
  if (errno !== undefined)
    return String(errno) in ERRNO ? { errno: String(errno) } : { answer: String(errno) };
  const given = GIVES[op];
  return given === undefined ? { errno: "0" } : { answer: `value ${numberOf(result[given])}` };
}

function memoryType({ flags }: RecordedResult): string {
  return (numberOf(flags) & KVM_MEMORY_ATTRIBUTE_PRIVATE) === 0n ? "shared" : "private";
}

function signalText({ signal, code }: RecordedResult): string {
  const names: Readonly<Record<number, string>> =
    signal === "SIGBUS"
      ? { [BUS_ADRERR]: "BUS_ADRERR", [BUS_MCEERR_AR]: "BUS_MCEERR_AR" }
      : { [SEGV_ACCERR]: "SEGV_ACCERR" };
  return `${String(signal)} ${names[Number(code)] ?? "SEGV_MAPERR"}`;
}

/** What a step does to the machine that it is made on; null for nothing. Nobody is to run into it unasked. */
export function dangerOf({ op, advice, result }: RecordedStep): string | null {
  if (result === undefined) return "the call does not end by itself";
  const poisons = op === "madvise" && [MADV_HWPOISON, MADV_SOFT_OFFLINE].includes(Number(advice));
  return poisons ? "poison takes a page from the machine until it is booted again" : null;
}
