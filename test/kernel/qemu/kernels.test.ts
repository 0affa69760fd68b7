/** Making kernels, with programs that stand in for apt, tar and make: what is asked of Debian, what is cached, what fails and what is left. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { NotHere } from "../../../checkers/kernel/live/kernel.ts";
import { buildKernel, type Making } from "../../../checkers/kernel/qemu/build.ts";
import { cachedKernel, cachedKernels } from "../../../checkers/kernel/qemu/cache.ts";
import { byVersion, mirrorOf } from "../../../checkers/kernel/qemu/debian.ts";
import { fetchKernel, modulesOf } from "../../../checkers/kernel/qemu/fetch.ts";
import { openQemu } from "../../../checkers/kernel/live/qemu.ts";
import { UsageError } from "../../../checkers/usage-error.ts";
import { inProcess } from "../../cli/gmemcheck.ts";
import { withPrograms, type Scripts } from "./fakes.ts";

const making = (signal: AbortSignal = new AbortController().signal): Making => ({
  progress: () => {},
  signal,
});

/** Notes each call in `calls`. */
const NOTE = 'echo "$(basename $0) $*" >> "$XDG_CACHE_HOME/calls"';

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "linux-source-7.3": ["7.3.4-1~bpo13+1", "7.3.10-1~bpo13+1"],
  "linux-source-6.12": ["6.12.107-1"],
  "linux-image-7.3.4+deb13-amd64": ["7.3.4-1~bpo13+1"],
  "linux-binary-7.3.4+deb13-amd64": ["7.3.4-1~bpo13+1"],
  "linux-binary-7.3.4+deb13-cloud-amd64": ["7.3.4-1~bpo13+1"],
  "linux-modules-7.3.4+deb13-amd64": ["7.3.4-1~bpo13+1"],
};

/** A Debian with those packages, a compiler that is quick, and no other programs but the system's. */
const MACHINE: Scripts = {
  "apt-get": `${NOTE}
case "$*" in *" download "*) for last; do :; done; : > "$(echo "$last" | tr = _)_all.deb" ;; esac`,
  "apt-cache": `case "$*" in
*" pkgnames"*) printf '${Object.keys(PACKAGES).join("\\n")}\\n' ;;
*) for name; do case $name in
${Object.entries(PACKAGES)
  .map(([name, versions]) => `${name}) ${versions.map((v) => `echo " $name | ${v} | mirror"`).join("; ")} ;;`)
  .join("\n")}
esac; done ;; esac`,
  // -x DEB TREE
  "dpkg-deb": `${NOTE}
case "$2" in
*linux-source*) mkdir -p "$3/usr/src"; : > "$3/usr/src/linux-source-7.3.tar.xz" ;;
*binary*) mkdir -p "$3/usr/lib/modules/7"; [ -n "$SPLIT" ] || echo kernel > "$3/usr/lib/modules/7/vmlinuz" ;;
*modules*) mkdir -p "$3/lib/k/virt"; cd "$3/lib/k/virt"
  for m in "kvm:irqbypass" "kvm-amd:kvm,ccp" "irqbypass:" "ccp:" "sound:"; do
    printf 'ELF\\0depends=%s\\0name=x\\0' "\${m#*:}" > "\${m%:*}.ko"; done ;;
esac`,
  tar: NOTE,
  flex: "",
  bison: "",
  bc: "",
  // -C TREE -jN TARGET
  make: `${NOTE}
cd "$2"
case "$4" in
tinyconfig) echo CONFIG_TINY=y > .config ;;
olddefconfig) grep -v "\${DROPPED:-nothing}" .config > new; mv new .config ;;
bzImage) echo "  CC a.o"; [ -z "$BROKEN" ] || { echo "a.c:1: error: no" >&2; exit 2; }
  [ -z "$SLOW" ] || { echo $$ >> "$XDG_CACHE_HOME/pids"; sleep 1000; }
  mkdir -p arch/x86/boot; echo image > arch/x86/boot/bzImage ;;
esac`,
};

async function withEnvironment<T>(
  more: Readonly<Record<string, string>>,
  body: () => Promise<T>,
): Promise<T> {
  Object.assign(process.env, more);
  try {
    return await body();
  } finally {
    for (const name of Object.keys(more)) delete process.env[name];
  }
}

const madeIn = (folder: string): string[] => {
  const kernels = join(folder, "gmemcheck/kernels");
  return existsSync(kernels) ? readdirSync(kernels) : [];
};

const callsIn = (folder: string): string[] => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

