/** SEV-SNP, TDX and pKVM: the layer on 7.3 and the designs beside it, and what they leave out. */
import { expect, test } from "vitest";
import { scenarioOf } from "../../checkers/explore/bounded.ts";
import { inScenario } from "../../checkers/explore/instances.ts";
import { technologies7_3 } from "../../models/technology/confidential/layer/technologies.ts";
import { snpLaunchFinish } from "../../models/technology/confidential/snp-launch-finish.ts";
import { tdxBuild } from "../../models/technology/confidential/tdx-build.ts";
import { tdxSept } from "../../models/technology/confidential/tdx-sept.ts";
import { mirrorRoot } from "../../models/technology/mirror-root.ts";
import { play } from "../play.ts";

test("every VM type lives, and races, with the same promises", () => {
  for (const type of ["sw_protected", "snp", "tdx", "pkvm"]) {
    const modes = technologies7_3.vectors
      .filter(({ bounds }) => bounds["types"] === type)
      .map(({ mode }) => mode ?? "sequential");
    expect([type, new Set(modes)]).toEqual([type, new Set(["sequential", "overlap"])]);
  }
});

test("nobody unmaps what a technology's slot has at userspace_addr", () => {
  const unmapping = ["munmap", "madvise", "mmap"] as const;
  for (const { scenario: name } of technologies7_3.vectors) {
    const scenario = scenarioOf(technologies7_3, name);
    expect(unmapping.filter((call) => inScenario(call, technologies7_3.calls[call], scenario))).toEqual([]);
  }
});

test("every root of a TDX guest is obsolete at once, and the S-EPT is empty", () => {
  const { state } = play(tdxBuild, { pages: 1 }, [
    ["init_mem_region", { vcpu: 0, gfn: 0, npages: 1 }],
    ["obsolete_roots", {}],
  ]);
  expect([state.roots[0], state.sept[0], state.mirror[0]]).toEqual(["obsolete", "none", false]);
});

test("no SEAMCALL fails but for the S-EPT being locked", () => {
  const results = [tdxSept, tdxBuild].flatMap(({ calls }) =>
    Object.values(calls).flatMap(({ returns }) => returns),
  );
  expect(results.filter((result) => ["EBUSY", "ENOMEM", "EAGAIN"].includes(result))).toEqual([]);
});

test("the registers of a vCPU that is launched are one bit, and its VMSA has no owner", () => {
  const { results, state } = play(snpLaunchFinish, { vcpus: 1 }, [
    ["create_vcpu", { id: 0 }],
    ["set_registers", { vm: 0, vcpu: 0, value: true }],
    ["launch_finish", {}],
    ["set_registers", { vm: 0, vcpu: 0, value: false }],
  ]);
  expect(results).toEqual([0, 0, 0, "EINVAL"]);
  expect({ ...state.vcpus[0] }).toEqual({
    created: true,
    online: true,
    registers: true,
    vmsa: true,
    isProtected: true,
  });
});

test("a frame of the layer has one leaf, and a frame of mirror-root two", () => {
  const running = technologies7_3.scenarios["tdx-races"]!.given!;
  const { state } = play(
    technologies7_3,
    { types: "tdx" },
    running.map(({ call, params }) => [call, params] as const),
  );
  expect(state.vms[0].sptes.length).toBe(1);
  expect(Object.keys(play(mirrorRoot, {}, []).state)).toEqual(expect.arrayContaining(["mirror", "direct"]));
});

test("a VM of pKVM has memory attributes, as VMs of x86 have", () => {
  const running = technologies7_3.scenarios["pkvm-races"]!.given!;
  const { results, state } = play(
    technologies7_3,
    { types: "pkvm" },
    running.map(({ call, params }) => [call, params] as const),
  );
  expect(running.at(-1)!.call).toBe("set_memory_attributes");
  expect([results.at(-1), state.vms[0].private[0]]).toEqual([0, true]);
});
