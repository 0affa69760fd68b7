/** The kernel of this machine, where there is one to be asked. */
import { readFileSync } from "node:fs";
import { NotHere, type Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { openLocal } from "../../../checkers/kernel/live/local.ts";
import { readRecording, type Recording } from "../../../checkers/kernel/recording.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";

/** The kernel, or why there is none. */
export async function localKernel(): Promise<Kernel | string> {
  try {
    return await openLocal();
  } catch (error) {
    if (error instanceof NotHere) return error.message;
    throw error;
  }
}

export function recordingOf(name: string): Recording {
  const text = readFileSync(new URL(`../../../recordings/${name}`, import.meta.url), "utf8");
  return readRecording(text, name, player, "answered");
}

/** Recorded answers are of one kernel on one kind of machine; null where this is another. */
export function recordedHere({ header }: Kernel): string | null {
  return header.kernel === "6.18.44" && header.machine.includes("shadow paging") ? header.kernel : null;
}
