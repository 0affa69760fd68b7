/** What a program asks of a kernel before it begins: what its steps need that are to go well. */
import { expect, test } from "vitest";
import { needsOf } from "../../checkers/emit/needs.ts";

const vm = (type: number) => ({ op: "create_vm", vm: "vm0", type, result: { ret: 0 } });
const made = (op: string, more: object = {}) => ({ op, vm: "vm0", result: { ret: 0 }, ...more });
const region = (more: object = {}) => made("set_user_memory_region2", { flags: 0, as_id: 0, ...more });
const userMemory2 = { cap: "KVM_CAP_USER_MEMORY2", least: 1 };

test.each([
  ["a VM of the default type", [vm(0)], []],
  ["a VM of another type", [vm(1)], [{ cap: "KVM_CAP_VM_TYPES", bits: "1 << KVM_X86_SW_PROTECTED_VM" }]],
  ["what is refused", [vm(0), { ...made("create_guest_memfd"), result: { ret: -22, errno: "EINVAL" } }], []],
  [
    "a file with flags, twice",
    [vm(0), made("create_guest_memfd", { flags: 3 }), made("create_guest_memfd", { flags: 3 })],
    [
      { cap: "KVM_CAP_GUEST_MEMFD", least: 1 },
      {
        vmType: "KVM_X86_DEFAULT_VM",
        cap: "KVM_CAP_GUEST_MEMFD_FLAGS",
        bits: "GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED",
      },
    ],
  ],
  ["a slot of ordinary memory", [vm(0), region()], [userMemory2]],
  [
    "a slot of a file, in the second address space",
    [vm(0), region({ flags: 4, as_id: 1 })],
    [
      { vmType: "KVM_X86_DEFAULT_VM", cap: "KVM_CAP_GUEST_MEMFD", least: 1 },
      userMemory2,
      { vmType: "KVM_X86_DEFAULT_VM", cap: "KVM_CAP_MULTI_ADDRESS_SPACE", least: 2 },
    ],
  ],
  [
    "attributes: none, which every VM takes where there are any",
    [vm(0), made("set_memory_attributes", { attributes: 0 })],
    [{ cap: "KVM_CAP_MEMORY_ATTRIBUTES", least: 1 }],
  ],
  [
    "a private page",
    [vm(0), made("set_memory_attributes", { attributes: 8 })],
    [
      {
        vmType: "KVM_X86_DEFAULT_VM",
        cap: "KVM_CAP_MEMORY_ATTRIBUTES",
        bits: "KVM_MEMORY_ATTRIBUTE_PRIVATE",
      },
    ],
  ],
  [
    "a pre-fault",
    [{ op: "pre_fault_memory", result: { ret: 0 } }],
    [{ cap: "KVM_CAP_PRE_FAULT_MEMORY", least: 1 }],
  ],
])("%s", (_, steps, needs) => {
  expect(needsOf(steps)).toEqual(needs);
});
