/** Kernel options: what was silently dropped is found. */
import { expect, test } from "vitest";
import { optionsAsked, optionsDigest, optionsDropped } from "../../../checkers/kernel/qemu/options.ts";

const asked = new Map([
  ["CONFIG_KVM", "y"],
  ["CONFIG_KASAN", "y"],
  ["CONFIG_SLUB_TINY", "n"],
]);

test("an option is granted as it was asked for, or said to be dropped", () => {
  expect(optionsDropped(asked, "CONFIG_KVM=y\nCONFIG_KASAN=y\n# CONFIG_SLUB_TINY is not set\n")).toEqual([]);
  expect(optionsDropped(asked, "CONFIG_KVM=m\n# CONFIG_KASAN is not set\nCONFIG_SLUB_TINY=y\n")).toEqual([
    "CONFIG_KVM=y, but it is m",
    "CONFIG_KASAN=y, but it is not set",
    "CONFIG_SLUB_TINY=n, but it is y",
  ]);
  // A name that goes on is another option.
  expect(optionsDropped(new Map([["CONFIG_KVM", "y"]]), "CONFIG_KVM_AMD=y\n")).toHaveLength(1);
});

test("a kernel for debugging has all of the plain one, and tells memory that was freed", () => {
  const [plain, debug] = [optionsAsked("plain"), optionsAsked("debug")];
  expect(plain.get("CONFIG_KVM_SW_PROTECTED_VM")).toBe("y");
  for (const [name, value] of plain) expect([name, debug.get(name)]).toEqual([name, value]);
  expect([debug.get("CONFIG_KASAN"), debug.get("CONFIG_SLUB_TINY"), plain.has("CONFIG_KASAN")]).toEqual([
    "y",
    "n",
    false,
  ]);
  expect(optionsDigest(plain)).not.toBe(optionsDigest(debug));
  expect(optionsDigest(new Map(plain))).toBe(optionsDigest(plain));
});
