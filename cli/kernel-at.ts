/** Real kernels by where they are: on this machine, or in QEMU. */
import type { Kernel } from "../checkers/kernel/live/kernel.ts";
import { UsageError } from "../checkers/usage-error.ts";

export const PLACES = ["local", "qemu"] as const;
export type KernelPlace = (typeof PLACES)[number];

export interface KernelOptions {
  /** In QEMU: a version that `gmemcheck kernel list` has, or the path of an image. */
  readonly kernel?: string;
  /** In QEMU: more parameters for the kernel. */
  readonly append?: string;
  /** In QEMU: how many processors. */
  readonly smp?: number;
}

/** Throws `NotHere` if there is none, and `UsageError` where it is not said which one. */
export async function openKernel(
  where: KernelPlace,
  { kernel, append, smp }: KernelOptions,
): Promise<Kernel> {
  if (where === "qemu") {
    if (kernel === undefined)
      throw new UsageError(
        "--live qemu boots a kernel, and it is not said which\n  expected: --kernel with a version of gmemcheck kernel list, or an image",
      );
    return (await import("../checkers/kernel/live/qemu.ts")).openQemu(kernel, {
      ...(append === undefined ? {} : { append }),
      ...(smp === undefined ? {} : { processors: smp }),
    });
  }
  if (kernel !== undefined || append !== undefined || smp !== undefined)
    throw new UsageError(
      "--kernel, --append and --smp are of a kernel to boot, and --live local asks the one that runs",
    );
  return (await import("../checkers/kernel/live/local.ts")).openLocal();
}

/** The command that asks such a kernel again, for people to paste. */
export function conformText(
  options: KernelOptions & {
    readonly live: KernelPlace;
    readonly design?: string;
    readonly iterations?: number;
  },
): string {
  const said = (["kernel", "append", "smp", "design", "iterations"] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name} '${options[name]}'`.replace(/'([^\s']*)'/, "$1")],
  );
  return ["npx gmemcheck conform --live", options.live, ...said].join(" ");
}

/** One that nobody has chosen. */
export const anySeed = (): number => Math.floor(Math.random() * 2 ** 31);
