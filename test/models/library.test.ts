/** The guest_memfd library, and proposals that were never merged: what they stand for, and what they leave out. */
import { describe, expect, test } from "vitest";
import { bindOrDelete, bound, vmWithFile } from "../../models/guest-memfd/scenarios.ts";
import { guestMemfd7_3 } from "../../models/guest-memfd/versions.ts";
import { inPlaceMutants } from "../../models/mutants/in-place.ts";
import { privateUntilConverted } from "../../spec/properties/attributes.ts";
import { linkAfterDeath } from "../../models/proposals/link/link-after-death.ts";
import { library } from "../../models/proposals/library/library.ts";
import { libraryMended } from "../../models/proposals/library/mended.ts";
import { snpPopulateInPlace } from "../../models/technology/snp-populate.ts";
import { KVM_X86_SW_PROTECTED_VM } from "../../spec/abi/kvm.ts";
import { play, type Made } from "../play.ts";
import { run, verdictOf } from "../toy.ts";

const guestTakes: Made = ["guest_access", { vm: 0, vcpu: 0, page: 0, private: true }];
const guestShares: Made = ["guest_share", { vm: 0, vcpu: 0, gfn: 0 }];
const hostTouches: Made = ["host_access", { page: 0 }];

describe("the library", () => {
  test.each(["pkvm", "gunyah"])("gives a page to the host and back, for %s", (owner) => {
    const { results, view } = play(libraryMended, { owner }, [
      guestTakes,
      hostTouches,
      guestShares,
      hostTouches,
      guestTakes,
    ]);
    expect(results).toEqual([0, "SIGBUS BUS_ADRERR", 0, 0, 0]);
    expect([view.hostMaps(0, 0), view.guestMapping(0, 0).private]).toEqual([false, true]);
  });

  test("a folio that somebody holds is refused without waiting 10 ms for him", () => {
    const held: Made[] = [hostTouches, ["pin", { folio: 0 }], guestTakes];
    expect(play(library, {}, held).results).toEqual([0, 0, "EBUSY"]);
    expect(
      Object.values(library.calls).flatMap(({ sections }) => Object.values(sections)),
    ).not.toContainEqual(expect.objectContaining({ until: expect.anything() }));
  });

  test("a page whose older folio is still held is not punched again", () => {
    const hole: Made = ["punch_hole", { page: 0 }];
    const held: Made[] = [hostTouches, ["pin", { folio: 0 }], hole];
    expect(play(library, {}, [...held, hole]).results).toEqual([0, 0, 0, null]);
    expect(play(library, {}, [...held, ["unpin", { folio: 0 }], hole]).results.at(-1)).toBe(0);
  });
});

test("a VM is dead or not, and what else goes with its memory is not there", () => {
  const { results, state } = play(linkAfterDeath, {}, [
    ["link_guest_memfd", { vm: 1 }],
    ["move_from", { vm: 0 }],
    ["link_guest_memfd", { vm: 1 }],
    ["guest_access", { vm: 0, vcpu: 0, gfn: 0, private: true }],
  ]);
  expect(results).toEqual(["EBUSY", 0, 0, "EIO"]);
  expect(Object.keys(state.vms[0])).toEqual(["dead", "bound", "leaves", "invalidating", "private"]);
});

test("7.3 keeps a frame private when its slot goes, which in-place conversion does not", async () => {
  const moving = {
    says: "a private frame whose slot comes and goes",
    given: [...vmWithFile(KVM_X86_SW_PROTECTED_VM, 1, 0n), bound(0)],
    legal: true as const,
    calls: ["set_memory_attributes", "set_user_memory_region2", "guest_read"],
    only: { set_user_memory_region2: bindOrDelete },
  };
  const asked = { ...guestMemfd7_3, promises: [privateUntilConverted], scenarios: { moving } };
  const report = await run(asked, { types: "sw_protected" }, { scenario: "moving" });
  expect(verdictOf(report, privateUntilConverted.name)).toBe("holds");
});

test("a launch without a source fails where the bug is not put back", async () => {
  const { design } = inPlaceMutants.find(({ bug }) => bug === "H9")!;
  const report = await run({ ...snpPopulateInPlace, statements: design.statements ?? [] });
  expect(verdictOf(report, "populate-needs-a-source")).toBe("holds");
});
