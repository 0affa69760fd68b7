/** `gmemcheck kernel`: the kernels that QEMU can boot to be asked. */
import { buildKernel, type Making } from "../checkers/kernel/qemu/build.ts";
import { cachedKernels, type CachedKernel } from "../checkers/kernel/qemu/cache.ts";
import { fetchKernel } from "../checkers/kernel/qemu/fetch.ts";
import { EXIT, signalExit } from "./exit.ts";
import { ProgressLine, print } from "./output.ts";

const LIST_SCHEMA_VERSION = 1;

/** Builds a kernel from Debian's source package, or says where it is. */
export function build(version: string, { debug }: { readonly debug?: boolean }): Promise<number> {
  return made((making) => buildKernel(version, debug === true ? "debug" : "plain", making));
}

/** Takes a kernel image of Debian's, or says where it is. */
export function fetch(version: string): Promise<number> {
  return made((making) => fetchKernel(version, making));
}

/** Prints the kernel that is made; a signal ends what runs for it, and what was begun is removed. */
async function made(make: (making: Making) => Promise<CachedKernel>): Promise<number> {
  const stop = new AbortController();
  const progress = new ProgressLine();
  let ended: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals): void => {
    ended = signal;
    stop.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const kernel = await make({ progress: (line) => progress.show(line), signal: stop.signal });
    progress.clear();
    print(line(kernel));
    return EXIT.asExpected;
  } catch (error) {
    progress.clear();
    if (ended === undefined) throw error;
    process.stderr.write(`interrupted by ${ended}; what was begun is removed\n`);
    return signalExit(ended);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

export function list({ format }: { readonly format: "text" | "json" }): number {
  const kernels = cachedKernels();
  if (format === "json") {
    const shown = kernels.map(({ name, version, kind, source, bytes, image }) => ({
      name,
      version,
      kind,
      source,
      bytes,
      image,
    }));
    print(JSON.stringify({ schemaVersion: LIST_SCHEMA_VERSION, kernels: shown }, null, 2));
  } else if (kernels.length > 0) print(kernels.map(line).join("\n"));
  else print("no kernels yet; gmemcheck kernel build 7.3 makes one, in some minutes");
  return EXIT.asExpected;
}

const SAYS: Readonly<Record<CachedKernel["kind"], string>> = {
  plain: "with private memory",
  debug: "with private memory, KASAN, lockdep",
  debian: "Debian's own",
};

const line = ({ name, kind, bytes, image }: CachedKernel): string =>
  `${name.padEnd(16)} ${SAYS[kind].padEnd(36)} ${(bytes / 1e6).toFixed(1).padStart(5)} MB  ${image}`;
