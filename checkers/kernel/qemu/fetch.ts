/** Takes Debian's own kernel images: without VMs with private memory, but what people run. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Making } from "./build.ts";
import { NotHere } from "../live/kernel.ts";
import { cachedKernels, cacheFolder, kernelOf, makeKernel, type CachedKernel } from "./cache.ts";
import { Debian, newestOf, upstream } from "./debian.ts";
import type { Module } from "./initramfs.ts";
import { run } from "./process.ts";

/** What the guest memory of a VM and the ports to the executor need; what these need in turn is found out. */
const WANTED = ["virtio_pci", "virtio_console", "kvm", "kvm_amd"];

/** The image package, and, from 7.x on, that of its payload; the flavour is the common one. */
const PACKAGES = /^linux-(?:binary|image)-\d[\d.]*(?:\+deb\d+)?-amd64$/;

/** Gives the kernel from the cache, or fetches it. Throws `NotHere`, `UsageError` for a version that Debian does not have. */
export async function fetchKernel(asked: string, { progress, signal }: Making): Promise<CachedKernel> {
  const cached = kernelOf(cachedKernels(), `${asked}-debian`);
  if (cached !== undefined) return cached;
  mkdirSync(cacheFolder(), { recursive: true });
  const debian = new Debian(join(cacheFolder(), "apt"), signal);
  progress("asking Debian for its kernels");
  await debian.update();
  const all = await debian.available(PACKAGES);
  // Of one version there are both from 7.x on, and the image package is empty then.
  const payload = all.filter(
    ({ name }) =>
      name.startsWith("linux-binary-") ||
      !all.some((other) => other.name === name.replace("-image-", "-binary-")),
  );
  const image = newestOf(payload, asked, "kernel image");
  const packages = [image];
  if (image.name.startsWith("linux-binary-"))
    packages.push({ name: image.name.replace("-binary-", "-modules-"), version: image.version });
  const version = upstream(image.version);
  const card = { version, kind: "debian", source: `${image.name} ${image.version}`, options: "" } as const;
  return makeKernel(card, async (folder) => {
    const tree = join(folder, "tree");
    for (const one of packages) {
      progress(`downloading ${one.name} ${one.version}`);
      const deb = await debian.download(one, tree);
      progress(`unpacking ${one.name}`);
      await run("dpkg-deb", ["-x", deb, tree], { signal });
    }
    await takeOut(tree, folder, signal);
    rmSync(tree, { recursive: true });
  });
}

/** Takes the image and the modules out of unpacked packages. */
async function takeOut(tree: string, folder: string, signal: AbortSignal): Promise<void> {
  const files = readdirSync(tree, { recursive: true, encoding: "utf8" });
  const image = files.find((file) => /(?:^|\/)vmlinuz(?:-[^/]*)?$/.test(file));
  if (image === undefined)
    throw new NotHere(
      "the packages hold no vmlinuz\n  usual cause: Debian splits its kernels in another way now",
    );
  copyFileSync(join(tree, image), join(folder, "bzImage"));
  const modules = new Map(
    files.filter((file) => /\.ko(?:\.xz|\.zst)?$/.test(file)).map((file) => [nameOf(file), join(tree, file)]),
  );
  mkdirSync(join(folder, "modules"));
  const taken = new Set<string>();
  const take = async (name: string): Promise<void> => {
    const path = modules.get(name);
    // What is no module is part of the kernel.
    if (path === undefined || taken.has(name)) return;
    taken.add(name);
    const plain = await uncompressed(path, signal);
    const content = readFileSync(plain);
    for (const other of needsOf(content)) await take(other);
    const place = String(readdirSync(join(folder, "modules")).length).padStart(2, "0");
    writeFileSync(join(folder, "modules", `${place}-${name}.ko`), content);
  };
  for (const name of WANTED) await take(name);
}

/** "kvm_amd" of ".../kvm-amd.ko.xz": the kernel does not tell the two strokes apart. */
const nameOf = (path: string): string =>
  basename(path)
    .replace(/\.ko.*$/, "")
    .replaceAll("-", "_");

/** Unpacks a module beside itself. */
async function uncompressed(path: string, signal: AbortSignal): Promise<string> {
  if (path.endsWith(".ko")) return path;
  await run(path.endsWith(".xz") ? "xz" : "zstd", ["-d", "-q", "-k", path], { signal });
  return path.replace(/\.\w+$/, "");
}

/** The modules that a module names in its .modinfo: "depends=kvm,ccp". */
export function needsOf(module: Uint8Array): string[] {
  const text = Buffer.from(module).toString("latin1");
  const [, names = ""] = /\0depends=([^\0]*)\0/.exec(text) ?? [];
  return names
    .split(",")
    .filter((name) => name !== "")
    .map((name) => name.replaceAll("-", "_"));
}

/** The modules of a kernel in the cache, in the order in which they are loaded. */
export function modulesOf(kernel: CachedKernel): Module[] {
  if (kernel.kind !== "debian") return [];
  const folder = join(kernel.folder, "modules");
  return readdirSync(folder)
    .sort()
    .map((file) => ({ name: file.replace(/^\d+-|\.ko$/g, ""), content: readFileSync(join(folder, file)) }));
}
