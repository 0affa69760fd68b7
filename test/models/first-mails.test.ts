/** The designs of memfile v5 and restrictedmem v10: the histories that they stand for, and what they leave out. */
import { describe, expect, test } from "vitest";
import { memfileFamily } from "../../models/proposals/memfile/family.ts";
import { memfileBindConverts } from "../../models/proposals/memfile/bind-converts.ts";
import { memfileMeasured } from "../../models/proposals/memfile/measured.ts";
import { memfilePkvmInFile } from "../../models/proposals/memfile/pkvm-in-file.ts";
import { restrictedmemV10 } from "../../models/proposals/restrictedmem/v10.ts";
import { restrictedmemXarray } from "../../models/proposals/restrictedmem/xarray.ts";
import { play } from "../play.ts";

describe("a memfile", () => {
  test("of SEV is filled between bind and measurement, and not after it", () => {
    const { results } = play(memfileMeasured, { technology: "sev" }, [
      ["write", { page: 0 }],
      ["bind", { vm: 0 }],
      ["write", { page: 0 }],
      ["launch", { vm: 0 }],
      ["mmap", { page: 0 }],
      ["measure_and_make_private", {}],
      ["munmap", { page: 0 }],
      ["measure_and_make_private", {}],
      ["write", { page: 0 }],
      ["launch", { vm: 0 }],
    ]);
    expect(results).toEqual(["EPERM", 0, 0, "EINVAL", 0, "EBUSY", 0, 0, "EPERM", 0]);
  });

  test("of TDX is never open to user space; its image is copied", () => {
    const { results } = play(memfileMeasured, { technology: "tdx" }, [
      ["bind", { vm: 0 }],
      ["write", { page: 0 }],
      ["measure_and_make_private", {}],
      ["add_page", { vm: 0, page: 0 }],
      ["launch", { vm: 0 }],
      ["add_page", { vm: 0, page: 0 }],
    ]);
    expect(results).toEqual([0, "EPERM", "EOPNOTSUPP", 0, 0, "EINVAL"]);
  });

  test("of pKVM keeps its bytes when the guest shares a page, and when it is private again", () => {
    const { results, view } = play(memfilePkvmInFile, { technology: "pkvm" }, [
      ["bind", { vm: 0 }],
      ["write", { page: 0 }],
      ["measure_and_make_private", {}],
      ["launch", { vm: 0 }],
      ["mmap", { page: 0 }],
      ["mem_share", { vm: 0, gfn: 0 }],
      ["mmap", { page: 0 }],
      ["munmap", { page: 0 }],
    ]);
    expect(results).toEqual([0, 0, 0, 0, "EPERM", 0, 0, 0]);
    expect([view.isPrivate(0, 0), view.finds(0, 0)]).toEqual([true, "image"]);
  });

  test("that is bound keeps what was written before, where the bind converts", () => {
    const { state } = play(memfileBindConverts, { technology: "tdx" }, [
      ["write", { page: 0 }],
      ["bind", { vm: 0 }],
    ]);
    expect(state.pages[0].holds).toBe("early");
  });

  test("is never reached by two operations at once", () => {
    const designs = [...memfileFamily.designs, ...memfileFamily.mutants.map(({ design }) => design)];
    for (const { vectors } of designs)
      expect(vectors.map(({ mode }) => mode ?? "sequential")).not.toContain("overlap");
  });
});

describe("restrictedmem", () => {
  const slot = { vm: 0, file: 0, first: 0, npages: 1 };

  test("v10 accepts an alias, and the fault fails; the xarray refuses it", () => {
    const calls = [
      ["set_memory_region", { ...slot, slot: 0, base: 0 }],
      ["set_memory_region", { ...slot, slot: 1, base: 1 }],
      ["guest_access", { vm: 0, vcpu: 0, gfn: 0 }],
      ["guest_access", { vm: 0, vcpu: 0, gfn: 1 }],
    ] as const;
    const bounds = { slots: 2, pages: 2 };
    expect(play(restrictedmemV10, bounds, [...calls]).results).toEqual([0, 0, 0, "EIO"]);
    expect(play(restrictedmemXarray, bounds, [...calls]).results).toEqual([0, "EINVAL", 0, "mmio"]);
  });

  test("v10 survives a memory failure of which it tells nobody", () => {
    const { results, view } = play(restrictedmemV10, {}, [
      ["set_memory_region", { ...slot, slot: 0, base: 0 }],
      ["guest_access", { vm: 0, vcpu: 0, gfn: 0 }],
      ["memory_failure", { file: 0, page: 0 }],
    ]);
    expect(results).toEqual([0, 0, 0]);
    expect(view.guestMapping(0, 0)?.at).toEqual({ inode: 0, page: 0 });
  });
});
