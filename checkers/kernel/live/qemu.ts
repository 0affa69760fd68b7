/** A kernel booted by QEMU without KVM, asked over a virtio-serial port. It may crash, hang and lose its memory: the next program finds it booted again. */
import { existsSync, readFileSync } from "node:fs";
import { UsageError } from "../../usage-error.ts";
import { executorPath } from "../executor/build.ts";
import { cachedKernel } from "../qemu/cache.ts";
import { modulesOf } from "../qemu/fetch.ts";
import { initramfs } from "../qemu/initramfs.ts";
import { Machine, type MachineOptions } from "../qemu/machine.ts";
import { NotHere, type Kernel } from "./kernel.ts";
import { openSession, type Link, type Trouble } from "./session.ts";

export interface QemuOptions {
  /** More parameters for the kernel: "kvm_amd.npt=0" for shadow paging. */
  readonly append?: string;
  /** Virtual processors; with one, nothing races but by preemption. */
  readonly processors?: number;
}

/** For a call to return, in ms, where each instruction is emulated; with KASAN and lockdep there are many more of them. */
const CALL_LIMIT = 5000;
const DEBUG_CALL_LIMIT = 15_000;
const BOOT_SECONDS = 120;
const MEGABYTES = 512;
const DEBUG_MEGABYTES = 1024;

/**
 * Boots a kernel of the cache ("7.3", "7.3.4-debug") or an image by its path. Throws `NotHere` when there is no QEMU or no such kernel, when
 * it does not come up, and when it has no guest_memfd; `UsageError` for a path that leads nowhere.
 */
export async function openQemu(asked: string, options: QemuOptions = {}): Promise<Kernel> {
  const { machine, limit } = plan(asked, options);
  const executor = ["--port", "--poison", "--limit", String(limit)];
  const kernel = await openSession({
    where: `QEMU, ${machine.name}`,
    open: async () => linkTo(await Machine.boot(machine), executor),
    silence: 2 * limit + 10_000,
  });
  if (kernel.header.bindable_vm_types.length > 0) return kernel;
  await kernel.close();
  throw new NotHere(
    `kernel ${machine.name} has no guest_memfd that can be bound\n  gmemcheck kernel build makes kernels that have`,
  );
}

/** The machine for a kernel, and how long a call may take on it. */
function plan(
  asked: string,
  { append = "", processors = 2 }: QemuOptions,
): { readonly machine: MachineOptions; readonly limit: number } {
  const cached = asked.includes("/") ? null : cachedKernel(asked);
  if (cached === null && !existsSync(asked))
    throw new UsageError(
      `there is no kernel image ${asked}\n  name a file, or a version of gmemcheck kernel list`,
    );
  const debug = cached?.kind === "debug";
  const machine = {
    name: cached?.name ?? asked,
    image: cached?.image ?? asked,
    initramfs: initramfs(busybox(), readFileSync(executorPath()), cached === null ? [] : modulesOf(cached)),
    append,
    processors,
    // A kernel with jump labels patches its code while it runs: QEMU's processors, each in a thread, now and then still see the breakpoint that
    // was there meanwhile ("Oops: int3" in __schedule() at create_vm on Debian's 7.3.4; bugzilla.redhat.com 2216496). Those of `kernel build` have none.
    oneThread: cached === null || cached.kind === "debian",
    megabytes: debug ? DEBUG_MEGABYTES : MEGABYTES,
    bootSeconds: BOOT_SECONDS,
  };
  return { machine, limit: debug ? DEBUG_CALL_LIMIT : CALL_LIMIT };
}

/** A busybox that needs no library: it names no interpreter. */
function busybox(): Buffer {
  for (const path of ["/bin/busybox", "/usr/bin/busybox"]) {
    if (!existsSync(path)) continue;
    const program = readFileSync(path);
    if (!program.includes("/ld-linux")) return program;
  }
  throw new NotHere("there is no busybox without libraries\n  apt-get install busybox-static");
}

/** An executor in a machine of its own, which ends with it. */
export function linkTo(machine: Machine, executor: readonly string[]): Link {
  // What the console said before a program began is not of it.
  machine.console.forget();
  const splat = async (): Promise<Trouble> => {
    await machine.reportWritten();
    return { kind: "splat", message: `the kernel complains: ${machine.console.complained}` };
  };
  const death = (message: string): Trouble | Promise<Trouble> =>
    machine.console.complained === null ? { kind: "death", message } : splat();
  const trouble = Promise.race([
    machine.console.complaining.then(splat),
    machine.ended.then((how) => death(`the machine went out: ${how}`)),
    new Promise<string>((ended) => machine.serve(executor, ended)).then((status) =>
      death(`the executor died (exit code ${status})`),
    ),
  ]);
  return {
    input: machine.port,
    output: machine.port,
    trouble,
    console: () => machine.console.since(0),
    complaint: async () => {
      await soon();
      if (machine.console.complained !== null) return splat();
      machine.console.forget();
      return null;
    },
    hung: async () => void (await machine.blockedTasks()),
    close: () => machine.close(),
  };
}

/** The console and the port are two sockets: what was written to either by now is read. */
async function soon(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
