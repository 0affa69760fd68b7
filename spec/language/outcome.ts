/** How a call ended: 0, a failure or an exit by its declared name, or a value that it gave. */
export type Outcome = 0 | string | { readonly value: number | null };

const FAILURE = /^(E[A-Z0-9]+|SIG[A-Z]+)( |$)/;

/** True for an errno or a signal: the call did not do what it was asked. */
export function isFailure(outcome: Outcome): outcome is string {
  return typeof outcome === "string" && FAILURE.test(outcome);
}

/** "0", "EINVAL", "KVM_EXIT_MMIO", "value": the name under which a result is counted. */
export function outcomeName(outcome: Outcome): string {
  return typeof outcome === "object" ? "value" : String(outcome);
}

export function outcomeText(outcome: Outcome | null): string {
  if (outcome === null) return "no result";
  if (typeof outcome !== "object") return String(outcome);
  return outcome.value === null ? "undefined contents" : `value ${outcome.value}`;
}

export function sameOutcome(a: Outcome | null, b: Outcome | null): boolean {
  if (a === null || b === null) return a === b;
  return typeof a === "object" && typeof b === "object" ? a.value === b.value : a === b;
}
