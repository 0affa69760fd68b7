/** Real kernels by where they are: on this machine, or in QEMU. */
import type { Kernel } from "../checkers/kernel/live/kernel.ts";
import { UsageError } from "../checkers/usage-error.ts";

export const PLACES = ["local", "qemu"] as const;
export type KernelPlace = (typeof PLACES)[number];

export interface KernelOptions {
  /** In QEMU: a version that `gmemcheck kernel list` has, or the path of an image. */
  readonly kernel?: string;
}

/** Throws `NotHere` if there is none, and `UsageError` where it is not said which one. */
export async function openKernel(where: KernelPlace, { kernel }: KernelOptions): Promise<Kernel> {
  if (where === "qemu") {
    if (kernel === undefined)
      throw new UsageError(
        "--live qemu boots a kernel, and it is not said which\n  expected: --kernel with a version of gmemcheck kernel list, or an image",
      );
    return (await import("../checkers/kernel/live/qemu.ts")).openQemu(kernel);
  }
  if (kernel !== undefined)
    throw new UsageError("--kernel names a kernel to boot, and --live local asks the one that runs");
  return (await import("../checkers/kernel/live/local.ts")).openLocal();
}
