/** Traces as JSON has them, whoever decodes it: numbers of 64 bits, and what is told apart before anything else. */
import { MODES } from "../../spec/language/design.ts";
import { TRACE_FORMAT, type Trace } from "../../spec/language/trace.ts";
import { InputError } from "../input.ts";

/** A name of a model as that of a file, which leads nowhere else. */
export function fileName(name: string): string {
  return name.replace(/[^\w.-]/g, "_").replace(/^\.+/, "_");
}

/** Refuses what says of itself that it is something else. */
export function checkKind(json: unknown, where: string): void {
  const { format, mode } = (json ?? {}) as { readonly format?: unknown; readonly mode?: unknown };
  if (typeof format === "string" && format !== TRACE_FORMAT) {
    throw new InputError(
      where,
      `format is "${format}"`,
      "a trace of another version or another tool",
      `"${TRACE_FORMAT}"`,
    );
  }
  if (typeof mode === "string" && !MODES.some((known) => known === mode))
    throw new InputError(where, `mode is "${mode}"`, "a trace edited by hand", MODES.join(", "));
}

/** Which of the two kinds of trace it means to be, so that a message is about that one. */
export function isOverlap(json: unknown): boolean {
  const { mode } = (json ?? {}) as { readonly mode?: unknown };
  return mode === "overlap" || mode === "full";
}

/** The trace object as JSON knows it: 64-bit numbers as "0x…". */
export function traceJson(trace: Trace): unknown {
  return JSON.parse(
    JSON.stringify(trace, (_, value: unknown) => (typeof value === "bigint" ? hexText(value) : value)),
  );
}

export function writeTrace(trace: Trace): string {
  return `${JSON.stringify(traceJson(trace), null, 2)}\n`;
}

/** A trace that was decoded, with its 64-bit numbers as numbers. */
export function withNumbers(trace: Trace): Trace {
  const steps = trace.steps.map((step) => ({ ...step, params: numbers(step.params) }));
  return { ...trace, steps } as Trace;
}

function hexText(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function numbers(value: unknown): unknown {
  if (typeof value === "string" && /^-?0x[0-9a-f]+$/i.test(value)) {
    return value.startsWith("-") ? -BigInt(value.slice(1)) : BigInt(value);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbers(inner)]));
}
