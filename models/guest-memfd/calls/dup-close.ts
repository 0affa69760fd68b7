/** dup() and close() of a file's descriptor. */
import { disabled } from "../../../spec/language.ts";
import { putFile, release, releasing } from "../release.ts";
import { call, openFile } from "../state.ts";
import { fileDescriptor } from "./fallocate.ts";

export const dup = call({
  kernel: "ksys_dup(), fs/file.c",
  by: "task",
  takes: { file: fileDescriptor },
  returns: ["EBADF"],
  sections: {
    "install another descriptor": (s, { file }, m) => {
      if (openFile(s, file) === null) return "EBADF";
      // The bound is reached; no kernel limit stands behind it.
      if (s.files[file!].descriptors === m.sizes.descriptors) return disabled;
      s.files[file!].descriptors++;
    },
  },
});

export const close = call({
  kernel: "close_fd(), fs/file.c; kvm_gmem_release(), virt/kvm/guest_memfd.c, 6.8",
  by: "task",
  takes: { file: fileDescriptor },
  keeps: releasing,
  returns: ["EBADF"],
  sections: {
    "drop the descriptor, fput()": (s, c) => {
      if (openFile(s, c.file) === null) return "EBADF";
      s.files[c.file!].descriptors--;
      putFile(s, c, c.file!);
    },
  },
  finally: release,
});
