/** Calls in flight of which none can go on: what they wait for, and what they hold meanwhile. */
import { KernelBug, NO_DEADLOCK } from "../../spec/language/kernel-bug.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Instance } from "../explore/sequential.ts";
import type { Blocked } from "./advance.ts";
import type { Frame, Frames } from "./frame.ts";

export interface Waiter {
  readonly instance: Instance;
  /** Its section. */
  readonly at: number;
  /** Locks, as text. */
  readonly holds: readonly string[];
  readonly for: string;
}

export function waitersText(waiters: readonly Waiter[]): string {
  const says = waiters.map(({ instance, at, holds, for: what }) => {
    const holding = holds.length === 0 ? "" : `holds ${holds.join(", ")} and `;
    return `${instance.name} ${holding}waits for ${what} ("${instance.program.parts[at]!.label}")`;
  });
  return says.join("; ");
}

/** The deadlock of all that are in flight. One that is alone waits for nobody: an error of the model, which is thrown. */
export function deadlockOf(
  frames: Frames,
  blocked: readonly { readonly frame: Frame; readonly by: Blocked }[],
): KernelBug {
  const [only] = blocked;
  if (blocked.length === 1 && only !== undefined) {
    const { instance, at } = only.frame;
    throw new ModelError(
      `${instance.program.where(at)} waits for ${only.by.blocked}, which nobody can provide: no other call is in flight`,
      instance.call.place,
      "an `until` that the call itself would have to make true, or a count that an earlier call left behind",
    );
  }
  const waiters = blocked.map(({ frame: { instance, at, held }, by }) => ({
    instance,
    at,
    holds: held.map((one) => frames.lockText(one)),
    for: by.blocked,
  }));
  return new KernelBug(NO_DEADLOCK, waitersText(waiters));
}
