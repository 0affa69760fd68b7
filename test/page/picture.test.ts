/** What a moment looks like: drawn from the design's view, with what changed, since when, and of what the broken promise speaks. */
import { describe, expect, test } from "vitest";
import type { FileDrawn, PageCell, VmDrawn } from "../../page/session/picture.ts";
import type { Session } from "../../page/session/session.ts";
import { sessionOf } from "./stored.ts";

const inodeAt = ({ moments }: Session, index: number, inode: number): FileDrawn =>
  moments[index]!.picture.files.find((file) => file.inode === inode)!;
const pageAt = (session: Session, index: number, page: number): PageCell =>
  inodeAt(session, index, 0).cells.find((cell) => cell.page === page)!;
const vmAt = ({ moments }: Session, index: number): VmDrawn => moments[index]!.picture.vms[0]!;

describe("a page that the host maps all the same", async () => {
  const session = await sessionOf("forgotten-pin/host-never-maps-private.json");

  test("there is nothing before the calls that make it", () => {
    expect(session.moments[0]!.picture.vms).toEqual([]);
    expect(inodeAt(session, 0, 0)).toBeUndefined();
    expect(vmAt(session, 1)).toMatchObject({ name: "VM 0", changed: true, since: 1 });
    expect(inodeAt(session, 2, 0)).toMatchObject({
      openAs: ["file 0 of VM 0, 2 pages"],
      size: 2,
      changed: true,
    });
  });

  test("a page is drawn as it is, and what the step changed is told", () => {
    const isShared = { hostMapped: false, hostMayMap: true, changed: false };
    expect(pageAt(session, 3, 0)).toMatchObject({ state: "absent", ...isShared });
    expect(pageAt(session, 4, 0)).toMatchObject({
      state: "ready",
      hostMapped: true,
      changed: true,
      since: 4,
    });
    expect(pageAt(session, 4, 1)).toMatchObject({ state: "absent", ...isShared });
    expect(pageAt(session, 5, 0)).toMatchObject({ hostMapped: true, changed: false, since: 4 });
    expect(pageAt(session, 6, 0)).toMatchObject({
      hostMapped: true,
      hostMayMap: false,
      changed: true,
      since: 6,
    });
  });

  test("only the page of which the promise speaks is marked, with the reason", () => {
    const why = "host-never-maps-private: the host maps page 0 of the private memory 0";
    expect(pageAt(session, 6, 0).marked).toBe(why);
    expect(pageAt(session, 6, 1).marked).toBeNull();
    expect(inodeAt(session, 6, 0).marked).toBeNull();
    expect(pageAt(session, 5, 0).marked).toBeNull();
  });

  test("each cell of the state tells what it was and which step wrote it", () => {
    const cells = new Map(session.moments[6]!.picture.cells.map((cell) => [cell.path, cell]));
    expect(cells.get("inodes[0].initShared")).toMatchObject({
      value: "false",
      before: "true",
      changed: true,
      since: 6,
    });
    expect(cells.get("pinned[0][0]")).toMatchObject({
      value: "true",
      before: null,
      changed: false,
      since: 5,
    });
    expect(cells.get("inodes[0].pages[0].folio")).toMatchObject({ value: "ready", since: 4 });
    expect(cells.get("inodes[0].pages[1].folio")).toMatchObject({ value: "absent", since: 0, marked: null });
  });

  test("moments that are asked for out of order are drawn the same", async () => {
    const again = await sessionOf("forgotten-pin/host-never-maps-private.json");
    for (const index of [6, 2, 4])
      expect(again.moments[index]!.picture.files).toEqual(session.moments[index]!.picture.files);
  });
});

describe("a page that is mapped at a frame that it was not given for", async () => {
  const session = await sessionOf("technologies-7.3/mapped-where-it-belongs.json");

  test("the owner below the kernel, the slot and the frame are drawn", () => {
    expect(pageAt(session, 5, 0)).toMatchObject({
      owner: "VM 0 at gfn 0",
      boundBy: ["VM 0 slot 0"],
      mappedBy: ["VM 0 gfn 1"],
    });
    const { slots, gfns } = vmAt(session, 5);
    expect(slots).toMatchObject([
      { name: "slot 0", base: 1, npages: 1, inode: 0, first: 0, flags: ["guest_memfd"], since: 4 },
    ]);
    expect(gfns[1]).toMatchObject({
      attribute: "private",
      mapping: { inode: 0, page: 0, private: true },
      changed: true,
    });
    expect(gfns[0]).toMatchObject({ mapping: null, changed: false, since: 3 });
  });

  test("a promise about a frame marks the frame and what it maps", () => {
    expect(vmAt(session, 5).gfns.map(({ marked }) => marked !== null)).toEqual([false, true]);
    expect(pageAt(session, 5, 0).marked).toContain("frame 1 of VM 0");
  });
});

test("a frame under invalidation is drawn so while calls overlap", async () => {
  const session = await sessionOf("guest-memfd-7.3/no-deadlock.json");
  expect(session.moments.map((_, i) => vmAt(session, i).gfns[0]!.invalidating)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});

test("a design without the common vocabulary is its state", async () => {
  const session = await sessionOf("gmem-seq-m1/I1.json");
  const { files, vms, cells } = session.moments.at(-1)!.picture;
  expect([files, vms]).toEqual([[], []]);
  expect(cells.find(({ path }) => path === "vms[1].slots[0].file")).toMatchObject({
    value: "0",
    before: "none",
    since: 3,
  });
  // The instance is file 0, page 0.
  expect(cells.filter(({ marked }) => marked !== null).map(({ path }) => path)).toEqual([
    "files[0].folio[0]",
    "files[0].hostMapped[0]",
  ]);
});
