/** What user space does to a memfile: it allocates and punches, and reaches into it where its state lets it. */
import { bool, disabled } from "../../../spec/language.ts";
import { Page, Vm } from "../../../spec/guest-memory.ts";
import { allocate, assign, call, punchHole, type Access } from "./state.ts";

export const writesWhere = (mayTouch: Access) =>
  call({
    kernel: "write() to the memfile: shmem_file_write_iter(), mm/shmem.c",
    by: "task",
    takes: { page: Page },
    returns: ["EPERM"],
    sections: {
      "write to the page": (s, { page }, m) => {
        if (!mayTouch(s, m)) return "EPERM";
        allocate(s, page);
        s.pages[page]!.holds = s.phase === "unbound" ? "early" : "image";
      },
    },
  });

export const mapsWhere = (mayTouch: Access) =>
  call({
    kernel: "mmap() of the memfile, and a touch: shmem_mmap(), shmem_fault(), mm/shmem.c",
    by: "task",
    takes: { page: Page },
    returns: ["EPERM"],
    sections: {
      "map the page": (s, { page }, m) => {
        if (!mayTouch(s, m)) return "EPERM";
        allocate(s, page);
        s.pages[page]!.hostMaps = true;
      },
    },
  });

export const munmap = call({
  kernel: "munmap() of the memfile",
  by: "task",
  takes: { page: Page },
  returns: [],
  sections: {
    "unmap the page": (s, { page }) => {
      if (!s.pages[page]!.hostMaps) return disabled;
      s.pages[page]!.hostMaps = false;
    },
  },
});

export const fallocate = call({
  kernel: "shmem_fallocate(), mm/shmem.c; with FALLOC_FL_PUNCH_HOLE it converts the frame to shared",
  by: "task",
  takes: { page: Page, hole: bool },
  returns: ["EPERM"],
  sections: {
    "allocate or remove the page": (s, { page, hole }) => {
      if (s.phase === "unbound") return "EPERM";
      if (hole) punchHole(s, page);
      else allocate(s, page);
    },
  },
});

/** One page of the image, for a technology that copies it. */
export const addPage = call({
  kernel: "KVM_TDX_INIT_MEM_REGION: TDH.MEM.PAGE.ADD",
  by: "task",
  takes: { vm: Vm, page: Page },
  returns: ["EINVAL"],
  sections: {
    "copy the page into the guest": (s, { vm, page }, m) => {
      if (m.imageInPlace) return disabled;
      if (!s.vms[vm].bound || s.vms[vm].launched) return "EINVAL";
      allocate(s, page);
      assign(s, page, vm, m);
      s.pages[page]!.holds = "image";
      s.vms[vm].leaves[page]!.private = true;
    },
  },
});
