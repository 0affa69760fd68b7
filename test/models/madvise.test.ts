/** What madvise() takes from the process. */
import { expect, test } from "vitest";
import { entryOf } from "../../models/registry.ts";
import { play, type Made } from "../play.ts";

test("MADV_DONTNEED takes an entry of poison: behind a hole, the page is a new one (7.3.4 answered 0)", () => {
  const advised = (advice: number): Made => ["madvise", { area: 0, advice, offset: 0n, length: 4096n }];
  const read: Made = ["host_read", { area: 0, offset: 0n }];
  const { results } = play(entryOf("guest-memfd-7.3")!.design, {}, [
    ["create_vm", { type: 0 }],
    ["create_guest_memfd", { vm: 0, flags: 3n, size: 4096n, reserved: 0n }],
    ["mmap", { area: 0, file: 0, offset: 0n, length: 4096n, prot: 3, share: "shared" }],
    advised(100),
    ["fallocate", { file: 0, mode: 3, offset: 0n, len: 4096n }],
    read,
    advised(4),
    read,
  ]);
  expect(results.slice(3)).toEqual(["EBUSY", 0, "SIGBUS BUS_MCEERR_AR", 0, { value: 0 }]);
});