test("the newest of a series is built, kept, and not built again", async () => {
  await withPrograms(MACHINE, async (folder) => {
    const kernel = await buildKernel("7.3", "plain", making());
    expect([kernel.name, kernel.source]).toEqual(["7.3.10", "linux-source-7.3 7.3.10-1~bpo13+1"]);
    expect(readFileSync(kernel.image, "utf8")).toBe("image\n");
    expect(readFileSync(join(kernel.folder, "config"), "utf8")).toContain("\nCONFIG_KVM_SW_PROTECTED_VM=y\n");
    expect(readdirSync(kernel.folder).sort()).toEqual(["build.log", "bzImage", "config", "kernel.json"]);
    const { length } = callsIn(folder);
    expect(await buildKernel("7.3", "plain", making())).toEqual(kernel);
    expect(callsIn(folder)).toHaveLength(length);
    // Another kind is another kernel; the sources are there already.
    expect((await buildKernel("7.3.10", "debug", making())).name).toBe("7.3.10-debug");
    expect(callsIn(folder).filter((call) => call.includes(" download "))).toHaveLength(1);
    expect(cachedKernels().map(({ name }) => name)).toEqual(["7.3.10", "7.3.10-debug"]);
    expect([cachedKernel("7.3").name, cachedKernel("7.3-debug").name]).toEqual(["7.3.10", "7.3.10-debug"]);
    // Options that are others now: built again.
    const card = join(kernel.folder, "kernel.json");
    writeFileSync(card, readFileSync(card, "utf8").replace(/"options": "\w+"/, '"options": "old"'));
    await buildKernel("7.3", "plain", making());
    expect(callsIn(folder).filter((call) => call.endsWith(" bzImage"))).toHaveLength(3);
    expect(readdirSync(join(folder, "gmemcheck")).sort()).toEqual(["apt", "kernels", "packages"]);
  });
});

test("nothing of the machine's own apt is used", async () => {
  await withPrograms(MACHINE, async (folder) => {
    await buildKernel("6.12", "plain", making());
    const calls = callsIn(folder).filter((call) => call.startsWith("apt-get"));
    expect(calls).toHaveLength(2);
    for (const call of calls)
      for (const option of ["Dir::Etc::SourceList=", "Dir::State::Lists=", "Dir::Cache="])
        expect(call).toContain(`${option}${folder}/gmemcheck/apt/`);
    const sources = readFileSync(join(folder, "gmemcheck/apt/sources.list"), "utf8");
    expect(sources.match(/ (trixie|trixie-backports|sid) main$/gm)).toHaveLength(3);
  });
});

describe("what cannot be built", () => {
  test.each([
    [
      "an option that is dropped",
      { DROPPED: "SW_PROTECTED" },
      "  CONFIG_KVM_SW_PROTECTED_VM=y, but it is not set",
    ],
    [
      "an error of the compiler",
      { BROKEN: "1" },
      "the kernel cannot be built: make failed with 2\n  |   CC a.o\n  | a.c:1: error: no",
    ],
  ])("%s: it is said, and nothing is left", async (_what, environment, says) => {
    await withPrograms(MACHINE, async (folder) => {
      const error = await withEnvironment(environment, () =>
        buildKernel("7.3", "plain", making()).catch((e) => e),
      );
      expect([error instanceof NotHere, error.message]).toEqual([true, expect.stringContaining(says)]);
      expect(madeIn(folder)).toEqual([]);
    });
  });

  test("a version that Debian does not have: those that it has are named", async () => {
    await withPrograms(MACHINE, async () => {
      const error = await buildKernel("6.1", "plain", making()).catch((e) => e);
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toContain("no source package of Linux 6.1 in trixie");
      expect(error.message).toContain("there are 7.3.10, 7.3.4, 6.12.107");
    });
  });

  test("a mirror that cannot be reached: apt is quoted", async () => {
    await withPrograms({ ...MACHINE, "apt-get": 'echo "E: no route" >&2; exit 100' }, async () => {
      const { code, stderr } = await inProcess(["kernel", "build", "7.3"]);
      expect(code).toBe(4);
      expect(stderr).toMatch(
        /skipped: apt cannot reach http.*failed with 100\n {2}E: no route\n {2}usual cause: no network/,
      );
    });
  });

  test("without tools: their packages are named", async () => {
    const { make, flex, ...rest } = MACHINE;
    await withPrograms(
      rest,
      async () => {
        const { code, stderr } = await inProcess(["kernel", "build", "7.3"]);
        expect([code, stderr]).toEqual([
          4,
          expect.stringMatching(/apt-get install xz-utils make gcc binutils flex gzip/),
        ]);
      },
      true,
    );
  });
});

