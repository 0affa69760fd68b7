/** What an executor says of the kernel under it, as the header of a recording. */
import { RECORDING_FORMAT, type Header } from "../../../spec/recording.ts";
import type { Reply } from "./protocol.ts";

/** From the lines of a probe; null if they are not all there. */
export function headerOf(replies: readonly Reply[]): Header | null {
  const told = replies.flatMap((reply) => (reply.is === "other" ? [reply] : []));
  const all = (field: string): string[] => told.filter((of) => of.field === field).map((of) => of.value);
  const one = (field: string): string => all(field).at(0) ?? "";
  const byType = (field: string): Record<string, number> =>
    Object.fromEntries(
      all(field).map((text) => {
        const [type, value] = text.split(" ");
        return [type!, Number(value)] as const;
      }),
    );
  const [version] = /^\d+\.\d+(\.\d+)?/.exec(one("kernel")) ?? [];
  const ioctl = one("memory_attributes_ioctl");
  if (version === undefined || one("page_size") === "") return null;
  return {
    format: RECORDING_FORMAT,
    kernel: version,
    machine: `${one("machine")}, ${one("kernel")}`,
    set: "live",
    vm_types: all("vm_type").map(Number),
    memory_attributes: byType("memory_attributes")["1"] ?? 0,
    ...(ioctl === "" ? {} : { memory_attributes_ioctl: ioctl === "1" }),
    guest_memfd_flags: byType("guest_memfd_flags"),
    bindable_vm_types: all("bindable_vm_type").map(Number),
    address_spaces: byType("address_spaces"),
    pre_fault_memory: one("pre_fault_memory") === "1",
    // A kernel that binds nothing answers neither of these.
    second_binding_errno: all("second_binding_errno").at(0) ?? "EINVAL",
    offset_overflow_accepted: one("offset_overflow_accepted") === "1",
    page_size: Number(one("page_size")),
    max_slot_id: Number(one("max_slot_id")),
  };
}
