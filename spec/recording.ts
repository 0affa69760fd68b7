/**
 * Recordings: what a real kernel answered to programs of calls. The types of the file format, and what a model implements so
 * that a checker can play a program on it.
 */
import type * as Schema from "effect/Schema";
import type { Outcome } from "./language/outcome.ts";

export const RECORDING_FORMAT = "guest-memfd-recording/1";

/** What the kernel and the machine that were asked can do. */
export interface Header {
  readonly format: typeof RECORDING_FORMAT;
  readonly kernel: string;
  readonly machine: string;
  readonly set: string;
  /** KVM_CREATE_VM types that work. */
  readonly vm_types: readonly number[];
  /** Mask for KVM_SET_MEMORY_ATTRIBUTES in VMs with private memory; 0: there are none. */
  readonly memory_attributes: number;
  /** Whether that ioctl is there (CONFIG_KVM_GENERIC_MEMORY_ATTRIBUTES); when absent, it is where `memory_attributes` is not 0. */
  readonly memory_attributes_ioctl?: boolean;
  /** Mask of the flags that KVM_CREATE_GUEST_MEMFD takes, by VM type. */
  readonly guest_memfd_flags: Readonly<Record<string, number>>;
  readonly bindable_vm_types: readonly number[];
  readonly address_spaces: Readonly<Record<string, number>>;
  readonly pre_fault_memory: boolean;
  readonly second_binding_errno: string;
  readonly offset_overflow_accepted: boolean;
  readonly page_size: number;
  readonly max_slot_id: number;
}

/** A 64-bit number as the format writes it: a JSON number, or "0x…" beyond 2^53 - 1. */
export type WrittenNumber = number | string;

/** A call with its arguments; the answer is absent in a program that was not run yet. */
export interface RecordedStep {
  readonly op: string;
  readonly result?: RecordedResult;
  readonly [argument: string]: unknown;
}
export type RecordedResult = Readonly<Record<string, WrittenNumber | boolean>>;

export interface Sequence {
  readonly id: string;
  readonly steps: readonly RecordedStep[];
}

/** Threads that race, after a setup; `final` is what one thread asks when all of them are through. */
export interface RaceProgram {
  readonly setup: readonly RecordedStep[];
  readonly threads: readonly (readonly RecordedStep[])[];
  readonly final: readonly RecordedStep[];
}

/** A step of a program as a call of a design. */
export interface PlannedCall {
  readonly call: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** One program, laid out for a model: its machine, and the translation of each step there and back. */
export interface Playing {
  readonly machine: unknown;
  /** Which call a step is, given how the steps before it ended. */
  plan(step: RecordedStep): PlannedCall;
  /** What a kernel would have answered where the call ended so; learns what the step has made or closed. */
  answer(step: RecordedStep, outcome: Outcome): RecordedResult;
}

/** What of a program cannot be played: a mapping that nobody makes, ranges that no layout can hold. */
export class UnplayableStep extends Error {
  override readonly name = "UnplayableStep";
}

/** Implemented by a family of designs whose calls can be recorded. */
export interface Player {
  /** The arguments of each operation; steps are decoded by them before they are played. */
  readonly operations: Readonly<Record<string, Schema.Top & { readonly DecodingServices: never }>>;
  /** Lays a program out. Throws `UnplayableStep`. */
  play(header: Header, steps: readonly RecordedStep[]): Playing;
}