test("an interrupted build ends what it started, and leaves nothing", async () => {
  await withPrograms(MACHINE, async (folder) => {
    // What a process left that was killed is removed too.
    mkdirSync(join(folder, "gmemcheck/kernels/7.3.4.making.99999999"), { recursive: true });
    const stop = new AbortController();
    const built = withEnvironment({ SLOW: "1" }, () => buildKernel("7.3", "plain", making(stop.signal)));
    const failed = built.catch((error: unknown) => error);
    const pids = join(folder, "pids");
    while (!existsSync(pids) || readFileSync(pids, "utf8") === "")
      await new Promise((r) => setTimeout(r, 10));
    expect(madeIn(folder)).toEqual([`7.3.10.making.${process.pid}`]);
    expect(cachedKernels()).toEqual([]);
    stop.abort();
    expect((await failed) as Error).toMatchObject({ name: "AbortError" });
    expect(madeIn(folder)).toEqual([]);
    expect(existsSync(`/proc/${readFileSync(pids, "utf8").trim()}`)).toBe(false);
  });
});

test("a kernel that another process is making is none yet", async () => {
  await withPrograms({}, async (folder) => {
    const making = join(folder, `gmemcheck/kernels/7.3.4.making.${process.pid}`);
    mkdirSync(making, { recursive: true });
    for (const file of ["bzImage", "kernel.json"]) writeFileSync(join(making, file), "{}");
    expect(cachedKernels()).toEqual([]);
  });
});

test("Debian's own kernel comes with the modules it needs, those first that others need", async () => {
  await withPrograms(MACHINE, async (folder) => {
    const kernel = await fetchKernel("7.3", making());
    expect([kernel.name, kernel.source]).toEqual([
      "7.3.4-debian",
      "linux-binary-7.3.4+deb13-amd64 7.3.4-1~bpo13+1",
    ]);
    expect(modulesOf(kernel).map(({ name }) => name)).toEqual(["irqbypass", "kvm", "ccp", "kvm_amd"]);
    expect(readFileSync(kernel.image, "utf8")).toBe("kernel\n");
    expect(readdirSync(kernel.folder).sort()).toEqual(["bzImage", "kernel.json", "modules"]);
    const { length } = callsIn(folder);
    expect(await fetchKernel("7.3.4", making())).toEqual(kernel);
    expect(callsIn(folder)).toHaveLength(length);
    const { stdout } = await inProcess(["kernel", "list", "--format", "json"]);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      kernels: [
        {
          name: "7.3.4-debian",
          version: "7.3.4",
          kind: "debian",
          source: kernel.source,
          bytes: 7,
          image: kernel.image,
        },
      ],
    });
  });
});

test("packages without a kernel: it is said, and nothing is left", async () => {
  await withPrograms(MACHINE, async (folder) => {
    const fetched = withEnvironment({ SPLIT: "1" }, () => fetchKernel("7.3", making()));
    await expect(fetched).rejects.toThrow("the packages hold no vmlinuz");
    expect(madeIn(folder)).toEqual([]);
  });
});

test("a kernel that is not there: what there is, and how to get it", async () => {
  await withPrograms(MACHINE, async () => {
    expect((await inProcess(["kernel", "list"])).stdout).toContain("gmemcheck kernel build 7.3");
    await buildKernel("6.12", "plain", making());
    expect(() => cachedKernel("7.3-debug")).toThrow(
      /there are 6\.12\.107\n.*gmemcheck kernel build 7\.3 --debug/,
    );
    expect(() => cachedKernel("7.3-debian")).toThrow("gmemcheck kernel fetch 7.3 takes it from Debian");
    await expect(openQemu("/nowhere/bzImage")).rejects.toThrow("there is no kernel image /nowhere/bzImage");
    expect((await inProcess(["kernel", "list"])).stdout).toMatch(
      /^6\.12\.107 .*with private memory .* 0\.0 MB {2}\//,
    );
  });
});

test("versions are in Debian's order, mirrors where the machine has them", () => {
  const versions = ["7.3.10-1", "7.3.4-1~bpo13+1", "7.3.4-1", "6.12.107-1", "7.3~rc7-1"];
  expect([...versions].sort(byVersion)).toEqual([
    "6.12.107-1",
    "7.3~rc7-1",
    "7.3.4-1~bpo13+1",
    "7.3.4-1",
    "7.3.10-1",
  ]);
  expect(mirrorOf("Types: deb\nURIs: http://near.example/debian\nSuites: bookworm\n")).toBe(
    "http://near.example/debian",
  );
  expect(mirrorOf("deb [arch=amd64] https://near.example/debian/ bookworm main\n")).toBe(
    "https://near.example/debian",
  );
  expect(mirrorOf("URIs: http://deb.debian.org/debian-security\n# URIs: http://no/debian\n")).toBe(
    "http://deb.debian.org/debian",
  );
});
